//! VNC against a real bus and a worker without a browser.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use bus::testing::Server as Nats;
use bus_schema::model::{command::MouseEvent, input::InputEvent, rpc::AttachKind};
use futures::{SinkExt, StreamExt};
use support::{Edge, SOON, Worker, until};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message},
};

/// Tight with a quality, so that pictures pass as they are: those of this worker are none.
const ENCODINGS: [u8; 12] = [2, 0, 0, 2, 0, 0, 0, 7, 0xff, 0xff, 0xff, 0xe6];
const REQUEST: [u8; 10] = [3, 1, 0, 0, 0, 0, 5, 0, 2, 0xd0];
/// The head of an update and of its rectangle, the mark of a JPEG, its length and the picture.
const UPDATE: usize = 4 + 12 + 1 + 2 + 1_024;

struct Viewer {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    buffer: Vec<u8>,
}

impl Viewer {
    async fn open(edge: &Edge, id: &str) -> Self {
        let (socket, _) = connect_async(edge.ws(&format!("/v1/sessions/{id}/vnc"))).await.unwrap();
        let mut viewer = Self { socket, buffer: Vec::new() };
        viewer.take(12).await;
        viewer.send(b"RFB 003.007\n\x01\x01").await;
        let init = viewer.take(2 + 24).await;
        assert_eq!(init[..6], [1, 1, 5, 0, 2, 0xd0]);
        let name = u32::from_be_bytes(*init[22..].first_chunk().unwrap());
        viewer.take(name as usize).await;
        viewer
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.socket.send(Message::Binary(bytes.to_vec().into())).await.unwrap();
    }

    async fn take(&mut self, length: usize) -> Vec<u8> {
        while self.buffer.len() < length {
            match timeout(SOON, self.socket.next()).await.unwrap() {
                Some(Ok(Message::Binary(bytes))) => self.buffer.extend_from_slice(&bytes),
                other => panic!("{other:?}"),
            }
        }
        self.buffer.drain(..length).collect()
    }

    /// Whether anything comes within this time.
    async fn is_silent(&mut self, time: Duration) -> bool {
        self.buffer.is_empty() && timeout(time, self.socket.next()).await.is_err()
    }
}

#[tokio::test]
async fn pictures_come_one_for_each_request_however_many_there_are() {
    let nats = Nats::start();
    let worker = Worker::start(&nats).await;
    let edge = Edge::start(&nats).await;
    let id = edge.session().await;
    let mut viewer = Viewer::open(&edge, &id).await;
    viewer.send(&ENCODINGS).await;
    assert!(viewer.is_silent(Duration::from_millis(300)).await, "nobody asked");
    for _ in 0..3 {
        viewer.send(&REQUEST).await;
        let update = viewer.take(UPDATE).await;
        assert_eq!(update[..4], [0, 0, 0, 1]);
        assert!(update.ends_with(&[0xff; 1_024]));
        assert!(viewer.is_silent(Duration::from_millis(200)).await, "it asked for one");
    }
    assert_eq!(worker.memory.lock().unwrap().attached, [AttachKind::View]);
}

#[tokio::test]
async fn a_flood_of_moves_is_a_few_events_of_the_current_epoch() {
    let nats = Nats::start();
    let worker = Worker::start(&nats).await;
    let edge = Edge::start(&nats).await;
    let id = edge.session().await;
    let mut viewer = Viewer::open(&edge, &id).await;
    // The button is down from the second message on.
    let moves: Vec<u8> = (0..5_000_u16)
        .flat_map(|n| {
            let [high, low] = (n % 1_000).to_be_bytes();
            [5, u8::from(n > 0), high, low, 0, 9]
        })
        .collect();
    viewer.send(&moves).await;
    let inputs = until("the input", || async {
        let inputs = worker.memory.lock().unwrap().inputs.clone();
        if inputs.is_empty() { Err("nothing".to_owned()) } else { Ok(inputs) }
    })
    .await;
    let events: Vec<_> = inputs.iter().flat_map(|batch| &batch.events).collect();
    assert!(events.len() < 50, "{}", events.len());
    assert!(inputs.iter().all(|batch| batch.epoch == 1 && batch.tab == Some(1)));
    let down = InputEvent::Mouse {
        event: MouseEvent::Down,
        x: 1.0,
        y: 9.0,
        button: bus_schema::model::command::MouseButton::Left,
        click_count: 1,
        modifiers: Vec::new(),
    };
    assert!(events.contains(&&down), "{events:?}");
    // Nothing is passed on that is no input.
    viewer.send(&[77]).await;
    let end = timeout(SOON, viewer.socket.next()).await.unwrap();
    let Some(Ok(Message::Close(Some(close)))) = end else { panic!("{end:?}") };
    assert_eq!((u16::from(close.code), close.reason.as_str()), (1003, "unknown message 77"));
}

#[tokio::test]
async fn what_is_no_upgrade_or_no_session_is_answered_as_everywhere() {
    let nats = Nats::start();
    let _worker = Worker::start(&nats).await;
    let edge = Edge::start(&nats).await;
    let id = edge.session().await;
    assert_eq!(edge.get(&format!("/v1/sessions/{id}/vnc")).await.problem().0, 400);
    for (id, query, status) in [
        ("local_00000000000000000000000000000000", "", 404),
        (id.as_str(), "?name=", 400),
        (id.as_str(), "?view_only=perhaps", 400),
    ] {
        match connect_async(edge.ws(&format!("/v1/sessions/{id}/vnc{query}"))).await {
            Err(Error::Http(answer)) => assert_eq!(answer.status(), status, "{query}"),
            other => panic!("{:?}", other.map(drop)),
        }
    }
    let stream = edge.get(&format!("/v1/sessions/{id}/stream")).await.json()["vnc"].clone();
    assert_eq!(stream["listen"], serde_json::Value::Null);
    assert_eq!(stream["password"].as_str().unwrap().len(), 8);
    assert_ne!(stream["password"], stream["view_password"]);
}
