//! Frames, those in other processes too.

use bus_schema::error::ErrorCode;
use serde_json::json;

use super::stage::{Stage, html};

const INNER: &str = "<body style='margin:0;height:3000px'><h2>Inner</h2><button id=b style='margin:40px' onclick='window.hit = [event.clientX, event.clientY]'>Pay</button>
    <input id=i aria-label=Card><select id=s><option>x<option>y</select><p style='margin-top:1500px' id=far onclick='window.far = true'>far away</p>
    <script>localStorage.setItem('inner', location.host)</script>";

async fn framed(cross: bool) -> Stage {
    let args: &[&str] = if cross { &["--site-per-process"] } else { &[] };
    let stage = Stage::with(args, move |request| {
        let host = request.header("host").unwrap().replace("127.0.0.1", "localhost");
        let at = |path: &str| if cross { format!("http://{host}{path}") } else { path.to_owned() };
        match request.target.as_str() {
            "/" => html(&format!(
                "<title>outer</title><button>Outer</button><div style='height:900px'></div>
                 <iframe name=pay style='border:7px solid; padding: 3px; width:400px; height:300px; margin-left:50px' src='{}'></iframe>",
                at("/middle")
            )),
            "/middle" => html("<body style='margin:0'><p>Middle</p><iframe src=/inner style='width:380px;height:220px;border:0'></iframe>"),
            "/inner" => html(INNER),
            _ => None,
        }
    })
    .await;
    stage.go("/").await;
    stage.ok(json!({"action": "wait_for", "target": {"text": "Pay"}})).await;
    stage
}

async fn everything_works_in_frames(stage: &Stage) {
    stage.ok(json!({"action": "click", "target": {"role": "button", "name": "Pay"}})).await;
    let in_frame = |expression: &str| json!({"action": "evaluate", "expression": expression, "target": {"selector": "#b"}});
    let hit = stage.ok(in_frame("el => [Math.abs(hit[0] - el.getBoundingClientRect().x - el.offsetWidth / 2) < 2, Math.abs(hit[1] - el.getBoundingClientRect().y - el.offsetHeight / 2) < 2]")).await;
    assert_eq!(hit["value"], json!([true, true]));
    stage.ok(json!({"action": "click", "target": {"text": "far away"}})).await;
    assert_eq!(stage.ok(in_frame("el => far")).await["value"], true);
    stage.ok(json!({"action": "type", "target": {"label": "Card"}, "text": "4242 世"})).await;
    stage.ok(json!({"action": "type", "text": "!", "delay_ms": 1})).await;
    stage.ok(json!({"action": "press", "keys": "Shift+x"})).await;
    assert_eq!(stage.ok(in_frame("el => i.value")).await["value"], "4242 世!X");
    stage
        .ok(json!({"action": "select_option", "target": {"selector": "#s", "frame": 2}, "labels": ["y"]}))
        .await;
    stage.ok(json!({"action": "fill_form", "fields": {"Card": "1111"}})).await;
    assert_eq!(stage.ok(in_frame("el => i.value + s.value")).await["value"], "1111y");
    stage.ok(json!({"action": "hover", "target": {"selector": "#b", "frame": "/inner"}})).await;
    stage
        .err(
            ErrorCode::Timeout,
            json!({"action": "click", "target": {"text": "Pay", "frame": "pay"}, "timeout_ms": 300}),
        )
        .await;
    let told = stage.ok(json!({"action": "observe"})).await["outline"].as_str().unwrap().to_owned();
    assert!(told.contains("- frame 1 \"pay\"") && told.contains("- frame 2"), "{told}");
    let pay = told.lines().find(|line| line.contains("\"Pay\"")).unwrap();
    let reference = pay.split("[ref=").nth(1).unwrap().trim_end_matches(']');
    stage.ok(in_frame("el => { hit = null }")).await;
    stage.ok(json!({"action": "click", "target": {"ref": reference}})).await;
    assert_eq!(stage.ok(in_frame("el => hit !== null")).await["value"], true);
    let text = stage.text(json!({"action": "content", "format": "text"})).await;
    assert!(text.contains("Outer") && text.contains("Middle") && text.contains("far away"), "{text}");
    let shot = stage.output(json!({"action": "screenshot", "target": {"selector": "#b"}})).await.unwrap();
    let shot: serde_json::Value = serde_json::from_str(shot.result.get()).unwrap();
    assert!(shot["width"].as_f64().unwrap() < 100.0);
    // Covered from outside.
    stage.value("document.body.insertAdjacentHTML('beforeend', '<div id=veil style=\"position:fixed;inset:0\"></div>'); 0").await;
    let error = stage
        .err(ErrorCode::Timeout, json!({"action": "click", "target": {"selector": "#b"}, "timeout_ms": 500}))
        .await;
    assert!(error.detail.contains("veil"), "{error}");
}

#[tokio::test]
async fn frames_of_the_same_process() {
    let stage = framed(false).await;
    everything_works_in_frames(&stage).await;
    stage.browser.close().await;
}

#[tokio::test]
async fn frames_of_another_process() {
    let stage = framed(true).await;
    let frames = stage.ctx.tabs().frames(1).unwrap();
    assert_ne!(frames[0].cdp.session(), frames[1].cdp.session(), "it is in a process of its own");
    everything_works_in_frames(&stage).await;
    let state = stage.ok(json!({"action": "storage_get"})).await;
    assert!(state.to_string().contains("\"inner\""), "{state}");
    stage.browser.close().await;
}

#[tokio::test]
async fn frames_are_numbered_as_they_stand() {
    let stage = Stage::with(&["--site-per-process"], |request| match request.target.as_str() {
        "/" => {
            let host = request.header("host").unwrap().replace("127.0.0.1", "localhost");
            // They come in another order than that in which they stand.
            html(&format!(
                "<div id=a></div><iframe srcdoc='<p>third'></iframe><div id=z></div><script>
                 const add = (to, name, src) => {{ const f = document.createElement('iframe'); f.name = name; f.src = src; to.append(f) }};
                 add(z, 'last', '/last'); add(a.attachShadow({{mode: 'open'}}), 'shadow', '/shadow');
                 const b = document.createElement('div'); a.after(b); add(b, 'other', 'http://{host}/nest')</script>"
            ))
        }
        "/nest" => html("<p>nest</p><iframe name=nested src=/nested></iframe>"),
        path => html(&format!("<p>{}", &path[1..])),
    })
    .await;
    stage.go("/").await;
    stage.ok(json!({"action": "wait_for", "target": {"text": "nested"}})).await;
    for (n, text) in [(1, "shadow"), (2, "nest"), (3, "nested"), (4, "third"), (5, "last")] {
        let read = json!({"action": "evaluate", "expression": "el => el.innerText", "target": {"selector": "p", "frame": n}});
        assert_eq!(stage.ok(read).await["value"], text, "frame {n}");
    }
    let told = stage.ok(json!({"action": "observe"})).await["outline"].as_str().unwrap().to_owned();
    for (name, n) in [("shadow", 1), ("other", 2), ("nested", 3), ("last", 5)] {
        let line = told
            .lines()
            .find(|line| line.contains(&format!("- iframe {name:?}")))
            .unwrap_or_else(|| panic!("{told}"));
        assert!(line.contains(&format!("[frame={n}]")), "{told}");
        assert!(told.contains(&format!("- frame {n} {name:?}")), "{told}");
    }
    stage.browser.close().await;
}
