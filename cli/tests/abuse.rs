//! What bad input gets, end to end: real browsers, a real nats-server and the real binary. `docs/bad-input.md` says
//! which test stands for which kind of bad input.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod chromium;
