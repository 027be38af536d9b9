//! Several people and one session: who is there, who drives, and what a link allows.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;

use super::support::{Fleet, Socket, until};

fn take(id: u32, holder: &str) -> Value {
    json!({ "type": "control", "id": id, "action": "take_control", "holder": holder })
}

async fn link(fleet: &Fleet, id: &str, access: &str, seconds: u32) -> String {
    let body = json!({ "access": access, "expires_in_s": seconds, "name": "Guest" });
    let made = fleet.send(Method::POST, &format!("/v1/sessions/{id}/links"), Some(body)).await;
    assert_eq!(made.status, 201);
    let made = made.json();
    let page = format!("{}/view/{id}?link=", fleet.base);
    assert!(made["url"].as_str().unwrap().starts_with(&page), "{made}");
    made["link"].as_str().unwrap().to_owned()
}

/// Begins to watch, and hears who does.
async fn watches(socket: &mut Socket) -> Value {
    socket.send(&json!({ "type": "frames:start", "max_fps": 5, "max_width": 320 })).await;
    socket.of_type("viewers").await
}

/// The next answer or error; what is said besides is passed over.
async fn answer(socket: &mut Socket) -> Value {
    loop {
        let message = socket.next().await.unwrap();
        if message["type"] == "result" || message["type"] == "error" {
            return message;
        }
    }
}

