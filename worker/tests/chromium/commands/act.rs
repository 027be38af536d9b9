//! Clicking, hovering, dragging, scrolling, and single events.

use std::time::{Duration, Instant};

use bus_schema::error::ErrorCode;
use serde_json::json;

use super::stage::Stage;

const LOG: &str = "<script>window.log = []; const note = (e) => log.push(`${e.type}:${e.button}:${e.detail}:${e.shiftKey}`);
    </script>";

#[tokio::test]
async fn a_click_is_one_as_a_person_would_make_it() {
    let stage = Stage::show(&format!(
        "{LOG}<body style='height:5000px'><button id=b style='margin-top:3000px' onclick='note(event)' \
         ondblclick='note(event)' onauxclick='note(event)' oncontextmenu='note(event)'>Press me</button>"
    ))
    .await;
    let clicked = stage.ok(json!({"action": "click", "target": {"text": "press ME"}})).await;
    assert_eq!(clicked["target"]["name"], "Press me");
    stage.ok(json!({"action": "click", "target": {"selector": "#b"}, "click_count": 2, "modifiers": ["Shift"]})).await;
    stage.ok(json!({"action": "click", "target": {"selector": "#b"}, "button": "right"})).await;
    let log = stage.value("log").await;
    let expected = json!([
        "click:0:1:false",
        "click:0:1:true",
        "click:0:2:true",
        "dblclick:0:2:true",
        "contextmenu:2:0:false",
        "auxclick:2:1:false",
    ]);
    let sorted = |value: &serde_json::Value| {
        let mut items: Vec<String> =
            value.as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect();
        items.sort();
        items
    };
    assert_eq!(sorted(&log), sorted(&expected));
    assert_eq!(stage.value("isTrusted = false; document.querySelector('#b').onclick = e => { isTrusted = e.isTrusted && e.offsetX < 6 }; 0").await, 0);
    stage.ok(json!({"action": "click", "target": {"selector": "#b"}, "position": {"x": 5, "y": 5}})).await;
    assert_eq!(stage.value("isTrusted").await, true);
    stage.browser.close().await;
}

#[tokio::test]
async fn a_click_waits_until_the_element_can_take_it() {
    let stage = Stage::show(
        "<style>@keyframes m { from { margin-left: 0 } to { margin-left: 400px } } #moving { animation: m 0.4s linear }
         #cover { position: fixed; inset: 0; background: #eee }</style>
         <button id=moving onclick='hits.push(1)'>moving</button><button id=off disabled onclick='hits.push(2)'>off</button>
         <button id=under onclick='hits.push(3)'>under</button><script>
         window.hits = [];
         setTimeout(() => { off.disabled = false }, 300);
         </script>",
    )
    .await;
    stage.ok(json!({"action": "click", "target": {"selector": "#moving"}})).await;
    stage.ok(json!({"action": "click", "target": {"selector": "#off"}})).await;
    stage.value("document.body.insertAdjacentHTML('beforeend', '<div id=cover class=modal>wait</div>'); setTimeout(() => cover.remove(), 400); 0").await;
    stage.ok(json!({"action": "click", "target": {"selector": "#under"}})).await;
    assert_eq!(stage.value("hits").await, json!([1, 2, 3]));
    stage.browser.close().await;
}

#[tokio::test]
async fn a_time_out_says_which_check_failed() {
    let stage = Stage::show(
        "<button id=off disabled>off</button><button id=gone style='display:none'>gone</button>
         <style>@keyframes m { from { margin-left: 0 } to { margin-left: 400px } } #m { position: absolute; top: 300px; animation: m 1s linear infinite }</style>
         <button id=m>m</button><button id=under>under</button><input id=ro readonly value=x>
         <div id=cover class=modal style='position:fixed;inset:0'><p>cookies?</p></div>",
    )
    .await;
    for (selector, check, says) in [
        ("#off", "enabled", "disabled"),
        ("#gone", "visible", "not visible"),
        ("#m", "stable", "moving"),
        ("#under", "receives pointer", "id=\"cover\""),
        ("#nothing", "attached", "matches nothing"),
    ] {
        let command = json!({"action": "click", "target": {"selector": selector}, "timeout_ms": 400});
        let error = stage.err(ErrorCode::Timeout, command).await;
        assert_eq!(error.context.as_ref().unwrap()["check"], check, "{selector}: {error}");
        assert!(error.detail.contains(says), "{selector}: {error}");
        assert_eq!(error.field.as_deref(), Some("target"));
    }
    let command = json!({"action": "type", "target": {"selector": "#ro"}, "text": "y", "timeout_ms": 300});
    assert_eq!(stage.err(ErrorCode::Timeout, command).await.context.unwrap()["check"], "editable");
    assert_eq!(stage.value("1 + 1").await, 2);
    stage.browser.close().await;
}

