//! The browser layer with real browsers. The module's name puts the tests into the group of those that start
//! Chromium.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its helper functions"
)]

mod chromium;
