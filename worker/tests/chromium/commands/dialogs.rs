//! Dialogs that commands open.

use bus_schema::error::ErrorCode;
use serde_json::json;

use super::stage::Stage;

#[tokio::test]
async fn the_command_that_opened_a_dialog_returns_with_it() {
    let stage = Stage::show(
        "<button onclick='window.answer = prompt(\"Your name?\", \"Ada\")'>ask</button><p>text</p>",
    )
    .await;
    let output = stage.output(json!({"action": "click", "target": {"text": "ask"}})).await.unwrap();
    let clicked: serde_json::Value = serde_json::from_str(output.result.get()).unwrap();
    assert!(
        clicked["target"]["name"] == "ask" && clicked["x"].is_number() && clicked["y"].is_number(),
        "{clicked}"
    );
    let dialog = output.dialog.expect("a dialog");
    assert_eq!(
        (dialog.message.as_str(), dialog.default_value.as_str(), dialog.tab),
        ("Your name?", "Ada", 1)
    );
    // What needs the page is refused while it is open.
    for command in [
        json!({"action": "evaluate", "expression": "1"}),
        json!({"action": "content"}),
        json!({"action": "screenshot"}),
        json!({"action": "click", "target": {"text": "ask"}}),
    ] {
        let error = stage.err(ErrorCode::Conflict, command).await;
        assert_eq!(error.context.unwrap()["dialog"]["message"], "Your name?");
    }
    stage.ok(json!({"action": "tabs"})).await;
    stage.ok(json!({"action": "cookies_get"})).await;
    let answered = stage.ok(json!({"action": "dialog", "accept": true, "text": "Grace"})).await;
    assert_eq!(answered["dialog"]["type"], "prompt");
    assert_eq!(stage.value("answer").await, "Grace");
    stage.err(ErrorCode::Conflict, json!({"action": "dialog", "accept": true})).await;
    // Nothing hangs on: the button is up, and the next click counts.
    stage.value("document.querySelector('button').onclick = () => { window.again = true }; 0").await;
    stage.ok(json!({"action": "click", "target": {"text": "ask"}})).await;
    assert_eq!(stage.value("again").await, true);
    stage.browser.close().await;
}

#[tokio::test]
async fn a_script_goes_on_after_its_dialog() {
    let stage = Stage::show("<p>text</p>").await;
    let command = json!({"action": "evaluate", "expression": "window.said = confirm('Sure?'); said"});
    let output = stage.output(command).await.unwrap();
    assert_eq!(output.dialog.unwrap().message, "Sure?");
    // Longer than a script that holds up its page is left alone.
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    stage.ok(json!({"action": "dialog", "accept": false})).await;
    assert_eq!(stage.value("said").await, false);
    // A dialog that opens under a read.
    stage.value("setTimeout(() => alert('late'), 200); 0").await;
    let error =
        stage.err(ErrorCode::Conflict, json!({"action": "wait_for", "target": {"text": "never"}})).await;
    assert_eq!(error.context.unwrap()["dialog"]["message"], "late");
    stage.ok(json!({"action": "dialog", "accept": true})).await;
    assert_eq!(stage.value("1").await, 1);
    stage.browser.close().await;
}

#[tokio::test]
async fn a_page_may_ask_before_it_is_left() {
    let stage =
        Stage::show("<button>b</button><script>onbeforeunload = e => e.preventDefault()</script>").await;
    stage.ok(json!({"action": "click", "target": {"text": "b"}})).await;
    let output = stage.output(json!({"action": "navigate", "url": "about:blank"})).await.unwrap();
    let dialog = output.dialog.expect("a dialog");
    assert_eq!(serde_json::to_value(dialog.kind).unwrap(), "beforeunload");
    stage.ok(json!({"action": "dialog", "accept": true})).await;
    stage.ok(json!({"action": "wait_for", "url": "about:blank"})).await;
    stage.browser.close().await;
}
