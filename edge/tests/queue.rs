//! What waits in the queue, against a real bus and a worker without browsers.

mod support;

use std::time::Duration;

use bus::testing::Server as Nats;
use bus_schema::{Tenant, model::session::State};
use edge::{
    Config,
    config::{Limits, Secret, TenantConfig},
};
use reqwest::Method;
use serde_json::json;
use support::{Answer, Edge, Worker, answer, config, until};

#[tokio::test]
async fn a_request_waits_in_the_queue_and_is_told_where() {
    let nats = Nats::start();
    let edge = Edge::start(&nats).await;
    let queued = |priority: &'static str| {
        let body = json!({ "priority": priority });
        answer(edge.request(Method::POST, "/v1/sessions").header("prefer", "respond-async").json(&body))
    };
    let (one, two, high) = (queued("normal").await, queued("normal").await, queued("high").await);
    for a in [&one, &two, &high] {
        assert_eq!((a.status, &a.json()["state"]), (202, &"queued".into()), "{}", a.text());
        assert!(a.headers.contains_key("location"));
    }
    let position = |a: &Answer| {
        let path = a.headers["location"].to_str().unwrap().to_owned();
        let edge = &edge;
        async move { edge.get(&path).await.json()["queue"]["position"].as_u64() }
    };
    until("positions by class, then age", || async {
        let seen = (position(&one).await, position(&two).await, position(&high).await);
        if seen == (Some(2), Some(3), Some(1)) { Ok(()) } else { Err(format!("{seen:?}")) }
    })
    .await;
    let queue = edge.get("/v1/queue").await.json();
    assert_eq!(queue["pools"][0]["waiting"], 3, "{queue}");
    assert_eq!(edge.get("/readyz").await.problem(), (503, "unavailable".into()));
    assert_eq!(edge.get("/v1/pressure").await.status, 503);

    let cancelled = edge.delete(two.headers["location"].to_str().unwrap()).await;
    assert_eq!((cancelled.status, &cancelled.json()["end_reason"]), (200, &"cancelled".into()));

    let worker = Worker::start(&nats).await;
    until("both are claimed", || async {
        let ready = edge.get("/v1/sessions?state=ready").await.json()["sessions"].as_array().unwrap().len();
        if ready == 2 { Ok(()) } else { Err(format!("{ready} are ready")) }
    })
    .await;
    assert_eq!(worker.memory.lock().unwrap().claims, 2, "no browser is spent on a cancelled request");
    assert_eq!(edge.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn a_request_without_a_slot_in_time_is_refused_and_may_come_again() {
    let nats = Nats::start();
    let edge = Edge::start(&nats).await;
    let late = edge.post("/v1/sessions", json!({ "queue_timeout_s": 1 })).await;
    assert_eq!(late.problem(), (429, "resource_exhausted".into()));
    assert!(late.headers.contains_key("retry-after"));
    assert_eq!(late.json()["context"]["end_reason"], "queue_timeout");
    // Nobody waits for this one, and it ends all the same.
    let request = edge.request(Method::POST, "/v1/sessions").header("prefer", "respond-async");
    let queued = answer(request.json(&json!({ "queue_timeout_s": 1 }))).await;
    let path = queued.headers["location"].to_str().unwrap().to_owned();
    until("ended at its deadline", || async {
        let session = edge.get(&path).await.json();
        if session["end_reason"] == "queue_timeout" { Ok(()) } else { Err(session.to_string()) }
    })
    .await;
}

#[tokio::test]
async fn a_client_that_leaves_cancels_its_request_unless_it_may_come_back() {
    let nats = Nats::start();
    let edge = Edge::start(&nats).await;
    let impatient = |key: Option<&'static str>| {
        let mut request =
            edge.request(Method::POST, "/v1/sessions").json(&json!({})).timeout(Duration::from_millis(300));
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        async move { assert!(request.send().await.unwrap_err().is_timeout()) }
    };
    impatient(Some("k")).await;
    impatient(None).await;
    let tenant = Tenant::default();
    until("one cancelled, one queued", || async {
        let entries = edge.bus.entries().list(edge.bus.region(), Some(&tenant)).await.unwrap();
        let mut states: Vec<_> =
            entries.iter().map(|s| (s.entry.state, s.entry.end_reason.map(|r| r.as_str()))).collect();
        states.sort_by_key(|s| s.0 == State::Ended);
        if states == [(State::Queued, None), (State::Ended, Some("cancelled"))] {
            Ok(())
        } else {
            Err(format!("{states:?}"))
        }
    })
    .await;
    let worker = Worker::start(&nats).await;
    let retried =
        answer(edge.request(Method::POST, "/v1/sessions").header("idempotency-key", "k").json(&json!({})))
            .await;
    assert_eq!(retried.status, 201, "{}", retried.text());
    assert_eq!(worker.memory.lock().unwrap().claims, 1, "no browser is spent on the cancelled one");
}

#[tokio::test]
async fn what_is_ready_takes_no_place_in_the_queue() {
    let nats = Nats::start();
    let _worker = Worker::start(&nats).await;
    let limits = Limits { sessions: Some(4), queued: Some(1) };
    let tenants = vec![TenantConfig {
        limits,
        ..TenantConfig::new(Tenant::new("acme").unwrap(), vec![Secret::new("acme-token")])
    }];
    let edge = Edge::with(&nats, Config { tenants, ..config() }).await;
    let create = || answer(edge.request(Method::POST, "/v1/sessions").bearer_auth("acme-token"));
    for nth in 1..=4 {
        let made = create().await;
        assert_eq!(made.status, 201, "{nth}: {}", made.text());
    }
    let over = create().await;
    assert_eq!(over.problem(), (429, "resource_exhausted".into()));
    assert!(over.text().contains("4 of at most 4 sessions"), "{}", over.text());
}

#[tokio::test]
async fn nobody_waits_for_a_browser_that_no_worker_has() {
    let nats = Nats::start();
    let edge = Edge::start(&nats).await;
    // Before the first worker one may come that has it.
    let early = edge.post("/v1/sessions", json!({ "browser": "chrome", "queue_timeout_s": 1 })).await;
    assert_eq!(early.problem(), (429, "resource_exhausted".into()));
    let _worker = Worker::start(&nats).await;
    until("a worker that is known", || async {
        let ready = edge.get("/readyz").await;
        if ready.status == 200 { Ok(()) } else { Err(ready.text()) }
    })
    .await;
    let refused = edge.post("/v1/sessions", json!({ "browser": "chrome" })).await;
    assert_eq!(refused.problem(), (400, "invalid_argument".into()));
    let problem = refused.json();
    assert_eq!(problem["field"], "browser");
    assert!(problem["detail"].as_str().unwrap().contains("headless-shell 1.2.3"), "{problem}");
    assert_eq!(edge.post("/v1/sessions", json!({ "browser": "headless-shell" })).await.status, 201);
}
