//! Whether a blank page is kept ready in warm browsers: it costs a renderer, and brings something to clients that open
//! their own pages.

use std::{
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::Duration,
};

/// So many sessions without a client that opens a page, and none is kept ready any more.
const PATIENCE: u32 = 8;
/// Clients open their page at once or never. What nobody took by then is closed.
pub(super) const KEPT_FOR: Duration = Duration::from_secs(10);

/// How long ago a blank page was asked for, in sessions that have ended since.
#[derive(Debug)]
pub(super) struct Demand {
    since: AtomicU32,
}

impl Default for Demand {
    fn default() -> Self {
        Self { since: AtomicU32::new(PATIENCE) }
    }
}

impl Demand {
    pub(super) fn asked(&self) {
        self.since.store(0, Relaxed);
    }

    pub(super) fn session_ended(&self) {
        let _ = self.since.fetch_update(Relaxed, Relaxed, |n| Some(n.saturating_add(1)));
    }

    pub(super) fn is_there(&self) -> bool {
        self.since.load(Relaxed) < PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lasts_for_some_sessions_that_do_not_ask() {
        let demand = Demand::default();
        assert!(!demand.is_there(), "nobody has asked yet");
        demand.asked();
        for _ in 1..PATIENCE {
            demand.session_ended();
        }
        assert!(demand.is_there());
        demand.session_ended();
        assert!(!demand.is_there());
    }
}
