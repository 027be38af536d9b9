//! The listener: bound before anything else, stopped in two phases.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use axum_server::{
    Handle,
    accept::NoDelayAcceptor,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use bus::Bus;
use futures::FutureExt;
use hyper_util::rt::TokioTimer;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio_util::sync::CancellationToken;

use crate::{
    app::{self, App},
    config::{Config, Invalid, Protocol, Tls},
    gateway::Gateway,
    protocol::{rest, vnc},
};

/// How long a client may take to send its request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long what clients left behind may take to be ended after the last request.
const CLEAN_UP: Duration = Duration::from_secs(10);

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{0}")]
    Config(#[from] Invalid),
    #[error("{0} is taken by another process; choose another address with {1}")]
    PortTaken(SocketAddr, &'static str),
    #[error("cannot listen on {0}: {1}")]
    Bind(SocketAddr, io::Error),
    #[error("TLS: {0}")]
    Tls(String),
    #[error("the listener failed: {0}")]
    Serve(io::Error),
}

/// A gateway that has its ports and does not serve yet.
#[derive(Debug)]
pub struct Server {
    config: Config,
    main: Bound,
    ports: Vec<(Protocol, Bound)>,
    tls: Option<RustlsConfig>,
}

/// An address that is taken.
#[derive(Debug)]
struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

impl Bound {
    fn take(wanted: SocketAddr, option: &'static str) -> Result<Self, StartError> {
        let failed = |e: io::Error| {
            if e.kind() == io::ErrorKind::AddrInUse {
                StartError::PortTaken(wanted, option)
            } else {
                StartError::Bind(wanted, e)
            }
        };
        let listener = TcpListener::bind(wanted).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }
}

impl Server {
    /// Checks the configuration and takes the ports, so that what is wrong shows before anything is started.
    pub fn bind(mut config: Config) -> Result<Self, StartError> {
        config.validate()?;
        let tls = config.tls.as_ref().map(read_tls).transpose()?;
        let main = Bound::take(config.listen, "--http")?;
        let mut ports = Vec::new();
        for port in &config.ports {
            match Bound::take(port.address, port.protocol.option()) {
                Ok(bound) => ports.push((port.protocol, bound)),
                Err(StartError::PortTaken(address, option)) if !port.required => {
                    let name = port.protocol.name();
                    tracing::warn!(
                        "no {name} on {address}: it is taken by another process; {option} names another"
                    );
                }
                Err(error) => return Err(error),
            }
        }
        config.ports.retain(|port| ports.iter().any(|(of, _)| *of == port.protocol));
        for (port, (_, bound)) in config.ports.iter_mut().zip(&ports) {
            port.address = bound.address;
        }
        Ok(Self { config, main, ports, tls })
    }

    /// Where it listens; the port is known even if any was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.main.address
    }

    /// Where a protocol has a listener of its own.
    pub fn port(&self, protocol: Protocol) -> Option<SocketAddr> {
        self.ports.iter().find(|(of, _)| *of == protocol).map(|(_, bound)| bound.address)
    }

    /// Every address it listens on.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        std::iter::once(self.main.address).chain(self.ports.iter().map(|(_, bound)| bound.address))
    }

    /// Serves until `shutdown`. Then nothing new is accepted, streams are told to go, requests in flight may go on for
    /// the grace time; after that they are dropped, and what they leave behind is cleaned up.
    pub async fn run(self, bus: Bus, shutdown: CancellationToken) -> Result<(), StartError> {
        let stop = shutdown.child_token();
        let gateway = Gateway::new(bus, &self.config, stop.clone());
        let app = App::new(gateway.clone(), &self.config, stop.clone());
        let Self { config, main, ports, tls } = self;
        tracing::info!(address = %main.address, tls = tls.is_some(), "listening");
        let router = app::router(app.clone(), &config, main.address);
        let mut serving = vec![serve(main.listener, tls.clone(), router, stop.clone(), config.grace).boxed()];
        for (protocol, Bound { listener, address }) in ports {
            tracing::info!(protocol = protocol.name(), %address, "listening");
            match app::port_router(&app, &config, protocol, address) {
                Some(router) => {
                    let stop = stop.clone();
                    serving.push(serve(listener, tls.clone(), router, stop, config.grace).boxed());
                }
                None => serving.push(vnc::listen::serve(listener, app.clone()).boxed()),
            }
        }
        // One that fails ends the others with it.
        let served = futures::future::try_join_all(serving).await;
        stop.cancel();
        app.sockets().close();
        let _ = tokio::time::timeout(CLEAN_UP, app.sockets().wait()).await;
        gateway.finish(CLEAN_UP).await;
        served.map(drop).map_err(StartError::Serve)
    }
}

