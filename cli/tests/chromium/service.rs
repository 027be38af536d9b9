//! What a service that speaks NATS itself can get wrong: it is told, or not heard, and harms nobody else.

use bus::testing::Server;
use bus_schema::{Region, SessionId};
use serde_json::{Value, json};

use super::support::{
    Fleet,
    nats::{Message, Wire},
    until,
};

const JSON: &str = "Content-Type: application/json";
const QUEUE: &str = "rk.work.local.default.default.normal";
const OVER: &str = "2020-01-01T00:00:00Z";

fn new_id() -> String {
    SessionId::random(Region::default()).to_string()
}

fn work(session: &str, tenant: &str, spec: Value) -> Value {
    json!({ "session": session, "tenant": tenant, "spec": spec })
}

/// A service, and the events of all tenants.
struct Service {
    wire: Wire,
    events: Wire,
    seen: Vec<Value>,
}

impl Service {
    async fn connect(nats: &Server) -> Self {
        let mut events = Wire::connect(&nats.url()).await;
        events.subscribe("rk.live.>").await;
        events.settled().await;
        Self { wire: Wire::connect(&nats.url()).await, events, seen: Vec::new() }
    }

    async fn ask(&mut self, subject: &str, body: &Value) -> Message {
        self.wire.ask(subject, JSON, body.to_string().as_bytes()).await
    }

    /// Puts a request into a queue that takes it.
    async fn request(&mut self, queue: &str, body: &Value) {
        let ack = self.ask(queue, body).await.json();
        assert!(ack["seq"].is_u64(), "{ack}");
    }

    /// Waits for an event of a session; all others are kept.
    async fn event(&mut self, session: &str, kind: &str) -> Value {
        loop {
            let message =
                self.events.next().await.unwrap_or_else(|| panic!("no {kind} in {:#?}", self.seen)).json();
            self.seen.push(message.clone());
            if message["session"] == session && message["type"] == kind {
                return message["data"].clone();
            }
        }
    }

    fn count(&self, session: &str) -> usize {
        self.seen.iter().filter(|event| event["session"] == session).count()
    }
}

/// That no request waits any more.
async fn until_empty(fleet: &Fleet) {
    until("an empty queue", || async {
        let queue = fleet.get("/v1/queue").await.ok();
        let pools = queue["pools"].as_array().unwrap();
        let waiting: u64 = pools.iter().filter_map(|pool| pool["waiting"].as_u64()).sum();
        if waiting == 0 { Ok(()) } else { Err(queue.to_string()) }
    })
    .await;
}

#[tokio::test]
async fn a_request_that_cannot_be_served_is_told_or_not_heard() {
    let fleet = Fleet::with(&["--slots", "3", "--warm", "0"]).await;
    let good = fleet.session().await;
    let noise = fleet.metric("rookery_bus_noise_total").await;
    let mut service = Service::connect(&fleet.nats).await;

    let misspelt = new_id();
    service.request(QUEUE, &work(&misspelt, "default", json!({ "viewprt": {} }))).await;
    let ended = service.event(&misspelt, "session:ended").await;
    assert_eq!(ended["reason"], "start_failed", "{ended}");
    assert_eq!(ended["error"]["code"], "invalid_argument", "{ended}");
    assert_eq!(ended["error"]["field"], "spec.viewprt", "{ended}");

    let late = new_id();
    let mut expired = work(&late, "default", json!({}));
    expired["deadline"] = OVER.into();
    service.request(QUEUE, &expired).await;
    assert_eq!(service.event(&late, "session:ended").await["reason"], "queue_timeout");

    // Nobody is told of these: they name what is not their sender's.
    let (stray, foreign) = (new_id(), format!("eu_{}", new_id().split_once('_').unwrap().1));
    service.request(QUEUE, &work(&stray, "other", json!({}))).await;
    service.request(QUEUE, &work(&stray, "other", json!({ "viewprt": {} }))).await;
    service.request(QUEUE, &work(&foreign, "default", json!({}))).await;
    service.request("rk.work.local.default.other.normal", &work(&good, "other", json!({}))).await;
    service.request(QUEUE, &work(&good, "default", json!({ "viewprt": {} }))).await;
    let huge = "x".repeat(600_000);
    let refused = service.ask(QUEUE, &work(&new_id(), "default", json!({ "name": huge }))).await.json();
    assert_eq!(refused["error"]["err_code"], 10_054, "{refused}");

    let twice = new_id();
    for _ in 0..2 {
        service.request(QUEUE, &work(&twice, "default", json!({}))).await;
    }
    service.event(&twice, "session:ready").await;
    until_empty(&fleet).await;
    assert_eq!(fleet.browsers().len(), 2, "one is the good session's");
    service
        .ask(&format!("rk.cmd.local.default.{twice}"), &json!({ "verb": "end", "reason": "released" }))
        .await;
    service.event(&twice, "session:ended").await;

    assert_eq!((service.count(&stray), service.count(&foreign), service.count(&good)), (0, 0, 0));
    let noise = fleet.metric("rookery_bus_noise_total").await - noise;
    assert_eq!(noise, 6.0, "all but what was late, too large or came twice");
    assert_eq!(fleet.evaluate(&good, "1 + 1").await, 2);
    fleet.end(&good).await;
    fleet.works().await;
}

