//! From the configuration to the parts it describes.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, bail};
use bus::{Bus, ConnectError, provision::Provision};
use bus_schema::{Root, Tenant};
use edge::config::{Port, Protocol, TenantConfig};
use tokio_util::sync::CancellationToken;
use worker::{
    browser::{Kind, User, find::Places},
    node::{Guarding, Stop, Worker},
};

use crate::{
    config::{self, BusUrl, Listen, Secret, Settings},
    exit::{Exit, Failure, OrExit},
    fleet::Parts,
    machine,
};

/// Connects as `name`, makes streams and buckets if need be, and learns the time of the fleet.
pub async fn bus(settings: &Settings, url: &BusUrl, name: &str) -> Result<Bus, ConnectError> {
    let bus = Bus::connect(&bus_options(settings, url, name)).await?;
    bus.provision(&Provision { replicas: settings.replicas.into(), ..Provision::default() }).await?;
    Ok(bus)
}

/// Connects only, to see whether it can be done.
pub async fn try_bus(settings: &Settings, url: &BusUrl) -> Result<(), ConnectError> {
    Bus::connect(&bus_options(settings, url, "rookery-doctor")).await.map(drop)
}

fn bus_options(settings: &Settings, url: &BusUrl, name: &str) -> bus::Options {
    let mut options = bus::Options::new(url.reveal());
    options.name = name.to_owned();
    options.region = settings.region.clone();
    options.other_regions = settings.regions.clone();
    options.credentials_file = settings.nats_credentials.clone();
    // Checked with the settings; the default is only for a name that the check let pass.
    options.root = Root::new(&settings.subject_root).unwrap_or_default();
    options
}

/// Where a browser of this kind is looked for.
pub fn browser_places(settings: &Settings, kind: Kind) -> Places {
    let named = match kind {
        Kind::HeadlessShell => &settings.browser,
        Kind::Chrome => &settings.chrome,
    };
    Places { named: named.clone(), path: Some(config::search_path()), home: config::home() }
}

/// Whom browsers run as: an unprivileged user if this process is root, else nobody but itself.
pub fn browser_user(settings: &Settings) -> anyhow::Result<Option<User>> {
    if !User::is_needed() {
        return Ok(None);
    }
    let name = &settings.uid;
    let user = match name.parse() {
        Ok(uid) => Some(User::with_uid(uid)?),
        Err(_) => User::named(name)?,
    };
    user.map(Some).with_context(|| format!("uid: there is no user `{name}` on this machine"))
}

/// Connects and starts a gateway that has its port.
pub async fn edge(settings: &Settings, server: edge::Server, url: &BusUrl) -> Result<Parts, Failure> {
    let bus = bus(settings, url, "rookery-edge").await.or_exit(Exit::BusUnreachable)?;
    let mut parts = Parts::new("edge");
    parts.start(|drain| async move { Ok(server.run(bus, drain).await?) });
    Ok(parts)
}

/// The gateway as configured; its own check is part of loading the configuration.
pub fn edge_config(settings: &Settings, secret: &Secret) -> edge::Config {
    let mut config = edge::Config::new(settings.http, edge_secret(secret));
    config.tls = match (&settings.tls_cert, &settings.tls_key) {
        (Some(cert), Some(key)) => Some(edge::config::Tls { cert: cert.clone(), key: key.clone() }),
        (_, None) | (None, _) => None,
    };
    config.ports = ports(settings, |_| None);
    config.tenants = tenants(settings);
    config.allowed_hosts = settings.allowed_hosts.clone();
    config.allowed_origins = settings.allowed_origins.clone();
    config.body_limit = usize::try_from(settings.body_limit.0).unwrap_or(usize::MAX);
    config.upload_limit = settings.upload_limit.0;
    config.session_defaults = settings.session_defaults.clone();
    // Requests in flight are part of what draining waits for.
    config.grace = settings.drain_timeout.0 / 3;
    config
}

/// The gateway of a whole fleet on one machine: what is off elsewhere listens where clients look for it.
pub fn edge_config_with_defaults(settings: &Settings, secret: &Secret) -> edge::Config {
    let mut config = edge_config(settings, secret);
    config.ports = ports(settings, |protocol| {
        let port = match protocol {
            Protocol::Cdp => 9222,
            Protocol::Tzafonwright => 1337,
            Protocol::Vnc => 5900,
        };
        Some(SocketAddr::from(([127, 0, 0, 1], port)))
    });
    config
}

