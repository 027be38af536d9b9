//! A web site on loopback that notes what it is asked, by HTTP or HTTPS, directly or as somebody's proxy.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, Response, Uri},
    serve::Listener,
};
use serde_json::json;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{TlsAcceptor, rustls, server::TlsStream};

#[derive(Clone, Debug)]
pub struct Asked {
    pub uri: Uri,
    pub headers: HeaderMap,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

pub struct Site {
    pub address: SocketAddr,
    scheme: &'static str,
    asked: Arc<Mutex<Vec<Asked>>>,
    server: JoinHandle<()>,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Site {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self::serve(listener, address, "http")
    }

    /// With a certificate that no browser trusts.
    pub async fn secure() -> Self {
        use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
        let certificate =
            CertificateDer::from_pem_slice(include_bytes!("../../../edge/tests/tls/cert.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("../../../edge/tests/tls/key.pem")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self::serve(Tls { listener, acceptor: TlsAcceptor::from(Arc::new(config)) }, address, "https")
    }

    fn serve<L: Listener>(listener: L, address: SocketAddr, scheme: &'static str) -> Self
    where
        L::Addr: std::fmt::Debug,
    {
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let log = Arc::clone(&asked);
        let app = Router::new().fallback(move |request: Request| {
            let asked = Asked { uri: request.uri().clone(), headers: request.headers().clone() };
            log.lock().unwrap().push(asked.clone());
            std::future::ready(answer(&asked))
        });
        let server = tokio::spawn(async move { drop(axum::serve(listener, app).await) });
        Self { address, scheme, asked, server }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// The same site by a name of its own: another origin, another site.
    pub fn other(&self, path: &str) -> String {
        format!("{}://localhost:{}{path}", self.scheme, self.address.port())
    }

    pub fn asked(&self, path: &str) -> Vec<Asked> {
        self.asked.lock().unwrap().iter().filter(|asked| asked.uri.path() == path).cloned().collect()
    }
}

const BASIC: &str = "Basic YWRhOmxvdmVsYWNl";

fn answer(asked: &Asked) -> Response<Body> {
    let html = Response::builder().header("content-type", "text/html; charset=utf-8");
    let other = || {
        let host = asked.header("host").unwrap_or_default();
        let port = host.rsplit_once(':').map_or("80", |(_, port)| port);
        if host.starts_with("localhost") { format!("127.0.0.1:{port}") } else { format!("localhost:{port}") }
    };
    let built = match asked.uri.path() {
        "/favicon.ico" => Response::builder().status(404).body(Body::empty()),
        "/worker.js" => {
            Response::builder().header("content-type", "text/javascript").body(Body::from(WORKER))
        }
        // As the server was asked, so that a page can tell.
        "/echo" => {
            let headers: serde_json::Map<_, _> = asked
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), json!(String::from_utf8_lossy(value.as_bytes()))))
                .collect();
            let body = json!({ "uri": asked.uri.to_string(), "headers": headers });
            Response::builder().header("content-type", "application/json").body(Body::from(body.to_string()))
        }
        "/cached" => html.header("cache-control", "max-age=3600").body(Body::from("cached")),
        "/private" if asked.header("authorization") != Some(BASIC) => html
            .status(401)
            .header("www-authenticate", "Basic realm=\"test\"")
            .body(Body::from("who are you?")),
        "/behind" if asked.header("proxy-authorization") != Some(BASIC) => {
            html.status(407).body(Body::empty())
        }
        "/frames" => html.body(Body::from(format!(
            "<title>frames</title><iframe src=/inner></iframe><iframe src=http://{}/inner></iframe>",
            other()
        ))),
        path => html.body(Body::from(format!("<title>{path}</title><h1>{path}</h1>"))),
    };
    built.unwrap()
}

/// Tells what a worker sees of its browser.
const WORKER: &str = "postMessage({ agent: navigator.userAgent, language: navigator.language, \
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone, locale: Intl.DateTimeFormat().resolvedOptions().locale })";

struct Tls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            let (stream, address) = self.listener.accept().await.unwrap();
            // A browser that does not trust it breaks off here.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}
