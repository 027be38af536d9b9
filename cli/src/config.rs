//! The configuration: flags over `ROOKERY_*` variables over `rookery.toml` over defaults.
//!
//! The only place that reads the environment. An unknown key of the file is an error, for a misspelt setting would
//! silently not hold; an unknown variable is a warning, for Kubernetes injects `ROOKERY_*` variables of its own.

mod names;
mod value;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use bus_schema::{Pool, Region, Root, Tenant as TenantName};
use figment::{
    Figment, Provider,
    providers::{Format, Serialized, Toml},
};
use serde::{Deserialize, Serialize};

pub use self::value::{BusUrl, Listen, LogFormat, NatsSync, Secret, Size, Span};
use crate::{flags::Common, wiring};

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{}: unknown key `{key}`{}", path.display(), did_you_mean(nearest))]
    UnknownKey { path: PathBuf, key: String, nearest: Option<String> },
    #[error("{0}")]
    Malformed(Box<figment::Error>),
    #[error("{key}: {problem}")]
    OutOfRange { key: &'static str, problem: String },
    #[error("--nats-url is needed: which NATS server does this {0} belong to?")]
    NoBus(&'static str),
    #[error("{problem}{}", hint(problem))]
    Edge { problem: edge::config::Invalid },
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

/// How to do in this program what the edge asks for.
fn hint(problem: &edge::config::Invalid) -> &'static str {
    if matches!(problem, edge::config::Invalid::OpenToTheNetwork(_)) {
        "; set ROOKERY_TOKEN, or [[tenant]] with tokens in rookery.toml"
    } else {
        ""
    }
}

/// What this process is to be; some settings are needed, or checked, only for some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Up,
    Edge,
    Worker,
    Doctor,
}

/// Every setting, for every role. The fields' names are those of the flags, the variables and the keys of the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub log_format: LogFormat,
    /// Directives for the log; `RUST_LOG` if absent, `info` without either.
    pub log_level: Option<String>,
    pub data_dir: PathBuf,
    pub nats_url: Option<BusUrl>,
    pub nats_credentials: Option<PathBuf>,
    pub region: Region,
    /// Further regions that may be asked.
    pub regions: Vec<Region>,
    pub subject_root: String,
    /// How many servers of a NATS cluster hold each stream.
    pub replicas: u8,
    pub secret: Option<Secret>,
    pub drain_timeout: Span,

    pub http: SocketAddr,
    /// Where CDP has a listener of its own. Absent: as the role has it.
    pub cdp_listen: Option<Listen>,
    /// Where tzafonwright clients are served. Absent: as the role has it.
    pub tzafonwright_listen: Option<Listen>,
    /// Where VNC viewers are served without WebSockets. Absent: as the role has it.
    pub vnc_listen: Option<Listen>,
    pub token: Option<Secret>,
    pub tls_cert: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    pub allowed_hosts: Vec<String>,
    pub allowed_origins: Vec<String>,
    /// The largest JSON body.
    pub body_limit: Size,
    /// The largest file a client may stage for upload.
    pub upload_limit: Size,
    /// `[session_defaults]`: fields for new sessions where the client gives none.
    pub session_defaults: serde_json::Map<String, serde_json::Value>,

    pub slots: Option<u32>,
    pub pool: Pool,
    pub warm: Option<u32>,
    pub browser: Option<PathBuf>,
    pub chrome: Option<PathBuf>,
    /// Memory of one session, all its processes together, above which it ends with `oom`.
    pub session_memory: Size,
    /// Disk of one session above which it ends with `evicted`.
    pub session_disk: Size,
    /// Name or number of the user that browsers run as when the worker is root.
    pub uid: String,
    pub simulated: bool,
    pub allow_no_sandbox: bool,
    pub lease: Span,
    pub ops: Option<SocketAddr>,

    pub workers: u16,
    pub nats_server: Option<PathBuf>,
    pub nats_sync: NatsSync,

    pub tenant: Vec<Tenant>,
}

