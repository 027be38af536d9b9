//! Tabs.

use bus_schema::error::ErrorCode;
use serde_json::json;

use super::stage::{Stage, html};

#[tokio::test]
async fn tabs_are_opened_used_and_closed() {
    let stage = Stage::with(&[], |request| {
        html(&format!("<title>{0}</title><p>{0}</p><a href=/popup target=_blank>pop</a>", request.target))
    })
    .await;
    stage.go("/one").await;
    let opened = stage.ok(json!({"action": "new_tab", "url": stage.site.url("/two")})).await;
    assert_eq!(opened["tab"], 2);
    assert_eq!(stage.value("document.title").await, "/two");
    let of_one = json!({"action": "evaluate", "expression": "document.title", "tab": 1});
    assert_eq!(stage.ok(of_one).await["value"], "/one");
    stage.ok(json!({"action": "activate_tab", "tab": 1})).await;
    assert_eq!(stage.value("document.title").await, "/one");
    stage.ok(json!({"action": "click", "target": {"text": "pop"}})).await;
    stage.ok(json!({"action": "wait_for", "url": "**/popup"})).await;
    let tabs = stage.ok(json!({"action": "tabs"})).await;
    let active: Vec<_> =
        tabs["tabs"].as_array().unwrap().iter().map(|tab| tab["active"].as_bool().unwrap()).collect();
    assert_eq!(active, [false, false, true]);
    stage.ok(json!({"action": "close_tab", "tab": 3})).await;
    // A script may open tabs without a click of anybody.
    stage.value("window.open('/by-script'); 0").await;
    stage.ok(json!({"action": "wait_for", "url": "**/by-script"})).await;
    stage.ok(json!({"action": "close_tab", "tab": 4})).await;
    stage.err(ErrorCode::NotFound, json!({"action": "close_tab", "tab": 3})).await;
    stage.err(ErrorCode::NotFound, json!({"action": "activate_tab", "tab": 9})).await;
    let error =
        stage.err(ErrorCode::BrowserError, json!({"action": "new_tab", "url": "http://127.0.0.1:1/"})).await;
    assert!(error.detail.contains("tab 5 was opened"), "{error}");
    for tab in [1, 2, 5] {
        stage.ok(json!({"action": "close_tab", "tab": tab})).await;
    }
    stage.err(ErrorCode::Conflict, json!({"action": "evaluate", "expression": "1"})).await;
    assert_eq!(stage.ok(json!({"action": "new_tab"})).await["tab"], 6);
    stage.browser.close().await;
}
