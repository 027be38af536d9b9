//! VNC, end to end: viewers by hand and those that people have, real browsers, a real nats-server and the real binary.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod chromium_control;
mod chromium_doors;
mod chromium_pages;
mod chromium_pictures;
mod chromium_tigervnc;
#[path = "../cdp/node.rs"]
#[expect(dead_code, reason = "shared with the tests of CDP, which use more of it")]
mod node;
mod page;
#[path = "../chromium/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the tests of bad input, which use more of it")]
mod support;
mod viewer;
