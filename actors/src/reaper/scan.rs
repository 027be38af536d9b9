//! What a scan of the entries does: the dead's sessions end or go back, lost knocks are made again.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use bus_schema::{
    Error, WorkerId,
    model::{
        create::OnWorkerLoss,
        entry::Entry,
        event::{Event, EventType},
        session::{EndReason, State},
    },
    subject::Queue,
};
use tracing::{debug, info, warn};

use crate::{
    metrics::metrics,
    port::{Bus, Stored, WriteFailure},
    session::end,
    task::caught,
};

/// A request that has stood this long without being claimed may have lost its knock.
pub(super) const STALE: Duration = Duration::from_secs(5);
/// Edges and owners end what is past its deadline; a scan only does it where they are gone.
const GRACE: Duration = Duration::from_secs(3);
/// An owner that died between its last write and its last event did so within this time.
const UNSAID: Duration = Duration::from_secs(60);
/// Entries worked on at once.
const AT_ONCE: usize = 64;

/// Takes care of all that `worker` left.
pub(super) async fn reap(bus: Arc<dyn Bus>, worker: WorkerId) -> Result<(), Error> {
    let left: Vec<Stored> =
        bus.entries().await?.into_iter().filter(|s| s.entry.owner.as_ref() == Some(&worker)).collect();
    let count = left.iter().filter(|s| s.entry.state != State::Ended).count();
    metrics().reaped.inc();
    warn!(dead = %worker, sessions = count, "a worker is dead: its sessions are taken care of");
    each(left, |stored| reap_one(Arc::clone(&bus), stored)).await;
    bus.forget(worker).await
}

async fn reap_one(bus: Arc<dyn Bus>, stored: Stored) {
    let entry = &stored.entry;
    let done = match entry.state {
        State::Starting if entry.ready_at.is_some() => put_back(&*bus, &stored, State::Recovering).await,
        State::Starting => put_back(&*bus, &stored, State::Queued).await,
        State::Ready if entry.spec.on_worker_loss == OnWorkerLoss::Recover => {
            put_back(&*bus, &stored, State::Recovering).await
        }
        State::Ready => end(&*bus, &stored, EndReason::WorkerLost, None).await.map(drop),
        State::Closing => {
            let reason = entry.end_reason.unwrap_or(EndReason::WorkerLost);
            end(&*bus, &stored, reason, entry.end_detail.clone()).await.map(drop)
        }
        State::Ended => {
            say_ended(&*bus, entry).await;
            Ok(())
        }
        State::Queued | State::Recovering => Ok(()),
    };
    match done {
        Ok(()) | Err(WriteFailure::Lost(_)) => {}
        Err(WriteFailure::Unavailable(e)) => {
            warn!(session_id = %entry.id, error = %e, "left to the next scan")
        }
    }
}

/// Gives a session back to be claimed again, and knocks.
async fn put_back(bus: &dyn Bus, stored: &Stored, state: State) -> Result<(), WriteFailure> {
    let mut entry = stored.entry.in_state(state, bus.now());
    entry.owner = None;
    bus.write(entry.clone(), stored.revision).await?;
    if state == State::Recovering {
        let data = serde_json::json!({ "reason": "worker_lost", "worker": stored.entry.owner });
        let event = Event::new(EventType::Recovering, entry.id.clone(), entry.epoch, data);
        if let Err(e) = bus.publish(entry.tenant.clone(), event).await {
            debug!(error = %e, "an event was not published");
        }
    }
    // If this fails, a later scan finds it standing there and knocks.
    bus.requeue(entry).await.map_err(WriteFailure::Unavailable)
}

/// The server admits one terminal event, so saying it again does no harm.
async fn say_ended(bus: &dyn Bus, entry: &Entry) {
    let recent = entry.ended_at.is_some_and(|at| bus.now().since(at) < UNSAID);
    let Some(event) = entry.ended_event().filter(|_| recent) else { return };
    if let Err(e) = bus.publish_ended(entry.tenant.clone(), event).await {
        warn!(session_id = %entry.id, error = %e, "the end of a session was not published");
    }
}

