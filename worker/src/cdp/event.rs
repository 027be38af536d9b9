//! Events: bounded channels that never hold up the pipe.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use chromiumoxide_types::MethodType;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use super::envelope::Part;
use super::halves;
use super::route::SessionId;

/// One event, its parameters not yet parsed.
#[derive(Clone)]
pub struct Event {
    pub(super) session: Option<SessionId>,
    pub(super) method: Part,
    pub(super) params: Part,
    pub(super) undecodable: Arc<AtomicU64>,
}

impl Event {
    /// The CDP session it came under; `None` at the root.
    pub fn session(&self) -> Option<&SessionId> {
        self.session.as_ref()
    }

    /// For example `Page.frameNavigated`.
    pub fn method(&self) -> &str {
        std::str::from_utf8(self.method.bytes()).unwrap_or_default()
    }

    /// The JSON text of the parameters.
    pub fn params(&self) -> &[u8] {
        self.params.bytes()
    }

    /// The parameters' text, sharing the memory of the message.
    pub fn into_params(self) -> bytes::Bytes {
        self.params.into_bytes()
    }

    /// Parses the parameters. Chromium is newer than the protocol crate, so what does not fit is counted and
    /// skipped, never fatal.
    pub fn decode<T: DeserializeOwned>(&self) -> Option<T> {
        let parsed = serde_json::from_slice(self.params.bytes()).or_else(|_| {
            let whole = halves::replaced(self.params.clone().into_bytes());
            serde_json::from_slice(&whole)
        });
        match parsed {
            Ok(params) => Some(params),
            Err(error) => {
                self.undecodable.fetch_add(1, Relaxed);
                tracing::debug!(method = self.method(), %error, "undecodable event skipped");
                None
            }
        }
    }

    /// Parses the parameters if this is an event of type `T`.
    pub fn decode_as<T: MethodType + DeserializeOwned>(&self) -> Option<T> {
        if self.method() == T::method_id() { self.decode() } else { None }
    }
}

impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Event").field("method", &self.method()).field("session", &self.session).finish()
    }
}

/// Which events a subscriber wants: full names, or a domain with its dot (`"Network."`).
#[derive(Clone, Copy, Debug)]
pub struct Interest(pub &'static [&'static str]);

impl Interest {
    fn covers(self, method: &str) -> bool {
        self.0.iter().any(|name| match name.strip_suffix('.') {
            Some(domain) => method.split_once('.').is_some_and(|(of, _)| of == domain),
            None => *name == method,
        })
    }
}

/// The sending end of an event channel. Clones feed the same channel, in the order of the pipe.
#[derive(Clone, Debug)]
pub struct EventSink {
    sender: mpsc::Sender<Event>,
    dropped: Arc<AtomicU64>,
}

impl EventSink {
    /// Passes an event on; when the channel is full it is dropped and counted. Says whether anybody listens.
    pub fn offer(&self, event: &Event) -> bool {
        match self.sender.try_send(event.clone()) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.dropped.fetch_add(1, Relaxed);
                true
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        }
    }
}

/// The receiving end of an event channel.
#[derive(Debug)]
pub struct Events {
    receiver: mpsc::Receiver<Event>,
    dropped: Arc<AtomicU64>,
}

/// Makes a channel of `capacity` events. When it is full the newest events are dropped and counted.
pub fn channel(capacity: usize) -> (EventSink, Events) {
    let (sender, receiver) = mpsc::channel(capacity);
    let dropped = Arc::new(AtomicU64::new(0));
    (EventSink { sender, dropped: dropped.clone() }, Events { receiver, dropped })
}

impl Events {
    /// The next event; `None` when the browser or every subscribed session is gone.
    pub async fn next(&mut self) -> Option<Event> {
        self.receiver.recv().await
    }

    pub fn try_next(&mut self) -> Option<Event> {
        self.receiver.try_recv().ok()
    }

    /// The next event of type `T`; others are passed over.
    pub async fn next_of<T: MethodType + DeserializeOwned>(&mut self) -> Option<T> {
        loop {
            if let Some(event) = self.receiver.recv().await?.decode_as() {
                return Some(event);
            }
        }
    }

    /// How many events did not fit since the channel was made.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }
}

/// One subscription to one session, or to it and all sessions attached under it.
#[derive(Clone, Debug)]
pub(super) struct Subscription {
    pub sink: EventSink,
    pub interest: Interest,
    pub with_children: bool,
}

impl Subscription {
    /// Passes an event on if it is wanted. Says whether anybody still listens.
    pub fn offer(&self, event: &Event, method: &str) -> bool {
        if self.interest.covers(method) { self.sink.offer(event) } else { !self.sink.sender.is_closed() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interest_is_in_names_and_whole_domains() {
        let interest = Interest(&["Page.loadEventFired", "Network."]);
        for (method, wanted) in [
            ("Page.loadEventFired", true),
            ("Page.frameNavigated", false),
            ("Network.requestWillBeSent", true),
            ("NetworkX.foo", false),
        ] {
            assert_eq!(interest.covers(method), wanted, "{method}");
        }
    }
}
