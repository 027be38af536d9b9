//! `upload`.

use std::os::unix::fs::PermissionsExt;

use bus_schema::error::{ErrorCode, Outcome};
use serde_json::json;

use super::stage::Stage;

fn stage_file(stage: &Stage, name: &str, text: &str) {
    let path = stage.rig.data.path().join("uploads").join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
}

#[tokio::test]
async fn staged_files_go_into_inputs_and_choosers() {
    let stage = Stage::show(
        "<label>Photo <input type=file id=f style='display:none'></label><input type=file id=m multiple>
         <button onclick='const i = document.createElement(\"input\"); i.type = \"file\"; i.multiple = true; i.onchange = async () => { window.chosen = await Promise.all([...i.files].map(f => f.text())) }; i.click()'>Choose</button>
         <button id=plain>Plain</button><a id=away href=/away>away</a>
         <form onsubmit='event.preventDefault(); window.sent = true'><input id=box type=checkbox><button id=send>Send</button></form>",
    )
    .await;
    stage_file(&stage, "a ä.txt", "alpha");
    stage_file(&stage, "b.txt", "beta");
    let upload = |target: serde_json::Value, files: &[&str]| json!({"action": "upload", "target": target, "files": files, "timeout_ms": 2000});
    stage.ok(upload(json!({"label": "Photo"}), &["a ä.txt"])).await;
    assert_eq!(
        stage.value("f.files[0].text().then(t => [f.files[0].name, t])").await,
        json!(["a ä.txt", "alpha"])
    );
    stage.ok(upload(json!({"selector": "#m"}), &["a ä.txt", "b.txt"])).await;
    assert_eq!(stage.value("m.files.length").await, 2);
    stage.ok(upload(json!({"selector": "#m"}), &[])).await;
    assert_eq!(stage.value("m.files.length").await, 0);
    stage.ok(upload(json!({"text": "Choose"}), &["b.txt", "a ä.txt"])).await;
    stage.ok(json!({"action": "wait_for", "expression": "window.chosen"})).await;
    assert_eq!(stage.value("chosen").await, json!(["beta", "alpha"]));
    stage.err(ErrorCode::InvalidArgument, upload(json!({"selector": "#f"}), &["a ä.txt", "b.txt"])).await;
    for name in ["missing.txt", "../secret", "/etc/passwd", "", "..", "a\\b"] {
        let error = stage.err(ErrorCode::InvalidArgument, upload(json!({"selector": "#f"}), &[name])).await;
        assert_eq!(error.field.as_deref(), Some("files[0]"), "{name}");
    }
    let error = stage.err(ErrorCode::BrowserError, upload(json!({"selector": "#plain"}), &["b.txt"])).await;
    assert!(error.detail.contains("no file chooser") && error.outcome == Some(Outcome::Unknown), "{error}");
    // What does something else when it is clicked is not clicked.
    for target in ["#send", "#box", "#away"] {
        let error =
            stage.err(ErrorCode::InvalidArgument, upload(json!({"selector": target}), &["b.txt"])).await;
        assert_eq!(error.outcome, Some(Outcome::NotStarted), "{error}");
    }
    assert_eq!(
        stage.value("[window.sent ?? null, box.checked, location.pathname]").await,
        json!([null, false, "/"])
    );
    stage.browser.close().await;
}
