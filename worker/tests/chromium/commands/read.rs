//! `content`.

use serde_json::json;

use super::stage::Stage;

#[tokio::test]
async fn a_page_is_read_as_html_text_and_markdown() {
    let stage = Stage::show(
        "<title>Login</title><h1>Log in</h1><p>Use <b>your</b> account &amp; key.</p><a href=/help>Help</a><div style='display:none'>unseen</div>
         <div id=host></div><script>host.attachShadow({mode:'open'}).innerHTML = '<p>shadowed</p>'</script>",
    )
    .await;
    let html = stage.text(json!({"action": "content"})).await;
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("<h1>Log in</h1>"), "{html}");
    let text = stage.text(json!({"action": "content", "format": "text"})).await;
    assert!(text.contains("Use your account & key.") && !text.contains("unseen"), "{text}");
    assert!(text.ends_with("\nshadowed") && text.contains("Log in\n"), "{text:?}");
    let markdown = stage.text(json!({"action": "content", "format": "markdown"})).await;
    let help = format!("[Help]({})", stage.site.url("/help"));
    for part in ["# Log in", "**your**", help.as_str(), "shadowed"] {
        assert!(markdown.contains(part), "{part} is not in\n{markdown}");
    }
    assert!(!markdown.contains("unseen"), "{markdown}");
    stage.ok(json!({"action": "navigate", "url": "data:text/plain,just text"})).await;
    assert!(stage.text(json!({"action": "content", "format": "markdown"})).await.contains("just text"));
    stage.ok(json!({"action": "navigate", "url": "about:blank"})).await;
    assert_eq!(stage.text(json!({"action": "content", "format": "markdown"})).await, "");
    stage.browser.close().await;
}