#[tokio::test]
async fn an_element_that_is_replaced_all_the_time_is_found_again() {
    let stage = Stage::show(
        "<div id=box></div><script>window.hits = 0; let left = 12;
         const draw = () => { box.innerHTML = '<button onclick=\"hits++\">again</button>'; if (left-- > 0) setTimeout(draw, 30) };
         draw();</script><button id=d onmousedown='this.remove()'>detaches</button>",
    )
    .await;
    stage.ok(json!({"action": "click", "target": {"role": "button", "name": "again"}})).await;
    assert_eq!(stage.value("hits").await, 1);
    // Gone while its own button is down: the click is over, and nothing stays pressed.
    stage.ok(json!({"action": "click", "target": {"selector": "#d"}})).await;
    stage.value("addEventListener('mousemove', e => { window.buttons = e.buttons }); 0").await;
    stage.ok(json!({"action": "hover", "target": {"text": "again"}})).await;
    assert_eq!(stage.value("buttons").await, 0);
    stage.browser.close().await;
}

#[tokio::test]
async fn what_comes_over_an_element_in_the_last_moment_gets_no_click() {
    let stage = Stage::show(
        "<button id=b onclick='hits.push(\"b\")'>target</button><script>window.hits = []; let once = true;
         b.addEventListener('mouseenter', () => { if (!once) return; once = false;
           const c = document.createElement('div'); c.id = 'c'; c.style = 'position:fixed;inset:0;z-index:9';
           c.onclick = () => hits.push('cover'); c.onmousedown = () => hits.push('cover'); document.body.append(c);
           setTimeout(() => c.remove(), 300); });</script>",
    )
    .await;
    stage.ok(json!({"action": "click", "target": {"selector": "#b"}})).await;
    assert_eq!(stage.value("hits").await, json!(["b"]));
    // The guard is gone with the click.
    stage.value("b.click(); b.dispatchEvent(new MouseEvent('mousedown')); 0").await;
    assert_eq!(stage.value("hits.length").await, 2);
    stage.browser.close().await;
}

#[tokio::test]
async fn hover_drag_and_scroll() {
    let stage = Stage::show(
        "<style>div.b { width: 80px; height: 80px } #inner { height: 100px; overflow: auto }</style>
         <div id=h class=b onmouseover='window.over = true'>hover</div>
         <div id=src class=b draggable=true ondragstart='event.dataTransfer.setData(\"text\", \"carried\")'>source</div>
         <div id=dst class=b ondragover='event.preventDefault()' ondrop='event.preventDefault(); window.dropped = event.dataTransfer.getData(\"text\")'>drop</div>
         <div id=knob class=b>knob</div><div id=inner><div style='height:1000px'>long</div></div><div style='height:4000px'></div><p id=last>last</p>
         <script>let down = false; knob.onmousedown = () => down = true; onmousemove = e => { if (down) window.dragged = e.clientX }; onmouseup = () => down = false;</script>",
    )
    .await;
    stage.ok(json!({"action": "hover", "target": {"selector": "#h"}})).await;
    assert_eq!(stage.value("over").await, true);
    stage.ok(json!({"action": "drag", "from": {"selector": "#knob"}, "to": {"x": 300, "y": 300}})).await;
    assert_eq!(stage.value("[dragged, down]").await, json!([300, false]));
    stage.ok(json!({"action": "drag", "from": {"selector": "#src"}, "to": {"selector": "#dst"}})).await;
    assert_eq!(stage.value("window.dropped").await, "carried");
    let at = stage.ok(json!({"action": "scroll", "delta_y": 250})).await;
    assert_eq!(at["y"], 250.0);
    assert_eq!(stage.value("scrollY").await, 250);
    stage.ok(json!({"action": "scroll", "target": {"text": "long"}, "delta_y": 120})).await;
    assert_eq!(stage.value("inner.scrollTop").await, 120);
    stage.ok(json!({"action": "scroll", "to": "bottom"})).await;
    assert_eq!(stage.value("scrollY + innerHeight >= document.documentElement.scrollHeight - 1").await, true);
    stage.ok(json!({"action": "scroll", "to": "top"})).await;
    stage.ok(json!({"action": "scroll", "target": {"selector": "#last"}})).await;
    assert_eq!(stage.value("last.getBoundingClientRect().bottom <= innerHeight").await, true);
    stage.err(ErrorCode::InvalidArgument, json!({"action": "scroll"})).await;
    stage.browser.close().await;
}

