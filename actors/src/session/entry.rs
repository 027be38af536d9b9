//! The entry as this owner writes it, and whether it still is this owner's.

use std::{sync::Arc, time::Duration};

use bus_schema::{
    Error,
    model::session::{EndReason, State},
};
use ractor::{ActorRef, RpcReplyPort};
use tracing::{debug, warn};

use super::actor::{SessionMsg, SessionState};
use crate::{port::WriteFailure, task};

/// Page and tabs are written into the entry at most this often.
const PAGE_WRITES: Duration = Duration::from_secs(2);

impl SessionState {
    pub(super) fn refresh(&mut self) {
        self.entry.page = self.browser.page();
        self.entry.tabs = self.browser.tabs();
    }

    pub(super) fn write_page_soon(&mut self, myself: &ActorRef<SessionMsg>) {
        if !std::mem::replace(&mut self.page_write_due, true) {
            myself.send_after(PAGE_WRITES, || SessionMsg::WritePage);
        }
    }

    pub(super) fn on_write_page(&mut self, myself: &ActorRef<SessionMsg>) {
        self.page_write_due = false;
        let before = (self.entry.page.clone(), self.entry.tabs.clone());
        self.refresh();
        if before != (self.entry.page.clone(), self.entry.tabs.clone()) {
            self.write(myself);
        }
    }

    pub(super) fn write(&mut self, myself: &ActorRef<SessionMsg>) {
        if self.ending.is_none() && self.writer.changed() {
            self.send_write(myself);
        }
    }

    pub(super) fn send_write(&self, myself: &ActorRef<SessionMsg>) {
        let (bus, gate, to_session) = (Arc::clone(&self.bus), self.gate.clone(), myself.clone());
        let (entry, revision) = (self.entry.clone(), self.revision);
        task::spawn(myself, SessionMsg::Panicked, async move {
            let written = loop {
                gate.wait().await;
                match bus.write(entry.clone(), revision).await {
                    Err(WriteFailure::Unavailable(_)) => {}
                    done => break done,
                }
            };
            let _ = to_session.cast(SessionMsg::Written(written));
        });
    }

    pub(super) fn on_written(&mut self, myself: &ActorRef<SessionMsg>, result: Result<u64, WriteFailure>) {
        match result {
            Ok(revision) => {
                self.revision = revision;
                let again = self.writer.written();
                if self.recovers {
                    self.give_back(myself);
                } else if self.ending.is_some() {
                    self.finish(myself);
                } else if again {
                    self.send_write(myself);
                }
            }
            Err(WriteFailure::Lost(_)) => self.lose(myself),
            Err(WriteFailure::Unavailable(_)) => self.send_write(myself),
        }
    }

    pub(super) async fn on_compare(
        &mut self,
        myself: &ActorRef<SessionMsg>,
        must_win: bool,
        reply_to: RpcReplyPort<bool>,
    ) {
        if self.ending.is_some() {
            let _ = reply_to.send(true);
            return;
        }
        let ours = if must_win { self.win().await } else { self.still_ours().await };
        match ours {
            Ok(true) => drop(reply_to.send(true)),
            Ok(false) => {
                self.lose(myself);
                let _ = reply_to.send(true);
            }
            Err(e) => {
                debug!(session_id = %self.entry.id, error = %e, "the entry could not be compared");
                let _ = reply_to.send(false);
            }
        }
    }

    pub(super) async fn still_ours(&self) -> Result<bool, Error> {
        let stored = self.bus.entry_from_leader(self.entry.tenant.clone(), self.entry.id.clone()).await?;
        Ok(stored.is_some_and(|s| {
            s.entry.owner == self.entry.owner
                && s.entry.epoch == self.entry.epoch
                && s.entry.state != State::Ended
        }))
    }

    pub(super) async fn win(&mut self) -> Result<bool, Error> {
        // A write may be under way with the same entry: the rule for unanswered writes sorts them out.
        match self.bus.write(self.entry.clone(), self.revision).await {
            Ok(revision) => {
                self.revision = revision;
                Ok(true)
            }
            Err(WriteFailure::Lost(_)) => Ok(false),
            Err(WriteFailure::Unavailable(e)) => Err(e),
        }
    }

    /// Another owner has it, or it has ended: what is here goes without a word on the bus.
    pub(super) fn lose(&mut self, myself: &ActorRef<SessionMsg>) {
        warn!(session_id = %self.entry.id, epoch = %self.entry.epoch, "the session is another owner's: its browser is ended");
        self.drop_commands(None);
        // At once: when the last session is compared, all browsers of this worker are let go on.
        self.browser.kill();
        let (browser, to_session) = (Arc::clone(&self.browser), myself.clone());
        self.ending = Some(EndReason::WorkerLost);
        task::spawn(myself, SessionMsg::Panicked, async move {
            browser.close().await;
            let _ = to_session.cast(SessionMsg::Over);
        });
    }
}
