//! Workers that die.

use bus_schema::model::{
    event::EventType,
    session::{EndReason, State},
};
use load_tests::cluster::{Client, Cluster};
use serde_json::{Value, json};

/// Creates sessions until the worker `index` owns `count` of them; these.
async fn sessions_of(cluster: &Cluster, index: usize, count: usize, spec: &Value) -> Vec<String> {
    let mut owned = Vec::new();
    for _ in 0..200 {
        let session = cluster.client().create(spec).await.unwrap();
        if cluster.owner(&session).unwrap() == index {
            owned.push(Client::id(&session).to_owned());
        }
        if owned.len() == count {
            return owned;
        }
    }
    panic!("the worker {index} got only {} of 200 sessions", owned.len());
}

/// The session lives on, on another worker, with the next epoch, and nobody said that it ended.
async fn assert_recovered(cluster: &Cluster, id: &str, dead: &str) {
    let session = cluster
        .client()
        .session_until(id, |session| session["state"] == "ready" && session["worker"] != dead)
        .await
        .unwrap();
    assert_eq!(session["epoch"], 2, "{session}");
    assert_eq!(cluster.client().evaluate(id, "40+2").await.unwrap(), 42);
    let kinds: Vec<_> = cluster.events(id).await.unwrap().into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == EventType::Recovering).count(), 1, "{kinds:?}");
    assert_eq!(kinds.iter().filter(|kind| **kind == EventType::Recovered).count(), 1, "{kinds:?}");
    assert!(!kinds.contains(&EventType::Ended), "{kinds:?}");
}

async fn assert_ended_once(cluster: &Cluster, id: &str, reason: EndReason) {
    cluster.client().session_until(id, |session| session["state"] == "ended").await.unwrap();
    let ends = super::ends(cluster, id).await;
    assert_eq!(ends, [Some(reason)], "{id}");
    assert_eq!(cluster.client().evaluate(id, "1").await.unwrap_err().code(), "gone");
}

async fn kill(with_guards: bool) {
    let mut cluster = Cluster::builder().edges(2).workers(3).slots(64).start().await.unwrap();
    let recover = json!({ "on_worker_loss": "recover", "url": "https://example.com/" });
    let recover = sessions_of(&cluster, 0, 3, &recover).await;
    let fail = sessions_of(&cluster, 0, 3, &json!({ "on_worker_loss": "fail" })).await;
    let mut dead = cluster.workers.remove(0);
    if with_guards {
        dead.process.kill_with_guards().unwrap();
    } else {
        dead.process.kill().unwrap();
    }
    for id in &recover {
        assert_recovered(&cluster, id, &dead.id).await;
    }
    for id in &fail {
        assert_ended_once(&cluster, id, EndReason::WorkerLost).await;
    }
    for id in &recover {
        cluster.edges[1].client.end(id).await.unwrap();
        assert_ended_once(&cluster, id, EndReason::Released).await;
        assert_eq!(cluster.entry(id).await.unwrap().unwrap().state, State::Ended);
    }
    cluster.edges[1].client.until_workers(2, 0).await.unwrap();
}

#[tokio::test]
async fn killed_its_sessions_are_recovered_or_ended_once() {
    kill(false).await;
}

#[tokio::test]
async fn killed_together_with_its_guard_its_sessions_are_recovered_or_ended_once() {
    kill(true).await;
}
