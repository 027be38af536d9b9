//! The Chrome DevTools Protocol over `--remote-debugging-pipe`: framing, routing between sessions and
//! logical clients, calls and events.
//!
//! One [`Link`] owns the pipe of one browser. What speaks to a target holds a [`Cdp`], a cheap handle bound
//! to one CDP session. The pipe's reader never waits for anybody: answers go to their callers, events into
//! bounded channels that drop and count what does not fit.

mod call;
mod client;
mod envelope;
mod event;
pub mod gate;
mod halves;
mod handle;
mod link;
pub(crate) mod mux;
mod outbox;
mod patience;
mod pipe;
pub mod route;

pub use call::{Answer, CallError, Gone};
pub use client::{Client, Sink};
pub use event::{Event, EventSink, Events, Interest, channel};
pub use handle::Cdp;
pub use link::{Link, Stats};
pub use patience::Patience;
pub use route::SessionId;

/// The largest message taken from a browser. A longer one ends the browser: it cannot be skipped without
/// reading it, and nothing a page may legitimately answer is that large.
pub const MAX_INBOUND: usize = 256 << 20;

/// The largest message given to a browser. At 100 MiB Chromium stops reading its pipe for ever without exiting.
pub const MAX_OUTBOUND: usize = 64 << 20;
