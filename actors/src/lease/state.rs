//! Decides when a worker may act.

use std::time::Duration;

use tokio::time::Instant;

/// Defaults of `--lease`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Between two renewals.
    pub renew_every: Duration,
    /// How long an acked renewal lets the worker act, from when it was sent.
    pub valid_for: Duration,
    /// How long a reaper sees no renewal before it suspects death.
    pub dead_after: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            renew_every: Duration::from_millis(500),
            valid_for: Duration::from_secs(2),
            dead_after: Duration::from_secs(3),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The lease is valid: sessions run.
    Acting,
    /// It is not: every browser is stopped.
    Frozen,
    /// It is again: what is still ours is being found out.
    Comparing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The timer.
    Tick { now: Instant },
    /// A renewal sent at `sent` was acked.
    Acked { sent: Instant, revision: u64, now: Instant },
    /// A renewal was not answered: it may or may not stand.
    Unanswered,
    /// The lease's revision is not the one we wrote. `revision`: what the next write must expect. `ours`: the value
    /// that stands is our own, written by a renewal whose answer was lost.
    Refused { revision: u64, ours: bool },
    /// A comparison is over. `whole`: every session was compared with its entry, and what is not ours any more is
    /// gone.
    Compared { round: u64, whole: bool, now: Instant },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Write the lease, expecting this revision.
    Renew { n: u64, expected: u64 },
    /// Let everything act until then.
    Extend { until: Instant },
    /// Stop every browser and take nothing from the bus.
    Freeze,
    /// Compare every session with its entry. `must_win`: the lease may have been taken away, so each entry must be won
    /// by a CAS before its session may go on.
    Compare { round: u64, must_win: bool },
    /// Let the browsers go on.
    Thaw,
}

/// Pure: time comes in with the inputs.
#[derive(Debug)]
pub struct Lease {
    times: Times,
    phase: Phase,
    revision: u64,
    n: u64,
    acts_until: Option<Instant>,
    /// The next renewal is due then.
    next: Option<Instant>,
    in_flight: bool,
    taken_away: bool,
    /// Counts comparisons: the answer of an earlier one proves nothing about what happened since.
    round: u64,
}

impl Lease {
    /// As after a loss: a predecessor may have missed that its lease was taken away. Which revision stands is learnt
    /// from the first renewal that is refused.
    pub fn new(times: Times) -> Self {
        Self {
            times,
            phase: Phase::Frozen,
            revision: 0,
            n: 0,
            acts_until: None,
            next: None,
            in_flight: false,
            taken_away: true,
            round: 0,
        }
    }

    pub fn phase(&self) -> Phase {
        self.phase
    }

    pub fn apply(&mut self, input: Input) -> Vec<Effect> {
        match input {
            Input::Tick { now } => self.tick(now),
            Input::Acked { sent, revision, now } => self.acked(sent, revision, now),
            Input::Unanswered => {
                self.in_flight = false;
                Vec::new()
            }
            Input::Refused { revision, ours } => {
                self.in_flight = false;
                self.revision = revision;
                self.next = None;
                self.taken_away |= !ours;
                // Whatever was valid until now: somebody has judged us dead and may have given our sessions away.
                if ours { Vec::new() } else { self.freeze() }
            }
            Input::Compared { round, whole, now } => self.compared(round, whole, now),
        }
    }

