//! Decides who is dead.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bus_schema::WorkerId;
use tokio::time::Instant;

use crate::port::Seen;

/// How many workers each one watches: those that follow it in the order of ids.
const WATCHED: usize = 3;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// All workers known, by lease or by register.
    Known(BTreeSet<WorkerId>),
    /// The lease of a watched worker, as just read.
    Lease { seen: Seen, now: Instant },
    /// A suspect was asked on `rk.ctl`.
    Asked { worker: WorkerId, answered: bool, now: Instant },
    /// Whether we were who deleted the lease.
    Deleted { worker: WorkerId, won: bool },
    /// What a dead worker left is taken care of.
    Reaped { worker: WorkerId },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    Ask(WorkerId),
    /// Delete the lease if this is still its revision.
    Delete {
        worker: WorkerId,
        seen: u64,
    },
    Reap(WorkerId),
}

#[derive(Debug)]
struct Watch {
    revision: u64,
    /// By our own clock: nobody else's is believed.
    since: Instant,
    asking: bool,
    deleting: bool,
}

/// Pure. Death needs both: no renewal for `dead_after`, and no answer.
#[derive(Debug)]
pub struct Reaper {
    me: WorkerId,
    dead_after: Duration,
    known: BTreeSet<WorkerId>,
    watches: BTreeMap<WorkerId, Watch>,
    reaping: BTreeSet<WorkerId>,
}

impl Reaper {
    pub fn new(me: WorkerId, dead_after: Duration) -> Self {
        Self { me, dead_after, known: BTreeSet::new(), watches: BTreeMap::new(), reaping: BTreeSet::new() }
    }

    /// The workers whose leases to read.
    pub fn watched(&self) -> Vec<WorkerId> {
        let after = self.known.range((std::ops::Bound::Excluded(&self.me), std::ops::Bound::Unbounded));
        after.chain(self.known.range(..&self.me)).take(WATCHED).cloned().collect()
    }

    pub fn apply(&mut self, input: Input) -> Vec<Effect> {
        match input {
            Input::Known(known) => {
                self.known = known;
                let watched = self.watched();
                self.watches.retain(|w, _| watched.contains(w));
                Vec::new()
            }
            Input::Lease { seen, now } => self.lease(seen, now),
            Input::Asked { worker, answered, now } => self.asked(&worker, answered, now),
            Input::Deleted { worker, won } => self.deleted(worker, won),
            Input::Reaped { worker } => {
                self.reaping.remove(&worker);
                self.known.remove(&worker);
                self.watches.remove(&worker);
                Vec::new()
            }
        }
    }

    fn lease(&mut self, seen: Seen, now: Instant) -> Vec<Effect> {
        if self.reaping.contains(&seen.worker) {
            return Vec::new();
        }
        let Some(revision) = seen.revision else {
            // Its guard, a peer or the server took it off: whoever watches may reap, every step is a CAS.
            return self.reap(seen.worker);
        };
        let watch = self.watches.entry(seen.worker.clone()).or_insert(Watch {
            revision,
            since: now,
            asking: false,
            deleting: false,
        });
        if watch.revision != revision {
            *watch = Watch { revision, since: now, asking: false, deleting: false };
            return Vec::new();
        }
        if now.saturating_duration_since(watch.since) < self.dead_after || watch.asking || watch.deleting {
            return Vec::new();
        }
        watch.asking = true;
        vec![Effect::Ask(seen.worker)]
    }

    fn asked(&mut self, worker: &WorkerId, answered: bool, now: Instant) -> Vec<Effect> {
        let Some(watch) = self.watches.get_mut(worker) else { return Vec::new() };
        if !watch.asking {
            // It renewed its lease while it was asked.
            return Vec::new();
        }
        watch.asking = false;
        if answered {
            // Alive, and frozen by its own lease: asked again after the same time.
            watch.since = now;
            return Vec::new();
        }
        watch.deleting = true;
        vec![Effect::Delete { worker: worker.clone(), seen: watch.revision }]
    }

    fn deleted(&mut self, worker: WorkerId, won: bool) -> Vec<Effect> {
        if let Some(watch) = self.watches.get_mut(&worker) {
            watch.deleting = false;
        }
        if won { self.reap(worker) } else { Vec::new() }
    }

    fn reap(&mut self, worker: WorkerId) -> Vec<Effect> {
        if worker == self.me || !self.reaping.insert(worker.clone()) {
            return Vec::new();
        }
        vec![Effect::Reap(worker)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(s: &str) -> WorkerId {
        WorkerId::new(s).unwrap()
    }

    fn lease(worker: &str, revision: Option<u64>, now: Instant) -> Input {
        Input::Lease { seen: Seen { worker: id(worker), revision }, now }
    }

    fn reaper(known: &[&str]) -> Reaper {
        let mut r = Reaper::new(id("c"), Duration::from_secs(3));
        r.apply(Input::Known(known.iter().map(|s| id(s)).collect()));
        r
    }

    #[test]
    fn each_watches_the_three_that_follow() {
        assert_eq!(reaper(&["a", "b", "c", "d", "e"]).watched(), [id("d"), id("e"), id("a")]);
        assert_eq!(reaper(&["c", "d"]).watched(), [id("d")]);
        assert_eq!(reaper(&["c"]).watched(), []);
    }

    #[test]
    fn death_needs_silence_and_no_answer() {
        let t = Instant::now();
        let at = |ms| t + Duration::from_millis(ms);
        let mut r = reaper(&["c", "d"]);
        assert_eq!(r.apply(lease("d", Some(1), t)), []);
        assert_eq!(r.apply(lease("d", Some(1), at(2_999))), []);
        assert_eq!(r.apply(lease("d", Some(1), at(3_000))), [Effect::Ask(id("d"))]);
        assert_eq!(r.apply(lease("d", Some(1), at(3_100))), [], "asked once");
        assert_eq!(r.apply(Input::Asked { worker: id("d"), answered: true, now: at(3_200) }), []);
        assert_eq!(r.apply(lease("d", Some(1), at(6_100))), []);
        assert_eq!(r.apply(lease("d", Some(1), at(6_200))), [Effect::Ask(id("d"))]);
        let asked = Input::Asked { worker: id("d"), answered: false, now: at(6_300) };
        assert_eq!(r.apply(asked), [Effect::Delete { worker: id("d"), seen: 1 }]);
        assert_eq!(r.apply(Input::Deleted { worker: id("d"), won: true }), [Effect::Reap(id("d"))]);
        assert_eq!(r.apply(lease("d", None, at(6_400))), [], "being reaped");
        r.apply(Input::Reaped { worker: id("d") });
        assert_eq!(r.watched(), []);
    }

    #[test]
    fn a_renewal_in_the_last_moment_saves_it() {
        let t = Instant::now();
        let mut r = reaper(&["c", "d"]);
        r.apply(lease("d", Some(1), t));
        let late = t + Duration::from_secs(4);
        assert_eq!(r.apply(lease("d", Some(1), late)), [Effect::Ask(id("d"))]);
        assert_eq!(r.apply(lease("d", Some(2), late)), []);
        assert_eq!(r.apply(Input::Asked { worker: id("d"), answered: false, now: late }), []);
        assert_eq!(r.apply(lease("d", Some(2), late + Duration::from_secs(1))), []);
    }

    #[test]
    fn a_lease_that_is_gone_has_been_judged_by_a_witness() {
        let mut r = reaper(&["c", "d"]);
        assert_eq!(r.apply(lease("d", None, Instant::now())), [Effect::Reap(id("d"))]);
        assert_eq!(r.apply(Input::Deleted { worker: id("d"), won: false }), []);
    }
}