fn ports(settings: &Settings, fallback: impl Fn(Protocol) -> Option<SocketAddr>) -> Vec<Port> {
    let wanted = [
        (Protocol::Cdp, settings.cdp_listen),
        (Protocol::Tzafonwright, settings.tzafonwright_listen),
        (Protocol::Vnc, settings.vnc_listen),
    ];
    wanted.into_iter().filter_map(|(protocol, at)| port(protocol, at, fallback(protocol))).collect()
}

fn port(protocol: Protocol, wanted: Option<Listen>, fallback: Option<SocketAddr>) -> Option<Port> {
    match wanted {
        Some(Listen::Off) => None,
        Some(Listen::At(address)) => Some(Port { protocol, address, required: true }),
        None => fallback.map(|address| Port { protocol, address, required: false }),
    }
}

fn tenants(settings: &Settings) -> Vec<TenantConfig> {
    if let Some(token) = &settings.token {
        return vec![TenantConfig::new(Tenant::default(), vec![edge_secret(token)])];
    }
    let tenants = settings.tenant.iter().map(|tenant| TenantConfig {
        name: tenant.name.clone(),
        tokens: tenant.tokens.iter().map(edge_secret).collect(),
        limits: edge::config::Limits { sessions: tenant.limits.sessions, queued: tenant.limits.queued },
        weight: tenant.weight,
        operator: tenant.operator,
    });
    tenants.collect()
}

fn edge_secret(secret: &Secret) -> edge::config::Secret {
    edge::config::Secret::new(secret.reveal())
}

/// Connects and starts a worker; it is one of `workers` until it is drained. `edge` is that of the same process, from
/// which pages are kept.
pub async fn worker(
    settings: &Settings,
    url: &BusUrl,
    edge: Option<&edge::Server>,
    workers: &mut Parts,
) -> Result<Bus, Failure> {
    let options = bus_options(settings, url, "rookery-worker");
    let bus = bus(settings, url, "rookery-worker").await.or_exit(Exit::BusUnreachable)?;
    let config = worker_config(settings, url, edge).or_exit(Exit::Usage)?;
    let worker = worker::node::run(config, bus.clone(), &options).await?;
    println!("worker {}", worker.id);
    let grace = settings.drain_timeout.0.mul_f32(DRAIN_SHARE);
    workers.start(move |drain| attend_worker(worker, drain, grace));
    Ok(bus)
}

/// Sessions may end by themselves for this part of the time to drain; the rest is for ending those that do not.
const DRAIN_SHARE: f32 = 0.8;

async fn attend_worker(mut worker: Worker, drain: CancellationToken, grace: Duration) -> anyhow::Result<()> {
    let ended = tokio::select! {
        ended = worker.ended() => Some(ended),
        () = drain.cancelled() => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            worker.drain(grace);
            worker.ended().await
        }
    };
    match ended {
        Stop::Drained => Ok(()),
        Stop::Failed => bail!("its supervision is exhausted; peers take its sessions"),
    }
}

fn worker_config(
    settings: &Settings,
    url: &BusUrl,
    edge: Option<&edge::Server>,
) -> anyhow::Result<worker::node::Config> {
    let mut config = worker::node::Config::new(&settings.data_dir);
    config.slots = settings.slots.unwrap_or_else(|| machine::sessions() / u32::from(settings.workers)).max(1);
    config.warm = usize::try_from(settings.warm.unwrap_or(2).min(config.slots))?;
    config.pools = vec![settings.pool.clone()];
    config.weights = settings.tenant.iter().map(|tenant| (tenant.name.clone(), tenant.weight)).collect();
    config.times.valid_for = settings.lease.0;
    config.times.renew_every = settings.lease.0 / 4;
    config.times.dead_after = settings.lease.0 * 3 / 2;
    config.simulated = settings.simulated;
    config.browser = settings.browser.clone();
    config.chrome = settings.chrome.clone();
    config.browser_uid = browser_user(settings)?.map(|user| user.uid);
    config.no_sandbox = settings.allow_no_sandbox;
    let of_edge = edge.into_iter().flat_map(edge::Server::addresses).map(|address| address.port());
    config.refused_ports = url.loopback_ports().chain(of_edge).collect();
    config.demo_port = edge.map(|edge| edge.local_addr().port());
    config.session_memory_bytes = settings.session_memory.0;
    config.session_disk_bytes = settings.session_disk.0;
    config.guard = Guarding::Program(std::env::current_exe()?);
    Ok(config)
}
