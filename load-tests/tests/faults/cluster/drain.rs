//! Ends in order.

use bus_schema::model::session::EndReason;
use load_tests::cluster::{Client, Cluster};
use serde_json::json;

#[tokio::test]
async fn drained_processes_exit_with_0_and_end_what_they_have() {
    let mut cluster = Cluster::builder().start().await.unwrap();
    let id = Client::id(&cluster.client().create(&json!({})).await.unwrap()).to_owned();
    let guards = cluster.workers[0].process.guards();
    assert_eq!(guards.len(), 1);
    assert_eq!(cluster.workers[0].process.drain().await.unwrap().code(), Some(0));
    assert_eq!(super::ends(&cluster, &id).await, [Some(EndReason::Drained)]);
    assert_eq!(cluster.client().session(&id).await.unwrap()["end_reason"], "drained");
    super::until("the guard to leave", || super::running(&guards), Vec::is_empty).await;
    assert_eq!(cluster.edges[0].process.drain().await.unwrap().code(), Some(0));
}
