//! A client of the browser besides the worker.

use std::sync::Arc;

use bytes::Bytes;

use super::link::Shared;
use super::mux::{Naming, Step};
use super::route::ClientId;

/// Where a client's messages go. Called by the pipe's reader, so neither may wait.
pub trait Sink: Send + Sync {
    /// Takes a message. `false`: this client does not take what it is sent, and is let go.
    fn push(&self, text: &Bytes) -> bool;
    /// Takes what is left to do about a message that was held.
    fn step(&self, step: Step);
}

/// One client's place at the browser. Dropped, the client is gone, and with it all that it holds up.
pub struct Client {
    shared: Arc<Shared>,
    id: ClientId,
}

impl Client {
    pub(super) fn new(shared: Arc<Shared>, id: ClientId) -> Self {
        Self { shared, id }
    }

    /// Whether the page that it is a client of was found.
    pub(super) fn has_entered(&self) -> bool {
        self.shared.has_entered(self.id)
    }

    /// Takes a message of the client's, when the browser reads. Says what is left to do about it.
    pub async fn request(&self, text: &Bytes) -> Step {
        loop {
            let room = self.shared.outbox.room();
            tokio::pin!(room);
            room.as_mut().enable();
            if !self.shared.outbox.is_full() {
                return self.shared.request(self.id, text);
            }
            tokio::select! {
                () = room => {}
                _ = self.shared.wait_gone() => return Step::Done,
            }
        }
    }

    /// Where the files lie that a message names, or why they do not.
    pub fn named(&self, naming: &Naming, found: Result<Vec<String>, String>) {
        self.shared.named(self.id, naming, found);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.shared.leave(self.id);
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Client").field(&self.id).finish()
    }
}
