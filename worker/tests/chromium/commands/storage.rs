//! Cookies and storage.

use bus_schema::error::ErrorCode;
use serde_json::json;

use super::stage::{Stage, html};

#[tokio::test]
async fn cookies_are_set_told_and_cleared() {
    let stage = Stage::with(&[], |_| html("<p>page")).await;
    stage.go("/").await;
    let url = stage.site.url("/");
    stage
        .ok(json!({"action": "cookies_set", "cookies": [
            {"name": "a", "value": "1", "url": url},
            {"name": "b", "value": "2", "domain": "other.example", "path": "/x", "httpOnly": true, "secure": true, "sameSite": "None", "expires": 4_000_000_000u32},
        ]}))
        .await;
    assert_eq!(stage.value("document.cookie").await, "a=1");
    let all = stage.ok(json!({"action": "cookies_get"})).await;
    assert_eq!(all["cookies"].as_array().unwrap().len(), 2, "{all}");
    let some = stage.ok(json!({"action": "cookies_get", "urls": ["https://other.example/x/y"]})).await;
    assert_eq!((&some["cookies"][0]["name"], &some["cookies"][0]["httpOnly"]), (&json!("b"), &json!(true)));
    let bad = json!({"action": "cookies_set", "cookies": [{"name": "ok", "value": "1", "url": url}, {"name": "a;b", "value": "\n", "url": url}]});
    let error = stage.err(ErrorCode::InvalidArgument, bad).await;
    assert_eq!(error.field.as_deref(), Some("cookies[1]"), "{error}");
    stage.ok(json!({"action": "cookies_clear"})).await;
    assert_eq!(stage.ok(json!({"action": "cookies_get"})).await["cookies"], json!([]));
    stage.browser.close().await;
}

#[tokio::test]
async fn storage_is_carried_from_one_session_to_another() {
    let pages = |_: &crate::chromium::site::Request| html("<p>page");
    let stage = Stage::with(&[], pages).await;
    stage.go("/").await;
    stage.value("localStorage.setItem('k', 'v\\u0000\"'); document.cookie = 'c=1'").await;
    stage.ok(json!({"action": "new_tab", "url": stage.site.other("/")})).await;
    stage.value("localStorage.setItem('o', 'p'); 0").await;
    let state = stage.ok(json!({"action": "storage_get"})).await["storage_state"].clone();
    assert_eq!(state["origins"].as_array().unwrap().len(), 2, "{state}");
    assert_eq!(state["cookies"][0]["name"], "c");
    stage.value("localStorage.clear(); localStorage.setItem('x', 'y'); 0").await;
    stage.ok(json!({"action": "close_tab", "tab": 1})).await;
    stage.ok(json!({"action": "cookies_clear"})).await;
    // One origin has a document and is written at once, the other when its first document comes.
    stage.ok(json!({"action": "storage_set", "storage_state": state})).await;
    assert_eq!(stage.value("({...localStorage})").await, json!({"o": "p"}));
    stage.go("/").await;
    assert_eq!(stage.value("[localStorage.getItem('k'), document.cookie]").await, json!(["v\u{0}\"", "c=1"]));
    let bad = json!({"action": "storage_set", "storage_state": {"origins": [{"origin": "nowhere"}]}});
    let error = stage.err(ErrorCode::InvalidArgument, bad).await;
    assert_eq!(error.field.as_deref(), Some("storage_state.origins[0].origin"));
    stage.browser.close().await;
}
