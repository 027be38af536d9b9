//! Elements that are not there, are there too often, or do not stay.

use serde_json::{Value, json};

use super::support::{Fleet, Site, site::Reply};

const PAGE: &str = "<title>targets</title>
<p class=item>apple</p><p class=item>banana</p><p class=item>cherry</p>
<button id=covered style='position:absolute;left:20px;top:200px;width:90px;height:40px'>under</button>
<div id=cover style='position:absolute;left:0;top:190px;width:300px;height:80px;background:#eee'></div>
<button id=off disabled>off</button><button id=none style='display:none'>none</button>
<button id=restless style='position:absolute;top:400px;animation:run 1s linear infinite'>restless</button>
<button id=shy style='position:absolute;top:300px' onmousedown='this.remove()'>shy</button>
<button id=brief style='position:absolute;top:340px' onmouseover='this.remove()'>brief</button>
<style>@keyframes run { from { left: 0 } to { left: 500px } }</style>";

fn pages(_: &str) -> Reply {
    Reply::Html(PAGE)
}

fn click(target: Value) -> Value {
    json!({ "action": "click", "target": target, "timeout_ms": 700 })
}

#[tokio::test]
async fn a_target_that_cannot_be_used_says_why() {
    let (fleet, site) = (Fleet::start().await, Site::start(pages).await);
    let id = fleet.session_with(json!({ "url": site.url("/") })).await;
    let mut wrong = Vec::new();
    for (target, status, code, says) in [
        (json!({ "selector": "div[" }), 400, "invalid_argument", "div["),
        (json!({ "selector": "xpath=//*[" }), 400, "invalid_argument", "XPath"),
        (json!({ "selector": "" }), 400, "invalid_argument", ""),
        (json!({ "selector": "#missing" }), 504, "timeout", "#missing"),
        (json!({ "selector": ".item" }), 400, "invalid_argument", "banana"),
        (json!({ "selector": ".item", "nth": 7 }), 504, "timeout", "3"),
        (json!({ "selector": "#covered" }), 504, "timeout", "cover"),
        (json!({ "selector": "#off" }), 504, "timeout", "disabled"),
        (json!({ "selector": "#none" }), 504, "timeout", "visible"),
        (json!({ "selector": "#restless" }), 504, "timeout", "mov"),
        (json!({ "ref": "e999" }), 404, "not_found", "observe"),
        (json!({ "x": 99999, "y": 10 }), 400, "invalid_argument", "outside the viewport"),
        (json!({ "x": -5, "y": 10 }), 400, "invalid_argument", "outside the viewport"),
    ] {
        let answer = fleet.run(&id, click(target.clone())).await;
        let said = answer.json();
        let detail = said["detail"].as_str().unwrap_or_default();
        if answer.status != status || said["code"] != code || !detail.contains(says) {
            wrong.push(format!("{target}: not {status} {says}: {}", answer.text()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let many = fleet.run(&id, click(json!({ "selector": ".item" }))).await.json();
    assert_eq!(many["context"]["count"], 3, "{many}");
    fleet.end(&id).await;
}

#[tokio::test]
async fn an_element_that_goes_under_the_pointer_is_no_disaster() {
    let (fleet, site) = (Fleet::start().await, Site::start(pages).await);
    let id = fleet.session_with(json!({ "url": site.url("/") })).await;
    fleet.run(&id, click(json!({ "selector": "#shy" }))).await.ok();
    let gone = fleet.run(&id, click(json!({ "selector": "#brief" }))).await;
    assert!([200, 504].contains(&gone.status), "{}", gone.text());
    // Replaced all the time: each is another element with the same look.
    let script = "setInterval(() => { const b = document.createElement('button'); b.id = 'again';
        b.onclick = () => { window.clicked = true }; document.querySelector('#again')?.remove();
        b.style = 'position:absolute;top:450px'; b.textContent = 'again'; document.body.append(b) }, 3); 1";
    fleet.evaluate(&id, script).await;
    let again = fleet.run(&id, click(json!({ "selector": "#again" }))).await;
    assert!([200, 504].contains(&again.status), "{}", again.text());
    assert_eq!(fleet.evaluate(&id, "!!window.clicked").await, again.status == 200);
    fleet.end(&id).await;
}