    fn tick(&mut self, now: Instant) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.phase != Phase::Frozen && self.acts_until.is_none_or(|until| now >= until) {
            effects = self.freeze();
        }
        if !self.in_flight && self.next.is_none_or(|due| now >= due) {
            self.in_flight = true;
            self.n += 1;
            self.next = Some(now + self.times.renew_every);
            effects.push(Effect::Renew { n: self.n, expected: self.revision });
        }
        effects
    }

    fn freeze(&mut self) -> Vec<Effect> {
        if self.phase == Phase::Frozen {
            return Vec::new();
        }
        self.phase = Phase::Frozen;
        vec![Effect::Freeze]
    }

    fn acked(&mut self, sent: Instant, revision: u64, now: Instant) -> Vec<Effect> {
        self.in_flight = false;
        self.revision = revision;
        let until = sent + self.times.valid_for;
        if now >= until {
            // The answer came too late to allow anything: a stopped process reads old answers when it goes on.
            return self.freeze();
        }
        self.acts_until = Some(until);
        match self.phase {
            Phase::Acting => vec![Effect::Extend { until }],
            Phase::Comparing => vec![Effect::Extend { until }],
            Phase::Frozen => {
                self.phase = Phase::Comparing;
                self.round += 1;
                let compare = Effect::Compare { round: self.round, must_win: self.taken_away };
                vec![Effect::Extend { until }, compare]
            }
        }
    }

    fn compared(&mut self, round: u64, whole: bool, now: Instant) -> Vec<Effect> {
        if self.phase != Phase::Comparing || round != self.round {
            return Vec::new();
        }
        if !whole {
            // As it was before: the next renewal compares again.
            self.phase = Phase::Frozen;
            return Vec::new();
        }
        // The lease may have run out while the entries were read.
        if self.acts_until.is_none_or(|until| now >= until) {
            return Vec::new();
        }
        self.taken_away = false;
        self.phase = Phase::Acting;
        vec![Effect::Thaw]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn acting(at: Instant) -> Lease {
        let mut l = Lease::new(Times::default());
        assert_eq!(l.apply(Input::Tick { now: at }), [Effect::Renew { n: 1, expected: 0 }]);
        let until = at + MS(2_000);
        assert_eq!(
            l.apply(Input::Acked { sent: at, revision: 7, now: at }),
            [Effect::Extend { until }, Effect::Compare { round: 1, must_win: true }],
            "what was before it is not known"
        );
        assert_eq!(l.apply(Input::Compared { round: 1, whole: true, now: at }), [Effect::Thaw]);
        assert_eq!(l.phase(), Phase::Acting);
        l
    }

    #[test]
    fn it_freezes_two_seconds_after_the_last_acked_renewal_was_sent() {
        let t = Instant::now();
        let mut l = acting(t);
        assert_eq!(l.apply(Input::Tick { now: t + MS(500) }), [Effect::Renew { n: 2, expected: 7 }]);
        // Unanswered: nothing is sent twice at once.
        assert_eq!(l.apply(Input::Tick { now: t + MS(1_000) }), []);
        assert_eq!(l.apply(Input::Tick { now: t + MS(1_999) }), []);
        assert_eq!(l.apply(Input::Tick { now: t + MS(2_000) }), [Effect::Freeze]);
        assert_eq!(l.apply(Input::Unanswered), []);
        assert_eq!(l.apply(Input::Tick { now: t + MS(2_001) }), [Effect::Renew { n: 3, expected: 7 }]);
        let sent = t + MS(2_001);
        assert_eq!(
            l.apply(Input::Acked { sent, revision: 9, now: sent }),
            [Effect::Extend { until: sent + MS(2_000) }, Effect::Compare { round: 2, must_win: false }]
        );
    }

    #[test]
    fn an_answer_read_too_late_allows_nothing() {
        let t = Instant::now();
        let mut l = acting(t);
        l.apply(Input::Tick { now: t + MS(500) });
        // Stopped for five seconds right after sending.
        let now = t + MS(5_500);
        assert_eq!(l.apply(Input::Acked { sent: t + MS(500), revision: 8, now }), [Effect::Freeze]);
        assert_eq!(l.phase(), Phase::Frozen);
    }

    #[test]
    fn a_lease_taken_away_means_that_entries_must_be_won() {
        let t = Instant::now();
        let mut l = acting(t);
        l.apply(Input::Tick { now: t + MS(500) });
        assert_eq!(l.apply(Input::Refused { revision: 20, ours: false }), [Effect::Freeze]);
        let now = t + MS(1_000);
        assert_eq!(l.apply(Input::Tick { now }), [Effect::Renew { n: 3, expected: 20 }]);
        let effects = l.apply(Input::Acked { sent: now, revision: 21, now });
        assert_eq!(effects[1], Effect::Compare { round: 2, must_win: true });
        let late = Input::Compared { round: 2, whole: true, now: now + MS(2_000) };
        assert_eq!(l.apply(late), [], "it ran out meanwhile");
        assert_eq!(l.phase(), Phase::Comparing);
        assert_eq!(l.apply(Input::Tick { now: now + MS(2_000) })[0], Effect::Freeze);
    }

    /// Renews at `now` and takes the answer; gives what is to be compared.
    fn renewed(l: &mut Lease, now: Instant) -> Effect {
        assert!(matches!(l.apply(Input::Tick { now })[..], [Effect::Renew { .. }]));
        l.apply(Input::Acked { sent: now, revision: 30, now }).remove(1)
    }

    #[test]
    fn what_was_not_compared_as_a_whole_is_compared_again() {
        let t = Instant::now();
        let mut l = acting(t);
        l.apply(Input::Tick { now: t + MS(500) });
        l.apply(Input::Refused { revision: 20, ours: false });
        let now = t + MS(600);
        assert_eq!(renewed(&mut l, now), Effect::Compare { round: 2, must_win: true });
        assert_eq!(l.apply(Input::Compared { round: 2, whole: false, now }), []);
        let now = t + MS(1_100);
        assert_eq!(renewed(&mut l, now), Effect::Compare { round: 3, must_win: true }, "nothing was won yet");
        assert_eq!(l.apply(Input::Compared { round: 3, whole: true, now }), [Effect::Thaw]);
    }

    #[test]
    fn a_comparison_from_before_the_last_loss_thaws_nothing() {
        let t = Instant::now();
        let mut l = Lease::new(Times::default());
        l.apply(Input::Tick { now: t });
        l.apply(Input::Acked { sent: t, revision: 7, now: t });
        l.apply(Input::Tick { now: t + MS(500) });
        assert_eq!(l.apply(Input::Refused { revision: 20, ours: false }), [Effect::Freeze]);
        let now = t + MS(600);
        assert_eq!(renewed(&mut l, now), Effect::Compare { round: 2, must_win: true });
        assert_eq!(l.apply(Input::Compared { round: 1, whole: true, now }), []);
        assert_eq!(l.phase(), Phase::Comparing);
    }

    #[test]
    fn a_renewal_whose_answer_was_lost_is_taken_up() {
        let t = Instant::now();
        let mut l = acting(t);
        l.apply(Input::Tick { now: t + MS(500) });
        assert_eq!(l.apply(Input::Refused { revision: 8, ours: true }), []);
        assert_eq!(l.phase(), Phase::Acting);
        assert_eq!(l.apply(Input::Tick { now: t + MS(1_000) }), [Effect::Renew { n: 3, expected: 8 }]);
    }

    proptest! {
        /// Whatever comes in whatever order: never acting past the last acked renewal, and never thawed uncompared.
        #[test]
        fn it_never_acts_without_a_valid_lease(steps in prop::collection::vec((0u8..8, 0u64..1_500), 1..60)) {
            let start = Instant::now();
            let (mut now, mut l) = (start, Lease::new(Times::default()));
            let mut sent = None;
            let mut valid_until = None;
            let (mut round, mut compared) = (0, 0);
            for (what, wait) in steps {
                now += MS(wait);
                let mut effects = l.apply(Input::Tick { now });
                let input = match (what, sent) {
                    (0, Some(s)) => Some(Input::Acked { sent: s, revision: 5, now }),
                    (1, Some(_)) => Some(Input::Unanswered),
                    (2, Some(_)) => Some(Input::Refused { revision: 9, ours: false }),
                    (3, Some(_)) => Some(Input::Refused { revision: 9, ours: true }),
                    (4, _) => Some(Input::Compared { round, whole: true, now }),
                    (5, _) => Some(Input::Compared { round: round.saturating_sub(1), whole: true, now }),
                    (6, _) => Some(Input::Compared { round, whole: false, now }),
                    _ => None,
                };
                if let Some(input) = input {
                    if let Input::Compared { round, whole: true, .. } = input { compared = round; }
                    if let Input::Acked { sent, .. } = input { valid_until = Some(sent + MS(2_000)); }
                    if !matches!(input, Input::Compared { .. }) { sent = None; }
                    effects.extend(l.apply(input));
                }
                effects.extend(l.apply(Input::Tick { now }));
                for e in effects {
                    match e {
                        Effect::Renew { .. } => sent = Some(now),
                        Effect::Freeze => {}
                        Effect::Compare { round: n, .. } => round = n,
                        Effect::Thaw => prop_assert_eq!(compared, round),
                        Effect::Extend { until } => prop_assert_eq!(Some(until), valid_until),
                    }
                }
                if l.phase() == Phase::Acting {
                    prop_assert!(valid_until.is_some_and(|u| now < u));
                }
            }
        }
    }
}
