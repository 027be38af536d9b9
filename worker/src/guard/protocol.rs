//! What a worker tells its guard: one JSON object a line, on the guard's standard input.

use std::path::PathBuf;

use bus_schema::{Region, WorkerId};
use serde::{Deserialize, Serialize};

/// The first line.
#[derive(Clone, Serialize, Deserialize)]
pub struct Hello {
    pub worker: WorkerId,
    pub region: Region,
    pub root: String,
    /// May hold a password: it comes over the pipe so that it stands in no list of processes.
    pub nats_url: String,
    pub nats_user: Option<String>,
    pub nats_password: Option<String>,
    pub nats_credentials: Option<PathBuf>,
    /// Holds the browsers' directories of this worker and nothing else.
    pub homes: Option<PathBuf>,
    /// Silence after which browsers are stopped.
    pub silence_ms: u64,
}

/// Each further line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum Message {
    Beat,
    /// A browser's process group has been started.
    Added {
        group: i32,
    },
    Removed {
        group: i32,
    },
    /// The worker leaves in order: nothing is to be done.
    Bye,
}
