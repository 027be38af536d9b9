//! The command line. Every option is also a variable `ROOKERY_…` and a key of `rookery.toml` of the same name; what
//! they mean together is decided in [`crate::config`].

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};
use serde::Serialize;

use crate::config::{Listen, LogFormat, NatsSync, Size, Span};

/// A self-hosted fleet of real browsers for AI agents, automation and people.
///
/// `rookery up` starts everything on this machine; `rookery doctor` says what is missing. For a fleet on several
/// machines run a NATS server, `rookery edge` where clients connect and `rookery worker` where browsers run.
#[derive(Debug, Parser)]
#[command(name = "rookery", version, arg_required_else_help = true, max_term_width = 110)]
#[command(
    after_help = "Options may also stand in rookery.toml (slots = 4) or in the environment (ROOKERY_SLOTS=4).\n\
    A flag wins over the environment, the environment over the file."
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start everything on this machine: NATS, workers and an edge
    Up(Box<Up>),
    /// Start a gateway: the HTTP and WebSocket side of a fleet
    Edge(Box<Edge>),
    /// Start a worker: the browsers of one machine
    Worker(Box<Worker>),
    /// Look at this machine and say what is missing and how to mend it
    Doctor(Box<Doctor>),
    /// Stand beside a CDP client on its machine: it outlives broken sockets and dead edges, and its files are here
    CdpBridge(Box<CdpBridge>),
    /// Watch over the browsers of one worker, which starts it and speaks to it on stdin
    #[command(hide = true)]
    Guard,
}

#[derive(Debug, Args, Serialize)]
pub struct Up {
    #[command(flatten)]
    #[serde(flatten)]
    pub common: Common,
    #[command(flatten)]
    #[serde(flatten)]
    pub edge: EdgeOptions,
    #[command(flatten)]
    #[serde(flatten)]
    pub worker: WorkerOptions,
    #[command(flatten)]
    #[serde(flatten)]
    pub nats: NatsOptions,
    /// How many workers to start in this process [default: 1]
    #[arg(long, value_name = "N", env = "ROOKERY_WORKERS", help_heading = "Worker")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workers: Option<u16>,
    /// Once ready, drive a first session on the demo page and save a picture of it
    #[arg(long)]
    #[serde(skip)]
    pub first_session: bool,
}

#[derive(Debug, Args, Serialize)]
pub struct Edge {
    #[command(flatten)]
    #[serde(flatten)]
    pub common: Common,
    #[command(flatten)]
    #[serde(flatten)]
    pub edge: EdgeOptions,
}

#[derive(Debug, Args, Serialize)]
pub struct Worker {
    #[command(flatten)]
    #[serde(flatten)]
    pub common: Common,
    #[command(flatten)]
    #[serde(flatten)]
    pub worker: WorkerOptions,
    /// Where /healthz, /readyz and /metrics of this worker are served [default: nowhere]
    #[arg(long, value_name = "ADDRESS", env = "ROOKERY_OPS", help_heading = "Worker")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ops: Option<SocketAddr>,
}

#[derive(Debug, Args, Serialize)]
pub struct Doctor {
    #[command(flatten)]
    #[serde(flatten)]
    pub common: Common,
    #[command(flatten)]
    #[serde(flatten)]
    pub edge: EdgeOptions,
    #[command(flatten)]
    #[serde(flatten)]
    pub worker: WorkerOptions,
    #[command(flatten)]
    #[serde(flatten)]
    pub nats: NatsOptions,
    /// Print the findings as JSON
    #[arg(long)]
    #[serde(skip)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct CdpBridge {
    /// The fleet: http://host:8080, or a socket with its options, ws://host:8080/cdp?name=nightly
    #[arg(value_name = "EDGE URL")]
    pub edge: String,
    /// Where clients of this machine connect
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9333", env = "ROOKERY_BRIDGE_LISTEN")]
    pub listen: SocketAddr,
    /// The token for the fleet, where the URL has none
    #[arg(long, value_name = "TOKEN", env = "ROOKERY_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// What to log: a level, or directives like info,rookery=debug
    #[arg(long, value_name = "LEVEL", env = "ROOKERY_LOG_LEVEL", default_value = "info")]
    pub log_level: String,
}

