//! Scripts that fail, do not end, or say too much.

use serde_json::{Value, json};

use super::support::{Fleet, Socket};

fn script(expression: &str) -> Value {
    json!({ "action": "evaluate", "expression": expression, "timeout_ms": 700 })
}

#[tokio::test]
async fn a_script_that_fails_says_how() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let mut wrong = Vec::new();
    for (expression, status, says) in [
        ("throw new TypeError('no such thing')", 422, "TypeError: no such thing"),
        ("throw null", 422, "null"),
        ("throw { toString() { throw 1 } }", 422, ""),
        ("Promise.reject(new Error('later'))", 422, "later"),
        ("if (", 422, "SyntaxError"),
        ("let f = () => f(); f()", 422, "RangeError"),
        ("for (;;) {}", 504, ""),
        ("new Promise(() => {})", 504, ""),
        ("1", 200, ""),
        ("10n", 422, "BigInt"),
        ("const a = {}; a.self = a; a", 422, "cyclic"),
        ("window", 422, "window"),
        ("0 / 0", 422, "NaN"),
        ("({ get a() { throw new Error('getter') } })", 422, "getter"),
        ("({ toJSON() { throw new Error('toJSON') } })", 422, "toJSON"),
        ("new Proxy({}, { ownKeys() { for (;;) {} } })", 504, ""),
        (
            "JSON.stringify = () => 'x'; Array.prototype.toJSON = () => 1; Object.prototype.toJSON = () => 2; [7]",
            200,
            "",
        ),
        ("window.eval = window.Function = window.Promise = null; 3", 200, ""),
        ("document.write('<p>new'); document.close(); 5", 200, ""),
    ] {
        let answer = fleet.run(&id, script(expression)).await;
        let detail = answer.json()["detail"].as_str().unwrap_or_default().to_owned();
        if answer.status != status || !detail.contains(says) {
            wrong.push(format!("{expression}: not {status} {says}: {}", answer.text()));
        }
        let after = fleet.run(&id, json!({ "action": "navigate", "url": "about:blank" })).await;
        if after.status != 200 {
            wrong.push(format!("after {expression}: {}", after.text()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    fleet.end(&id).await;
}

#[tokio::test]
async fn halves_of_characters_are_text_that_can_be_read() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    assert_eq!(
        fleet.evaluate(&id, "['a\\ud800b', '\\ude00', '\\ud83d\\ude00']").await,
        json!(["a\u{fffd}b", "\u{fffd}", "\u{1f600}"])
    );
    let page = "document.title = 'a\\ud800b'; document.body.innerHTML = '<button>press \\udc00 me</button>'; console.log('\\ud800'); 1";
    fleet.evaluate(&id, page).await;
    let seen = fleet.run(&id, json!({ "action": "observe" })).await.ok();
    assert!(seen.to_string().contains("press \u{fffd} me"), "{seen}");
    fleet.run(&id, json!({ "action": "click", "target": { "text": "press" } })).await.ok();
    let text = fleet.get(&format!("/v1/sessions/{id}/content?format=text")).await;
    assert_eq!(text.status, 200, "{}", text.text());
    fleet.end(&id).await;
}

#[tokio::test]
async fn a_page_that_is_held_up_by_its_own_script_can_be_left() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let page = |title: &str| json!({ "action": "navigate", "url": format!("data:text/html,<title>{title}</title>") });
    fleet.run(&id, page("one")).await.ok();
    for way in [page("two"), json!({ "action": "reload" }), json!({ "action": "back" }), page("three")] {
        fleet.evaluate(&id, "setTimeout(() => { for (;;) {} }); 1").await;
        let stuck = fleet.run(&id, script("1")).await;
        assert_eq!(stuck.status, 504, "{}", stuck.text());
        fleet.evaluate(&id, "setTimeout(() => { for (;;) {} }); 1").await;
        let left = fleet.run(&id, way.clone()).await;
        assert_eq!(left.status, 200, "{way}: {}", left.text());
        assert_eq!(fleet.evaluate(&id, "1 + 1").await, 2);
    }
    let opened = fleet.run(&id, json!({ "action": "new_tab" })).await.ok()["result"]["tab"].clone();
    fleet.evaluate(&id, "setTimeout(() => { for (;;) {} }); 1").await;
    fleet.run(&id, json!({ "action": "close_tab", "tab": opened, "timeout_ms": 5_000 })).await.ok();
    assert_eq!(fleet.evaluate(&id, "document.title").await, "three");
    fleet.end(&id).await;
}

#[tokio::test]
async fn an_answer_of_100_mb_comes_whole_and_a_larger_one_is_refused() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let large = |n: u32| json!({ "action": "evaluate", "expression": format!("'x'.repeat({n})") });
    let whole = fleet.run(&id, large(100_000_000)).await;
    assert_eq!(whole.status, 200, "{}", whole.text());
    assert_eq!(whole.json()["result"]["value"].as_str().unwrap().len(), 100_000_000);
    fleet.run(&id, large(300_000_000)).await.problem(413, "payload_too_large");
    // The same on a socket, where other answers wait behind it.
    let mut socket = Socket::open(&fleet, &id).await;
    let mut command = large(15_000_000);
    command["type"] = "command".into();
    command["id"] = 1.into();
    socket.send(&command).await;
    socket.send(&json!({ "type": "ping", "id": 2 })).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let message = socket.next().await.unwrap();
        if message["type"] != "event" {
            let length = message["result"]["value"].as_str().map_or(0, str::len);
            seen.push((message["id"].as_u64().unwrap(), length));
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, [(1, 15_000_000), (2, 0)]);
    assert_eq!(fleet.evaluate(&id, "1").await, 1);
    fleet.end(&id).await;
}
