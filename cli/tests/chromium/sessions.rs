//! Sessions that are not there, not yet or no longer, and more of them than there is room for.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::support::{
    Answer, Fleet,
    fleet::{Gateway, endless},
    until,
};

const CREATE: &str = "/v1/sessions";

async fn create(gateway: &Gateway, key: &str, body: Value) -> Answer {
    let request = gateway.request(Method::POST, CREATE).header("idempotency-key", key);
    Answer::to(request.json(&body)).await
}

async fn queued(gateway: &Gateway, body: Value) -> String {
    let request = gateway.request(Method::POST, CREATE).header("prefer", "respond-async");
    let answer = Answer::to(request.json(&body)).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn one_key_is_one_browser_on_two_edges() {
    let fleet = Fleet::with(&["--slots", "3", "--warm", "0"]).await;
    let other = fleet.edge().await;
    let body = json!({ "name": "one" });
    let (first, second, third) = tokio::join!(
        create(&fleet, "k", body.clone()),
        create(&other, "k", body.clone()),
        create(&other, "k", body.clone())
    );
    let ids: Vec<Value> = [first, second, third].map(|a| a.ok()["id"].clone()).into();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(fleet.browsers().len(), 1);
    create(&other, "k", json!({ "name": "two" })).await.problem(409, "conflict");
    create(&fleet, &"k".repeat(256), body.clone()).await.problem(400, "invalid_argument");
    let id = ids[0].as_str().unwrap();
    fleet.end(id).await;
    create(&other, "k", body).await.problem(410, "gone");

    // The same for commands: run at most once.
    let id = fleet.session().await;
    let count = |gateway: &Gateway| {
        let request = gateway.request(Method::POST, &format!("{CREATE}/{id}/commands"));
        let script = "new Promise(r => setTimeout(() => r(window.count = (window.count ?? 0) + 1), 300))";
        let body = json!({ "action": "evaluate", "expression": script });
        Answer::to(request.header("idempotency-key", "c").json(&body))
    };
    let (one, two) = tokio::join!(count(&fleet), count(&other));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert!(statuses == [200, 409] || statuses == [200, 200], "{} {}", one.text(), two.text());
    assert_eq!(count(&other).await.ok()["result"]["value"], 1, "the first answer");
    assert_eq!(fleet.evaluate(&id, "window.count").await, 1);
    fleet.end(&id).await;
}

#[tokio::test]
async fn a_session_that_is_not_there_says_so() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    fleet.end(&id).await;
    let command = json!({ "action": "tabs" });
    let gone = fleet.run(&id, command.clone()).await.problem(410, "gone");
    assert_eq!(gone["context"]["end_reason"], "released", "{gone}");
    assert!(gone["detail"].as_str().unwrap().contains("released"), "{gone}");
    for (id, status, code) in [
        ("local_00000000000000000000000000000000", 404, "not_found"),
        ("mars_00000000000000000000000000000000", 404, "not_found"),
        ("nonsense", 400, "invalid_argument"),
        ("local_", 400, "invalid_argument"),
        ("%2e%2e%2f", 400, "invalid_argument"),
        ("local_%3e", 400, "invalid_argument"),
        ("*", 400, "invalid_argument"),
        ("local_0000000000000000000000000000000G", 400, "invalid_argument"),
    ] {
        fleet.run(id, command.clone()).await.problem(status, code);
        fleet.get(&format!("{CREATE}/{id}")).await.problem(status, code);
        fleet.send(Method::DELETE, &format!("{CREATE}/{id}"), None).await.problem(status, code);
    }
}

#[tokio::test]
async fn commands_wait_while_a_session_starts_and_are_answered_while_it_ends() {
    let fleet = Fleet::start().await;
    let id = queued(&fleet, json!({})).await;
    let command = json!({ "action": "evaluate", "expression": "6 * 7" });
    assert_eq!(fleet.run(&id, command).await.ok()["result"]["value"], 42, "held until it can run");
    let path = format!("{CREATE}/{id}");
    let (running, ended) = tokio::join!(fleet.run(&id, endless()), async {
        fleet.is_running(&id).await;
        fleet.send(Method::DELETE, &path, None).await
    });
    assert_eq!(ended.ok()["end_reason"], "released");
    assert!([410, 499, 503].contains(&running.status), "{}", running.text());
    fleet.run(&id, json!({ "action": "tabs" })).await.problem(410, "gone");
}

#[tokio::test]
async fn more_sessions_than_slots_wait_and_are_told_where() {
    let fleet = Fleet::start().await;
    let first = fleet.session().await;
    let (second, third) = (queued(&fleet, json!({})).await, queued(&fleet, json!({})).await);
    for (id, position) in [(&second, 1), (&third, 2)] {
        until("a place in the queue", || async {
            let session = fleet.shown(id).await;
            if session["queue"]["position"] == position { Ok(()) } else { Err(session.to_string()) }
        })
        .await;
    }
    let late = fleet.post(CREATE, json!({ "queue_timeout_s": 1 })).await;
    let problem = late.problem(429, "resource_exhausted");
    assert!(late.headers.contains_key("retry-after") && problem["retryable"] == true, "{problem}");
    // A command for what does not start in time is told so too.
    let early = fleet.run(&third, json!({ "action": "tabs", "timeout_ms": 300 })).await;
    assert!([503, 504].contains(&early.status), "{}", early.text());
    assert_eq!(fleet.browsers().len(), 1);
    fleet.end(&third).await;
    fleet.end(&first).await;
    assert_eq!(fleet.evaluate(&second, "1").await, 1, "its turn has come");
    fleet.end(&second).await;
}

#[tokio::test]
async fn a_client_that_leaves_the_queue_costs_no_browser() {
    let fleet = Fleet::start().await;
    let first = fleet.session().await;
    let waiting = fleet.request(Method::POST, CREATE).json(&json!({ "name": "left" }));
    assert!(waiting.timeout(Duration::from_millis(500)).send().await.unwrap_err().is_timeout());
    let ended = until("the end of what nobody waits for", || async {
        let list = fleet.get(CREATE).await.ok();
        let left = list["sessions"].as_array().unwrap().iter().find(|s| s["name"] == "left").cloned();
        match left {
            Some(session) if session["state"] == "ended" => Ok(session),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    assert_eq!((&ended["end_reason"], &ended["worker"]), (&"cancelled".into(), &Value::Null), "{ended}");
    fleet.end(&first).await;
    fleet.works().await;
}
