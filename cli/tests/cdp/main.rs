//! The CDP gateway, end to end: real clients and raw ones, real browsers, a real nats-server and the real binary.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod chromium_bridge;
mod chromium_chromiumoxide;
mod chromium_clients;
mod chromium_discovery;
mod chromium_handoff;
mod chromium_harm;
mod chromium_k6;
mod chromium_listen;
mod chromium_resume;
mod chromium_rules;
mod chromium_several;
mod chromium_spare;
mod node;
mod raw;
#[path = "../chromium/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the tests of bad input, which use more of it")]
mod support;
