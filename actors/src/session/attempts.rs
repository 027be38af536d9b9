//! A request has its effect once, however often it is sent: what is known of the last ones.
//!
//! An asker whose connection was lost with a request or its answer sends it again under the same name. Unlike the keys
//! of callers this is kept in memory only: another owner knows of none of it, and refuses what it cannot tell.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bus_schema::{
    Error,
    model::{
        rpc::{Attempt, OwnerReply},
        time::Timestamp,
    },
};
use tokio::sync::OwnedSemaphorePermit;

use super::keys::Answer;
use crate::port::Responder;

/// Answered ones that are known.
const KEPT: usize = 1_000;
/// What their answers may take together. Beyond that it is only known that they were answered.
const ANSWER_BYTES: usize = 512 * 1024;
/// By how much the clocks of an asker and an owner may differ.
const SKEW: Duration = Duration::from_secs(1);

/// What to do with a request that has come. `W` waits for its answer.
#[derive(Debug, PartialEq)]
pub(super) enum Arrival<W> {
    /// Do it.
    First(W),
    /// It is under way: `W` gets the same answer.
    Joined,
    Answered(W, Answer),
    /// It was or may have been done, and how that ended is not known.
    Lost(W, &'static str),
}

#[derive(Debug)]
struct Known<W> {
    arrived: Timestamp,
    stage: Stage<W>,
}

#[derive(Debug)]
enum Stage<W> {
    UnderWay(Vec<W>),
    Answered(Option<Answer>),
}

/// Pure but for those who wait.
#[derive(Debug)]
pub(super) struct Attempts<W> {
    known: HashMap<String, Known<W>>,
    /// Those that were answered, the oldest first.
    order: VecDeque<String>,
    /// Those whose answer is kept, the oldest first.
    kept: VecDeque<(String, usize)>,
    bytes: usize,
    /// Nothing is known of what came before. `None`: all that ever came is known.
    complete_since: Option<Timestamp>,
}

impl<W> Attempts<W> {
    pub(super) fn new(complete_since: Option<Timestamp>) -> Self {
        Self {
            known: HashMap::new(),
            order: VecDeque::new(),
            kept: VecDeque::new(),
            bytes: 0,
            complete_since,
        }
    }

    /// `repeatable`: doing it twice comes to the same as doing it once.
    pub(super) fn arrive(
        &mut self,
        attempt: &Attempt,
        waiting: W,
        repeatable: bool,
        now: Timestamp,
    ) -> Arrival<W> {
        let missed = !repeatable && self.may_have_missed(attempt);
        match self.known.get_mut(&attempt.id).map(|known| &mut known.stage) {
            Some(Stage::UnderWay(others)) => {
                others.push(waiting);
                Arrival::Joined
            }
            Some(Stage::Answered(Some(answer))) => Arrival::Answered(waiting, answer.clone()),
            Some(Stage::Answered(None)) if repeatable => Arrival::First(waiting),
            Some(Stage::Answered(None)) => Arrival::Lost(
                waiting,
                "it was done, but its answer was lost and is too large or too old to be kept",
            ),
            None if missed => {
                Arrival::Lost(waiting, "an owner before this one may have done it, and its answer was lost")
            }
            None => {
                let known = Known { arrived: now, stage: Stage::UnderWay(Vec::new()) };
                self.known.insert(attempt.id.clone(), known);
                Arrival::First(waiting)
            }
        }
    }

    fn may_have_missed(&self, attempt: &Attempt) -> bool {
        let (Some(since), Some(complete)) = (attempt.since, self.complete_since) else { return false };
        since < complete.plus(SKEW)
    }

    /// Gives back who has joined.
    pub(super) fn answered(&mut self, id: &str, answer: Option<Answer>) -> Vec<W> {
        let Some(known) = self.known.get_mut(id) else { return Vec::new() };
        let bytes = answer.as_ref().map(Answer::bytes);
        match std::mem::replace(&mut known.stage, Stage::Answered(answer)) {
            Stage::UnderWay(others) => {
                self.order.push_back(id.to_owned());
                if let Some(bytes) = bytes {
                    self.bytes += bytes;
                    self.kept.push_back((id.to_owned(), bytes));
                }
                self.forget_oldest();
                others
            }
            // A read that was done once more, as its answer was not kept.
            Stage::Answered(_) => {
                known.stage = Stage::Answered(None);
                Vec::new()
            }
        }
    }

    fn forget_oldest(&mut self) {
        while self.bytes > ANSWER_BYTES {
            let Some((id, bytes)) = self.kept.pop_front() else { break };
            self.bytes -= bytes;
            if let Some(known) = self.known.get_mut(&id) {
                known.stage = Stage::Answered(None);
            }
        }
        while self.order.len() > KEPT {
            let Some(id) = self.order.pop_front() else { break };
            if self.kept.front().is_some_and(|(kept, _)| *kept == id) {
                self.bytes -= self.kept.pop_front().map_or(0, |(_, bytes)| bytes);
            }
            if let Some(known) = self.known.remove(&id) {
                self.complete_since = self.complete_since.max(Some(known.arrived));
            }
        }
    }
}

/// Who waits, and the permit that the request holds until it is answered.
type Waiting = (Box<dyn Responder>, OwnedSemaphorePermit);

/// The attempts of one session, shared with the tasks that answer them.
#[derive(Clone)]
pub(super) struct SharedAttempts(Arc<Mutex<Attempts<Waiting>>>);

impl SharedAttempts {
    pub(super) fn new(complete_since: Option<Timestamp>) -> Self {
        Self(Arc::new(Mutex::new(Attempts::new(complete_since))))
    }

