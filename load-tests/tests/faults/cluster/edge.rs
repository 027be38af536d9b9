//! Edges that die while a client waits.

use std::{collections::BTreeSet, time::Duration};

use bus_schema::{Region, model::session::State};
use load_tests::cluster::{Client, Cluster};
use serde_json::json;

#[tokio::test]
async fn a_create_begun_on_a_killed_edge_is_taken_up_on_another() {
    let mut cluster = Cluster::builder().edges(2).workers(1).slots(1).start().await.unwrap();
    let holder = Client::id(&cluster.client().create(&json!({})).await.unwrap()).to_owned();
    // No slot is free, so this one waits.
    let spec = json!({ "name": "wanted", "queue_timeout_s": 60 });
    let (first, body) = (cluster.client().clone(), spec.clone());
    let waiting = tokio::spawn(async move { first.create_once("the-same-key", &body).await });
    let region = Region::default();
    let queued = loop {
        let all = cluster.bus.entries().list(&region, None).await.unwrap();
        if let Some(stored) = all.into_iter().find(|stored| stored.entry.state == State::Queued) {
            break stored.entry.id.to_string();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    cluster.edges[0].process.kill().unwrap();
    assert_eq!(waiting.await.unwrap().unwrap_err().status, 0, "no answer from the dead");
    let mut edge = cluster.edges.remove(1);
    let second = edge.client.clone();
    let again = tokio::spawn(async move { second.create_once("the-same-key", &spec).await });
    edge.client.end(&holder).await.unwrap();
    let session = again.await.unwrap().unwrap();
    assert_eq!((Client::id(&session), &session["state"]), (queued.as_str(), &json!("ready")));
    assert_eq!(edge.client.evaluate(&queued, "40+2").await.unwrap(), 42);
    let all = cluster.bus.entries().list(&region, None).await.unwrap();
    let ids: BTreeSet<_> = all.iter().map(|stored| stored.entry.id.to_string()).collect();
    assert_eq!(ids, BTreeSet::from([holder, queued]), "one key, one session");
    assert_eq!(edge.process.drain().await.unwrap().code(), Some(0));
}
