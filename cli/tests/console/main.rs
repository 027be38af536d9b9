//! The web console in a real browser, on a fleet of its own: real browsers, a real nats-server and the real binary.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../view/built.rs"]
mod built;
mod chromium_console;
#[path = "../cdp/node.rs"]
#[expect(dead_code, reason = "shared with the tests of CDP, which use more of it")]
mod node;
#[path = "../chromium/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the tests of bad input, which use more of it")]
mod support;