    /// What is left to do, with a responder that answers all who ask for it. `None`: nothing, for it is under way or
    /// was done already.
    pub(super) fn admit(
        &self,
        attempt: &Attempt,
        waiting: Waiting,
        repeatable: bool,
        now: Timestamp,
    ) -> Option<Waiting> {
        let arrival = self.lock().arrive(attempt, waiting, repeatable, now);
        match arrival {
            Arrival::First((responder, permit)) => {
                let shared =
                    Shared { id: attempt.id.clone(), first: Some(responder), attempts: self.clone() };
                Some((Box::new(shared), permit))
            }
            Arrival::Joined => None,
            Arrival::Answered((responder, _), answer) => {
                responder.send(answer.reply());
                None
            }
            Arrival::Lost((responder, _), why) => {
                responder.send(OwnerReply::error(Error::unavailable(why).outcome_unknown()));
                None
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Attempts<Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers everybody who has asked for one thing, once.
struct Shared {
    id: String,
    first: Option<Box<dyn Responder>>,
    attempts: SharedAttempts,
}

impl Responder for Shared {
    fn send(mut self: Box<Self>, reply: OwnerReply) {
        let Some(first) = self.first.take() else { return };
        let others = self.attempts.lock().answered(&self.id, Answer::of(&reply));
        for (responder, _permit) in others {
            responder.send(reply.clone());
        }
        first.send(reply);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Given up: those who wait say so themselves.
        if self.first.is_some() {
            drop(self.attempts.lock().answered(&self.id, None));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(id: usize, since: Option<i64>) -> Attempt {
        Attempt { id: id.to_string(), since: since.map(Timestamp) }
    }

    fn answer(bytes: usize) -> Option<Answer> {
        Answer::of(&OwnerReply { outcome: Ok(vec![b'1'; bytes].into()), attachment: None })
    }

    const ACTS: bool = false;
    const READS: bool = true;

    #[test]
    fn a_request_that_comes_again_joins_the_first_and_then_gets_its_answer() {
        let mut attempts = Attempts::new(None);
        assert_eq!(attempts.arrive(&attempt(1, None), "a", ACTS, Timestamp(5)), Arrival::First("a"));
        assert_eq!(attempts.arrive(&attempt(1, Some(4)), "b", ACTS, Timestamp(6)), Arrival::Joined);
        assert_eq!(attempts.answered("1", answer(10)), ["b"]);
        let again = attempts.arrive(&attempt(1, Some(4)), "c", ACTS, Timestamp(7));
        assert!(matches!(again, Arrival::Answered("c", _)), "{again:?}");
        // The first one was held up on its way and comes last.
        let again = attempts.arrive(&attempt(1, None), "a", ACTS, Timestamp(8));
        assert!(matches!(again, Arrival::Answered("a", _)), "{again:?}");
        assert_eq!(attempts.arrive(&attempt(2, Some(4)), "d", ACTS, Timestamp(9)), Arrival::First("d"));
    }

    #[test]
    fn what_an_earlier_owner_may_have_done_is_not_done_again() {
        let mut attempts = Attempts::new(Some(Timestamp(10_000)));
        let lost = attempts.arrive(&attempt(1, Some(9_000)), "a", ACTS, Timestamp(11_000));
        assert!(matches!(lost, Arrival::Lost("a", _)), "{lost:?}");
        let near = attempts.arrive(&attempt(2, Some(10_500)), "a", ACTS, Timestamp(11_000));
        assert!(matches!(near, Arrival::Lost("a", _)), "clocks differ: {near:?}");
        let first = Arrival::First("a");
        assert_eq!(attempts.arrive(&attempt(3, Some(9_000)), "a", READS, Timestamp(11_000)), first);
        assert_eq!(attempts.arrive(&attempt(4, None), "a", ACTS, Timestamp(11_000)), first);
        assert_eq!(attempts.arrive(&attempt(5, Some(11_500)), "a", ACTS, Timestamp(13_000)), first);
    }

    #[test]
    fn memory_is_bounded_and_what_was_forgotten_is_not_done_again() {
        let mut attempts = Attempts::new(None);
        for i in 0..3_000 {
            let now = Timestamp(i64::try_from(i).unwrap());
            assert_eq!(attempts.arrive(&attempt(i, None), "a", ACTS, now), Arrival::First("a"));
            assert!(attempts.answered(&i.to_string(), answer(2_000)).is_empty());
            assert!(attempts.bytes <= ANSWER_BYTES && attempts.known.len() <= KEPT);
        }
        let lost = |arrival| matches!(arrival, Arrival::Lost("b", _));
        let later = Timestamp(9_000);
        assert!(lost(attempts.arrive(&attempt(0, Some(0)), "b", ACTS, later)), "forgotten");
        assert!(
            lost(attempts.arrive(&attempt(2_100, Some(2_100)), "b", ACTS, later)),
            "its answer is not kept"
        );
        assert_eq!(attempts.arrive(&attempt(2_100, Some(2_100)), "b", READS, later), Arrival::First("b"));
        let kept = attempts.arrive(&attempt(2_999, Some(2_999)), "b", ACTS, later);
        assert!(matches!(kept, Arrival::Answered("b", _)), "{kept:?}");
    }

    #[test]
    fn what_is_under_way_is_never_forgotten() {
        let mut attempts = Attempts::new(None);
        assert_eq!(attempts.arrive(&attempt(0, None), "a", ACTS, Timestamp(0)), Arrival::First("a"));
        for i in 1..3_000 {
            attempts.arrive(&attempt(i, None), "a", READS, Timestamp(1));
            attempts.answered(&i.to_string(), answer(10));
        }
        assert_eq!(attempts.arrive(&attempt(0, Some(0)), "b", ACTS, Timestamp(2)), Arrival::Joined);
        assert_eq!(attempts.answered("0", None), ["b"]);
    }
}
