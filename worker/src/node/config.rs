//! What a worker is told.

use std::{collections::HashMap, path::PathBuf};

use actors::lease::Times;
use bus_schema::{Pool, Tenant};

/// Configuration of one worker.
#[derive(Clone, Debug)]
pub struct Config {
    pub data_dir: PathBuf,
    /// Sessions at once.
    pub slots: u32,
    /// Browsers kept ready.
    pub warm: usize,
    pub pools: Vec<Pool>,
    /// Turns of a tenant among those that wait, 1 if absent.
    pub weights: HashMap<Tenant, u32>,
    pub times: Times,
    /// Answers from memory instead of starting browsers: for tests and measurements of the control plane.
    pub simulated: bool,
    /// Where the browsers are, if not on the PATH or at a well-known place.
    pub browser: Option<PathBuf>,
    pub chrome: Option<PathBuf>,
    /// `$PATH` and the home directory, where browsers are looked for.
    pub search_path: Option<std::ffi::OsString>,
    pub home: Option<PathBuf>,
    /// The uid that browsers run as; `nobody` if absent and the worker is root.
    pub browser_uid: Option<u32>,
    /// Run browsers without their sandbox.
    pub no_sandbox: bool,
    /// Ports on loopback that pages must not reach: the edge's and NATS' own.
    pub refused_ports: Vec<u16>,
    /// The edge's port, whose `/demo` pages may reach.
    pub demo_port: Option<u16>,
    /// Memory of one session (PSS, all its processes) above which it ends with `oom`.
    pub session_memory_bytes: u64,
    /// Disk of one session above which it ends with `evicted`.
    pub session_disk_bytes: u64,
    pub guard: Guarding,
}

/// Who cleans up when the worker is killed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guarding {
    /// This program's `guard`.
    Program(PathBuf),
    /// Nobody: only for workers inside a test's own process.
    None,
}

impl Config {
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            slots: 8,
            warm: 2,
            pools: vec![Pool::default()],
            weights: HashMap::new(),
            times: Times::default(),
            simulated: false,
            browser: None,
            chrome: None,
            search_path: None,
            home: None,
            browser_uid: None,
            no_sandbox: false,
            refused_ports: Vec::new(),
            demo_port: None,
            session_memory_bytes: 2 << 30,
            session_disk_bytes: 2 << 30,
            guard: Guarding::None,
        }
    }
}
