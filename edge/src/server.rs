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
use hyper_util::rt::TokioTimer;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio_util::sync::CancellationToken;

use crate::{
    app::{self, App},
    config::{Config, Invalid, Tls},
    gateway::Gateway,
    protocol::rest,
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
    #[error("{0} is taken by another process; choose another address with --http")]
    PortTaken(SocketAddr),
    #[error("cannot listen on {0}: {1}")]
    Bind(SocketAddr, io::Error),
    #[error("TLS: {0}")]
    Tls(String),
    #[error("the listener failed: {0}")]
    Serve(io::Error),
}

/// A gateway that has its port and does not serve yet.
#[derive(Debug)]
pub struct Server {
    config: Config,
    listener: TcpListener,
    tls: Option<RustlsConfig>,
    local_addr: SocketAddr,
}

impl Server {
    /// Checks the configuration and takes the port, so that what is wrong shows before anything is started.
    pub fn bind(config: Config) -> Result<Self, StartError> {
        config.validate()?;
        let tls = config.tls.as_ref().map(read_tls).transpose()?;
        let listen = config.listen;
        let failed = |e: io::Error| {
            if e.kind() == io::ErrorKind::AddrInUse {
                StartError::PortTaken(listen)
            } else {
                StartError::Bind(listen, e)
            }
        };
        let listener = TcpListener::bind(listen).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let local_addr = listener.local_addr().map_err(failed)?;
        Ok(Self { config, listener, tls, local_addr })
    }

    /// Where it listens; the port is known even if any was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Serves until `shutdown`. Then nothing new is accepted, streams are told to go, requests in flight may go on for
    /// the grace time; after that they are dropped, and what they leave behind is cleaned up.
    pub async fn run(self, bus: Bus, shutdown: CancellationToken) -> Result<(), StartError> {
        let stop = shutdown.child_token();
        let gateway = Gateway::new(bus, &self.config, stop.clone());
        let app = App::new(gateway.clone(), &self.config, stop.clone());
        let router = app::router(app.clone(), &self.config, self.local_addr);
        let handle = Handle::new();
        let watcher = tokio::spawn(watch(stop.clone(), handle.clone(), self.config.grace));
        tracing::info!(address = %self.local_addr, tls = self.tls.is_some(), "listening");
        let served = serve(self.listener, self.tls, handle, router).await;
        watcher.abort();
        stop.cancel();
        app.sockets().close();
        let _ = tokio::time::timeout(CLEAN_UP, app.sockets().wait()).await;
        gateway.finish(CLEAN_UP).await;
        served.map_err(StartError::Serve)
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

async fn watch(stop: CancellationToken, handle: Handle<SocketAddr>, grace: Duration) {
    stop.cancelled().await;
    tracing::info!(connections = handle.connection_count(), "stopping: no new connections");
    handle.graceful_shutdown(Some(grace));
}

async fn serve(
    listener: TcpListener,
    tls: Option<RustlsConfig>,
    handle: Handle<SocketAddr>,
    router: Router,
) -> io::Result<()> {
    let mut server = axum_server::from_tcp(listener)?.handle(handle);
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let service = router.into_make_service();
    // Answers are small and waited for: they must not be held back to be joined with others.
    match tls {
        None => server.acceptor(NoDelayAcceptor::new()).serve(service).await,
        Some(tls) => {
            let acceptor = RustlsAcceptor::new(tls).acceptor(NoDelayAcceptor::new());
            server.acceptor(acceptor).serve(service).await
        }
    }
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
    use crate::config::Secret;

    fn config() -> Config {
        Config::new("127.0.0.1:0".parse().unwrap(), Secret::new("fleet"))
    }

    #[test]
    fn a_taken_port_is_said_to_be() {
        let first = Server::bind(config()).unwrap();
        let second = Server::bind(Config { listen: first.local_addr(), ..config() });
        let error = second.unwrap_err();
        assert!(matches!(error, StartError::PortTaken(a) if a == first.local_addr()), "{error}");
        assert!(error.to_string().contains("--http"));
    }

    #[test]
    fn unreadable_certificates_are_named() {
        let tls = Tls { cert: "/nonexistent/cert.pem".into(), key: "/nonexistent/key.pem".into() };
        let error = Server::bind(Config { tls: Some(tls), ..config() }).unwrap_err().to_string();
        assert!(error.contains("/nonexistent/cert.pem"), "{error}");
    }
}
