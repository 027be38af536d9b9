//! The session WebSocket against a real bus.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use bus::testing::Server as Nats;
use bus_schema::{
    ConnId, SessionId,
    model::{frame::Header, note::Note, rpc::AttachKind},
};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use support::{Edge, SOON, Worker, config, until};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue},
};

struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

#[derive(Debug)]
enum Got {
    Json(Value),
    Frame(Vec<u8>),
    Close(u16, String),
}

impl Client {
    async fn open(edge: &Edge, id: &str, query: &str) -> (Self, Value) {
        let (socket, _) = connect_async(edge.ws(&format!("/v1/sessions/{id}/ws{query}"))).await.unwrap();
        let mut client = Self { socket };
        let hello = client.json().await;
        assert_eq!(hello["type"], "hello");
        (client, hello)
    }

    async fn send(&mut self, message: Value) {
        self.socket.send(Message::Text(message.to_string().into())).await.unwrap();
    }

    async fn next(&mut self) -> Got {
        loop {
            let message = timeout(SOON, self.socket.next()).await.unwrap();
            return match message {
                Some(Ok(Message::Text(text))) => Got::Json(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Binary(bytes))) => Got::Frame(bytes.to_vec()),
                Some(Ok(Message::Close(Some(c)))) => Got::Close(c.code.into(), c.reason.to_string()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                other => panic!("{other:?}"),
            };
        }
    }

    async fn json(&mut self) -> Value {
        match self.next().await {
            Got::Json(value) => value,
            other @ (Got::Frame(_) | Got::Close(..)) => panic!("{other:?}"),
        }
    }

    /// The next message of a type; frames and others are passed over.
    async fn until_text(&mut self, kind: &str) -> Value {
        loop {
            match self.next().await {
                Got::Json(value) if value["type"] == kind => return value,
                Got::Json(_) | Got::Frame(_) => {}
                Got::Close(code, reason) => panic!("{code} {reason}"),
            }
        }
    }

    /// The next note; frames and events are passed over.
    async fn note(&mut self) -> Value {
        loop {
            match self.next().await {
                Got::Json(value) if value["type"] != "event" => return value,
                Got::Json(_) | Got::Frame(_) => {}
                Got::Close(code, reason) => panic!("{code} {reason}"),
            }
        }
    }

    /// The next message of a type; others are passed over.
    async fn until(&mut self, kind: &str) -> Value {
        loop {
            let value = self.json().await;
            if value["type"] == kind {
                return value;
            }
        }
    }
}

