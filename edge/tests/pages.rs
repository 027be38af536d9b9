//! Pages and TLS, over a real listener.

mod support;

use std::sync::Arc;

use bus::testing::Server as Nats;
use edge::{Config, config::Tls};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use support::{Edge, config};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

#[tokio::test]
async fn every_page_names_what_it_may_load() {
    let nats = Nats::start();
    let edge = Edge::start(&nats).await;
    for (path, media_type) in [
        ("/", "text/html"),
        ("/docs", "text/html"),
        ("/docs/docs.js", "text/javascript"),
        ("/docs/docs.css", "text/css"),
        ("/demo", "text/html"),
        ("/demo/", "text/html"),
        ("/demo/second.html", "text/html"),
        ("/demo/demo.js", "text/javascript"),
        ("/demo/rook.svg", "image/svg+xml"),
        ("/demo/report.csv", "text/csv"),
    ] {
        let page = edge.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.headers["content-type"].to_str().unwrap().starts_with(media_type), "{path}");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe-eval"), "{path}: {policy}");
    }
    let docs = edge.get("/docs").await;
    let policy = docs.headers["content-security-policy"].to_str().unwrap();
    // Code from a CDN runs there: it must not be of this origin, nor be allowed to connect anywhere.
    assert!(policy.contains("sandbox allow-scripts"), "{policy}");
    assert!(!policy.contains("allow-same-origin") && !policy.contains("connect-src"), "{policy}");
    let page = docs.text();
    assert!(page.contains("\"openapi\": \"3.1") && !page.contains("{{openapi}}"), "the document is built in");
    assert_eq!(
        page.matches("src=\"https://").count(),
        page.matches("integrity=\"sha384-").count(),
        "each by its hash"
    );
    assert_eq!(edge.get("/demo/nothing.html").await.problem(), (404, "not_found".into()));
    assert_eq!(edge.get("/demo/..%2Fsrc%2Flib.rs").await.problem(), (404, "not_found".into()));
    assert_eq!(edge.get("/openapi.json").await.json()["info"]["title"], "Rookery");
}

#[tokio::test]
async fn with_a_certificate_everything_goes_over_tls() {
    let nats = Nats::start();
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls/");
    let tls = Tls { cert: format!("{dir}cert.pem").into(), key: format!("{dir}key.pem").into() };
    let edge = Edge::with(&nats, Config { tls: Some(tls), ..config() }).await;

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(format!("{dir}ca.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tcp = TcpStream::connect(edge.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(client)).connect(name, tcp).await.unwrap();
    let request = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    // Plain HTTP on the same port gets nothing.
    let mut plain = TcpStream::connect(edge.address).await.unwrap();
    plain.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"));
}
