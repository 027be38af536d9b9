//! A person's input.

use bus_schema::model::input::InputBatch;
use serde_json::json;
use worker::command::dispatch_input;

use super::stage::Stage;

#[tokio::test]
async fn input_arrives_in_order_and_in_place() {
    let stage = Stage::show(
        "<body style='margin:0;height:4000px'><input id=i style='position:absolute;left:100px;top:100px;width:100px;height:30px'>
         <script>window.log = []; for (const t of ['mousedown', 'mouseup', 'dblclick', 'contextmenu', 'touchstart', 'touchend', 'touchcancel'])
         addEventListener(t, e => { log.push([t, e.clientX ?? e.touches?.[0]?.clientX ?? 0, e.clientY ?? e.touches?.[0]?.clientY ?? 0]); if (t === 'contextmenu') e.preventDefault() });
         </script>",
    )
    .await;
    let give = async |events: serde_json::Value| {
        let batch: InputBatch = serde_json::from_value(json!({"epoch": 1, "events": events})).unwrap();
        dispatch_input(&stage.ctx, &batch).await.unwrap();
    };
    let mouse = |event: &str, x: f64, y: f64, count: u32| json!({"kind": "mouse", "event": event, "x": x, "y": y, "click_count": count});
    give(json!([
        mouse("move", 150.0, 115.0, 0),
        mouse("down", 150.0, 115.0, 1),
        mouse("up", 150.0, 115.0, 1),
        mouse("down", 150.0, 115.0, 2),
        mouse("up", 150.0, 115.0, 2)
    ]))
    .await;
    assert_eq!(
        stage.value("log").await,
        json!([
            ["mousedown", 150, 115],
            ["mouseup", 150, 115],
            ["mousedown", 150, 115],
            ["mouseup", 150, 115],
            ["dblclick", 150, 115]
        ])
    );
    let key =
        |event: &str, key: &str, code: &str| json!({"kind": "key", "event": event, "key": key, "code": code});
    give(json!([key("down", "h", "KeyH"), key("up", "h", "KeyH"), key("down", "Shift", "ShiftRight"), key("down", "I", "KeyI"),
        key("up", "I", "KeyI"), key("up", "Shift", "ShiftRight"), key("down", "Unidentified", ""), {"kind": "text", "text": " 世界👍"},
        key("down", "ü", "BracketLeft"), key("up", "ü", "BracketLeft")]))
    .await;
    assert_eq!(stage.value("i.value").await, "hI 世界👍ü");
    give(json!([{"kind": "wheel", "x": 300, "y": 300, "delta_x": 0, "delta_y": 240}])).await;
    stage.ok(json!({"action": "wait_for", "expression": "scrollY >= 239"})).await;
    stage.value("scrollTo(0, 0); log.length = 0").await;
    give(json!([{"kind": "touch", "event": "start", "points": [{"id": 1, "x": 30, "y": 40}]}, {"kind": "touch", "event": "end", "points": []}])).await;
    let touched = stage.value("log.filter(l => l[0].startsWith('touch'))").await;
    assert_eq!(touched, json!([["touchstart", 30, 40], ["touchend", 0, 0]]));
    // A dialog that the input opens holds up nobody.
    stage.value("onmousedown = () => alert('x'); 0").await;
    give(json!([mouse("down", 300.0, 300.0, 1), mouse("up", 300.0, 300.0, 1)])).await;
    stage.ok(json!({"action": "dialog", "accept": true})).await;
    stage.browser.close().await;
}
