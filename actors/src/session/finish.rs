//! The end, from this owner's side.

use std::{sync::Arc, time::Duration};

use bus_schema::{
    Error,
    error::Outcome,
    model::{
        event::EventType,
        rpc::OwnerReply,
        session::{EndReason, State},
    },
};
use ractor::ActorRef;
use tokio::time::timeout;
use tracing::{debug, warn};

use super::{
    actor::{SessionMsg, SessionState},
    ending::end,
};
use crate::{
    gate::Gate,
    port::{Browser, Bus, Stored, WriteFailure},
    task,
};

/// How long putting away what outlives a session may take.
const SAVE: Duration = Duration::from_secs(3);
/// An end that takes longer is shown as `closing`.
const SHOWN: Duration = Duration::from_secs(1);

impl SessionState {
    pub(super) fn begin_end(
        &mut self,
        myself: &ActorRef<SessionMsg>,
        reason: EndReason,
        detail: Option<String>,
    ) {
        if self.ending.is_some() {
            return;
        }
        self.ending = Some(reason);
        self.entry.end_detail = detail;
        self.refresh();
        self.drop_commands(Some(reason));
        self.browser.watch(None);
        if self.writer.is_idle() {
            self.finish(myself);
        }
    }

    /// The entry, the event, the answer; the browser goes meanwhile.
    pub(super) fn finish(&mut self, myself: &ActorRef<SessionMsg>) {
        let Some(reason) = self.ending else { return };
        let detail = self.entry.end_detail.clone();
        let stored = Stored { entry: self.entry.clone(), revision: self.revision };
        let waiters = std::mem::take(&mut self.end_waiters);
        let journal = self.journal.take();
        let (bus, gate, browser, to_session) =
            (Arc::clone(&self.bus), self.gate.clone(), Arc::clone(&self.browser), myself.clone());
        let spec = &self.entry.spec;
        let saves = spec.recording || (spec.profile.as_ref().is_some_and(|p| p.save) && browser.is_alive());
        task::spawn(myself, SessionMsg::Panicked, async move {
            let mut stored = stored;
            if saves && let Err(e) = save(&*browser, &*bus, &gate, &mut stored, reason).await {
                warn!(session_id = %stored.entry.id, error = %e, "a profile was not saved");
                if let Some(journal) = &journal {
                    let detail = format!("the profile was not saved: {}", e.detail);
                    journal.say(EventType::Error, serde_json::json!({ "detail": detail, "code": e.code }));
                }
            }
            let closing = tokio::spawn(async move { browser.close().await });
            if let Some(journal) = journal {
                journal.close().await;
            }
            loop {
                gate.wait().await;
                match end(&*bus, &stored, reason, detail.clone()).await {
                    Err(WriteFailure::Unavailable(e)) => debug!(error = %e, "the end is not written yet"),
                    Ok(_) | Err(WriteFailure::Lost(_)) => break,
                }
            }
            let session = stored.entry.ended(reason, detail, bus.now()).session();
            for responder in waiters {
                responder.send(OwnerReply::ok(&session, None));
            }
            if let Err(e) = closing.await {
                warn!(error = %e, "closing a browser died");
            }
            let _ = to_session.cast(SessionMsg::Over);
        });
    }
}

impl SessionState {
    /// Answers who asked for the end while it was under way.
    pub(super) fn on_over(&mut self, myself: &ActorRef<SessionMsg>) {
        let waiters = std::mem::take(&mut self.end_waiters);
        // An end by another owner is not known here: who asks is told that, and asks again.
        if let Some(reason) = self.ending.filter(|reason| *reason != EndReason::WorkerLost) {
            let ended = self.entry.ended(reason, self.entry.end_detail.clone(), self.bus.now()).session();
            for responder in waiters {
                responder.send(OwnerReply::ok(&ended, None));
            }
        }
        myself.stop(None);
    }
}

/// Has a browser's state put away before it goes. An end that takes its time over it shows as one that is under way:
/// then `stored` is the entry as it was written last.
async fn save(
    browser: &dyn Browser,
    bus: &dyn Bus,
    gate: &Gate,
    stored: &mut Stored,
    reason: EndReason,
) -> Result<(), Error> {
    let saving = async {
        // Without the lease another owner may have gone on from here: its state is the newer one.
        gate.wait().await;
        browser.save().await
    };
    let saving = timeout(SAVE, saving);
    tokio::pin!(saving);
    let saved = match timeout(SHOWN, &mut saving).await {
        Ok(saved) => saved,
        Err(_) => {
            let mut closing = stored.entry.in_state(State::Closing, bus.now());
            // Whoever finds the entry when this worker is gone ends it with this reason.
            closing.end_reason = Some(reason);
            let showing = async {
                if gate.may_act() { bus.write(closing.clone(), stored.revision).await.ok() } else { None }
            };
            let (saved, revision) = tokio::join!(saving, showing);
            if let Some(revision) = revision {
                *stored = Stored { entry: closing, revision };
            }
            saved
        }
    };
    saved.unwrap_or_else(|_| Err(Error::timeout(format!("it took more than {} s", SAVE.as_secs()))))
}

pub(super) fn over(reason: EndReason, outcome: Outcome) -> Error {
    let error = Error::gone(format!("the session has ended: {reason}"))
        .with_context(serde_json::json!({ "end_reason": reason }));
    match outcome {
        Outcome::NotStarted => error.not_started(),
        Outcome::Unknown => error.outcome_unknown(),
    }
}
