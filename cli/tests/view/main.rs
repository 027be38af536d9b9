//! The live view, in a viewer's own browser, against the real binary.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod built;
mod chromium_people;
mod chromium_pickers;
mod chromium_view;
#[path = "../cdp/node.rs"]
#[expect(dead_code, reason = "shared with the tests of the CDP gateway, which use more of it")]
mod node;
#[path = "../chromium/support/mod.rs"]
#[expect(dead_code, reason = "shared with the tests of bad input, which use more of it")]
mod support;
