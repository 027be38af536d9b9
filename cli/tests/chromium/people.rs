//! What those who watch one session are told, and the person in control alone.

use serde_json::{Value, json};

use super::support::{Fleet, Socket};

/// A link at the top, text below it, and nothing at the bottom.
const PAGE: &str = "data:text/html,<body style='margin:0'><a href='%23x' style='display:block;height:100px'>link</a>\
    <p style='margin:0;font:40px monospace'>text to be selected</p>";

async fn viewer(fleet: &Fleet, id: &str, query: &str) -> (Socket, Value) {
    let (mut socket, hello) = Socket::with(fleet, id, query).await;
    socket.send(&json!({ "type": "frames:start" })).await;
    socket.of_type("viewers").await;
    (socket, hello)
}

async fn ask(socket: &mut Socket, action: &str, holder: &str) -> Value {
    socket.send(&json!({ "type": "control", "id": action, "action": action, "holder": holder })).await;
    socket.of_type("result").await["control"].clone()
}

/// The next event of a type, whatever comes before.
async fn event(socket: &mut Socket, kind: &str) -> Value {
    loop {
        let message = socket.next().await.unwrap();
        if message["event"]["type"] == kind {
            return message;
        }
    }
}

/// Who watches, once somebody with this name has control, or nobody has.
async fn driven_by(socket: &mut Socket, name: Option<&str>) -> Vec<String> {
    loop {
        let message = socket.of_type("viewers").await;
        let viewers = message["viewers"].as_array().unwrap();
        let driver = viewers.iter().find(|v| v["holds_control"] == true).map(|v| v["name"].as_str().unwrap());
        if driver == name {
            return viewers.iter().map(|v| v["name"].as_str().unwrap().to_owned()).collect();
        }
    }
}

async fn point(socket: &mut Socket, epoch: &Value, y: f64) {
    let moved = json!({ "kind": "mouse", "event": "move", "x": 20, "y": y });
    socket.send(&json!({ "type": "input", "epoch": epoch, "events": [moved] })).await;
}

#[tokio::test]
async fn all_who_watch_see_who_drives_and_the_cursor_they_have() {
    let fleet = Fleet::start().await;
    let id = fleet.session_with(json!({ "url": PAGE })).await;
    let (mut ann, _) = viewer(&fleet, &id, "name=Ann").await;
    let (mut bob, _) = viewer(&fleet, &id, "name=Bob").await;
    let epoch = ask(&mut ann, "take_control", "Ann").await["epoch"].clone();
    assert_eq!(driven_by(&mut bob, Some("Ann")).await, ["Ann", "Bob"]);
    for (y, cursor) in [(50.0, "pointer"), (120.0, "text"), (400.0, "default"), (50.0, "pointer")] {
        point(&mut ann, &epoch, y).await;
        assert_eq!(ann.of_type("cursor").await["cursor"], cursor);
        assert_eq!(bob.of_type("cursor").await["cursor"], cursor);
    }
    // Who comes later is told what is so.
    let mut cleo = Socket::open(&fleet, &id).await;
    cleo.send(&json!({ "type": "frames:start" })).await;
    assert_eq!(cleo.of_type("cursor").await["cursor"], "pointer");
    fleet.end(&id).await;
}

#[tokio::test]
async fn a_dialog_is_the_drivers_alone_until_it_is_closed() {
    let fleet = Fleet::start().await;
    let id = fleet.session_with(json!({ "url": PAGE })).await;
    let (mut ann, _) = viewer(&fleet, &id, "name=Ann").await;
    let (mut bob, _) = viewer(&fleet, &id, "name=Bob").await;
    ask(&mut ann, "take_control", "Ann").await;
    let script = "void setTimeout(() => confirm('Sure?'))";
    ann.send(&json!({ "type": "command", "id": 1, "action": "evaluate", "expression": script })).await;
    let told = event(&mut ann, "session:dialog").await;
    assert_eq!(told["event"]["data"]["opened"]["message"], "Sure?", "{told}");
    assert!(told.get("seq").is_none_or(Value::is_null), "it is not in the log: {told}");
    ann.send(&json!({ "type": "command", "id": 2, "action": "dialog", "accept": true })).await;
    let told = event(&mut bob, "session:dialog").await;
    assert_eq!(told["event"]["data"], json!({ "closed": { "tab": 1 } }), "the first that Bob hears of it");
    ann.send(&json!({ "type": "command", "id": 3, "action": "navigate", "url": "data:text/html,next" }))
        .await;
    while ann.of_type("result").await["id"] != 3 {}
    ask(&mut ann, "return_control", "Ann").await;
    let changed = loop {
        let told = event(&mut bob, "session:control_changed").await["event"]["data"].clone();
        if told["mode"] == "ai_control" {
            break told["changed"].clone();
        }
    };
    let gone_to = changed["navigations"][0]["url"].as_str().unwrap_or_default();
    assert!(gone_to.ends_with(",next"), "{changed}");
    fleet.end(&id).await;
}

#[tokio::test]
async fn control_goes_to_who_asked_and_stays_with_who_loads_the_page_anew() {
    let fleet = Fleet::start().await;
    let id = fleet.session_with(json!({ "url": PAGE })).await;
    let (mut ann, _) = viewer(&fleet, &id, "name=Ann").await;
    let (mut bob, hello) = viewer(&fleet, &id, "name=Bob").await;
    ask(&mut ann, "take_control", "Ann").await;
    assert_eq!(ask(&mut bob, "request", "Bob").await["requested_by"], "Bob");
    bob.send(&json!({ "type": "control", "id": 1, "action": "give", "holder": "Bob" })).await;
    assert_eq!(bob.of_type("error").await["error"]["code"], "conflict");
    let given = ask(&mut ann, "give", "Bob").await;
    assert_eq!(given["holder"], "Bob");
    driven_by(&mut bob, Some("Bob")).await;
    let point_at_link = async |socket: &mut Socket| {
        point(socket, &given["epoch"], 50.0).await;
        socket.of_type("cursor").await["cursor"].clone()
    };
    assert_eq!(point_at_link(&mut bob).await, "pointer");

    let word = hello["resume"].as_str().unwrap().to_owned();
    drop(bob);
    let (mut bob, _) = Socket::with(&fleet, &id, &format!("name=Bob&resume={word}")).await;
    bob.send(&json!({ "type": "frames:start" })).await;
    driven_by(&mut bob, Some("Bob")).await;
    point(&mut bob, &given["epoch"], 400.0).await;
    while bob.of_type("cursor").await["cursor"] != "default" {}
    // Nobody else is let in by the name alone.
    ann.send(&json!({ "type": "control", "id": 2, "action": "take_control", "holder": "Bob" })).await;
    assert_eq!(ann.of_type("error").await["error"]["code"], "conflict");
    drop(bob);
    driven_by(&mut ann, None).await;
    fleet.end(&id).await;
}
