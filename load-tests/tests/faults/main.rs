//! What happens to sessions when processes are killed or stopped: real processes, real NATS, and in `real` real browsers.
//!
//! All of it is in a module named `cluster`, by which the tests are kept from running beside each other.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod cluster;
