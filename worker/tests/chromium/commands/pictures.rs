//! Screenshots, PDFs and the viewport.

use bus_schema::error::ErrorCode;
use serde_json::{Value, json};

use super::stage::Stage;

/// Width and height of a PNG.
fn size(png: &[u8]) -> (u32, u32) {
    assert!(png.starts_with(b"\x89PNG"));
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[tokio::test]
async fn pictures_of_the_viewport_the_page_and_an_element() {
    let stage = Stage::show("<body style='margin:0;height:2500px'><div id=d style='position:absolute;top:2000px;width:120px;height:60px;background:red'></div>").await;
    let shot = async |command: Value| {
        let output = stage.output(command).await.unwrap();
        let result: Value = serde_json::from_str(output.result.get()).unwrap();
        (result, output.attachment.unwrap())
    };
    let (_, picture) = shot(json!({"action": "screenshot"})).await;
    assert_eq!((picture.media_type.as_str(), size(&picture.bytes)), ("image/png", (1280, 720)));
    let (_, picture) = shot(json!({"action": "screenshot", "full_page": true})).await;
    assert_eq!(size(&picture.bytes), (1280, 2500));
    let (_, picture) = shot(json!({"action": "screenshot", "target": {"selector": "#d"}})).await;
    assert_eq!(size(&picture.bytes), (120, 60));
    let (_, picture) = shot(json!({"action": "screenshot", "format": "jpeg", "quality": 30})).await;
    assert!(picture.media_type == "image/jpeg" && picture.bytes.starts_with(&[0xff, 0xd8]));
    let (_, picture) = shot(json!({"action": "screenshot", "format": "webp"})).await;
    assert_eq!(&picture.bytes[8..12], b"WEBP");
    // With a scrollbar as without: the page is as wide as its viewport, and is put back to how it was.
    let width = "[document.documentElement.clientWidth, d.getBoundingClientRect().right]";
    stage.value("d.style.right = 0").await;
    let before = stage.value(width).await;
    let (_, picture) = shot(json!({"action": "screenshot", "target": {"selector": "#d"}})).await;
    assert_eq!(size(&picture.bytes), (120, 60));
    assert_eq!((&before, stage.value(width).await), (&json!([1265, 1265]), before.clone()));
    stage.value("document.body.style.height = '60000px'").await;
    let (result, picture) = shot(json!({"action": "screenshot", "full_page": true})).await;
    assert_eq!((result["truncated"].clone(), size(&picture.bytes)), (json!(true), (1280, 16384)));
    assert_eq!(
        stage.ok(json!({"action": "set_viewport", "width": 400, "height": 300, "scale": 2})).await["width"],
        400
    );
    assert_eq!(stage.value("[innerWidth, innerHeight, devicePixelRatio]").await, json!([400, 300, 2]));
    let (_, picture) = shot(json!({"action": "screenshot"})).await;
    assert_eq!(size(&picture.bytes), (800, 600));
    let (_, picture) = shot(json!({"action": "screenshot", "target": {"selector": "#d"}})).await;
    assert_eq!(size(&picture.bytes), (240, 120));
    stage.value("d.remove()").await;
    stage
        .err(
            ErrorCode::Timeout,
            json!({"action": "screenshot", "target": {"selector": "#d"}, "timeout_ms": 300}),
        )
        .await;
    stage.browser.close().await;
}

#[tokio::test]
async fn a_page_is_printed() {
    let stage = Stage::show("<h1>Print me</h1><p style='break-before:page'>two</p>").await;
    let output = stage
        .output(json!({"action": "pdf", "landscape": true, "page_ranges": "1-2", "print_background": true}))
        .await
        .unwrap();
    let pdf = output.attachment.unwrap();
    assert_eq!(pdf.media_type, "application/pdf");
    assert!(pdf.bytes.starts_with(b"%PDF-"));
    let error = stage.err(ErrorCode::InvalidArgument, json!({"action": "pdf", "page_ranges": "x-y"})).await;
    assert_eq!(error.field.as_deref(), Some("page_ranges"));
    stage.browser.close().await;
}
