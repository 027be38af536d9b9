//! Cookies and storage.

use bus_schema::error::ErrorCode;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use worker::browser::SharedBrowser;
use worker::command::Context;
use worker::page::{Scope, Tabs};

use super::stage::{Stage, html, run};
use crate::chromium::site::Site;
use crate::chromium::support::Rig;

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

#[tokio::test]
async fn sessions_in_one_browser_keep_their_storage_to_themselves() {
    let rig = Rig::new().await;
    let shared = SharedBrowser::open(rig.launch_shared().await).await.unwrap();
    let site = Site::start(|_| html("<p>page")).await;
    let (mut ada, mut bob) = (shared.create_context().await.unwrap(), shared.create_context().await.unwrap());
    let (ada_tabs, _ada_events) = Tabs::open(Scope::Context(&mut ada)).await.unwrap();
    let (bob_tabs, _bob_events) = Tabs::open(Scope::Context(&mut bob)).await.unwrap();
    let (ada, bob) = (Context::new(ada_tabs, rig.data.path()), Context::new(bob_tabs, rig.data.path()));
    let value = async |ctx: &Context, command: Value| -> Value {
        serde_json::from_str(run(ctx, command).await.unwrap().result.get()).unwrap()
    };
    for ctx in [&ada, &bob] {
        value(ctx, json!({"action": "navigate", "url": site.url("/")})).await;
    }
    value(
        &ada,
        json!({"action": "cookies_set", "cookies": [{"name": "a", "value": "1", "url": site.url("/")}]}),
    )
    .await;
    value(&ada, json!({"action": "evaluate", "expression": "localStorage.setItem('a', '1')"})).await;
    let state = value(&bob, json!({"action": "storage_get"})).await;
    assert_eq!(state["storage_state"], json!({"cookies": [], "origins": []}));
    value(&bob, json!({"action": "cookies_clear"})).await;
    value(&bob, json!({"action": "storage_set", "storage_state": {}})).await;
    let state = value(&ada, json!({"action": "storage_get"})).await;
    assert_eq!(state["storage_state"]["cookies"][0]["name"], "a");
    assert_eq!(state["storage_state"]["origins"][0]["localStorage"][0]["value"], "1");
    // Tabs are numbered and listed for each by itself.
    assert_eq!(value(&bob, json!({"action": "new_tab"})).await["tab"], 2);
    assert_eq!(value(&ada, json!({"action": "tabs"})).await["tabs"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_download_in_place_of_a_page_is_named_by_its_own_tab() {
    let rig = Rig::new().await;
    let shared = SharedBrowser::open(rig.launch_shared().await).await.unwrap();
    let site =
        Site::start(|_| Some(("content-disposition: attachment; filename=of-bob.txt\r\n", "text".into())))
            .await;
    let slow = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (mut ada, mut bob) = (shared.create_context().await.unwrap(), shared.create_context().await.unwrap());
    let (ada_tabs, _ada_events) = Tabs::open(Scope::Context(&mut ada)).await.unwrap();
    let (bob_tabs, _bob_events) = Tabs::open(Scope::Context(&mut bob)).await.unwrap();
    let (ada, bob) = (Context::new(ada_tabs, rig.data.path()), Context::new(bob_tabs, rig.data.path()));
    let url = format!("http://{}/", slow.local_addr().unwrap());
    // While the answer to Ada is on its way, Bob is given a file of his.
    let answer = async {
        let (mut stream, _) = slow.accept().await.unwrap();
        let error = run(&bob, json!({"action": "navigate", "url": site.url("/")})).await.unwrap_err();
        assert_eq!(error.context.unwrap()["download"], "of-bob.txt");
        let file = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-disposition: attachment; filename=of-ada.txt\r\n\r\nx";
        stream.write_all(file.as_bytes()).await.unwrap();
        stream
    };
    let (error, _stream) = tokio::join!(run(&ada, json!({"action": "navigate", "url": url})), answer);
    assert_eq!(error.unwrap_err().context.unwrap()["download"], "of-ada.txt");
}