/// How a handshake is refused.
async fn refused(fleet: &Fleet, id: &str, query: &str) -> u16 {
    let url = format!("ws://{}/v1/sessions/{id}/ws?{query}", fleet.address());
    match connect_async(url).await {
        Err(tokio_tungstenite::tungstenite::Error::Http(response)) => response.status().as_u16(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_link_to_watch_shows_the_session_and_does_nothing() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let link = link(&fleet, &id, "view", 600).await;
    let (mut socket, hello) = Socket::with(&fleet, &id, &format!("link={link}&name=Guest")).await;
    assert_eq!(hello["access"], "view");
    let viewers = watches(&mut socket).await;
    let expected =
        json!([{ "conn": hello["conn"], "name": "Guest", "access": "view", "holds_control": false }]);
    assert_eq!(viewers["viewers"], expected);
    assert!(!socket.picture().await.is_empty());
    for message in [
        take(1, "Guest"),
        json!({ "type": "command", "id": 2, "action": "reload" }),
        json!({ "type": "input", "epoch": 0, "events": [{ "kind": "text", "text": "x" }] }),
    ] {
        socket.send(&message).await;
        let refused = answer(&mut socket).await;
        assert_eq!(refused["error"]["code"], "forbidden", "{message}: {refused}");
    }
    assert_eq!(fleet.shown(&id).await["control"]["mode"], "ai_control");
    for (method, path) in [
        (Method::DELETE, String::new()),
        (Method::POST, "/commands".to_owned()),
        (Method::GET, "/screenshot".to_owned()),
        (Method::GET, "/files/downloads".to_owned()),
        (Method::POST, "/links".to_owned()),
    ] {
        let answer = fleet
            .send(method.clone(), &format!("/v1/sessions/{id}{path}?link={link}"), Some(json!({})))
            .await;
        answer.problem(403, "forbidden");
    }
    fleet.end(&id).await;
}

#[tokio::test]
async fn a_link_to_drive_has_the_tool_bar_while_its_bearer_drives() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let link = link(&fleet, &id, "control", 600).await;
    let (mut guest, hello) = Socket::with(&fleet, &id, &format!("link={link}&name=Guest")).await;
    assert_eq!(hello["access"], "control");
    watches(&mut guest).await;
    let reload = json!({ "type": "command", "id": 1, "action": "reload" });
    guest.send(&reload).await;
    assert_eq!(answer(&mut guest).await["error"]["code"], "conflict", "the agent drives");
    guest.send(&take(2, "Guest")).await;
    let epoch = answer(&mut guest).await["control"]["epoch"].clone();
    guest.send(&reload).await;
    assert_eq!(answer(&mut guest).await["action"], "reload");
    guest.send(&json!({ "type": "command", "id": 3, "action": "evaluate", "expression": "1" })).await;
    assert_eq!(answer(&mut guest).await["error"]["code"], "forbidden");
    // The epoch is no secret, and does not make a driver of whoever knows it.
    let type_into =
        json!({ "type": "input", "epoch": epoch, "events": [{ "kind": "text", "text": "stolen" }] });
    fleet.run(&id, json!({ "action": "navigate", "url": "data:text/html,<input autofocus>", "on_human_control": "fail" }))
        .await
        .problem(409, "conflict");
    guest.send(&json!({ "type": "command", "id": 4, "action": "navigate", "url": "data:text/html,<input autofocus>" })).await;
    assert_eq!(answer(&mut guest).await["action"], "navigate");
    let (mut thief, _) = Socket::with(&fleet, &id, "name=Thief").await;
    watches(&mut thief).await;
    thief.send(&type_into).await;
    thief.send(&take(5, "Guest")).await;
    assert_eq!(answer(&mut thief).await["error"]["code"], "conflict", "a name is no proof");
    let typed = type_into.to_string().replace("stolen", "mine");
    // A page takes no input before its first picture: it is typed until it shows.
    for _ in 0..40 {
        guest.text(typed.clone()).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let seen = fleet.run(&id, json!({ "action": "observe" })).await.ok()["result"].to_string();
        if seen.contains("mine") {
            break;
        }
    }
    until("what was typed", async || {
        let value = fleet.run(&id, json!({ "action": "content", "format": "html" })).await.ok();
        let shown = json!({ "action": "observe" });
        let seen = fleet.run(&id, shown).await.ok()["result"].to_string();
        assert!(!seen.contains("stolen"), "{value}");
        if seen.contains("mine") { Ok(()) } else { Err(seen) }
    })
    .await;
    fleet.end(&id).await;
}

#[tokio::test]
async fn a_link_ends_with_its_time_and_opens_no_other_session() {
    let fleet = Fleet::with(&["--slots", "2", "--warm", "0"]).await;
    let (id, other) = (fleet.session().await, fleet.session().await);
    let short = link(&fleet, &id, "view", 2).await;
    let (mut socket, _) = Socket::with(&fleet, &id, &format!("link={short}")).await;
    let long = link(&fleet, &id, "control", 600).await;
    assert_eq!(refused(&fleet, &other, &format!("link={long}")).await, 401);
    assert_eq!(refused(&fleet, &id, &format!("link={}", long.replace("control", "view"))).await, 401);
    assert_eq!(refused(&fleet, &id, "link=nonsense").await, 401);
    assert_eq!(socket.closed().await, (1008, "the link has expired".to_owned()));
    assert_eq!(refused(&fleet, &id, &format!("link={short}")).await, 401);
    for (body, field) in [
        (json!({}), "access"),
        (json!({ "access": "all" }), "access"),
        (json!({ "access": "view", "expires_in_s": 0 }), "expires_in_s"),
        (json!({ "access": "view", "expires_in_s": 604_801 }), "expires_in_s"),
        (json!({ "access": "view", "name": "" }), "name"),
    ] {
        let answer = fleet.send(Method::POST, &format!("/v1/sessions/{id}/links"), Some(body.clone())).await;
        assert_eq!(answer.problem(400, "invalid_argument")["field"], field, "{body}");
    }
}

#[tokio::test]
async fn who_asks_is_given_control_and_who_comes_back_keeps_it() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let (mut ann, hello) = Socket::with(&fleet, &id, "name=Ann").await;
    watches(&mut ann).await;
    ann.send(&take(1, "Ann")).await;
    assert_eq!(answer(&mut ann).await["control"]["holder"], "Ann");
    let (mut bob, _) = Socket::with(&fleet, &id, "name=Bob").await;
    watches(&mut bob).await;
    // Her page is loaded anew.
    let epoch = fleet.shown(&id).await["control"]["epoch"].clone();
    drop(ann);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let resume = hello["resume"].as_str().unwrap();
    let (mut ann, _) = Socket::with(&fleet, &id, &format!("name=Ann&resume={resume}")).await;
    watches(&mut ann).await;
    // Longer than the place of somebody who has left is kept.
    tokio::time::sleep(Duration::from_secs(6)).await;
    let control = fleet.shown(&id).await["control"].clone();
    assert_eq!((&control["holder"], &control["epoch"]), (&json!("Ann"), &epoch), "as if she had never gone");

    bob.send(&json!({ "type": "control", "id": 2, "action": "give", "holder": "Bob" })).await;
    assert_eq!(answer(&mut bob).await["error"]["code"], "conflict", "she gives it, and nobody else");
    bob.send(&json!({ "type": "control", "id": 3, "action": "request", "holder": "Bob" })).await;
    assert_eq!(answer(&mut bob).await["control"]["requested_by"], "Bob");
    ann.send(&json!({ "type": "control", "id": 4, "action": "decline" })).await;
    assert_eq!(answer(&mut ann).await["control"]["requested_by"], Value::Null);
    bob.send(&json!({ "type": "control", "id": 5, "action": "request", "holder": "Bob" })).await;
    answer(&mut bob).await;
    ann.send(&json!({ "type": "control", "id": 6, "action": "give", "holder": "Bob" })).await;
    assert_eq!(answer(&mut ann).await["control"]["holder"], "Bob");
    // He is there, so it is his for as long as he is.
    bob.send(&json!({ "type": "command", "id": 7, "action": "reload" })).await;
    assert_eq!(answer(&mut bob).await["action"], "reload");
    let back =
        json!({ "type": "control", "id": 8, "action": "return_control", "holder": "Bob", "note": "done" });
    bob.send(&back).await;
    let control = answer(&mut bob).await["control"].clone();
    assert_eq!((&control["mode"], &control["note"]), (&json!("ai_control"), &json!("done")));
    fleet.end(&id).await;
}
