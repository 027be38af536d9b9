//! What ends a process in order: the first signal drains, the second does not wait.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// Take nothing new and finish what is under way.
    pub drain: CancellationToken,
    /// End now.
    pub force: CancellationToken,
}

impl Stop {
    /// Follows Ctrl-C, SIGTERM and the loss of the terminal from now on.
    pub fn on_signals() -> io::Result<Self> {
        let mut signals = [
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        ];
        let stop = Self::default();
        let told = stop.clone();
        tokio::spawn(async move {
            let [interrupt, terminate, hangup] = &mut signals;
            for token in [told.drain, told.force] {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    _ = hangup.recv() => {}
                }
                token.cancel();
            }
        });
        Ok(stop)
    }
}
