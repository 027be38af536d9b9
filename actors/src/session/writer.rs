//! One write of the entry at a time, the newest state, and those who wait for it.

use bus_schema::model::rpc::OwnerReply;

use crate::port::Responder;

/// Pure but for the responders it keeps.
#[derive(Default)]
pub(super) struct Writer {
    in_flight: bool,
    dirty: bool,
    /// Answered when the write that is under way is done.
    now: Vec<(Box<dyn Responder>, OwnerReply)>,
    /// Answered when the write after that is done.
    next: Vec<(Box<dyn Responder>, OwnerReply)>,
}

impl Writer {
    /// The entry has changed. `true`: write it now.
    #[must_use]
    pub(super) fn changed(&mut self) -> bool {
        if self.in_flight {
            self.dirty = true;
            return false;
        }
        self.in_flight = true;
        self.now.append(&mut self.next);
        true
    }

    /// Answers `responder` once what has just changed is written.
    pub(super) fn answer_after(&mut self, responder: Box<dyn Responder>, reply: OwnerReply) {
        if self.in_flight && self.dirty {
            self.next.push((responder, reply));
        } else {
            self.now.push((responder, reply));
        }
    }

    /// A write is done. `true`: the entry has changed since; write it again.
    #[must_use]
    pub(super) fn written(&mut self) -> bool {
        self.in_flight = false;
        for (responder, reply) in self.now.drain(..) {
            responder.send(reply);
        }
        if std::mem::take(&mut self.dirty) { self.changed() } else { false }
    }

    pub(super) fn is_idle(&self) -> bool {
        !self.in_flight
    }
}
