//! Targets that wait for their debuggers. The first one to let a target run would rob the others of what they meant to
//! install before its first script, so it runs when all who were told that it waits have said so. Pure.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cdp::route::SessionId;

/// Who has not let it run by then does not hold it up any longer: a target that waits stops its opener too.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
struct Round {
    since: Instant,
    /// Those who were told, and whether they have asked.
    sessions: HashMap<SessionId, bool>,
    /// The browser is being asked whether anybody else was told.
    fenced: bool,
}

#[derive(Debug, Default)]
pub struct Waiting {
    rounds: HashMap<Arc<str>, Round>,
    targets: HashMap<SessionId, Arc<str>>,
}

impl Waiting {
    /// A session was told that its target waits.
    pub fn told(&mut self, target: &str, session: SessionId, now: Instant) {
        let target: Arc<str> = target.into();
        let round = self.rounds.entry(target.clone()).or_insert_with(|| Round {
            since: now,
            sessions: HashMap::new(),
            fenced: false,
        });
        round.sessions.insert(session.clone(), false);
        self.targets.insert(session, target);
    }

    /// A session lets its target run. Gives the target; `None` if it was not told that it waits.
    pub fn asked(&mut self, session: &str) -> Option<Arc<str>> {
        let target = self.targets.get(session)?;
        if let Some(asked) = self.rounds.get_mut(target).and_then(|round| round.sessions.get_mut(session)) {
            *asked = true;
        }
        Some(target.clone())
    }

    /// A session is gone. Gives the target that it does not hold up any longer.
    pub fn gone(&mut self, session: &str) -> Option<Arc<str>> {
        let target = self.targets.remove(session)?;
        let round = self.rounds.get_mut(&target)?;
        round.sessions.remove(session);
        if round.sessions.is_empty() {
            self.rounds.remove(&target);
            return None;
        }
        Some(target)
    }

    /// Whether all who were told have asked.
    pub fn is_ready(&self, target: &str) -> bool {
        self.rounds.get(target).is_some_and(|round| round.sessions.values().all(|asked| *asked))
    }

    /// Begins to ask whether others were told; `false`: that is being asked already.
    pub fn fence(&mut self, target: &str) -> bool {
        self.rounds.get_mut(target).is_some_and(|round| !std::mem::replace(&mut round.fenced, true))
    }

    /// All who were told before this was asked are known.
    pub fn fenced(&mut self, target: &str) {
        if let Some(round) = self.rounds.get_mut(target) {
            round.fenced = false;
        }
    }

    /// Ends a round: the sessions that are to let the target run.
    pub fn release(&mut self, target: &str) -> Vec<SessionId> {
        let Some(round) = self.rounds.remove(target) else { return Vec::new() };
        for session in round.sessions.keys() {
            self.targets.remove(session);
        }
        round.sessions.into_keys().collect()
    }

    /// Targets that have waited for too long.
    pub fn overdue(&self, now: Instant) -> Vec<Arc<str>> {
        let late = self.rounds.iter().filter(|(_, round)| now >= round.since + PATIENCE);
        late.map(|(target, _)| target.clone()).collect()
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.rounds.values().map(|round| round.since + PATIENCE).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_when_all_who_were_told_have_asked() {
        let now = Instant::now();
        let mut waiting = Waiting::default();
        waiting.told("T", "a".into(), now);
        waiting.told("T", "b".into(), now);
        assert_eq!(waiting.asked("a").as_deref(), Some("T"));
        assert!(!waiting.is_ready("T"));
        assert_eq!(waiting.asked("nobody"), None);
        waiting.asked("b");
        assert!(waiting.is_ready("T"));
        assert!(waiting.fence("T") && !waiting.fence("T"));
        waiting.told("T", "late".into(), now);
        waiting.fenced("T");
        assert!(!waiting.is_ready("T"), "somebody else was told meanwhile");
        assert_eq!(waiting.gone("late").as_deref(), Some("T"));
        assert!(waiting.is_ready("T"));
        let mut released = waiting.release("T");
        released.sort();
        assert_eq!(released, ["a".into(), "b".into()] as [SessionId; 2]);
        assert!(!waiting.is_ready("T") && waiting.asked("a").is_none());
    }

    #[test]
    fn who_is_silent_or_gone_holds_nobody_up() {
        let now = Instant::now();
        let mut waiting = Waiting::default();
        waiting.told("T", "a".into(), now);
        waiting.told("U", "b".into(), now + Duration::from_secs(1));
        assert_eq!(waiting.deadline(), Some(now + PATIENCE));
        assert_eq!(waiting.overdue(now + PATIENCE), ["T".into()] as [Arc<str>; 1]);
        assert_eq!(waiting.gone("a"), None, "nobody is left to let it run");
        assert_eq!(waiting.deadline(), Some(now + PATIENCE + Duration::from_secs(1)));
    }
}
