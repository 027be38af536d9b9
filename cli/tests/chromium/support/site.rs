//! A web site on loopback with pages that misbehave.

use std::{path::Path, sync::Arc};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};
use tokio_util::task::AbortOnDropHandle;

/// What is sent behind the head of the answer; the connection closes then.
pub type Page = fn(path: &str) -> Reply;

pub enum Reply {
    Html(&'static str),
    /// Header lines and body.
    Raw(&'static str, &'static str),
    /// The connection stays open, and nothing is said.
    Silence,
    /// Header lines and a body that begins and does not end.
    Endless(&'static str, &'static str),
}

pub struct Site {
    base: String,
    _server: AbortOnDropHandle<()>,
}

impl Site {
    pub async fn start(pages: Page) -> Self {
        Self::serve("http", None, pages).await
    }

    /// With a certificate that nobody signed whom a browser knows.
    pub async fn with_tls(pages: Page) -> Self {
        Self::serve("https", Some(acceptor()), pages).await
    }

    async fn serve(scheme: &str, tls: Option<TlsAcceptor>, pages: Page) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("{scheme}://{}", listener.local_addr().unwrap());
        let serve = async move {
            while let Ok((stream, _)) = listener.accept().await {
                let tls = tls.clone();
                tokio::spawn(async move {
                    match tls {
                        None => answer(stream, pages).await,
                        Some(tls) => answer(tls.accept(stream).await?, pages).await,
                    }
                });
            }
        };
        Self { base, _server: AbortOnDropHandle::new(tokio::spawn(serve)) }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

async fn answer(stream: impl AsyncRead + AsyncWrite + Unpin, pages: Page) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let path = head.split_whitespace().nth(1).unwrap_or_default();
    let (headers, body, ends) = match pages(path) {
        Reply::Html(body) => ("content-type: text/html\r\n", body, true),
        Reply::Raw(headers, body) => (headers, body, true),
        Reply::Endless(headers, body) => (headers, body, false),
        Reply::Silence => return std::future::pending().await,
    };
    let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.flush().await?;
    if !ends {
        std::future::pending::<()>().await;
    }
    stream.shutdown().await
}

/// Speaks TLS as `localhost`, by a certificate of a CA that lies beside it.
pub fn acceptor() -> TlsAcceptor {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../edge/tests/tls");
    let certificates = CertificateDer::pem_file_iter(dir.join("cert.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(dir.join("key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificates.map(Result::unwrap).collect(), key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
