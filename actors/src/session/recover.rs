//! What becomes of a session whose browser died under it: it ends, or is given back to be claimed again.

use std::{sync::Arc, time::Duration};

use bus_schema::model::{
    create::OnBrowserCrash,
    entry::Entry,
    event::EventType,
    session::{EndReason, State},
    time::Timestamp,
};
use ractor::ActorRef;
use tokio::time::timeout;
use tracing::{debug, info};

use super::actor::{SessionMsg, SessionState};
use crate::{
    gate::Gate,
    metrics::metrics,
    port::{Bus, WriteFailure},
    task,
};

/// A page that brings down each browser that opens it is opened so often, within [`WITHIN`].
const RECOVERIES: usize = 3;
/// How long the server may take to send nothing more on the session's subject.
const LEAVE: Duration = Duration::from_secs(1);
/// Longer than so many starts with a page that does not load before it crashes its browser.
const WITHIN: Duration = Duration::from_secs(5 * 60);

impl SessionState {
    pub(super) fn on_gone(&mut self, myself: &ActorRef<SessionMsg>, reason: EndReason, detail: String) {
        metrics().browser_deaths.with_label_values(&[reason.as_str()]).inc();
        if self.ending.is_some() {
            return;
        }
        let now = self.bus.now();
        if !recovers(&mut self.entry, reason, now) {
            self.begin_end(myself, reason, Some(detail));
            return;
        }
        info!(session_id = %self.entry.id, detail, "a browser died: its session is given back");
        self.recovers = true;
        self.ending = Some(reason);
        let (page, tabs) = (self.entry.page.clone(), self.entry.tabs.clone());
        self.refresh();
        if self.entry.tabs.is_empty() {
            // Some browsers close their tabs on the way down.
            (self.entry.page, self.entry.tabs) = (page, tabs);
        }
        self.entry.end_detail = Some(detail);
        self.drop_commands(None);
        if self.writer.is_idle() {
            self.give_back(myself);
        }
    }

    /// First nothing is heard on the session's subject any more, then the entry, then the knock: whoever claims it is
    /// alone. If this worker dies in between, the reaper or a scan goes on from the entry.
    pub(super) fn give_back(&mut self, myself: &ActorRef<SessionMsg>) {
        let detail = self.entry.end_detail.take();
        let data = serde_json::json!({ "reason": self.ending, "detail": detail, "worker": self.entry.owner });
        let given = Entry { owner: None, ..self.entry.in_state(State::Recovering, self.bus.now()) };
        let (owned, revision) = (self.entry.clone(), self.revision);
        let (bus, gate, browser, to_session) =
            (Arc::clone(&self.bus), self.gate.clone(), Arc::clone(&self.browser), myself.clone());
        let (feeders, journal) = (std::mem::take(&mut self.feeders), self.journal.take());
        let ingress = self.ingress.take();
        self.leave.cancel();
        task::spawn(myself, SessionMsg::Panicked, async move {
            for feeder in feeders {
                feeder.abort();
                // Its subscription is gone when it is.
                let _ = feeder.await;
            }
            // What came at the last moment is answered: its asker asks the next owner.
            if let Some(mut ingress) = ingress
                && timeout(LEAVE, &mut ingress).await.is_err()
            {
                ingress.abort();
                let _ = ingress.await;
            }
            browser.kill();
            let closing = tokio::spawn(async move { browser.close().await });
            let is_given = write(&*bus, &gate, &given, &owned, revision).await;
            if let Some(journal) = journal {
                if is_given {
                    journal.say(EventType::Recovering, data);
                }
                journal.close().await;
            }
            if is_given && let Err(e) = bus.requeue(given).await {
                debug!(error = %e, "a recovering session is left to the next scan");
            }
            if let Err(e) = closing.await {
                debug!(error = %e, "closing a browser died");
            }
            let _ = to_session.cast(SessionMsg::Over);
        });
    }
}

/// `false`: somebody else has it, or it has ended.
async fn write(bus: &dyn Bus, gate: &Gate, given: &Entry, owned: &Entry, mut revision: u64) -> bool {
    loop {
        gate.wait().await;
        match bus.write(given.clone(), revision).await {
            Ok(_) => return true,
            Err(WriteFailure::Unavailable(e)) => debug!(error = %e, "a session is not given back yet"),
            // Giving back takes the owner out, which the rule for unanswered writes would take for another's write.
            Err(WriteFailure::Lost(Some(stored)))
                if stored.entry.owner == owned.owner
                    && stored.entry.epoch == owned.epoch
                    && stored.entry.state == State::Ready =>
            {
                revision = stored.revision;
            }
            Err(WriteFailure::Lost(_)) => return false,
        }
    }
}

/// Whether the session outlives this death of its browser, which is then noted. What used too much would do so again.
fn recovers(entry: &mut Entry, reason: EndReason, now: Timestamp) -> bool {
    entry.crashes.retain(|at| now.since(*at) < WITHIN);
    let recovers = reason == EndReason::Crashed
        && entry.spec.on_browser_crash == OnBrowserCrash::Recover
        && entry.crashes.len() < RECOVERIES;
    if recovers {
        entry.crashes.push(now);
    }
    recovers
}

#[cfg(test)]
mod tests {
    use bus_schema::{Region, SessionId, Tenant, model::create::CreateSession};

    use super::*;

    fn entry(on_browser_crash: OnBrowserCrash, now: Timestamp) -> Entry {
        let spec = CreateSession { on_browser_crash, ..CreateSession::default() };
        Entry::queued(SessionId::random(Region::default()), Tenant::default(), spec, now)
    }

    fn start() -> Timestamp {
        Timestamp(1_000_000)
    }

    #[test]
    fn only_a_crash_is_recovered_from_and_only_where_it_is_wanted() {
        let now = start();
        for (wish, reason, wanted) in [
            (OnBrowserCrash::Recover, EndReason::Crashed, true),
            (OnBrowserCrash::End, EndReason::Crashed, false),
            (OnBrowserCrash::Recover, EndReason::Oom, false),
            (OnBrowserCrash::Recover, EndReason::Evicted, false),
        ] {
            let mut entry = entry(wish, now);
            assert_eq!(recovers(&mut entry, reason, now), wanted, "{wish:?} {reason}");
            assert_eq!(entry.crashes.len(), usize::from(wanted));
        }
    }

    #[test]
    fn what_crashes_again_and_again_ends_and_old_crashes_are_forgotten() {
        let now = start();
        let mut entry = entry(OnBrowserCrash::Recover, now);
        for n in 0..3 {
            assert!(recovers(&mut entry, EndReason::Crashed, now.plus(Duration::from_secs(n))));
        }
        assert!(!recovers(&mut entry, EndReason::Crashed, now.plus(Duration::from_secs(3))));
        assert!(recovers(&mut entry, EndReason::Crashed, now.plus(WITHIN)), "the first is long past");
        assert!(!recovers(&mut entry, EndReason::Crashed, now.plus(WITHIN)));
    }
}