/// `[[tenant]]`: who may speak, and how much of the fleet is theirs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tenant {
    pub name: TenantName,
    pub tokens: Vec<Secret>,
    /// Its share of the workers' attention relative to other tenants that wait.
    pub weight: u32,
    pub limits: Limits,
    /// May drain workers; a tenant that is the only one always may.
    pub operator: bool,
}

/// What one tenant may have at a time in one region; absent means no limit but the fleet's.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Sessions that have not ended, those that wait included.
    pub sessions: Option<u32>,
    /// Sessions that wait for a worker.
    pub queued: Option<u32>,
}

impl Default for Tenant {
    fn default() -> Self {
        Self {
            name: TenantName::default(),
            tokens: Vec::new(),
            weight: 1,
            limits: Limits::default(),
            operator: false,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            log_format: LogFormat::Human,
            log_level: None,
            data_dir: default_data_dir(),
            nats_url: None,
            nats_credentials: None,
            region: Region::default(),
            regions: Vec::new(),
            subject_root: Root::default().as_str().to_owned(),
            replicas: 1,
            secret: None,
            drain_timeout: Span(Duration::from_secs(30)),
            http: SocketAddr::from(([127, 0, 0, 1], 8080)),
            cdp_listen: None,
            tzafonwright_listen: None,
            vnc_listen: None,
            token: None,
            tls_cert: None,
            tls_key: None,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            body_limit: Size(1 << 20),
            upload_limit: Size(1 << 30),
            session_defaults: serde_json::Map::new(),
            slots: None,
            pool: Pool::default(),
            warm: None,
            browser: None,
            chrome: None,
            session_memory: Size(2 << 30),
            session_disk: Size(2 << 30),
            uid: "nobody".to_owned(),
            simulated: false,
            allow_no_sandbox: false,
            lease: Span(Duration::from_secs(2)),
            ops: None,
            workers: 1,
            nats_server: None,
            nats_sync: NatsSync::Every(Span(Duration::from_millis(100))),
            tenant: Vec::new(),
        }
    }
}

/// A place that outlives a reboot and that an unprivileged user, whom browsers run as, can be let into.
fn default_data_dir() -> PathBuf {
    if nix::unistd::geteuid().is_root() {
        return PathBuf::from("/var/lib/rookery");
    }
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let home = || home().map(|home| home.join(".local/state"));
    state.or_else(home).unwrap_or_else(std::env::temp_dir).join("rookery")
}

/// What the environment says that is not of Rookery.
#[derive(Debug, Default)]
pub struct Ambient {
    pub rust_log: Option<String>,
    /// Somebody collects traces; the exporter reads where and how from the `OTEL_*` variables itself.
    pub otlp: bool,
    /// The traces have a name given by the operator.
    pub named_service: bool,
}

impl Ambient {
    pub fn read() -> Self {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        Self {
            rust_log: std::env::var("RUST_LOG").ok().filter(|directives| !directives.is_empty()),
            otlp: is_set("OTEL_EXPORTER_OTLP_ENDPOINT"),
            named_service: is_set("OTEL_SERVICE_NAME"),
        }
    }
}

/// PATH, where programs are looked for.
pub fn search_path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

/// The user's home directory, where browsers may have been downloaded to.
pub fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from)
}

/// What loading found besides the settings: to be logged once there is a log.
#[derive(Debug, Default)]
pub struct Remarks(pub Vec<String>);

/// Loads and checks the settings of one role; `flags` is the parsed command line, environment included.
pub fn load(role: Role, common: &Common, flags: &impl Serialize) -> Result<(Settings, Remarks), ConfigError> {
    let mut defaults = Settings::default();
    if role == Role::Up {
        // Nobody else could take its sessions over, and somebody waits at the terminal.
        defaults.drain_timeout = Span(Duration::from_secs(5));
    }
    let mut figment = Figment::from(Serialized::defaults(defaults));
    if let Some(path) = config_file(common)? {
        let file = Toml::file_exact(&path);
        names::check_file(&path, &file.data().map_err(|error| ConfigError::Malformed(Box::new(error)))?)?;
        figment = figment.merge(file);
    }
    let settings: Settings = figment
        .merge(Serialized::globals(flags))
        .extract()
        .map_err(|error| ConfigError::Malformed(Box::new(error)))?;
    settings.check(role)?;
    Ok((settings, Remarks(names::unknown_variables(std::env::vars_os()))))
}

