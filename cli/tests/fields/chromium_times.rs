//! Names, and how long things may take.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{fleet::Fleet, site::Site};

#[tokio::test]
async fn names_and_labels_are_shown_and_filtered_on() {
    let fleet = Fleet::start();
    let red = fleet.create(json!({ "name": "red one", "labels": { "team": "red", "env": "ci" } })).await;
    let _blue = fleet.create(json!({ "name": "blue one", "labels": { "team": "blue", "env": "ci" } })).await;
    assert_eq!((&red.created["name"], &red.created["labels"]["team"]), (&json!("red one"), &json!("red")));
    let listed = async |filter: &str| -> Vec<Value> {
        let list = fleet.get(&format!("/v1/sessions?{filter}")).await;
        list["sessions"].as_array().unwrap().iter().map(|session| session["name"].clone()).collect()
    };
    assert_eq!(listed("label=team:red").await, ["red one"]);
    assert_eq!(listed("label=env:ci&label=team:blue").await, ["blue one"]);
    assert!(listed("label=team:green").await.is_empty());
    let changed = json!({ "name": "green one", "labels": { "team": "green" } });
    let (status, _) = fleet.ask(Method::PATCH, &format!("/v1/sessions/{}", red.id), Some(changed)).await;
    assert!(status.is_success());
    assert_eq!(listed("label=team:green").await, ["green one"]);
    red.end().await;
    assert!(listed("label=team:green&state=ready").await.is_empty());
}

#[tokio::test]
async fn idle_and_lifetime_end_a_session() {
    let (fleet, site) = (Fleet::start(), Site::start().await);
    let began = Instant::now();
    let idle = fleet.create(json!({ "idle_timeout_s": 1 })).await;
    let old = fleet.create(json!({ "max_lifetime_s": 2, "url": site.url("/") })).await;
    let busy = fleet.create(json!({ "idle_timeout_s": 2 })).await;
    assert_eq!(idle.until("ended").await["end_reason"], "idle_timeout");
    while began.elapsed() < Duration::from_secs(3) {
        busy.eval("1").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(busy.look().await["state"], "ready", "commands keep it");
    assert_eq!(old.until("ended").await["end_reason"], "lifetime");
}

#[tokio::test]
async fn who_waits_does_so_by_priority_and_not_for_ever() {
    let fleet = Fleet::with(&["--slots", "1", "--warm", "1"], &[]);
    let holder = fleet.create(json!({})).await;
    let began = Instant::now();
    let (status, answer) = fleet.refused(json!({ "queue_timeout_s": 1 })).await;
    assert_eq!((status.as_u16(), &answer["code"]), (429, &json!("resource_exhausted")), "{answer}");
    assert!(began.elapsed() > Duration::from_millis(900), "it waited {:?}", began.elapsed());

    let wait = async |priority: &str| {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(fleet.url("/v1/sessions")).header("prefer", "respond-async");
        let answer = request.json(&json!({ "priority": priority })).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 202);
        let session: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        fleet.known(session)
    };
    let low = wait("low").await;
    let normal = wait("normal").await;
    let high = wait("high").await;
    assert_eq!(high.look().await["state"], "queued");
    holder.end().await;
    for (next, later) in [(&high, Some(&normal)), (&normal, Some(&low)), (&low, None)] {
        next.until("ready").await;
        if let Some(later) = later {
            assert_eq!(later.look().await["state"], "queued");
        }
        next.end().await;
    }
}

#[tokio::test]
async fn a_dialog_nobody_answers_is_dismissed_in_its_time() {
    let (fleet, site) = (Fleet::start(), Site::start().await);
    let open = "void setTimeout(() => { const began = Date.now(); window.said = [confirm('sure?'), Date.now() - began] }, 0)";
    let session = fleet.create(json!({ "dialog_timeout_s": 1, "url": site.url("/") })).await;
    session.eval(open).await;
    let command = json!({ "action": "wait_for", "expression": "window.said !== undefined" });
    let deadline = Instant::now() + crate::fleet::SOON;
    // While it is open, what needs the page is refused.
    while session.try_run(command.clone()).await.is_err() {
        assert!(Instant::now() < deadline, "it stays open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let said = session.eval("window.said").await;
    let took = said[1].as_u64().unwrap();
    assert!(said[0] == false && (900..3_000).contains(&took), "{said}");
}
