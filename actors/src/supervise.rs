//! Supervision as a table: who is restarted, how often, and what follows when that is used up.
//!
//! ractor restarts nothing and its default stops a parent with any child, so each supervisor here says what it does.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

/// The children of the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Child {
    Sessions,
    Lease,
    Reaper,
    WarmPool,
    ClaimLoop,
}

/// What follows a child's failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Started again, within its budget.
    Restart,
    /// Its state cannot be made again: the worker stops, its guard ends the browsers, peers take the sessions.
    Escalate,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    pub class: Class,
    /// This many restarts …
    pub budget: usize,
    /// … within this time; one more stops the worker.
    pub within: Duration,
    /// Before the first restart; doubled with each one within the time, up to [`Policy::LONGEST_BACKOFF`].
    pub backoff: Duration,
}

impl Policy {
    /// Doubled without an end, a child's backoffs would take longer than the time its budget is for: it would never be
    /// used up.
    pub const LONGEST_BACKOFF: Duration = Duration::from_secs(4);

    fn backoff_after(&self, restarts: usize) -> Duration {
        let doubled = self.backoff * 2u32.saturating_pow(u32::try_from(restarts).unwrap_or(u32::MAX));
        doubled.min(Self::LONGEST_BACKOFF)
    }
}

impl Child {
    pub const ALL: [Child; 5] =
        [Child::Sessions, Child::Lease, Child::Reaper, Child::WarmPool, Child::ClaimLoop];

    pub fn policy(self) -> Policy {
        let restart = |budget, backoff_ms| Policy {
            class: Class::Restart,
            budget,
            within: Duration::from_secs(60),
            backoff: Duration::from_millis(backoff_ms),
        };
        match self {
            // It holds the sessions: without it nobody knows them.
            Child::Sessions => Policy { class: Class::Escalate, ..restart(0, 0) },
            // It learns its revision from the first renewal; until then every browser is stopped.
            Child::Lease => restart(3, 0),
            Child::Reaper => restart(10, 100),
            Child::WarmPool => restart(10, 500),
            // The slots that are taken are counted outside of it.
            Child::ClaimLoop => restart(5, 100),
        }
    }
}

/// Pure: how often a child has been restarted lately.
#[derive(Debug)]
pub struct Restarts {
    policy: Policy,
    at: VecDeque<Instant>,
}

impl Restarts {
    pub fn new(policy: Policy) -> Self {
        Self { policy, at: VecDeque::new() }
    }

    /// The child has failed. `Some`: start it again after this long. `None`: the worker stops.
    pub fn failed(&mut self, now: Instant) -> Option<Duration> {
        if self.policy.class == Class::Escalate {
            return None;
        }
        while self.at.front().is_some_and(|t| now.saturating_duration_since(*t) > self.policy.within) {
            self.at.pop_front();
        }
        if self.at.len() >= self.policy.budget {
            return None;
        }
        let backoff = self.policy.backoff_after(self.at.len());
        self.at.push_back(now);
        Some(backoff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_used_up_and_comes_back_with_time() {
        for child in Child::ALL {
            let policy = child.policy();
            let mut r = Restarts::new(policy);
            let now = Instant::now();
            if policy.class == Class::Escalate {
                assert_eq!(r.failed(now), None, "{child:?}");
                continue;
            }
            for n in 0..policy.budget {
                let expected = policy.backoff * 2u32.pow(u32::try_from(n).unwrap());
                let expected = expected.min(Policy::LONGEST_BACKOFF);
                assert_eq!(r.failed(now), Some(expected), "{child:?}");
            }
            assert_eq!(r.failed(now), None, "{child:?}");
            assert!(r.failed(now + policy.within + Duration::from_millis(1)).is_some(), "{child:?}");
        }
    }

    #[test]
    fn a_child_that_fails_as_soon_as_it_runs_uses_its_budget_up() {
        for child in Child::ALL {
            let mut r = Restarts::new(child.policy());
            let mut now = Instant::now();
            for _ in 0..child.policy().budget {
                // A little later than it was to be started: timers are late.
                now += r.failed(now).unwrap() + Duration::from_millis(500);
            }
            assert_eq!(r.failed(now), None, "{child:?}");
        }
    }
}
