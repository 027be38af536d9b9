//! Each row of the supervision table, by a real panic inside the running tree: what follows, and that work goes on.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod browsers;
mod bus;
mod claims;
mod faults;
mod lease;
mod reaper;
mod sessions;
mod tree;
mod warm;
