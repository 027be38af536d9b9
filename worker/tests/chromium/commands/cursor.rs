//! The cursor that a page gives to the pointer.

use serde_json::json;
use worker::command::{Pointer, cursor_at};

use super::stage::{Stage, html};

const BOX: &str = "<style>*{margin:0;box-sizing:border-box}body>*{display:block;height:40px;width:200px;font:20px/40px monospace}body>script{display:none}</style>";

async fn cursors(stage: &Stage, expected: &[(f64, f64, &str)]) {
    for &(x, y, cursor) in expected {
        let said = cursor_at(&stage.ctx, Pointer { n: 1, x, y }).await;
        assert_eq!(said.as_deref(), Some(cursor), "at {x}, {y}");
    }
}

#[tokio::test]
async fn it_is_what_the_page_asks_for_or_what_a_browser_shows() {
    let stage = Stage::show(&format!(
        "{BOX}<body><a href=/>link</a><p>text</p><p style='user-select:none'>text</p><input><input type=checkbox>
         <div contenteditable></div><div style='cursor:url(x.png) 1 2, url(\"a,b\"), ew-resize'></div><button>b</button>
         <div id=host></div><p style='cursor:none'>x</p>
         <script>host.attachShadow({{mode:'open'}}).innerHTML = '<span style=\"cursor:grab\">grab</span> shadow text'</script>"
    ))
    .await;
    cursors(
        &stage,
        &[
            (190.0, 20.0, "pointer"),
            (10.0, 60.0, "text"),
            (190.0, 60.0, "default"),
            (10.0, 100.0, "default"),
            (190.0, 140.0, "text"),
            (100.0, 180.0, "default"),
            (190.0, 220.0, "text"),
            (10.0, 260.0, "ew-resize"),
            (10.0, 300.0, "default"),
            (10.0, 340.0, "grab"),
            (80.0, 340.0, "text"),
            (195.0, 340.0, "default"),
            (10.0, 380.0, "none"),
            (10.0, 500.0, "default"),
        ],
    )
    .await;
    assert_eq!(cursor_at(&stage.ctx, Pointer { n: 9, x: 1.0, y: 1.0 }).await, None);
    stage.browser.close().await;
}

async fn it_is_that_of_the_frame(cross: bool) {
    let args: &[&str] = if cross { &["--site-per-process"] } else { &[] };
    let stage = Stage::with(args, move |request| {
        let host = request.header("host").unwrap().replace("127.0.0.1", "localhost");
        let at = |path: &str| if cross { format!("http://{host}{path}") } else { path.to_owned() };
        let frame = "margin:0;border:10px solid;padding:5px;width:300px;height:300px;position:absolute;left:100px;top:100px";
        match request.target.as_str() {
            "/" => html(&format!("<html style='cursor:wait'><body style='margin:0'><iframe style='{frame};transform:scale(.5);transform-origin:0 0' src='{}'></iframe>", at("/middle"))),
            "/middle" => html(&format!("<body style='margin:0'><a href=/ style='display:block;height:50px'>x</a><iframe style='{frame}' src=/inner></iframe>")),
            "/inner" => html("<body style='margin:0;height:200px;cursor:move'>inner"),
            _ => None,
        }
    })
    .await;
    stage.go("/").await;
    stage.ok(json!({"action": "wait_for", "target": {"text": "inner"}})).await;
    cursors(
        &stage,
        // 50 CSS pixels of the frame are 25 here, behind 7.5 of border and padding.
        &[
            (10.0, 10.0, "wait"),
            (110.0, 120.0, "pointer"),
            (103.0, 103.0, "wait"),
            (110.0, 140.0, "default"),
            (190.0, 190.0, "move"),
        ],
    )
    .await;
    stage.browser.close().await;
}

#[tokio::test]
async fn over_a_frame_it_is_that_of_the_frame() {
    it_is_that_of_the_frame(false).await;
}

#[tokio::test]
async fn over_a_frame_of_another_process_it_is_that_of_the_frame() {
    it_is_that_of_the_frame(true).await;
}