#[tokio::test]
async fn commands_are_answered_by_id_and_events_come_beside_them() {
    let nats = Nats::start();
    let _worker = Worker::start(&nats).await;
    let edge = Edge::start(&nats).await;
    let id = edge.session().await;
    let (mut client, hello) = Client::open(&edge, &id, "").await;
    assert_eq!((&hello["session"]["id"], &hello["session"]["state"]), (&id.as_str().into(), &"ready".into()));
    for n in 0..20 {
        client
            .send(json!({ "type": "command", "id": n, "action": "evaluate", "expression": n.to_string() }))
            .await;
    }
    let (mut results, mut steps) = (Vec::new(), 0);
    while results.len() < 20 || steps < 20 {
        let message = client.json().await;
        match message["type"].as_str().unwrap() {
            "result" => {
                assert_eq!(message["result"]["value"], message["id"].to_string());
                results.push(message["id"].as_u64().unwrap());
            }
            "event" => {
                assert_eq!(message["event"]["type"], "session:step");
                assert!(message["seq"].is_string());
                steps += 1;
            }
            other => panic!("{other}: {message}"),
        }
    }
    client.send(json!({ "type": "ping", "id": "p" })).await;
    assert_eq!(client.until("pong").await["id"], "p");
    client.send(json!({ "type": "command", "id": 1, "action": "evaluate", "expression": "crash()" })).await;
    assert_eq!(client.until("error").await["error"]["code"], "browser_error");
    client.send(json!({ "type": "command", "id": 2, "action": "evaluate", "expression": "secret()" })).await;
    let error = client.until("error").await;
    assert_eq!((&error["id"], &error["error"]["code"]), (&2.into(), &"internal".into()));
    assert!(!error.to_string().contains("1234"));
    client.send(json!({ "type": "control", "id": 3, "action": "take_control", "holder": "ada" })).await;
    assert_eq!(client.until("result").await["control"]["holder"], "ada");
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_and_too_much_of_it_closes() {
    let nats = Nats::start();
    let _worker = Worker::start(&nats).await;
    let edge = Edge::start(&nats).await;
    let id = edge.session().await;
    let (mut client, _) = Client::open(&edge, &id, "").await;
    for (message, field) in [
        (json!({ "type": "comand", "id": 7 }), "type"),
        (json!({ "type": "command", "id": 7, "action": "clik" }), "action"),
        (json!({ "type": "frames:start", "id": 7, "max_fps": 1000 }), "max_fps"),
        (
            json!({ "type": "input", "epoch": 0, "events": [{ "kind": "mouse", "event": "move", "x": 1e9, "y": 0 }] }),
            "events[0].x",
        ),
    ] {
        client.send(message.clone()).await;
        let error = client.until("error").await;
        assert_eq!(error["error"]["field"], field, "{message}: {error}");
        assert_eq!(error["id"], message["id"], "{message}: {error}");
    }
    for _ in 0..16 {
        client.socket.send(Message::Text("noise".into())).await.unwrap();
    }
    loop {
        match client.next().await {
            Got::Json(error) => assert_eq!(error["type"], "error"),
            Got::Close(code, _) => {
                assert_eq!(code, 1003);
                break;
            }
            Got::Frame(_) => panic!("nobody asked for frames"),
        }
    }
    let (mut client, _) = Client::open(&edge, &id, "").await;
    client.socket.send(Message::Binary(vec![1, 2, 3].into())).await.unwrap();
    assert!(matches!(client.next().await, Got::Close(1003, _)));
    let (mut client, _) = Client::open(&edge, &id, "").await;
    client.socket.send(Message::Text("x".repeat(config().body_limit + 1).into())).await.unwrap();
    assert!(matches!(client.next().await, Got::Close(1009, _)));
}

#[tokio::test]
async fn who_may_not_connect_gets_a_problem_before_the_upgrade() {
    let nats = Nats::start();
    let _worker = Worker::start(&nats).await;
    let edge = Edge::start(&nats).await;
    let id = edge.session().await;
    let path = format!("/v1/sessions/{id}/ws");
    let mut foreign = edge.ws(&path).into_client_request().unwrap();
    foreign.headers_mut().insert("origin", HeaderValue::from_static("http://evil.example"));
    let Err(Error::Http(refused)) = connect_async(foreign).await else { panic!("connected") };
    assert_eq!(refused.status(), 403);
    assert_eq!(edge.get(&path).await.problem(), (400, "invalid_argument".into()), "not an upgrade");
    edge.delete(&format!("/v1/sessions/{id}")).await;
    let Err(Error::Http(gone)) = connect_async(edge.ws(&path)).await else { panic!("connected") };
    assert_eq!(gone.status(), 410);
}

#[tokio::test]
async fn a_reconnect_with_the_last_seq_misses_nothing() {
    let nats = Nats::start();
    let _worker = Worker::start(&nats).await;
    let edge = Edge::start(&nats).await;
    let id = edge.session().await;
    let (client, hello) = Client::open(&edge, &id, "").await;
    let seq = hello["seq"].as_str().unwrap().to_owned();
    drop(client);
    let commands = format!("/v1/sessions/{id}/commands");
    for _ in 0..3 {
        assert_eq!(edge.post(&commands, json!({ "action": "tabs" })).await.status, 200);
    }
    let (mut client, _) = Client::open(&edge, &id, &format!("?after={seq}")).await;
    let mut last = seq.parse::<u64>().unwrap();
    for _ in 0..3 {
        let event = client.until("event").await;
        assert_eq!(event["event"]["type"], "session:step");
        let seq = event["seq"].as_str().unwrap().parse().unwrap();
        assert!(seq > last);
        last = seq;
    }
    edge.delete(&format!("/v1/sessions/{id}")).await;
    assert_eq!(client.until("event").await["event"]["type"], "session:ended");
    assert!(matches!(client.next().await, Got::Close(1000, _)));
}

#[tokio::test]
async fn frames_come_at_the_viewers_rate_and_only_as_acknowledged() {
    let nats = Nats::start();
    let worker = Worker::start(&nats).await;
    let edge = Edge::start(&nats).await;
    let id = edge.session().await;
    let (mut client, _) = Client::open(&edge, &id, "").await;
    client.send(json!({ "type": "frames:start", "max_fps": 20 })).await;
    let mut seen: Vec<u32> = Vec::new();
    let started = Instant::now();
    while seen.len() < 10 {
        let Got::Frame(frame) = client.next().await else { continue };
        let header = Header::decode(&frame).unwrap();
        assert_eq!((header.width, frame.len()), (1280, 32 + 1024));
        assert!(seen.last().is_none_or(|last| *last < header.seq), "in order");
        seen.push(header.seq);
        client.send(json!({ "type": "frames:ack", "seq": header.seq })).await;
    }
    assert!(
        started.elapsed() >= Duration::from_millis(400),
        "10 frames at 20 a second took {:?}",
        started.elapsed()
    );
    assert!(seen[9] - seen[0] > 20, "old frames are skipped: {seen:?}");
    // Without an ack two more come, and then none, while commands go on.
    let mut unacknowledged = 0;
    for n in 0..40 {
        client.send(json!({ "type": "command", "id": n, "action": "tabs" })).await;
        loop {
            match client.next().await {
                Got::Frame(_) => unacknowledged += 1,
                Got::Json(message) if message["type"] == "result" => break,
                Got::Json(_) => {}
                Got::Close(code, reason) => panic!("{code} {reason}"),
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(unacknowledged <= 2, "{unacknowledged}");
    assert_eq!(worker.memory.lock().unwrap().attached, [AttachKind::Client, AttachKind::View]);
}

#[tokio::test]
async fn input_reaches_the_owner_in_order() {
    let nats = Nats::start();
    let worker = Worker::start(&nats).await;
    let edge = Edge::start(&nats).await;
    let id = edge.session().await;
    let (mut client, _) = Client::open(&edge, &id, "").await;
    for n in 0..10 {
        let events = json!([{ "kind": "mouse", "event": "move", "x": n, "y": 1 }]);
        client.send(json!({ "type": "input", "epoch": 3, "n": n, "events": events })).await;
    }
    until("ten batches", || async {
        let inputs: Vec<(u64, u64)> =
            worker.memory.lock().unwrap().inputs.iter().map(|b| (b.n, b.epoch)).collect();
        if inputs == (0..10).map(|n| (n, 3)).collect::<Vec<_>>() {
            Ok(())
        } else {
            Err(format!("{inputs:?}"))
        }
    })
    .await;
}

#[tokio::test]
async fn a_stopping_gateway_says_goodbye() {
    let nats = Nats::start();
    let _worker = Worker::start(&nats).await;
    let edge = Edge::start(&nats).await;
    let id = edge.session().await;
    let (mut client, _) = Client::open(&edge, &id, "").await;
    let read = async { client.next().await };
    let (close, ()) = tokio::join!(read, edge.stop());
    assert!(matches!(close, Got::Close(1001, _)), "{close:?}");
}

/// Takes as long as a gateway waits for a client.
#[tokio::test]
async fn a_client_that_does_not_read_is_told_where_to_resume() {
    let nats = Nats::start();
    let _worker = Worker::start(&nats).await;
    let edge = Edge::start(&nats).await;
    let id = edge.session().await;
    let (mut client, _) = Client::open(&edge, &id, "").await;
    let large = "x".repeat(300_000);
    for n in 0..60 {
        client.send(json!({ "type": "command", "id": n, "action": "evaluate", "expression": large })).await;
    }
    // Another client of the same session goes on meanwhile.
    let until = Instant::now() + Duration::from_secs(11);
    while Instant::now() < until {
        let body = json!({ "action": "tabs" });
        assert_eq!(edge.post(&format!("/v1/sessions/{id}/commands"), body).await.status, 200);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let mut last = String::new();
    loop {
        match client.next().await {
            Got::Json(message) => {
                if let Some(seq) = message["seq"].as_str() {
                    last = seq.to_owned();
                }
            }
            Got::Close(code, reason) => {
                assert_eq!((code, reason), (1013, last));
                return;
            }
            Got::Frame(_) => panic!("nobody asked for frames"),
        }
    }
}

#[tokio::test]
async fn who_watches_is_told_what_is_for_all_and_what_is_for_them_alone() {
    let nats = Nats::start();
    let worker = Worker::start(&nats).await;
    let edge = Edge::start(&nats).await;
    let id = edge.session().await;
    let (mut ann, hello) = Client::open(&edge, &id, "?name=Ann").await;
    assert_eq!(hello["access"], "full");
    let conn = ConnId::new(hello["conn"].as_str().unwrap()).unwrap();
    let (mut bob, _) = Client::open(&edge, &id, "").await;
    for client in [&mut ann, &mut bob] {
        client.send(json!({ "type": "frames:start", "max_fps": 1 })).await;
    }
    until("two viewers", || async {
        let views = worker.memory.lock().unwrap().views.clone();
        let names: Vec<_> = views.iter().map(|v| v.name.as_deref()).collect();
        if names.len() == 2 && names.contains(&Some("Ann")) { Ok(()) } else { Err(format!("{names:?}")) }
    })
    .await;
    let notes = worker.bus.notes();
    let session: SessionId = id.parse().unwrap();
    let text = "日本".repeat(1 << 20);
    notes.tell(&session, Some(&conn), &Note::clipboard(text.clone())).await.unwrap();
    let cursor = Note::Cursor { cursor: "pointer".into() };
    notes.tell(&session, None, &cursor).await.unwrap();
    notes.tell(&session, Some(&conn), &Note::ChooserOver { id: "7".into() }).await.unwrap();
    assert_eq!(bob.note().await, json!({ "type": "cursor", "cursor": "pointer" }));
    let mut told: Vec<Value> = vec![ann.note().await, ann.note().await, ann.note().await];
    told.sort_by_key(|t| t["type"].as_str().map(str::to_owned));
    assert_eq!(told[0], json!({ "type": "chooser", "chooser": null, "id": "7" }));
    assert_eq!((&told[1]["type"], &told[1]["truncated"]), (&"clipboard".into(), &true.into()));
    assert!(text.starts_with(told[1]["text"].as_str().unwrap()));
    assert_eq!(told[2]["cursor"], "pointer");

    ann.send(json!({ "type": "chooser:answer", "id": 1, "chooser": "7", "files": ["cat.png"] })).await;
    assert_eq!(ann.until_text("result").await, json!({ "type": "result", "id": 1 }));
    let answers = worker.memory.lock().unwrap().answers.clone();
    assert_eq!((&answers[0].conn, answers[0].chooser.as_str()), (&conn, "7"));
    ann.send(json!({ "type": "chooser:answer", "id": 2, "chooser": "over", "cancel": true })).await;
    assert_eq!(ann.until_text("error").await["error"]["code"], "not_found");
    ann.send(json!({ "type": "chooser:answer", "id": 3, "chooser": "7", "value": "x", "cancel": true }))
        .await;
    assert_eq!(ann.until_text("error").await["error"]["field"], "value");
}

#[tokio::test]
async fn a_socket_that_follows_a_broken_one_says_so_by_its_word_and_not_by_its_name() {
    let nats = Nats::start();
    let worker = Worker::start(&nats).await;
    let edge = Edge::start(&nats).await;
    let id = edge.session().await;
    let (first, hello) = Client::open(&edge, &id, "?name=Ann").await;
    let (word, conn) = (hello["resume"].as_str().unwrap(), hello["conn"].as_str().unwrap());
    drop(first);
    let path = format!("/v1/sessions/{id}/ws");
    for wrong in [conn.to_owned(), format!("{conn}.{}", "0".repeat(32)), word.replacen('.', "x.", 1)] {
        let refused = connect_async(edge.ws(&format!("{path}?resume={wrong}"))).await.unwrap_err();
        assert!(matches!(&refused, Error::Http(r) if r.status() == 400), "{wrong}: {refused}");
    }
    let refused = connect_async(edge.ws(&format!("{path}?name="))).await.unwrap_err();
    assert!(matches!(&refused, Error::Http(r) if r.status() == 400), "{refused}");
    // Another edge of the same fleet.
    let other = Edge::start(&nats).await;
    let (mut second, _) = Client::open(&other, &id, &format!("?name=Ann&resume={word}")).await;
    second.send(json!({ "type": "frames:start" })).await;
    until("a viewer that follows", || async {
        let views = worker.memory.lock().unwrap().views.clone();
        let follows = views.iter().any(|v| v.resume.as_ref().is_some_and(|r| r.conn.as_str() == conn));
        if follows { Ok(()) } else { Err(format!("{views:?}")) }
    })
    .await;
}
