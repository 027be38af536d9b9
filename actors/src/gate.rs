//! The gate that every effect passes: a worker acts only while its lease lets it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

/// Shared by all that acts. Checked before each effect, on the monotonic clock: a timer could itself be late.
#[derive(Clone, Debug)]
pub struct Gate {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    base: Instant,
    /// Nanoseconds after `base` until which the lease lets us act.
    until: AtomicU64,
    /// Closed from a freeze until the thaw after the entries were compared.
    open: AtomicBool,
    changes: watch::Sender<u64>,
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl Gate {
    /// A closed gate: nothing may act before the first renewal.
    pub fn new() -> Self {
        let inner = Inner {
            base: Instant::now(),
            until: AtomicU64::new(0),
            open: AtomicBool::new(false),
            changes: watch::channel(0).0,
        };
        Self { inner: Arc::new(inner) }
    }

    /// One that is always open, for what acts without a lease.
    pub fn always() -> Self {
        let gate = Self::new();
        gate.inner.until.store(u64::MAX, Ordering::Release);
        gate.open();
        gate
    }

    pub fn may_act(&self) -> bool {
        self.inner.open.load(Ordering::Acquire) && self.elapsed() < self.inner.until.load(Ordering::Acquire)
    }

    /// The lease lets us act until then.
    pub fn extend(&self, until: Instant) {
        let nanos = nanos(until.saturating_duration_since(self.inner.base));
        self.inner.until.store(nanos, Ordering::Release);
        self.inner.changes.send_modify(|n| *n += 1);
    }

    pub fn open(&self) {
        self.inner.open.store(true, Ordering::Release);
        self.inner.changes.send_modify(|n| *n += 1);
    }

    pub fn close(&self) {
        self.inner.open.store(false, Ordering::Release);
        self.inner.changes.send_modify(|n| *n += 1);
    }

    /// Waits until acting is allowed.
    pub async fn wait(&self) {
        let mut changes = self.inner.changes.subscribe();
        while !self.may_act() {
            // The sender lives in the gate we hold: it cannot be gone.
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    fn elapsed(&self) -> u64 {
        nanos(self.inner.base.elapsed())
    }
}

fn nanos(d: Duration) -> u64 {
    u64::try_from(d.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_closes_by_itself_when_the_lease_runs_out() {
        let gate = Gate::new();
        assert!(!gate.may_act());
        gate.extend(Instant::now() + Duration::from_secs(2));
        assert!(!gate.may_act(), "nobody has opened it");
        gate.open();
        assert!(gate.may_act());
        tokio::time::advance(Duration::from_millis(1_999)).await;
        assert!(gate.may_act());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(!gate.may_act());
        gate.extend(Instant::now() + Duration::from_secs(2));
        assert!(gate.may_act());
        gate.close();
        assert!(!gate.may_act());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_is_let_through_once_it_opens() {
        let gate = Gate::new();
        let waiting = tokio::spawn({
            let gate = gate.clone();
            async move { gate.wait().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        gate.extend(Instant::now() + Duration::from_secs(2));
        gate.open();
        waiting.await.unwrap();
    }
}
