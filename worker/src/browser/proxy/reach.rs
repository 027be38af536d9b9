//! Getting through to a destination: straight, or through the session's upstream proxy.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::count::Counted;
use super::socks;
use super::upstream::{Scheme, Upstream, is_loopback};
use super::{Failure, Policy, Shared};

/// For the name, the connection and the upstream's answers together.
const PATIENCE: Duration = Duration::from_secs(30);
/// After so long the next address is tried beside the first (RFC 8305).
const HEAD_START: Duration = Duration::from_millis(250);
/// The longest answer to CONNECT that is read from an upstream.
const ANSWER: usize = 16 << 10;

pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}
pub(super) type Stream = Box<dyn Io>;

/// A way to a destination.
pub(super) struct Way {
    pub stream: Stream,
    /// The upstream that wants requests in absolute form; absent where the stream ends at the destination.
    pub via: Option<Arc<Upstream>>,
}

/// Opens a way to a host. `path` is given for plain HTTP, where an HTTP upstream takes the request itself.
pub(super) async fn reach(
    shared: &Shared,
    host: &str,
    port: u16,
    path: Option<&str>,
) -> Result<Way, Failure> {
    let way = async {
        let policy = shared.policy();
        if !policy.admits(host) {
            return Err(Failure::NotAllowed);
        }
        // Through an upstream the address cannot be checked, but a name that means this machine can.
        if is_loopback(host) && !shared.may_reach(port, path) {
            return Err(Failure::Forbidden);
        }
        shared.gate.wait().await;
        match shared.upstream_for(host) {
            Some(upstream) => through(shared, upstream, host, port, path.is_some()).await,
            None => {
                let stream = dial(host, port, &policy).await?;
                if is_own(&stream) && !shared.may_reach(port, path) {
                    return Err(Failure::Forbidden);
                }
                Ok(Way { stream: counted(shared, stream), via: None })
            }
        }
    };
    let outcome = tokio::time::timeout(PATIENCE, way).await.unwrap_or(Err(Failure::TimedOut));
    if let Err(failure) = &outcome {
        shared.remember(host, port, failure);
    }
    outcome
}

fn counted(shared: &Shared, stream: TcpStream) -> Stream {
    Box::new(Counted::new(stream, shared.counters.clone(), shared.gate.clone(), shared.stop.clone()))
}

/// Whether the other end is this machine, by whatever name and address it was reached.
fn is_own(stream: &TcpStream) -> bool {
    match (stream.local_addr(), stream.peer_addr()) {
        (Ok(ours), Ok(theirs)) => {
            theirs.ip().to_canonical().is_loopback() || theirs.ip().to_canonical() == ours.ip().to_canonical()
        }
        (Ok(_) | Err(_), _) => true,
    }
}

async fn dial(host: &str, port: u16, policy: &Policy) -> Result<TcpStream, Failure> {
    let host = host.trim_matches(['[', ']']);
    let mut addresses: Vec<SocketAddr> =
        tokio::net::lookup_host((host, port)).await.map_err(|_| Failure::NameNotResolved)?.collect();
    let known = addresses.len();
    addresses.retain(|address| policy.admits_address(address.ip()));
    if addresses.is_empty() && known > 0 {
        return Err(Failure::NotAllowed);
    }
    let mut addresses = addresses.into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut failure = Failure::NameNotResolved;
    loop {
        match addresses.next() {
            Some(address) => attempts.push(TcpStream::connect(address)),
            None if attempts.is_empty() => return Err(failure),
            None => {}
        }
        let wait = if addresses.len() > 0 { HEAD_START } else { PATIENCE };
        match tokio::time::timeout(wait, attempts.next()).await {
            Ok(Some(Ok(stream))) => {
                // Delays of Nagle's algorithm on top of the browser's own would only add up.
                stream.set_nodelay(true).map_err(|_| Failure::Broken)?;
                return Ok(stream);
            }
            Ok(Some(Err(error))) => failure = explain(&error),
            Ok(None) | Err(_) => {}
        }
    }
}

fn explain(error: &io::Error) -> Failure {
    let kind = error.kind();
    let unreachable =
        [io::ErrorKind::HostUnreachable, io::ErrorKind::NetworkUnreachable, io::ErrorKind::AddrNotAvailable];
    if kind == io::ErrorKind::ConnectionRefused {
        Failure::Refused
    } else if kind == io::ErrorKind::TimedOut {
        Failure::TimedOut
    } else if unreachable.contains(&kind) {
        Failure::Unreachable
    } else {
        Failure::Broken
    }
}

async fn through(
    shared: &Shared,
    upstream: Arc<Upstream>,
    host: &str,
    port: u16,
    plain: bool,
) -> Result<Way, Failure> {
    let unreachable = |failure: Failure| Failure::Upstream(failure.to_string());
    // The way to the proxy is the session's owner's choice, and not where a page goes.
    let stream = dial(&upstream.host, upstream.port, &Policy::default()).await.map_err(unreachable)?;
    let mut stream = counted(shared, stream);
    if upstream.scheme == Scheme::Https {
        stream = secure(stream, &upstream.host).await?;
    }
    match upstream.scheme {
        Scheme::Socks5 => {
            socks::connect(&mut stream, upstream.credentials.as_ref(), host, port).await?;
            Ok(Way { stream, via: None })
        }
        Scheme::Http | Scheme::Https if plain => Ok(Way { stream, via: Some(upstream) }),
        Scheme::Http | Scheme::Https => {
            ask_for_tunnel(&mut stream, &upstream, host, port).await?;
            Ok(Way { stream, via: None })
        }
    }
}

/// The system's certificates; read once, when the first such proxy is used.
fn tls_config() -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

async fn secure(stream: Stream, host: &str) -> Result<Stream, Failure> {
    static CONFIG: OnceLock<Result<Arc<ClientConfig>, String>> = OnceLock::new();
    let config = CONFIG.get_or_init(tls_config).clone().map_err(Failure::Upstream)?;
    let name = ServerName::try_from(host.to_owned()).map_err(|error| Failure::Upstream(error.to_string()))?;
    let stream = TlsConnector::from(config).connect(name, stream).await;
    Ok(Box::new(stream.map_err(|error| Failure::Upstream(error.to_string()))?))
}

/// CONNECT, written by hand: the stream must be left exactly behind the answer's head.
async fn ask_for_tunnel(
    stream: &mut Stream,
    upstream: &Upstream,
    host: &str,
    port: u16,
) -> Result<(), Failure> {
    let authorization =
        upstream.authorization().map(|value| format!("Proxy-Authorization: {value}\r\n")).unwrap_or_default();
    let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{authorization}\r\n");
    let broken = |_: io::Error| Failure::Upstream("it closed the connection".into());
    stream.write_all(request.as_bytes()).await.map_err(broken)?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= ANSWER {
            return Err(Failure::Upstream("its answer is too long".into()));
        }
        head.push(stream.read_u8().await.map_err(broken)?);
    }
    let line = String::from_utf8_lossy(&head);
    let line = line.lines().next().unwrap_or_default();
    match line.split_whitespace().nth(1) {
        Some("200") => Ok(()),
        Some("407") => Err(Failure::UpstreamCredentials),
        _ => Err(Failure::Upstream(line.to_owned())),
    }
}
