//! The end, from this owner's side.

use std::sync::Arc;

use bus_schema::{
    Error,
    model::{rpc::OwnerReply, session::EndReason},
};
use ractor::ActorRef;
use tracing::{debug, warn};

use super::{
    actor::{SessionMsg, SessionState},
    ending::end,
};
use crate::port::{Stored, WriteFailure};

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
        let (bus, gate, browser, myself) =
            (Arc::clone(&self.bus), self.gate.clone(), Arc::clone(&self.browser), myself.clone());
        tokio::spawn(async move {
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
            let _ = myself.cast(SessionMsg::Over);
        });
    }
}

pub(super) fn over(reason: EndReason) -> Error {
    Error::gone(format!("the session has ended: {reason}"))
        .with_context(serde_json::json!({ "end_reason": reason }))
        .not_started()
}
