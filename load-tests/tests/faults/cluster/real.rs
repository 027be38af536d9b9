//! The same with real browsers: what is left of them, and that never two of them act for one session.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use bus_schema::model::session::EndReason;
use load_tests::cluster::{Client, Cluster, Pages, Up, process_table};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use serde_json::json;

/// Guarantee 3: nothing outlives its session by more than this, whatever is killed.
const GONE_WITHIN: Duration = Duration::from_secs(5);
/// A browser that owes an answer for 10 s is ended; it is asked after some seconds of silence.
const LIVENESS: Duration = Duration::from_secs(25);

/// The browsers there are, by their process groups.
fn browsers(data: &Path) -> BTreeSet<i32> {
    process_table::browsers_under(data)
}

/// What is left of these browsers: processes and directories.
fn remains(groups: &BTreeSet<i32>, data: &Path) -> (Vec<process_table::Running>, Vec<PathBuf>) {
    (process_table::in_groups(groups), process_table::profiles_under(data))
}

async fn assert_gone(groups: &BTreeSet<i32>, data: &Path) {
    let began = Instant::now();
    loop {
        let (processes, profiles) = remains(groups, data);
        if processes.is_empty() && profiles.is_empty() {
            return;
        }
        assert!(began.elapsed() < GONE_WITHIN, "still there after 5 s: {processes:#?} {profiles:#?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn of_a_killed_worker_no_browser_and_no_profile_is_left() {
    let mut cluster = Cluster::builder().slots(4).browsers(1).start().await.unwrap();
    cluster.client().create(&json!({})).await.unwrap();
    let mut worker = cluster.workers.remove(0);
    let groups = browsers(&worker.data);
    assert!(!groups.is_empty() && !process_table::profiles_under(&worker.data).is_empty());
    worker.process.kill().unwrap();
    assert_gone(&groups, &worker.data).await;
}

#[tokio::test]
async fn of_a_worker_killed_with_its_guard_no_browser_is_left_and_the_next_one_sweeps() {
    let mut cluster = Cluster::builder().slots(4).browsers(1).start().await.unwrap();
    cluster.client().create(&json!({})).await.unwrap();
    let groups = browsers(&cluster.workers[0].data);
    assert!(!groups.is_empty());
    cluster.workers[0].process.kill_with_guards().unwrap();
    super::until(
        "the browsers to die with their parent",
        || process_table::in_groups(&groups),
        Vec::is_empty,
    )
    .await;
    let left = process_table::profiles_under(&cluster.workers[0].data);
    assert!(!left.is_empty(), "nobody is there to remove directories");
    cluster.restart_worker(0).await.unwrap();
    super::until("the sweep", || left.iter().filter(|path| path.exists()).count(), |left| *left == 0).await;
}

#[tokio::test]
async fn of_a_killed_fleet_in_one_process_no_browser_and_no_profile_is_left() {
    let mut up = Up::start(&["--slots", "4", "--warm", "1"]).await.unwrap();
    up.client.until_workers(1, 1).await.unwrap();
    up.client.create(&json!({})).await.unwrap();
    let groups = browsers(&up.data());
    assert!(!groups.is_empty());
    up.process.kill().unwrap();
    assert_gone(&groups, &up.data()).await;
}

#[tokio::test]
async fn a_drained_worker_leaves_no_browser_and_exits_with_0() {
    let mut cluster = Cluster::builder().slots(4).browsers(1).start().await.unwrap();
    let id = Client::id(&cluster.client().create(&json!({})).await.unwrap()).to_owned();
    let groups = browsers(&cluster.workers[0].data);
    assert_eq!(cluster.workers[0].process.drain().await.unwrap().code(), Some(0));
    let left = remains(&groups, &cluster.workers[0].data);
    assert!(left.0.is_empty() && left.1.is_empty(), "{left:#?}");
    assert_eq!(super::ends(&cluster, &id).await, [Some(EndReason::Drained)]);
}

/// Creates a session on a page that beacons under `name`; the session and its owner.
async fn on_a_beacon(cluster: &Cluster, pages: &Pages, name: &str) -> (String, usize) {
    let spec = json!({ "url": pages.url(name), "on_worker_loss": "recover" });
    let session = cluster.client().create(&spec).await.unwrap();
    (Client::id(&session).to_owned(), cluster.owner(&session).unwrap())
}

#[tokio::test]
async fn a_stopped_worker_loses_its_session_to_a_peer_and_never_do_two_browsers_act() {
    let pages = Pages::start().await.unwrap();
    let cluster = Cluster::builder().workers(2).slots(4).browsers(1).start().await.unwrap();
    let (id, owner) = on_a_beacon(&cluster, &pages, "contested").await;
    let first = pages.other_load("contested", &[]).await.unwrap();
    let stopped = &cluster.workers[owner];
    let lost = browsers(&stopped.data);
    stopped.process.signal(Signal::SIGSTOP).unwrap();
    let stopped_at = Instant::now();
    let second = pages.other_load("contested", std::slice::from_ref(&first)).await.unwrap();
    let taken_over_after = stopped_at.elapsed();
    tokio::time::sleep(Duration::from_secs(6).saturating_sub(taken_over_after)).await;
    stopped.process.signal(Signal::SIGCONT).unwrap();
    let session =
        cluster.client().session_until(&id, |s| s["state"] == "ready" && s["epoch"] == 2).await.unwrap();
    assert_ne!(session["worker"], stopped.id.as_str(), "taken over after {taken_over_after:?}: {session}");
    // One browser of those it had was the session's; what it keeps is warm and speaks to nobody.
    let told = || browsers(&stopped.data).intersection(&lost).count();
    super::until("the one that was stopped to kill what it lost", told, |left| *left < lost.len()).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let beacons = pages.beacons("contested");
    let taken_over = beacons.iter().position(|beacon| beacon.load == second).unwrap();
    let late: Vec<_> = beacons[taken_over..]
        .iter()
        .filter(|beacon| beacon.load != second)
        .map(|beacon| beacon.at - stopped_at)
        .collect();
    assert!(late.is_empty(), "beside the new browser the old one acted at {late:?} after the stop");
    assert_eq!(cluster.client().evaluate(&id, "document.title").await.unwrap(), "beacon");
    assert!(super::ends(&cluster, &id).await.is_empty());
}

/// A worker alone with one session in its only browser.
async fn alone() -> (Cluster, String, Pid) {
    let cluster = Cluster::builder().slots(1).browsers(0).start().await.unwrap();
    let session = cluster.client().create(&json!({ "on_browser_crash": "end" })).await.unwrap();
    let groups = browsers(&cluster.workers[0].data);
    assert_eq!(groups.len(), 1, "{groups:?}");
    let group = Pid::from_raw(*groups.first().unwrap());
    (cluster, Client::id(&session).to_owned(), group)
}

#[tokio::test]
async fn a_browser_killed_in_the_midst_of_a_command_ends_its_session_and_the_outcome_is_unknown() {
    let pages = Pages::start().await.unwrap();
    let (cluster, id, group) = alone().await;
    let client = cluster.client().clone();
    let open = json!({ "action": "navigate", "url": pages.url("idle") });
    client.command(&id, &open).await.unwrap();
    let expression = "fetch('/beacon/command/begun').then(() => new Promise(() => {}))";
    let endless = json!({ "action": "evaluate", "expression": expression, "timeout_ms": 60_000 });
    let command = tokio::spawn({
        let (client, id) = (client.clone(), id.clone());
        async move { client.command(&id, &endless).await }
    });
    pages.other_load("command", &[]).await.unwrap();
    killpg(group, Signal::SIGKILL).unwrap();
    let refused = command.await.unwrap().unwrap_err();
    assert_eq!((refused.code(), &refused.problem["outcome"]), ("gone", &json!("unknown")), "{refused}");
    client.session_until(&id, |session| session["end_reason"] == "crashed").await.unwrap();
    assert_eq!(super::ends(&cluster, &id).await, [Some(EndReason::Crashed)]);
    assert_gone(&BTreeSet::from([group.as_raw()]), &cluster.workers[0].data).await;
    assert_eq!(client.evaluate(&id, "1").await.unwrap_err().code(), "gone");
    assert_eq!(client.create(&json!({})).await.unwrap()["state"], "ready", "the slot is free again");
}

#[tokio::test]
async fn a_browser_that_stops_answering_is_ended() {
    let (cluster, id, group) = alone().await;
    let client = cluster.client();
    killpg(group, Signal::SIGSTOP).unwrap();
    let stopped_at = Instant::now();
    let refused = client.evaluate_within(&id, "1 + 1", Duration::from_secs(60)).await.unwrap_err();
    assert_eq!((refused.code(), &refused.problem["outcome"]), ("gone", &json!("unknown")), "{refused}");
    client.session_until(&id, |session| session["end_reason"] == "crashed").await.unwrap();
    assert!(stopped_at.elapsed() < LIVENESS, "it took {:?}", stopped_at.elapsed());
    assert_eq!(super::ends(&cluster, &id).await, [Some(EndReason::Crashed)]);
    assert_gone(&BTreeSet::from([group.as_raw()]), &cluster.workers[0].data).await;
}
