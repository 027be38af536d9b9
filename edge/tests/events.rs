//! Server-sent events against a real bus.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use bus::testing::Server as Nats;
use reqwest::Method;
use serde_json::{Value, json};
use support::{Edge, SOON, Worker, answer};
use tokio::time::timeout;

/// One event as it came over the wire.
#[derive(Debug)]
struct Seen {
    id: Option<String>,
    kind: String,
    data: Value,
}

struct Stream {
    response: reqwest::Response,
    buffer: String,
}

impl Stream {
    async fn open(edge: &Edge, path: &str, last: Option<&str>) -> Self {
        let mut request = edge.request(Method::GET, path);
        if let Some(id) = last {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, buffer: String::new() }
    }

    /// `None` at the end of the stream.
    async fn next(&mut self) -> Option<Seen> {
        loop {
            if let Some((block, rest)) = self.buffer.split_once("\n\n") {
                let field = |name: &str| {
                    block
                        .lines()
                        .find_map(|l| l.strip_prefix(name)?.strip_prefix(':').map(|v| v.trim().to_owned()))
                };
                let (id, kind, data) = (field("id"), field("event"), field("data"));
                self.buffer = rest.to_owned();
                let (Some(kind), Some(data)) = (kind, data) else { continue };
                return Some(Seen { id, kind, data: serde_json::from_str(&data).unwrap() });
            }
            let chunk = timeout(SOON, self.response.chunk()).await.unwrap().unwrap()?;
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

#[tokio::test]
async fn the_log_is_replayed_then_live_and_ends_with_the_session() {
    let nats = Nats::start();
    let _worker = Worker::start(&nats).await;
    let edge = Edge::start(&nats).await;
    let id = edge.session().await;
    let path = format!("/v1/sessions/{id}/events");
    let mut events = Stream::open(&edge, &path, None).await;
    for expected in ["session:created", "session:queued", "session:ready"] {
        let seen = events.next().await.unwrap();
        assert_eq!(seen.kind, expected);
        assert_eq!((&seen.data["type"], &seen.data["session"]), (&expected.into(), &id.as_str().into()));
    }
    edge.post(&format!("/v1/sessions/{id}/commands"), json!({ "action": "tabs" })).await;
    let step = events.next().await.unwrap();
    assert_eq!((step.kind.as_str(), &step.data["data"]["action"]), ("session:step", &"tabs".into()));
    edge.delete(&format!("/v1/sessions/{id}")).await;
    let ended = events.next().await.unwrap();
    assert_eq!((ended.kind.as_str(), &ended.data["data"]["reason"]), ("session:ended", &"released".into()));
    assert!(events.next().await.is_none(), "nothing comes after the end");

    // A client that comes back with an id misses nothing, and one that has seen the end need not come back.
    let mut again = Stream::open(&edge, &path, step.id.as_deref()).await;
    assert_eq!(again.next().await.unwrap().kind, "session:ended");
    assert!(again.next().await.is_none());
    let done = answer(edge.request(Method::GET, &path).header("last-event-id", ended.id.unwrap())).await;
    assert_eq!(done.status, 204);
    let bad = answer(edge.request(Method::GET, &path).header("last-event-id", "x")).await;
    assert_eq!(bad.problem(), (400, "invalid_argument".into()));
    let beyond = answer(edge.request(Method::GET, &path).header("last-event-id", "1000000")).await;
    assert_eq!(beyond.problem(), (400, "invalid_argument".into()), "else it would wait for ever");
}

#[tokio::test]
async fn all_events_of_a_tenant_have_a_cursor() {
    let nats = Nats::start();
    let _worker = Worker::start(&nats).await;
    let (a, b) = (Edge::start(&nats).await, Edge::start(&nats).await);
    let first = a.session().await;
    let mut events = Stream::open(&a, "/v1/events?after=local:0", None).await;
    let created = events.next().await.unwrap();
    assert_eq!(
        (created.kind.as_str(), &created.data["session"]),
        ("session:created", &first.as_str().into())
    );
    let cursor = created.id.unwrap();
    assert!(cursor.starts_with("local:"), "{cursor}");
    // Another edge goes on where this one was.
    let mut resumed = Stream::open(&b, "/v1/events", Some(&cursor)).await;
    assert_eq!(resumed.next().await.unwrap().kind, "session:queued");
    assert_eq!(resumed.next().await.unwrap().kind, "session:ready");
    let second = b.session().await;
    assert_eq!(resumed.next().await.unwrap().data["session"], second.as_str());
    for bad in ["nonsense", "local:1000000"] {
        let answer = a.get(&format!("/v1/events?after={bad}")).await;
        assert_eq!(answer.problem(), (400, "invalid_argument".into()), "{bad}");
    }
}

#[tokio::test]
async fn a_stopping_gateway_ends_its_streams() {
    let nats = Nats::start();
    let _worker = Worker::start(&nats).await;
    let edge = Edge::start(&nats).await;
    let mut events = Stream::open(&edge, "/v1/events", None).await;
    edge.stop().await;
    assert!(events.next().await.is_none());
}
