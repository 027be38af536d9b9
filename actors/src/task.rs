//! Tasks whose outcome somebody waits for: a panic in one is told, or the wait would never end.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use ractor::{ActorRef, Message};
use tokio::task::JoinHandle;

/// A task panicked. What it was to say will never be said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a task panicked: {0}")]
pub struct Panicked(String);

/// What `work` gives, or that it panicked.
pub(crate) async fn caught<T>(work: impl Future<Output = T>) -> Result<T, Panicked> {
    // What is behind the panic is not looked at again: who asked fails, or says that the outcome is not known.
    AssertUnwindSafe(work).catch_unwind().await.map_err(|payload| {
        let text = payload.downcast_ref::<String>().cloned();
        let text = text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Panicked(text.unwrap_or_else(|| "without a word".to_owned()))
    })
}

/// Runs what `actor` waits to hear of. The message of a panic MUST make the receiver fail: its supervisor decides.
pub(crate) fn spawn<M: Message>(
    actor: &ActorRef<M>,
    panicked: fn(Panicked) -> M,
    work: impl Future<Output = ()> + Send + 'static,
) -> JoinHandle<()> {
    let actor = actor.clone();
    tokio::spawn(async move {
        if let Err(e) = caught(work).await {
            let _ = actor.cast(panicked(e));
        }
    })
}