#[derive(Debug, Args, Serialize)]
pub struct Common {
    /// The configuration file [default: ./rookery.toml if there is one]
    #[arg(long, value_name = "FILE", env = "ROOKERY_CONFIG")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Print the configuration that results from flags, environment and file, and exit
    #[arg(long)]
    #[serde(skip)]
    pub print_config: bool,
    /// How to write the log [default: human]
    #[arg(long, value_name = "FORMAT", env = "ROOKERY_LOG_FORMAT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_format: Option<LogFormat>,
    /// What to log: a level, or directives like info,worker=debug [default: RUST_LOG, or info]
    #[arg(long, value_name = "LEVEL", env = "ROOKERY_LOG_LEVEL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_level: Option<String>,
    /// Where profiles, downloads, pictures and the built-in NATS keep their files
    ///
    /// [default: /var/lib/rookery for root, else ~/.local/state/rookery]
    #[arg(long, value_name = "DIR", env = "ROOKERY_DATA_DIR", verbatim_doc_comment)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
    /// The NATS server to use, e.g. nats://user:password@host:4222 [up: starts one of its own]
    #[arg(
        long,
        value_name = "URL",
        env = "ROOKERY_NATS_URL",
        hide_env_values = true,
        help_heading = "Fleet"
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nats_url: Option<String>,
    /// The region of this edge or worker [default: local]
    #[arg(long, value_name = "NAME", env = "ROOKERY_REGION", help_heading = "Fleet")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Further regions that may be asked, comma-separated
    #[arg(
        long,
        value_name = "NAMES",
        env = "ROOKERY_REGIONS",
        value_delimiter = ',',
        help_heading = "Fleet"
    )]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
    /// A NATS credentials file
    #[arg(long, value_name = "FILE", env = "ROOKERY_NATS_CREDENTIALS", help_heading = "Fleet")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nats_credentials: Option<PathBuf>,
    /// The first token of every subject [default: rk]
    #[arg(long, value_name = "NAME", env = "ROOKERY_SUBJECT_ROOT", help_heading = "Fleet")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_root: Option<String>,
    /// How many servers of a NATS cluster hold each stream: 1, or 3 [default: 1]
    #[arg(long, value_name = "N", env = "ROOKERY_REPLICAS", help_heading = "Fleet")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u8>,
    /// The secret that all edges and workers of a fleet share [up: makes one]
    #[arg(
        long,
        value_name = "SECRET",
        env = "ROOKERY_SECRET",
        hide_env_values = true,
        help_heading = "Fleet"
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// How long ending waits for what is under way [default: 30s; up: 5s]
    #[arg(long, value_name = "TIME", env = "ROOKERY_DRAIN_TIMEOUT", help_heading = "Fleet")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drain_timeout: Option<Span>,
}

