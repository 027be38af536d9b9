//! The forward proxy that all traffic of a browser passes.
//!
//! Each browser has a listener of its own on loopback, made before it starts: so a connection says by where it
//! arrives whose it is, and the upstream can be chosen when a warm browser is handed out. An idle proxy costs a
//! descriptor and a sleeping task.

mod count;
mod pattern;
mod peer;
mod policy;
mod reach;
mod serve;
mod socks;
mod upstream;

use std::collections::VecDeque;
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use actors::Gate;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};

use count::Counters;
pub use policy::Policy;
pub use upstream::{Upstream, UpstreamError};

/// Connections that one browser may hold at a time. Chromium itself stays far below.
const CONNECTIONS: usize = 1024;
/// Failures that are remembered, and for how long, so that a command can say why a page did not come.
const FAILURES: usize = 64;
const MEMORY: Duration = Duration::from_secs(60);

/// A port on this machine that pages must not reach: the edge's, NATS' own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardedPort {
    pub port: u16,
    /// What may be reached of it over plain HTTP all the same: this path and those under it.
    pub open_path: Option<String>,
}

/// Why a destination was not reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("the name does not resolve")]
    NameNotResolved,
    #[error("the connection was refused")]
    Refused,
    #[error("the host cannot be reached")]
    Unreachable,
    #[error("no connection in time")]
    TimedOut,
    #[error("the connection broke")]
    Broken,
    #[error("this port is not for pages")]
    Forbidden,
    #[error("the session's policy does not allow this host")]
    NotAllowed,
    #[error("the upstream proxy refuses: {0}")]
    Upstream(String),
    #[error("the upstream proxy does not accept the credentials")]
    UpstreamCredentials,
}

impl Failure {
    /// What Chromium would have said without a proxy in between.
    pub fn net_error(&self) -> &'static str {
        match self {
            Self::NameNotResolved => "net::ERR_NAME_NOT_RESOLVED",
            Self::Refused => "net::ERR_CONNECTION_REFUSED",
            Self::Unreachable => "net::ERR_ADDRESS_UNREACHABLE",
            Self::TimedOut => "net::ERR_CONNECTION_TIMED_OUT",
            Self::Broken => "net::ERR_CONNECTION_RESET",
            Self::Forbidden | Self::NotAllowed => "net::ERR_BLOCKED_BY_ADMINISTRATOR",
            Self::Upstream(_) => "net::ERR_TUNNEL_CONNECTION_FAILED",
            Self::UpstreamCredentials => "net::ERR_INVALID_AUTH_CREDENTIALS",
        }
    }
}

/// What passed a proxy, in bytes on the network's side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    pub sent: u64,
    pub received: u64,
    /// Connections of the browser so far.
    pub connections: u64,
}

/// The proxy of one browser. Dropping it closes its port and all connections.
pub struct ForwardProxy {
    port: u16,
    shared: Arc<Shared>,
    _stop: DropGuard,
}

struct Shared {
    guarded: Arc<[GuardedPort]>,
    gate: Gate,
    stop: CancellationToken,
    upstream: RwLock<Option<Arc<Upstream>>>,
    policy: RwLock<Arc<Policy>>,
    counters: Arc<Counters>,
    failures: Mutex<VecDeque<(String, u16, Failure, Instant)>>,
}

impl ForwardProxy {
    /// Opens a port. Only processes of `user` may use it, where the system tells whose a connection is. Nothing goes
    /// out but while `gate` is open.
    pub async fn start(guarded: Arc<[GuardedPort]>, user: Option<u32>, gate: Gate) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let stop = CancellationToken::new();
        let shared = Arc::new(Shared {
            guarded,
            gate,
            stop: stop.clone(),
            upstream: RwLock::default(),
            policy: RwLock::default(),
            counters: Arc::default(),
            failures: Mutex::default(),
        });
        tokio::spawn(stop.clone().run_until_cancelled_owned(accept(
            listener,
            shared.clone(),
            user,
            stop.clone(),
        )));
        Ok(Self { port, shared, _stop: stop.drop_guard() })
    }

    /// Closes its port and all connections. What was sent and has not gone out never will.
    pub fn close(&self) {
        self.shared.stop.cancel();
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// From the next connection on, traffic goes through this proxy, or straight out.
    pub fn set_upstream(&self, upstream: Option<Upstream>) {
        let upstream = upstream.map(Arc::new);
        *self.shared.upstream.write().unwrap_or_else(PoisonError::into_inner) = upstream;
    }

    /// From the next connection on, only what this policy allows is reached.
    pub fn set_policy(&self, policy: Policy) {
        *self.shared.policy.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
    }

    pub fn traffic(&self) -> Traffic {
        self.shared.counters.read()
    }

    /// Why this host was last not reached, if that was within the last minute. Chromium itself only knows that
    /// its proxy failed it.
    pub fn failure(&self, host: &str, port: u16) -> Option<Failure> {
        let host = host.trim_matches(['[', ']']);
        let failures = self.shared.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let found = failures.iter().rev().find(|(of, at, _, _)| of.eq_ignore_ascii_case(host) && *at == port);
        found.filter(|(_, _, _, when)| when.elapsed() < MEMORY).map(|(_, _, failure, _)| failure.clone())
    }
}

impl Shared {
    fn upstream_for(&self, host: &str) -> Option<Arc<Upstream>> {
        let upstream = self.upstream.read().unwrap_or_else(PoisonError::into_inner).clone();
        upstream.filter(|upstream| !upstream.bypasses(host))
    }

    fn policy(&self) -> Arc<Policy> {
        self.policy.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, host: &str, port: u16, failure: &Failure) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= FAILURES {
            failures.pop_front();
        }
        failures.push_back((host.to_owned(), port, failure.clone(), Instant::now()));
    }

    /// Whether a port on this machine may be reached; `path` is known for plain HTTP only.
    fn may_reach(&self, port: u16, path: Option<&str>) -> bool {
        self.guarded.iter().filter(|guarded| guarded.port == port).all(|guarded| {
            match (&guarded.open_path, path) {
                (Some(open), Some(path)) => is_under(path, open),
                (Some(_) | None, _) => false,
            }
        })
    }
}

/// Whether a path is `open` or below it. What a server might read as a way out of it is not.
fn is_under(path: &str, open: &str) -> bool {
    let odd = path.contains("..") || path.contains('%') || path.contains('\\') || path.contains("//");
    !odd && path.strip_prefix(open).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, user: Option<u32>, stop: CancellationToken) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, mostly: it passes, and spinning would not help.
                tracing::warn!(%error, "the proxy cannot accept");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        if !peer::is_allowed(&stream, user) {
            tracing::warn!("a process of another user tried a browser's proxy");
            continue;
        }
        shared.counters.connections.fetch_add(1, Relaxed);
        let serving = serve::serve(stream, shared.clone(), stop.clone());
        let stop = stop.clone();
        tokio::spawn(async move {
            let _permit = permit;
            stop.run_until_cancelled(serving).await;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_open_path_of_a_guarded_port_is_reached() {
        for (path, open) in [
            ("/demo", true),
            ("/demo/app.js", true),
            ("/demonstration", false),
            ("/v1/sessions", false),
            ("/demo/../v1/sessions", false),
            ("/demo/%2e%2e/v1", false),
            ("/demo//v1", false),
            ("/", false),
        ] {
            assert_eq!(is_under(path, "/demo"), open, "{path}");
        }
    }
}
