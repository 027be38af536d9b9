//! Pages to be looked at and typed into.

use serde_json::{Value, json};

use super::support::{Fleet, Site, fleet::Gateway, site::Reply, until};

pub const LISTEN: [&str; 6] = ["--vnc-listen", "127.0.0.1:0", "--slots", "2", "--warm", "0"];

/// A field that fills the left half; what comes to it is told on the right, red on red, for anybody may read the text.
const TYPE: &str = r#"<!doctype html><title>-</title><style>html,body{margin:0;height:100%;background:#c00000}
textarea{position:fixed;inset:0 50% 0 0;border:0;background:#00c000;color:#00c000}
output{position:fixed;inset:0 0 auto 50%;font:8px monospace;color:#c00000;pointer-events:none}</style>
<textarea></textarea><output></output><script>
const field = document.querySelector("textarea"), seen = [];
const tell = () => document.querySelector("output").textContent = JSON.stringify({ text: field.value, seen });
field.addEventListener("input", tell);
for (const type of ["mousedown", "dblclick", "contextmenu", "wheel"])
  addEventListener(type, event => { event.preventDefault && type === "contextmenu" && event.preventDefault();
    seen.push([type, event.button ?? 0, event.clientX, event.clientY, event.shiftKey, Math.sign(event.deltaY ?? 0)].join()); tell() });
</script>"#;
/// Something moves all the time.
const MOVE: &str = r#"<!doctype html><title>move</title><style>html{height:100%;animation:m 1s linear infinite}
@keyframes m{from{background:#000}to{background:#fff}}</style>"#;

pub async fn site() -> Site {
    Site::start(|path| Reply::Html(if path == "/move" { MOVE } else { TYPE })).await
}

pub async fn session(fleet: &Fleet, url: &str) -> String {
    let viewport = json!({ "width": 800, "height": 600 });
    fleet.session_with(json!({ "url": url, "viewport": viewport, "name": "typing" })).await
}

/// What has come to the page: text, or events.
pub async fn seen(gateway: &Gateway, id: &str) -> Value {
    let text = gateway.get(&format!("/v1/sessions/{id}/content?format=text")).await.text();
    let json = text.find('{').zip(text.rfind('}')).map(|(start, end)| &text[start..=end]);
    json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or(Value::Null)
}

pub async fn until_text(gateway: &Gateway, id: &str, text: &str) {
    until("the text in the page", || async {
        let seen = seen(gateway, id).await;
        if seen["text"] == text { Ok(()) } else { Err(seen.to_string()) }
    })
    .await;
}

pub async fn stream(gateway: &Gateway, id: &str) -> Value {
    gateway.get(&format!("/v1/sessions/{id}/stream")).await.ok()["vnc"].clone()
}

pub async fn password(gateway: &Gateway, id: &str) -> String {
    stream(gateway, id).await["password"].as_str().unwrap().to_owned()
}

pub async fn control(gateway: &Gateway, id: &str) -> Value {
    gateway.shown(id).await["control"].clone()
}

pub async fn until_mode(gateway: &Gateway, id: &str, mode: &str) -> Value {
    until(mode, || async {
        let control = control(gateway, id).await;
        if control["mode"] == mode { Ok(control) } else { Err(control.to_string()) }
    })
    .await
}
