//! `wait_for`.

use bus_schema::error::ErrorCode;
use serde_json::{Value, json};

use super::stage::Stage;

fn wait(mut of: Value) -> Value {
    of["action"] = "wait_for".into();
    if of.get("timeout_ms").is_none() {
        of["timeout_ms"] = 3000.into();
    }
    of
}

#[tokio::test]
async fn everything_that_can_be_waited_for() {
    let stage =
        Stage::show("<p id=a>here</p><p id=b style='display:none'>hidden</p><ul><li>x<li>y</ul>").await;
    let later = async |script: &str| stage.value(&format!("setTimeout(() => {{ {script} }}, 150); 0")).await;
    stage.ok(wait(json!({"target": {"selector": "#a"}}))).await;
    stage.ok(wait(json!({"target": {"selector": "li"}}))).await;
    stage.ok(wait(json!({"target": {"selector": "#b"}, "state": "attached"}))).await;
    stage.ok(wait(json!({"target": {"selector": "#b"}, "state": "hidden"}))).await;
    stage.ok(wait(json!({"target": {"selector": "#zzz"}, "state": "detached"}))).await;
    later("b.style.display = 'block'").await;
    stage.ok(wait(json!({"target": {"text": "hidden"}}))).await;
    later("a.remove()").await;
    stage.ok(wait(json!({"target": {"selector": "#a"}, "state": "detached"}))).await;
    later("history.pushState(0, '', '/done/7?x=1')").await;
    stage.ok(wait(json!({"url": "**/done/*"}))).await;
    later("window.app = {ready: true}").await;
    stage.ok(wait(json!({"expression": "app.ready", "load_state": "load", "url": "/done/"}))).await;
    stage.ok(wait(json!({"expression": "async () => 1"}))).await;
    stage.ok(wait(json!({"ms": 20}))).await;
    for (of, field, says) in [
        (json!({"target": {"selector": "#b"}, "state": "hidden"}), "target", "it is visible"),
        (json!({"target": {"selector": "#a"}}), "target", "not in the page"),
        (json!({"url": "**/other"}), "url", "**/other"),
        (json!({"expression": "false"}), "expression", "not truthy"),
        (json!({"expression": "nope.x"}), "expression", "ReferenceError"),
    ] {
        let mut of = wait(of);
        of["timeout_ms"] = 300.into();
        let error = stage.err(ErrorCode::Timeout, of).await;
        assert_eq!(error.field.as_deref(), Some(field), "{error}");
        assert!(error.detail.contains(says), "{error}");
    }
    stage.err(ErrorCode::InvalidArgument, wait(json!({"expression": "if ("}))).await;
    stage
        .err(ErrorCode::InvalidArgument, wait(json!({"target": {"selector": "["}, "state": "hidden"})))
        .await;
    stage.browser.close().await;
}
