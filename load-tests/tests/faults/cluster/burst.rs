//! Workers killed at every step of a claim: at random moments of a burst of creates, from a seed that is printed.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bus_schema::{
    Region,
    model::{entry::Entry, session::State},
};
use load_tests::cluster::{Client, Cluster, SOON};
use serde_json::json;

const ROUNDS: u32 = 12;
const BURST: usize = 40;
/// Sessions wait no longer than this for a worker.
const QUEUE_S: u64 = 20;
/// How long after its deadline a session may still stand, at the most: the reaper looks every 30 s.
const GRACE: Duration = Duration::from_secs(35);

/// A small generator whose whole state is its seed, so that a run can be had again.
struct Dice(u64);

impl Dice {
    /// `SEED` of the environment, or one from the clock.
    fn new() -> Self {
        let from_clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let seed = std::env::var("SEED").ok().and_then(|text| text.parse().ok());
        let seed = seed.unwrap_or(u64::try_from(from_clock & u128::from(u64::MAX >> 1)).unwrap());
        println!("SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, bound: u64) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// One create: what the client was told.
async fn create(client: Client, recover: bool) -> Result<String, load_tests::cluster::Refused> {
    let on_worker_loss = if recover { "recover" } else { "fail" };
    let spec = json!({ "on_worker_loss": on_worker_loss, "queue_timeout_s": QUEUE_S, "url": "https://example.com/" });
    client.create(&spec).await.map(|session| Client::id(&session).to_owned())
}

/// One round: a burst of creates with a worker killed in the midst of it, and another started in its place.
async fn round(cluster: &mut Cluster, dice: &mut Dice, acknowledged: &mut Vec<String>) -> usize {
    let mut creates = tokio::task::JoinSet::new();
    for n in 0..BURST {
        creates.spawn(create(cluster.edges[n % 2].client.clone(), n % 4 != 0));
    }
    tokio::time::sleep(Duration::from_micros(dice.below(60_000))).await;
    let victim = usize::try_from(dice.below(cluster.workers.len() as u64)).unwrap();
    let mut dead = cluster.workers.remove(victim);
    if dice.below(3) == 0 {
        dead.process.kill_with_guards().unwrap();
    } else {
        dead.process.kill().unwrap();
    }
    cluster.add_worker().await.unwrap();
    let mut refused = 0;
    while let Some(created) = creates.join_next().await {
        match created.unwrap() {
            Ok(id) => acknowledged.push(id),
            // Ended before it was ever acknowledged: the client was told so.
            Err(error) => {
                assert!(["unavailable", "gone", "timeout"].contains(&error.code()), "{error}");
                refused += 1;
            }
        }
    }
    refused
}

/// Every acknowledged session can be used, or has ended with exactly one event that says why.
async fn assert_usable_or_ended_once(cluster: &Cluster, id: &str) -> bool {
    let deadline = Instant::now() + SOON + GRACE;
    loop {
        let entry = cluster.entry(id).await.unwrap().unwrap_or_else(|| panic!("{id} has vanished"));
        let ends = super::ends(cluster, id).await;
        match entry.state {
            State::Ready if cluster.client().evaluate(id, "40+2").await.is_ok_and(|value| value == 42) => {
                assert!(ends.is_empty(), "{id} is usable and was said to have ended: {ends:?}");
                return true;
            }
            State::Ended if !ends.is_empty() => {
                assert_eq!(ends, [entry.end_reason], "{id}");
                return false;
            }
            State::Queued
            | State::Starting
            | State::Ready
            | State::Recovering
            | State::Closing
            | State::Ended => {
                assert!(Instant::now() < deadline, "{id} stays {entry:?} with {ends:?}");
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Nothing stays on its way for ever, acknowledged or not.
async fn assert_nothing_is_stuck(cluster: &Cluster) {
    let deadline = Instant::now() + Duration::from_secs(QUEUE_S) + GRACE;
    loop {
        let all = cluster.bus.entries().list(&Region::default(), None).await.unwrap();
        let stuck: Vec<Entry> = all
            .into_iter()
            .map(|stored| stored.entry)
            .filter(|entry| !matches!(entry.state, State::Ready | State::Ended))
            .collect();
        if stuck.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "stuck: {stuck:#?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_worker_killed_in_the_midst_of_claims_loses_no_session() {
    let mut dice = Dice::new();
    let mut cluster = Cluster::builder().edges(2).workers(3).slots(400).start().await.unwrap();
    let mut acknowledged = Vec::new();
    let mut refused = 0;
    for _ in 0..ROUNDS {
        refused += round(&mut cluster, &mut dice, &mut acknowledged).await;
    }
    let mut counts = BTreeMap::new();
    for id in &acknowledged {
        *counts.entry(assert_usable_or_ended_once(&cluster, id).await).or_insert(0) += 1;
    }
    assert_nothing_is_stuck(&cluster).await;
    println!("{} acknowledged, usable: {counts:?}, refused {refused}", acknowledged.len());
    assert!(counts.get(&true).copied().unwrap_or(0) > ROUNDS * 20, "most sessions live: {counts:?}");
}
