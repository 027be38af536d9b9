//! A stopwatch that counts only the time in which a browser could have moved.

use std::time::{Duration, Instant};

/// Counts time towards a limit in ticks of bounded length, so that neither a freeze of the browser nor a
/// stop of the worker itself (SIGSTOP, a suspended machine) is held against the browser.
#[derive(Debug)]
pub struct Patience {
    limit: Duration,
    longest_tick: Duration,
    spent: Duration,
    last: Option<Instant>,
}

impl Patience {
    pub fn new(limit: Duration, tick: Duration) -> Self {
        Self { limit, longest_tick: tick + tick / 2, spent: Duration::ZERO, last: None }
    }

    /// Starts again: the browser moved.
    pub fn renew(&mut self) {
        self.spent = Duration::ZERO;
        self.last = None;
    }

    /// Counts the time since the last tick and says whether the limit is reached.
    pub fn is_over(&mut self, now: Instant, frozen: bool) -> bool {
        let since = self.last.map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        self.last = Some(now);
        if !frozen {
            self.spent += since.min(self.longest_tick);
        }
        self.spent >= self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn runs_out_after_the_limit() {
        let mut patience = Patience::new(10 * SECOND, SECOND);
        let start = Instant::now();
        let over: Vec<bool> = (0..=10).map(|n| patience.is_over(start + n * SECOND, false)).collect();
        assert_eq!(over.iter().position(|over| *over), Some(10));
    }

    #[test]
    fn neither_a_freeze_nor_a_stopped_worker_counts() {
        let mut patience = Patience::new(10 * SECOND, SECOND);
        let start = Instant::now();
        assert!(!patience.is_over(start, false));
        assert!(!patience.is_over(start + 3600 * SECOND, false), "one gap counts as one tick");
        for n in 0..100 {
            assert!(!patience.is_over(start + (3600 + n) * SECOND, true));
        }
    }

    #[test]
    fn a_sign_of_life_starts_it_again() {
        let mut patience = Patience::new(2 * SECOND, SECOND);
        let start = Instant::now();
        patience.is_over(start, false);
        patience.is_over(start + SECOND, false);
        patience.renew();
        assert!(!patience.is_over(start + 2 * SECOND, false));
        assert!(!patience.is_over(start + 3 * SECOND, false));
        assert!(patience.is_over(start + 4 * SECOND, false));
    }
}
