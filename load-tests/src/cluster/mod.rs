//! A fleet of real processes that a test may kill, stop and restart.

mod client;
mod fleet;
mod pages;
mod process;
pub mod process_table;
mod program;

pub use client::{Client, Refused};
pub use fleet::{Builder, Cluster, Edge, Up, Worker};
pub use pages::{Beacon, Pages};
pub use process::Process;
pub use program::{Missing, rookery};

use std::time::Duration;

/// How long a test waits for what must happen before it says that it did not.
pub const SOON: Duration = Duration::from_secs(30);
