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

#[tokio::test]
async fn a_person_pastes_copies_composes_and_uses_shortcuts() {
    let stage = Stage::show(
        "<textarea id=t></textarea><iframe id=f srcdoc='<textarea id=u></textarea>'></iframe><script>window.log = [];
         for (const type of ['keydown', 'paste', 'copy', 'cut', 'compositionend'])
         t.addEventListener(type, (e) => log.push(e.key ? `${type} ${e.ctrlKey} ${e.key}` : `${type} ${e.data ?? e.isTrusted}`))</script>",
    )
    .await;
    let give = async |events: serde_json::Value| {
        let batch: InputBatch = serde_json::from_value(json!({"epoch": 1, "events": events})).unwrap();
        dispatch_input(&stage.ctx, &batch).await.unwrap();
    };
    let key = |event: &str, key: &str, code: &str, modifiers: &[&str]| json!({"kind": "key", "event": event, "key": key, "code": code, "modifiers": modifiers});
    stage.value("t.focus()").await;
    give(json!([{"kind": "paste", "text": "Grüße\n世界"}, {"kind": "text", "text": "!"}, {"kind": "paste", "text": "?"}])).await;
    assert_eq!(stage.value("t.value").await, "Grüße\n世界!?");
    assert_eq!(
        stage.value("log").await,
        json!(["keydown true v", "paste true", "keydown true v", "paste true"]),
        "as a person does it"
    );
    // What is selected goes onto the clipboard, and from there wherever the focus is.
    stage.value("log.length = 0; t.setSelectionRange(0, 5)").await;
    give(json!([{"kind": "cut"}])).await;
    assert_eq!(stage.value("[t.value, log]").await, json!(["\n世界!?", ["keydown true x", "cut true"]]));
    stage.value("t.select()").await;
    give(json!([{"kind": "copy"}])).await;
    stage.value("f.contentDocument.getElementById('u').focus()").await;
    give(json!([key("down", "v", "KeyV", &["Control"]), key("up", "v", "KeyV", &["Control"])])).await;
    assert_eq!(stage.value("f.contentDocument.getElementById('u').value").await, "\n世界!?");
    give(json!([key("down", "a", "KeyA", &["Control"]), {"kind": "paste", "text": "framed"}])).await;
    assert_eq!(stage.value("f.contentDocument.getElementById('u').value").await, "framed");

    stage.value("t.value = ''; t.focus(); log.length = 0").await;
    give(json!([{"kind": "compose", "text": "に"}, {"kind": "compose", "text": "にほ", "from": 2, "to": 2}]))
        .await;
    assert_eq!(stage.value("t.value").await, "にほ");
    give(json!([{"kind": "text", "text": "日本"}, {"kind": "compose", "text": "ご"}, {"kind": "compose", "text": ""}])).await;
    assert_eq!(
        stage.value("[t.value, log]").await,
        json!(["日本", ["compositionend 日本", "compositionend "]])
    );

    stage.value("t.value = ''; t.focus()").await;
    let pressed = |name: &str, code: &str, modifiers: &[&str]| {
        [key("down", name, code, modifiers), key("up", name, code, modifiers)]
    };
    let mut events = vec![json!({"kind": "text", "text": "one two three"})];
    events.extend(pressed("Backspace", "Backspace", &["Control"]));
    events.extend(pressed("Home", "Home", &[]));
    events.extend(pressed("Delete", "Delete", &["Control"]));
    events.extend(pressed("End", "End", &[]));
    events.extend(pressed("ArrowLeft", "ArrowLeft", &["Control", "Shift"]));
    give(json!(events)).await;
    assert_eq!(stage.value("[t.value, t.selectionStart, t.selectionEnd]").await, json!([" two ", 1, 5]));
    // Undone and done again.
    give(json!(pressed("z", "KeyZ", &["Control"]))).await;
    assert_eq!(stage.value("t.value").await, "one two ");
    give(json!(pressed("y", "KeyY", &["Control"]))).await;
    assert_eq!(stage.value("t.value").await, " two ");
    // AltGr as Windows tells it, Option, and a shortcut that types nothing.
    let mut events = vec![];
    events.extend(pressed("a", "KeyA", &["Control"]));
    events.push(key("down", "Control", "ControlLeft", &["Control"]));
    events.push(key("down", "AltGraph", "AltRight", &[]));
    events.extend(pressed("@", "KeyQ", &["Control", "Alt"]));
    events.push(key("up", "Control", "ControlLeft", &[]));
    events.push(key("up", "AltGraph", "AltRight", &[]));
    events.extend(pressed("å", "KeyA", &["Alt"]));
    events.extend(pressed("f", "KeyF", &["Alt"]));
    events.push(key("down", "Dead", "BracketLeft", &[]));
    events.push(json!({"kind": "text", "text": "ê"}));
    give(json!(events)).await;
    assert_eq!(stage.value("t.value").await, "@åê");
    stage.browser.close().await;
}
