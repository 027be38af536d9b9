//! The tzafonwright port, end to end: clients by hand, real browsers, a real nats-server and the real binary.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod chromium_actions;
mod chromium_connections;
mod chromium_queue;
mod chromium_words;
mod client;
#[path = "../chromium/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the tests of bad input, which use more of it")]
mod support;
