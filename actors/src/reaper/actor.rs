//! The shell around [`Reaper`].

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use bus_schema::WorkerId;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::time::Instant;
use tracing::{debug, warn};

use super::{
    scan::{self, Found},
    state::{Effect, Input, Reaper},
};
use crate::{
    gate::Gate,
    port::Bus,
    task::{self, Panicked},
};

const WATCH: Duration = Duration::from_millis(500);
const SCAN: Duration = Duration::from_secs(30);
const PING: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub struct ReaperActor;

pub struct ReaperArgs {
    pub bus: Arc<dyn Bus>,
    pub gate: Gate,
    pub worker: WorkerId,
    pub dead_after: Duration,
}

#[derive(Debug)]
pub enum ReaperMsg {
    /// From the timer. The receiver MUST read the leases of those it watches.
    Watch,
    /// From the timer, at the start and after a death. The receiver MUST look at every entry.
    Scan,
    /// From a task of its own. The receiver MUST apply it.
    Happened(Input),
    /// From a scan's task. The receiver MUST watch those with a lease and reap owners without one that do not answer.
    Scanned(Found),
    /// From a task that was to say what it found. The receiver MUST fail: it would wait for that for ever.
    Panicked(Panicked),
}

pub struct ReaperState {
    args: ReaperArgs,
    reaper: Reaper,
    scanning: bool,
    watching: bool,
}

impl Actor for ReaperActor {
    type Msg = ReaperMsg;
    type State = ReaperState;
    type Arguments = ReaperArgs;

    async fn pre_start(
        &self,
        myself: ActorRef<ReaperMsg>,
        args: ReaperArgs,
    ) -> Result<ReaperState, ActorProcessingErr> {
        myself.send_interval(WATCH, || ReaperMsg::Watch);
        myself.send_interval(SCAN, || ReaperMsg::Scan);
        myself.cast(ReaperMsg::Scan)?;
        let reaper = Reaper::new(args.worker.clone(), args.dead_after);
        Ok(ReaperState { args, reaper, scanning: false, watching: false })
    }

    async fn handle(
        &self,
        myself: ActorRef<ReaperMsg>,
        message: ReaperMsg,
        state: &mut ReaperState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ReaperMsg::Watch => state.on_watch(&myself),
            ReaperMsg::Scan => state.on_scan(&myself),
            ReaperMsg::Happened(input) => state.on_happened(&myself, input),
            ReaperMsg::Scanned(found) => state.on_scanned(&myself, found),
            ReaperMsg::Panicked(e) => return Err(e.into()),
        }
        Ok(())
    }
}

impl ReaperState {
    fn on_watch(&mut self, myself: &ActorRef<ReaperMsg>) {
        if self.watching || !self.args.gate.may_act() {
            return;
        }
        self.watching = true;
        let (bus, watched) = (Arc::clone(&self.args.bus), self.reaper.watched());
        spawn(myself, |myself| async move {
            if let Ok(leases) = bus.leases().await {
                // Who has left the list is watched still until it is judged: its lease may just have been deleted.
                let mut known: BTreeSet<WorkerId> = leases.iter().map(|s| s.worker.clone()).collect();
                known.extend(watched.iter().cloned());
                let now = Instant::now();
                for worker in watched {
                    let found = leases.iter().find(|s| s.worker == worker).and_then(|s| s.revision);
                    let seen = match found {
                        Some(revision) => crate::port::Seen { worker, revision: Some(revision) },
                        // Absent from a scan proves little; the key itself decides.
                        None => match bus.lease_of(worker).await {
                            Ok(seen) => seen,
                            Err(_) => continue,
                        },
                    };
                    let _ = myself.cast(ReaperMsg::Happened(Input::Lease { seen, now }));
                }
                let _ = myself.cast(ReaperMsg::Happened(Input::Known(known)));
            } else {
                // An empty set keeps what is known: nothing was learnt.
                let _ = myself.cast(ReaperMsg::Happened(Input::Known(BTreeSet::new())));
            }
        });
    }