#[derive(Debug, Args, Serialize)]
#[command(next_help_heading = "Edge")]
pub struct EdgeOptions {
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS", env = "ROOKERY_HTTP")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<SocketAddr>,
    /// Where to listen for CDP alone, as a browser's debugging port does, or off [default: off; up: 127.0.0.1:9222]
    #[arg(long, value_name = "ADDRESS", env = "ROOKERY_CDP_LISTEN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cdp_listen: Option<Listen>,
    /// Where to listen for tzafonwright, the protocol of WayPoint's client, or off [default: off; up: 127.0.0.1:1337]
    #[arg(long, value_name = "ADDRESS", env = "ROOKERY_TZAFONWRIGHT_LISTEN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tzafonwright_listen: Option<Listen>,
    /// Where to listen for VNC viewers without WebSockets, or off [default: off; up: 127.0.0.1:5900]
    #[arg(long, value_name = "ADDRESS", env = "ROOKERY_VNC_LISTEN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vnc_listen: Option<Listen>,
    /// The token clients must send; several tenants with tokens of their own stand in the file as `[[tenant]]`
    #[arg(long, value_name = "TOKEN", env = "ROOKERY_TOKEN", hide_env_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Serve HTTPS with this certificate chain (PEM)
    #[arg(long, value_name = "FILE", env = "ROOKERY_TLS_CERT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_cert: Option<PathBuf>,
    /// The private key of --tls-cert (PEM)
    #[arg(long, value_name = "FILE", env = "ROOKERY_TLS_KEY")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_key: Option<PathBuf>,
    /// A host name clients may use besides the address listened on, comma-separated
    #[arg(long, value_name = "HOST", env = "ROOKERY_ALLOWED_HOSTS", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_hosts: Vec<String>,
    /// A web origin besides the edge's own whose pages may speak to it, comma-separated
    #[arg(long, value_name = "ORIGIN", env = "ROOKERY_ALLOWED_ORIGINS", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_origins: Vec<String>,
    /// The largest JSON body [default: 1MiB]
    #[arg(long, value_name = "SIZE", env = "ROOKERY_BODY_LIMIT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_limit: Option<Size>,
    /// The largest file a client may stage for upload [default: 1GiB]
    #[arg(long, value_name = "SIZE", env = "ROOKERY_UPLOAD_LIMIT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload_limit: Option<Size>,
}

#[derive(Debug, Args, Serialize)]
#[command(next_help_heading = "Worker")]
pub struct WorkerOptions {
    /// How many sessions a worker runs at a time [default: by the memory of this machine]
    #[arg(long, value_name = "N", env = "ROOKERY_SLOTS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slots: Option<u32>,
    /// The pool whose work a worker takes [default: default]
    #[arg(long, value_name = "NAME", env = "ROOKERY_POOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// How many browsers are kept started and ready [default: 2, or the slots if fewer]
    #[arg(long, value_name = "N", env = "ROOKERY_WARM")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm: Option<u32>,
    /// The browser to run [default: chromium-headless-shell and its like, from PATH and well-known places]
    #[arg(long, value_name = "PATH", env = "ROOKERY_BROWSER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub browser: Option<PathBuf>,
    /// The full Chromium for sessions that ask for `browser: chrome` [default: from PATH and well-known places]
    #[arg(long, value_name = "PATH", env = "ROOKERY_CHROME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chrome: Option<PathBuf>,
    /// Memory of one session, all its processes together, above which it is ended [default: 2GiB]
    #[arg(long, value_name = "SIZE", env = "ROOKERY_SESSION_MEMORY")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_memory: Option<Size>,
    /// Disk of one session above which it is ended [default: 2GiB]
    #[arg(long, value_name = "SIZE", env = "ROOKERY_SESSION_DISK")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_disk: Option<Size>,
    /// The unprivileged user that browsers run as when the worker is root, by name or number [default: nobody]
    #[arg(long, value_name = "USER", env = "ROOKERY_UID")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// Answer from memory instead of starting browsers: for tests and measurements of the control plane
    #[arg(long, env = "ROOKERY_SIMULATED", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", hide = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub simulated: Option<bool>,
    /// Run browsers without their sandbox where it does not work: pages then are not kept from this machine
    #[arg(long, env = "ROOKERY_ALLOW_NO_SANDBOX", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_no_sandbox: Option<bool>,
    /// How long a worker may act after a lease renewal; it renews four times as often, peers wait half as long again
    /// before they call it dead [default: 2s]
    #[arg(long, value_name = "TIME", env = "ROOKERY_LEASE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease: Option<Span>,
}

#[derive(Debug, Args, Serialize)]
#[command(next_help_heading = "Built-in NATS")]
pub struct NatsOptions {
    /// The nats-server to start, 2.12 or newer [default: .rookery/tools/bin, then PATH]
    #[arg(long, value_name = "PATH", env = "ROOKERY_NATS_SERVER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nats_server: Option<PathBuf>,
    /// How often it syncs to disk: a time, or always [default: 100ms]
    #[arg(long, value_name = "TIME", env = "ROOKERY_NATS_SYNC")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nats_sync: Option<NatsSync>,
}
