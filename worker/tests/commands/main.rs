//! The commands on real pages in real browsers.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its helper functions"
)]

#[path = "../support/mod.rs"]
mod support;

mod chromium {
    mod act;
    mod dialogs;
    mod find;
    mod forms;
    mod frames;
    mod input;
    mod navigation;
    mod observe;
    mod pictures;
    mod read;
    mod scripts;
    mod stage;
    mod storage;
    mod tabs;
    mod uploads;
    mod wait;
}