fn config_file(common: &Common) -> Result<Option<PathBuf>, ConfigError> {
    let (path, named) = match &common.config {
        Some(path) => (path.clone(), true),
        None => (PathBuf::from("rookery.toml"), false),
    };
    match std::fs::metadata(&path) {
        Ok(_) => Ok(Some(path)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !named => Ok(None),
        Err(source) => Err(ConfigError::Unreadable { path, source }),
    }
}

impl Settings {
    /// As TOML that could be a `rookery.toml`, but for the secrets.
    pub fn print(&self) -> String {
        toml::to_string(self).unwrap_or_else(|error| format!("# cannot be shown: {error}\n"))
    }

    fn check(&self, role: Role) -> Result<(), ConfigError> {
        Root::new(&self.subject_root).map_err(|error| out_of_range("subject_root", &error.to_string()))?;
        if let Some(url) = &self.nats_url {
            bus::connect::check_url(url.reveal()).map_err(|problem| out_of_range("nats_url", problem))?;
        }
        in_range("slots", self.slots.unwrap_or(1), 1, 10_000)?;
        in_range("warm", self.warm.unwrap_or(0), 0, self.slots.unwrap_or(10_000))?;
        in_range("replicas", self.replicas.into(), 1, 5)?;
        in_range("workers", self.workers.into(), 1, 64)?;
        in_time("lease", self.lease, Duration::from_millis(200), Duration::from_secs(60))?;
        in_time("drain_timeout", self.drain_timeout, Duration::ZERO, Duration::from_secs(3600))?;
        match role {
            Role::Up | Role::Doctor => self.check_edge(),
            Role::Edge => self.check_bus("edge").and_then(|()| self.check_edge()),
            Role::Worker => self.check_bus("worker"),
        }
    }

    fn check_bus(&self, role: &'static str) -> Result<(), ConfigError> {
        self.nats_url.as_ref().map(|_| ()).ok_or(ConfigError::NoBus(role))
    }

    fn check_edge(&self) -> Result<(), ConfigError> {
        match (&self.tls_cert, &self.tls_key) {
            (Some(_), None) => return Err(out_of_range("tls_key", "is needed with tls_cert")),
            (None, Some(_)) => return Err(out_of_range("tls_cert", "is needed with tls_key")),
            (Some(_), Some(_)) | (None, None) => {}
        }
        if self.token.is_some() && !self.tenant.is_empty() {
            return Err(out_of_range(
                "token",
                "is for a fleet without [[tenant]]; give each tenant its tokens",
            ));
        }
        // Which secret does not matter for what is checked.
        let config = wiring::edge_config(self, &Secret::new(String::new()));
        config.validate().map_err(|problem| ConfigError::Edge { problem })
    }
}

fn out_of_range(key: &'static str, problem: &str) -> ConfigError {
    ConfigError::OutOfRange { key, problem: problem.to_owned() }
}

fn in_range(key: &'static str, value: u32, least: u32, most: u32) -> Result<(), ConfigError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(out_of_range(key, &format!("{value} is not between {least} and {most}")))
}

fn in_time(key: &'static str, value: Span, least: Duration, most: Duration) -> Result<(), ConfigError> {
    if (least..=most).contains(&value.0) {
        return Ok(());
    }
    Err(out_of_range(key, &format!("{value} is not between {} and {}", Span(least), Span(most))))
}

/// The server that tests are to use, if one is named.
#[cfg(test)]
pub fn named_nats_server() -> Option<PathBuf> {
    std::env::var_os("ROOKERY_NATS_SERVER").map(PathBuf::from)
}

#[cfg(test)]
mod tests;