    fn on_scan(&mut self, myself: &ActorRef<ReaperMsg>) {
        if self.scanning || !self.args.gate.may_act() {
            // At the start the first renewal is under way; the timer comes again, and sooner than it is needed.
            if !self.scanning {
                let gate = self.args.gate.clone();
                self.scanning = true;
                spawn(myself, |myself| async move {
                    gate.wait().await;
                    let _ = myself.cast(ReaperMsg::Scanned(Found::default()));
                    let _ = myself.cast(ReaperMsg::Scan);
                });
            }
            return;
        }
        self.scanning = true;
        let bus = Arc::clone(&self.args.bus);
        spawn(myself, |myself| async move {
            let found = scan::scan(bus).await.unwrap_or_else(|e| {
                debug!(error = %e, "a scan was not finished");
                Found::default()
            });
            let _ = myself.cast(ReaperMsg::Scanned(found));
        });
    }

    /// Owners without a lease have been judged, or have never been seen alive by anyone who is left.
    fn on_scanned(&mut self, myself: &ActorRef<ReaperMsg>, found: Found) {
        self.scanning = false;
        if !found.leased.is_empty() {
            // Else one whose lease goes between this scan and the first watch would be missed by both.
            let known = found.leased.into_iter().chain(self.reaper.watched()).collect();
            self.reaper.apply(Input::Known(known));
        }
        if found.unheard {
            myself.send_after(scan::STALE + PING, || ReaperMsg::Scan);
        }
        for worker in found.orphans {
            let bus = Arc::clone(&self.args.bus);
            spawn(myself, |myself| async move {
                if bus.ping(worker.clone(), PING).await {
                    return;
                }
                if let Ok(seen) = bus.lease_of(worker).await {
                    let _ = myself.cast(ReaperMsg::Happened(Input::Lease { seen, now: Instant::now() }));
                }
            });
        }
    }

    fn on_happened(&mut self, myself: &ActorRef<ReaperMsg>, input: Input) {
        if let Input::Known(known) = &input {
            self.watching = false;
            if known.is_empty() {
                return;
            }
        }
        for effect in self.reaper.apply(input) {
            self.perform(myself, effect);
        }
    }

    fn perform(&self, myself: &ActorRef<ReaperMsg>, effect: Effect) {
        let (bus, gate) = (Arc::clone(&self.args.bus), self.args.gate.clone());
        spawn(myself, |myself| async move {
            match effect {
                Effect::Ask(worker) => {
                    let answered = bus.ping(worker.clone(), PING).await;
                    let now = Instant::now();
                    let _ = myself.cast(ReaperMsg::Happened(Input::Asked { worker, answered, now }));
                }
                Effect::Delete { worker, seen } => {
                    // Who may be cut off itself has no business judging others.
                    let won = gate.may_act() && bus.delete_lease(worker.clone(), seen).await.unwrap_or(false);
                    let _ = myself.cast(ReaperMsg::Happened(Input::Deleted { worker, won }));
                }
                Effect::Reap(worker) => {
                    gate.wait().await;
                    if let Err(e) = scan::reap(bus, worker.clone()).await {
                        warn!(dead = %worker, error = %e, "the scan will go on with it");
                    }
                    let _ = myself.cast(ReaperMsg::Happened(Input::Reaped { worker }));
                    let _ = myself.cast(ReaperMsg::Scan);
                }
            }
        });
    }
}

/// What the reaper waits for is told to it; a task that panics, too.
fn spawn<F: Future<Output = ()> + Send + 'static>(
    reaper: &ActorRef<ReaperMsg>,
    work: impl FnOnce(ActorRef<ReaperMsg>) -> F,
) {
    task::spawn(reaper, ReaperMsg::Panicked, work(reaper.clone()));
}
