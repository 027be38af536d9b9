//! Clients of the WebSocket and of the event stream that say the wrong thing, too much, or do not listen.

use std::time::Duration;

use futures::SinkExt;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

use super::support::{Answer, Fleet, SOON, Socket, until};

#[tokio::test]
async fn what_a_socket_cannot_read_is_answered_and_too_much_of_it_closes() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let mut socket = Socket::open(&fleet, &id).await;
    for (text, field) in [
        ("", ""),
        ("{", ""),
        ("[]", ""),
        (r#"{"id":1}"#, "type"),
        (r#"{"id":1,"type":7}"#, "type"),
        (r#"{"id":1,"type":"comand","action":"tabs"}"#, "type"),
        (r#"{"id":1,"type":"command","action":"clik"}"#, "action"),
        (r#"{"id":1,"type":"command","action":"navigate","url":"file:///etc/passwd"}"#, "url"),
        (r#"{"id":1,"type":"frames:start","max_fps":0}"#, "max_fps"),
        (r#"{"id":1,"type":"frames:ack"}"#, "seq"),
        (r#"{"id":1,"type":"input","events":"many"}"#, "events"),
        (r#"{"id":1,"type":"control","action":"seize"}"#, "action"),
    ] {
        socket.text(text).await;
        let error = socket.of_type("error").await;
        let said = error["error"]["field"].as_str().unwrap_or_default();
        assert_eq!(said, field, "{text}: {error}");
        assert!(error["error"]["code"].is_string(), "{error}");
        if text.contains("\"id\":1") {
            assert_eq!(error["id"], 1, "{text}: {error}");
        }
        socket.send(&json!({ "type": "ping", "id": "p" })).await;
        assert_eq!(socket.of_type("pong").await["id"], "p");
    }
    for _ in 0..100 {
        if socket.stream.send(Message::Text("noise".into())).await.is_err() {
            break;
        }
    }
    let (code, reason) = socket.closed().await;
    assert_eq!(code, 1003, "{reason}");

    let mut socket = Socket::open(&fleet, &id).await;
    socket.stream.send(Message::Binary(vec![0; 64].into())).await.unwrap();
    assert_eq!(socket.closed().await.0, 1003);

    for size in [(1 << 20) + 1, 40 << 20] {
        let mut socket = Socket::open(&fleet, &id).await;
        let sent = socket.stream.send(Message::Text("x".repeat(size).into())).await;
        let closed = socket.closed().await;
        assert!(closed.0 == 1009 || (sent.is_err() || closed.0 == 0) && size > 2 << 20, "{size}: {closed:?}");
    }
    assert_eq!(fleet.evaluate(&id, "1 + 1").await, 2);
    fleet.end(&id).await;
}

#[tokio::test]
async fn a_flood_of_commands_is_answered_to_the_last_one() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let mut socket = Socket::open(&fleet, &id).await;
    let (mut sink, mut stream) = futures::StreamExt::split(socket.stream);
    let writing = tokio::spawn(async move {
        for n in 0..10_000 {
            let command = json!({ "type": "command", "id": n, "action": "evaluate", "expression": "1" });
            sink.send(Message::Text(command.to_string().into())).await.unwrap();
        }
        sink
    });
    let (mut ran, mut refused) = (0, 0);
    while ran + refused < 10_000 {
        let message = timeout(SOON, futures::StreamExt::next(&mut stream)).await.unwrap().unwrap().unwrap();
        let Message::Text(text) = message else { continue };
        let message: Value = serde_json::from_str(&text).unwrap();
        match message["type"].as_str() {
            Some("result") => ran += 1,
            Some("error") => {
                assert_eq!(message["error"]["code"], "resource_exhausted", "{message}");
                assert_eq!(message["error"]["retryable"], true, "{message}");
                refused += 1;
            }
            _ => {}
        }
    }
    assert!(ran > 0, "some were run: {ran}, {refused} refused");
    let sink = writing.await.unwrap();
    socket = Socket { stream: sink.reunite(stream).unwrap() };
    socket.send(&json!({ "type": "command", "id": "last", "action": "evaluate", "expression": "2" })).await;
    assert_eq!(socket.of_type("result").await["id"], "last");
    fleet.end(&id).await;
}

#[tokio::test]
async fn a_client_that_never_reads_holds_up_nobody() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let mut deaf = Socket::open(&fleet, &id).await;
    let large = "'x'.repeat(4 << 20)";
    for n in 0..20 {
        deaf.send(&json!({ "type": "command", "id": n, "action": "evaluate", "expression": large })).await;
    }
    deaf.send(&json!({ "type": "frames:start" })).await;
    // Beside it all goes on.
    let mut other = Socket::open(&fleet, &id).await;
    for n in 0..20 {
        other.send(&json!({ "type": "command", "id": n, "action": "evaluate", "expression": "1" })).await;
        assert_eq!(other.of_type("result").await["id"], n);
    }
    drop(deaf);
    assert_eq!(fleet.evaluate(&id, "1").await, 1);
    fleet.end(&id).await;
}

#[tokio::test]
async fn who_may_not_connect_is_told_before_the_upgrade() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let url = |id: &str| format!("ws://{}/v1/sessions/{id}/ws", fleet.address());
    let refused = async |url: String, header: Option<(&'static str, &'static str)>| {
        let mut request = url.into_client_request().unwrap();
        if let Some((name, value)) = header {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        match connect_async(request).await {
            Err(Error::Http(response)) => response.status().as_u16(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(url(&id), Some(("origin", "https://evil.example"))).await, 403);
    assert_eq!(refused(url(&id), Some(("host", "evil.example"))).await, 403);
    assert_eq!(refused(url("nonsense"), None).await, 400);
    assert_eq!(refused(url("local_00000000000000000000000000000000"), None).await, 404);
    assert_eq!(refused(url(&id) + "?after=banana", None).await, 400);
    fleet.end(&id).await;
    assert_eq!(refused(url(&id), None).await, 410);
}

#[tokio::test]
async fn event_streams_take_only_cursors_that_are_some() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let events = |path: String, last: &'static str| {
        fleet.request(Method::GET, &path).header("last-event-id", last).timeout(Duration::from_secs(5))
    };
    let one = format!("/v1/sessions/{id}/events");
    for last in ["banana", "-1", "99999999999999999999999", "local:1"] {
        Answer::to(events(one.clone(), last)).await.problem(400, "invalid_argument");
    }
    for last in ["banana", "local", "local:x", "local:-1", ":1", ","] {
        Answer::to(events("/v1/events".into(), last)).await.problem(400, "invalid_argument");
    }
    let mut stream = events(one, "0").send().await.unwrap();
    assert_eq!(stream.status(), 200);
    fleet.evaluate(&id, "1").await;
    fleet.end(&id).await;
    let mut seen = String::new();
    while let Ok(Some(bytes)) = stream.chunk().await {
        seen += &String::from_utf8_lossy(&bytes);
    }
    assert!(seen.contains("session:ended"), "{seen}");
}

#[tokio::test]
async fn whoever_comes_late_sees_a_page_that_rests() {
    let fleet = Fleet::start().await;
    let id = fleet.session_with(json!({ "url": "data:text/html,<h1>at rest</h1>" })).await;
    let mut pictures = Vec::new();
    let mut sockets = Vec::new();
    for _ in 0..3 {
        let mut socket = Socket::open(&fleet, &id).await;
        socket.send(&json!({ "type": "frames:start" })).await;
        pictures.push(socket.picture().await);
        sockets.push(socket);
    }
    assert!(pictures.iter().all(|p| p.starts_with(&[0xff, 0xd8])));
    fleet.end(&id).await;
}

#[tokio::test]
async fn whoever_drives_answers_the_dialogs() {
    let fleet = Fleet::start().await;
    let id = fleet.session_with(json!({ "url": "data:text/html,<title>quiet</title>" })).await;
    let mut person = Socket::open(&fleet, &id).await;
    person.send(&json!({ "type": "frames:start" })).await;
    person.picture().await;
    person.send(&json!({ "type": "control", "id": 1, "action": "take_control", "holder": "ann" })).await;
    assert_eq!(person.of_type("result").await["control"]["mode"], "user_control");
    let ask = json!({ "type": "command", "id": 2, "action": "evaluate", "expression": "void setTimeout(() => document.title = confirm('Sure?'))" });
    person.send(&ask).await;
    assert_eq!(person.of_type("result").await["id"], 2);
    until("a dialog", || async {
        let blocked = fleet.run(&id, json!({ "action": "observe" })).await;
        if blocked.status == 409 { Ok(()) } else { Err(blocked.text()) }
    })
    .await;
    let answer = json!({ "action": "dialog", "accept": true });
    let refused = fleet.run(&id, answer.clone()).await.problem(409, "conflict");
    assert!(refused["detail"].as_str().unwrap().contains("driven by ann"), "{refused}");
    let mut answer = answer;
    answer["type"] = "command".into();
    answer["id"] = 3.into();
    person.send(&answer).await;
    assert_eq!(person.of_type("result").await["id"], 3);
    until("the page's next word", || async {
        let title = fleet.run(&id, json!({ "action": "observe" })).await.ok()["result"]["title"].clone();
        if title == "true" { Ok(()) } else { Err(title.to_string()) }
    })
    .await;
    fleet.end(&id).await;
}
