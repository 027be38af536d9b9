//! Clients that wait for a browser.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{
    client::{Client, LISTEN, only, sessions},
    support::{Fleet, until},
};

/// With one slot, and room for one more client in the queue for this long.
async fn fleet_of_one(queue_timeout_s: u32) -> (Fleet, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("rookery.toml");
    std::fs::write(&file, format!("[session_defaults]\nqueue_timeout_s = {queue_timeout_s}\n")).unwrap();
    let config = ["--slots", "1", "--warm", "0", "--config", file.to_str().unwrap()];
    (Fleet::with(&[&LISTEN[..], &config].concat()).await, dir)
}

#[tokio::test]
async fn who_is_queued_is_connected_at_once_and_answered_when_a_slot_is_free() {
    let (fleet, _config) = fleet_of_one(60).await;
    let mut first = Client::open(&fleet).await;
    first.picture().await;
    let begun = Instant::now();
    let mut second = Client::open(&fleet).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    second.send(&json!({ "action_type": "set_viewport_size", "width": 640, "height": 480 })).await;
    second.send(&json!({ "action_type": "screenshot" })).await;
    let id = only(&fleet, "queued").await;
    // The first goes on as if it were alone.
    first.picture().await;
    assert_eq!(fleet.shown(&id).await["state"], "queued");
    first.stream.close(None).await.unwrap();
    assert_eq!(second.next().await.unwrap(), json!({ "success": true }));
    assert!(second.next().await.unwrap()["image"].is_string());
    assert_eq!(only(&fleet, "ready").await, id);
}

#[tokio::test]
async fn who_waits_too_long_is_told_to_try_again() {
    let (fleet, _config) = fleet_of_one(1).await;
    let mut first = Client::open(&fleet).await;
    first.picture().await;
    let mut second = Client::open(&fleet).await;
    second.send(&json!({ "action_type": "screenshot" })).await;
    let id = only(&fleet, "queued").await;
    let (code, reason) = second.closed().await;
    assert_eq!((code, reason.as_str()), (1013, "no slot became free in `queue_timeout_s`"));
    assert_eq!(fleet.ended(&id).await["end_reason"], "queue_timeout");
    first.picture().await;
}

#[tokio::test]
async fn who_leaves_the_queue_costs_no_browser() {
    let (fleet, _config) = fleet_of_one(60).await;
    let mut first = Client::open(&fleet).await;
    first.picture().await;
    // With and without a goodbye, and with requests that nobody will answer.
    for polite in [true, false] {
        let mut second = Client::open(&fleet).await;
        second.send(&json!({ "action_type": "screenshot" })).await;
        let id = only(&fleet, "queued").await;
        if polite {
            second.stream.close(None).await.unwrap();
        } else {
            drop(second);
        }
        assert_eq!(fleet.ended(&id).await["end_reason"], "cancelled", "{polite}");
    }
    // It would have been the next to get a browser.
    let id = only(&fleet, "ready").await;
    first.stream.close(None).await.unwrap();
    fleet.ended(&id).await;
    until("no browser", || async {
        let left = fleet.browsers();
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    })
    .await;
    assert!(sessions(&fleet, "ready").await.is_empty());
}
