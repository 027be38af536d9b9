//! Percentiles of what was measured: of all of it, nothing is trimmed.

use std::time::Duration;

use serde_json::{Value, json};

#[derive(Clone, Debug, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    pub fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The smallest time that `share` of all do not exceed, in milliseconds.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a rank among some thousand times"
    )]
    pub fn at(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() as f64 * share).ceil() as usize;
        sorted.get(rank.max(1) - 1).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
    }

    pub fn p50(&self) -> f64 {
        self.at(0.5)
    }

    pub fn p95(&self) -> f64 {
        self.at(0.95)
    }

    pub fn p99(&self) -> f64 {
        self.at(0.99)
    }

    pub fn json(&self) -> Value {
        json!({ "n": self.0.len(), "p50_ms": self.p50(), "p95_ms": self.p95(), "p99_ms": self.p99() })
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (p50, p95, p99) = (self.p50(), self.p95(), self.p99());
        write!(f, "p50 {p50:>8.2}  p95 {p95:>8.2}  p99 {p99:>8.2} ms  (n = {})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_what_was_measured() {
        let mut times = Times::default();
        (1..=200).for_each(|ms| times.push(Duration::from_millis(ms)));
        let rounded: Vec<_> = [0.5, 0.95, 0.99, 1.0].iter().map(|share| times.at(*share).round()).collect();
        assert_eq!(rounded, [100.0, 190.0, 198.0, 200.0]);
        assert!(Times::default().p50().is_nan());
    }
}
