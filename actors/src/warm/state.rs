//! Decides when to start another browser.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

/// A refill waits until sessions have been quiet for this long: a start takes most of a core.
const QUIET_FOR: Duration = Duration::from_millis(300);
/// After a start that failed, and at most; doubled each time.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Pure: how many are ready, and whether to start one now.
#[derive(Debug)]
pub struct WarmPool {
    /// How many to keep.
    target: usize,
    /// Below this a refill does not wait for quiet.
    minimum: usize,
    ready: usize,
    starting: bool,
    failures: u32,
    not_before: Option<Instant>,
}

impl WarmPool {
    pub fn new(target: usize, minimum: usize) -> Self {
        Self {
            target,
            minimum: minimum.min(target),
            ready: 0,
            starting: false,
            failures: 0,
            not_before: None,
        }
    }

    /// Whether to start one now. `quiet_since`: the last time any session did anything.
    pub fn wants_start(&self, now: Instant, quiet_since: Instant) -> bool {
        if self.starting || self.ready >= self.target || self.not_before.is_some_and(|t| now < t) {
            return false;
        }
        self.ready < self.minimum || now.saturating_duration_since(quiet_since) >= QUIET_FOR
    }

    pub fn begin(&mut self) {
        self.starting = true;
    }

    pub fn started(&mut self) {
        self.starting = false;
        self.failures = 0;
        self.not_before = None;
        self.ready += 1;
    }

    pub fn failed(&mut self, now: Instant) {
        self.starting = false;
        let wait = BACKOFF.0 * 2u32.saturating_pow(self.failures.min(10));
        self.failures += 1;
        self.not_before = Some(now + wait.min(BACKOFF.1));
    }

    /// One was handed out, or died.
    pub fn left(&mut self) {
        self.ready = self.ready.saturating_sub(1);
    }

    pub fn stop(&mut self) {
        self.target = 0;
        self.minimum = 0;
    }
}

/// When any session last did something: written by sessions, read by the pool.
#[derive(Clone, Debug)]
pub struct Quiet {
    base: Instant,
    last: Arc<AtomicU64>,
}

impl Default for Quiet {
    fn default() -> Self {
        Self { base: Instant::now(), last: Arc::new(AtomicU64::new(0)) }
    }
}

impl Quiet {
    pub fn disturb(&self) {
        let now = u64::try_from(self.base.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }

    pub fn since(&self) -> Instant {
        self.base + Duration::from_millis(self.last.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_refills_when_it_is_quiet_or_below_the_minimum() {
        let t = Instant::now();
        let late = t + Duration::from_secs(1);
        let mut p = WarmPool::new(2, 1);
        assert!(p.wants_start(t, t), "empty: does not wait for quiet");
        p.begin();
        assert!(!p.wants_start(late, t), "one at a time");
        p.started();
        assert!(!p.wants_start(t, t), "a session is at work");
        assert!(!p.wants_start(t + Duration::from_millis(299), t));
        assert!(p.wants_start(t + Duration::from_millis(300), t));
        p.begin();
        p.started();
        assert!(!p.wants_start(late, t), "full");
        p.left();
        assert!(p.wants_start(late, t));
        p.stop();
        assert!(!p.wants_start(late, t));
    }

    #[test]
    fn failures_are_spaced_out() {
        let t = Instant::now();
        let mut p = WarmPool::new(1, 1);
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            p.begin();
            p.failed(t);
            assert!(!p.wants_start(t + Duration::from_millis(seconds * 1_000 - 1), t));
            assert!(p.wants_start(t + Duration::from_secs(seconds), t));
        }
        p.begin();
        p.started();
        p.left();
        assert!(p.wants_start(t, t), "a success forgets them");
    }
}
