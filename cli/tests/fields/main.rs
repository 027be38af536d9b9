//! Every field of a new session, as a page in a real Chromium, a server or a client sees it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod chromium_appearance;
mod chromium_contexts;
mod chromium_network;
mod chromium_policy;
mod chromium_recording;
mod chromium_state;
mod chromium_times;
mod chromium_traces;
mod fleet;
mod site;