#[tokio::test]
async fn single_events_hold_until_they_are_let_go() {
    let stage = Stage::show(
        "<input id=i autofocus><script>window.log = []; for (const t of ['mousedown', 'mouseup', 'keydown', 'keyup'])
         addEventListener(t, e => log.push([t, e.key ?? e.button, e.shiftKey, e.clientX ?? 0]));</script>",
    )
    .await;
    stage.ok(json!({"action": "click", "target": {"selector": "#i"}})).await;
    stage.value("log.length = 0").await;
    stage.ok(json!({"action": "key", "event": "down", "key": "Shift"})).await;
    stage.ok(json!({"action": "mouse", "event": "down", "x": 200, "y": 200})).await;
    stage.ok(json!({"action": "mouse", "event": "move", "x": 210, "y": 200})).await;
    stage.ok(json!({"action": "mouse", "event": "up", "x": 210, "y": 200})).await;
    stage.ok(json!({"action": "key", "event": "up", "key": "Shift"})).await;
    assert_eq!(
        stage.value("log").await,
        json!([
            ["keydown", "Shift", true, 0],
            ["mousedown", 0, true, 200],
            ["mouseup", 0, true, 210],
            ["keyup", "Shift", false, 0]
        ])
    );
    stage.err(ErrorCode::InvalidArgument, json!({"action": "key", "event": "down", "key": "Sift"})).await;
    stage.ok(json!({"action": "mouse", "event": "down", "x": 200, "y": 200, "button": "right"})).await;
    stage.ok(json!({"action": "key", "event": "down", "key": "Control"})).await;
    stage.value("log.length = 0").await;
    stage.ctx.release_all();
    stage.ok(json!({"action": "wait_for", "expression": "log.length === 2"})).await;
    assert_eq!(stage.value("log.map(l => l[0])").await, json!(["mouseup", "keyup"]));
    stage.browser.close().await;
}

#[tokio::test]
async fn a_command_that_is_dropped_leaves_nothing_pressed() {
    let stage = Stage::show(
        "<div id=a style='width:90px;height:90px'>a</div><script>window.up = 0; onmouseup = () => up++; window.downs = 0; onmousedown = () => downs++;</script>",
    )
    .await;
    // The second element never comes, so the drag is in the middle when its time is over.
    let drag = json!({"action": "drag", "from": {"selector": "#a"}, "to": {"selector": "#never"}, "timeout_ms": 400});
    let error = stage.err(ErrorCode::Timeout, drag).await;
    assert_eq!(error.field.as_deref(), Some("to"));
    stage.ok(json!({"action": "wait_for", "expression": "up === 1 && downs === 1"})).await;
    stage.browser.close().await;
}

#[tokio::test]
async fn a_point_on_a_scroll_bar_is_clicked_as_any_other() {
    let stage = Stage::show("<body style='height:5000px'><p>page").await;
    let look = "[document.elementFromPoint(innerWidth - 1, 9), innerWidth - 1]";
    let edge = stage.ok(json!({"action": "evaluate", "expression": look})).await["value"].clone();
    assert_eq!(edge[0], json!(null), "this browser shows scroll bars");
    stage.ok(json!({"action": "click", "target": {"x": edge[1], "y": 9}, "timeout_ms": 5_000})).await;
    stage.browser.close().await;
}

#[tokio::test]
async fn a_point_outside_the_viewport_is_refused_at_once() {
    let stage = Stage::show("<body style='height:5000px'><p>page").await;
    for (x, y, field) in
        [(-5, 10, "target.x"), (10, -1, "target.y"), (10, 4000, "target"), (5000, 10, "target")]
    {
        for action in ["click", "hover"] {
            let begun = Instant::now();
            let error = stage
                .err(ErrorCode::InvalidArgument, json!({"action": action, "target": {"x": x, "y": y}}))
                .await;
            assert_eq!(error.field.as_deref(), Some(field), "{error}");
            assert!(error.detail.contains("viewport"), "{error}");
            assert!(begun.elapsed() < Duration::from_secs(2), "{action} took {:?}", begun.elapsed());
        }
    }
    stage.browser.close().await;
}
