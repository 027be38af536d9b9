//! From the bus into the session: never more than it can hold.

use std::sync::Arc;

use bus_schema::{Error, model::rpc::OwnerReply};
use ractor::ActorRef;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::actor::SessionMsg;
use crate::{
    gate::Gate,
    port::{Inbox, Incoming},
};

/// Requests of one session that may be under way at once.
const PERMITS: usize = 512;

/// A request with the permit it holds until it is answered.
#[derive(Debug)]
pub struct Admitted {
    pub incoming: Incoming,
    pub permit: OwnedSemaphorePermit,
}

/// Reads the inbox for as long as the session lives, or up to the last request when it is to leave. While the worker is
/// frozen nothing is taken.
pub(super) async fn run(
    mut inbox: Box<dyn Inbox>,
    gate: Gate,
    leave: CancellationToken,
    session: ActorRef<SessionMsg>,
) {
    let permits = Arc::new(Semaphore::new(PERMITS));
    let mut leaves = false;
    loop {
        let incoming = tokio::select! {
            incoming = inbox.next() => incoming,
            () = leave.cancelled(), if !leaves => {
                leaves = true;
                inbox.leave().await;
                continue;
            }
        };
        let Some(incoming) = incoming else { return };
        if !gate.may_act() {
            gate.wait().await;
        }
        match Arc::clone(&permits).try_acquire_owned() {
            Ok(permit) => {
                if session.cast(SessionMsg::Request(Box::new(Admitted { incoming, permit }))).is_err() {
                    return;
                }
            }
            Err(_) => {
                let error = Error::resource_exhausted("too many requests of this session are under way")
                    .retry_after(std::time::Duration::from_secs(1));
                // One that comes again may be among those.
                let again = incoming.attempt.is_some_and(|attempt| attempt.since.is_some());
                let error = if again { error.outcome_unknown() } else { error.not_started() };
                incoming.responder.send(OwnerReply::error(error));
            }
        }
    }
}