#[tokio::test]
async fn a_command_that_cannot_be_run_is_answered_and_leaves_no_trace() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let mut service = Service::connect(&fleet.nats).await;
    let owner = format!("rk.cmd.local.default.{id}");
    let run = |expression: &str, deadline: &str| {
        let request = json!({ "action": "evaluate", "expression": expression, "key": expression });
        json!({ "verb": "run", "request": request, "deadline": deadline })
    };
    let later = "2099-01-01T00:00:00Z";

    let late = service.ask(&owner, &run("window.late = true", OVER)).await.json();
    assert_eq!(late["error"]["code"], "timeout", "{late}");
    assert_eq!(fleet.evaluate(&id, "typeof late").await, "undefined");

    let count = run("window.count = (window.count || 0) + 1", later);
    for _ in 0..2 {
        assert_eq!(service.ask(&owner, &count).await.json()["ok"]["result"]["value"], 1);
    }
    let wrong = service.ask(&owner, &json!({ "verb": "run", "request": { "action": "clik" } })).await.json();
    assert_eq!(wrong["error"]["code"], "invalid_argument", "{wrong}");

    for stranger in [format!("rk.cmd.local.other.{id}"), format!("rk.cmd.eu.default.{id}")] {
        let answer = service.ask(&stranger, &count).await;
        assert!(answer.text().starts_with("NATS/1.0 503"), "{stranger}: {}", answer.text());
    }
    let error = Wire::connect(&fleet.nats.url()).await.refusal(&owner, 2 << 20).await;
    assert!(error.contains("Maximum Payload"), "{error}");
    assert_eq!(fleet.evaluate(&id, "count").await, 1);
    fleet.end(&id).await;
    fleet.works().await;
}

#[tokio::test]
async fn an_answer_is_written_to_inboxes_only() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let workers = fleet.get("/v1/workers").await.ok();
    let worker = workers["workers"][0]["id"].as_str().unwrap().to_owned();
    let before = fleet.metric("rookery_bus_noise_total").await;
    let replies = [
        format!("rk.evt.local.default.{id}.log"),
        format!("rk.fr.local.{id}"),
        QUEUE.to_owned(),
        format!("$KV.rk_sessions_local.default.{id}"),
        "$JS.API.STREAM.PURGE.EVENTS_local".to_owned(),
        "_INBOXES.default".to_owned(),
        "_INBOX".to_owned(),
    ];
    let mut wire = Wire::connect(&fleet.nats.url()).await;
    for reply in &replies {
        wire.subscribe(reply).await;
    }
    let owner = (format!("rk.cmd.local.default.{id}"), json!({ "verb": "inspect" }));
    for (subject, request) in [owner, (format!("rk.ctl.local.{worker}"), json!({ "verb": "ping" }))] {
        let body = request.to_string();
        for reply in &replies {
            wire.publish(&subject, reply, JSON, body.as_bytes()).await;
        }
        // The last one is answered, so those before it have been heard.
        wire.subscribe("_INBOX.last").await;
        wire.publish(&subject, "_INBOX.last", JSON, body.as_bytes()).await;
        let first = wire.next().await.unwrap_or_else(|| panic!("{subject} does not answer"));
        assert_eq!(first.subject, "_INBOX.last", "{}", first.text());
    }
    let noise = fleet.metric("rookery_bus_noise_total").await - before;
    assert_eq!(noise, 2.0 * 7.0);
    assert_eq!(fleet.evaluate(&id, "1 + 1").await, 2);
    fleet.end(&id).await;
    fleet.works().await;
}