/// What a scan tells of workers.
#[derive(Debug, Default)]
pub struct Found {
    /// Those that hold a lease.
    pub leased: BTreeSet<WorkerId>,
    /// Owners that hold none, for the caller to judge.
    pub orphans: BTreeSet<WorkerId>,
    /// Something that had an owner was given back and nobody knocked for it: worth another look once it is stale.
    pub unheard: bool,
}

/// Looks at every entry.
pub(super) async fn scan(bus: Arc<dyn Bus>) -> Result<Found, Error> {
    let entries = bus.entries().await?;
    let leases: BTreeSet<WorkerId> = bus.leases().await?.into_iter().map(|s| s.worker).collect();
    let waiting = bus.waiting().await?;
    let now = bus.now();
    let mut orphans = BTreeSet::new();
    let mut stale = Vec::new();
    let mut given_back = BTreeSet::new();
    let mut over = Vec::new();
    let mut standing: BTreeMap<Queue, u64> = BTreeMap::new();
    for stored in entries {
        let entry = &stored.entry;
        if entry.state.is_claimable() {
            *standing.entry(entry.queue()).or_default() += 1;
            if now.since(deadline(entry)) > GRACE {
                over.push(stored);
            } else if now.since(entry.since) > STALE {
                stale.push(stored);
            } else if entry.epoch.0 > 0 {
                given_back.insert(entry.queue());
            }
        } else if let Some(owner) =
            entry.owner.as_ref().filter(|o| entry.state.is_owned() && !leases.contains(o))
        {
            orphans.insert(owner.clone());
        } else if entry.state == State::Ended && is_unsaid(entry, &leases, now.since(entry.since)) {
            say_ended(&*bus, entry).await;
        }
    }
    // Only where fewer requests wait than sessions stand: else each scan would double the queue.
    let lacks =
        |queue: &Queue| waiting.get(queue).copied().unwrap_or(0) < standing.get(queue).copied().unwrap_or(0);
    let unheard = given_back.iter().any(lacks);
    stale.retain(|s| lacks(&s.entry.queue()));
    each(stale, |s| knock_again(Arc::clone(&bus), s)).await;
    each(over, |s| give_up(Arc::clone(&bus), s)).await;
    Ok(Found { leased: leases, orphans, unheard })
}

/// Whether whoever ended it may have died before saying so. An owner that has died is reaped by who watched it; where
/// nobody did, because no other worker was there, this is all that is left.
fn is_unsaid(entry: &Entry, leased: &BTreeSet<WorkerId>, stood: Duration) -> bool {
    match &entry.owner {
        Some(owner) => !leased.contains(owner),
        None => stood > STALE,
    }
}

/// When a session that waits stops waiting. One that is recovering has its queue time-out again.
fn deadline(entry: &Entry) -> bus_schema::model::time::Timestamp {
    if entry.state == State::Recovering {
        entry.since.plus(entry.spec.queue_timeout_s.duration())
    } else {
        entry.queue_deadline
    }
}

async fn knock_again(bus: Arc<dyn Bus>, stored: Stored) {
    info!(session_id = %stored.entry.id, "a request that nobody claims is queued again");
    if let Err(e) = bus.requeue(stored.entry).await {
        debug!(error = %e, "left to the next scan");
    }
}

async fn give_up(bus: Arc<dyn Bus>, stored: Stored) {
    let reason =
        if stored.entry.state == State::Recovering { EndReason::WorkerLost } else { EndReason::QueueTimeout };
    if let Err(WriteFailure::Unavailable(e)) = end(&*bus, &stored, reason, None).await {
        debug!(error = %e, "left to the next scan");
    }
}

/// Works on entries side by side. One whose work panics is left to the next scan, like one whose work fails.
async fn each<F: Future<Output = ()> + Send + 'static>(entries: Vec<Stored>, work: impl Fn(Stored) -> F) {
    let mut tasks = tokio::task::JoinSet::new();
    for stored in entries {
        if tasks.len() >= AT_ONCE {
            tasks.join_next().await;
        }
        let session = stored.entry.id.clone();
        let work = caught(work(stored));
        tasks.spawn(async move {
            if let Err(e) = work.await {
                warn!(session_id = %session, error = %e, "left to the next scan");
            }
        });
    }
    while tasks.join_next().await.is_some() {}
}