/// Binds and serves.
pub async fn run(config: Config, bus: Bus, shutdown: CancellationToken) -> Result<(), StartError> {
    Server::bind(config)?.run(bus, shutdown).await
}

/// The OpenAPI document as `/openapi.json` serves it.
pub fn openapi() -> String {
    rest::document()
}

async fn serve(
    listener: TcpListener,
    tls: Option<RustlsConfig>,
    router: Router,
    stop: CancellationToken,
    grace: Duration,
) -> io::Result<()> {
    let handle = Handle::new();
    let mut server = axum_server::from_tcp(listener)?.handle(handle.clone());
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let service = router.into_make_service();
    let serving = async {
        // Answers are small and waited for: they must not be held back to be joined with others.
        match tls {
            None => server.acceptor(NoDelayAcceptor::new()).serve(service).await,
            Some(tls) => {
                let acceptor = RustlsAcceptor::new(tls).acceptor(NoDelayAcceptor::new());
                server.acceptor(acceptor).serve(service).await
            }
        }
    };
    tokio::pin!(serving);
    tokio::select! {
        served = &mut serving => return served,
        () = stop.cancelled() => {}
    }
    tracing::info!(connections = handle.connection_count(), "stopping: no new connections");
    handle.graceful_shutdown(Some(grace));
    serving.await
}

fn read_tls(tls: &Tls) -> Result<RustlsConfig, StartError> {
    let failed = |path: &std::path::Path, e: &dyn std::fmt::Display| {
        StartError::Tls(format!("{}: {e}", path.display()))
    };
    let certificates = CertificateDer::pem_file_iter(&tls.cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| failed(&tls.cert, &e))?;
    if certificates.is_empty() {
        return Err(failed(&tls.cert, &"holds no certificate"));
    }
    let key = PrivateKeyDer::from_pem_file(&tls.key).map_err(|e| failed(&tls.key, &e))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|b| b.with_no_client_auth().with_single_cert(certificates, key))
        .map_err(|e| StartError::Tls(e.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(RustlsConfig::from_config(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Port, Secret};

    fn config() -> Config {
        Config::new("127.0.0.1:0".parse().unwrap(), Secret::new("fleet"))
    }

    fn cdp(address: SocketAddr, required: bool) -> Config {
        Config { ports: vec![Port { protocol: Protocol::Cdp, address, required }], ..config() }
    }

    #[test]
    fn a_taken_port_is_said_to_be() {
        let first = Server::bind(config()).unwrap();
        let second = Server::bind(Config { listen: first.local_addr(), ..config() });
        let error = second.unwrap_err();
        assert!(matches!(error, StartError::PortTaken(a, "--http") if a == first.local_addr()), "{error}");
        let error = Server::bind(cdp(first.local_addr(), true)).unwrap_err().to_string();
        assert!(error.contains("--cdp-listen"), "{error}");
    }

    #[test]
    fn a_port_that_nobody_asked_for_is_left_out_where_it_is_taken() {
        let first = Server::bind(cdp("127.0.0.1:0".parse().unwrap(), false)).unwrap();
        let taken = first.port(Protocol::Cdp).unwrap();
        assert_eq!(first.addresses().collect::<Vec<_>>(), [first.local_addr(), taken]);
        let second = Server::bind(cdp(taken, false)).unwrap();
        assert_eq!(second.port(Protocol::Cdp), None);
        assert_eq!(second.addresses().count(), 1);
    }

    #[test]
    fn every_port_beyond_loopback_needs_tokens() {
        let error = Server::bind(cdp("0.0.0.0:0".parse().unwrap(), true)).unwrap_err();
        assert!(matches!(error, StartError::Config(Invalid::OpenToTheNetwork(_))), "{error}");
    }

    #[test]
    fn unreadable_certificates_are_named() {
        let tls = Tls { cert: "/nonexistent/cert.pem".into(), key: "/nonexistent/key.pem".into() };
        let error = Server::bind(Config { tls: Some(tls), ..config() }).unwrap_err().to_string();
        assert!(error.contains("/nonexistent/cert.pem"), "{error}");
    }
}
