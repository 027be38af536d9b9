//! Plain requests to an edge: one connection each, for files are large and pages are few.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, bail};
use axum::http::{HeaderMap, Method, Request, Response, Uri, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use url::Url;

/// How long an edge may take to be reached, and to begin with its answer.
const CONNECT: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(60);

/// What is sent with a request.
pub type Sent = BoxBody<Bytes, std::io::Error>;

/// Speaks HTTP with the edge.
#[derive(Clone)]
pub struct Http(Arc<rustls::ClientConfig>);

impl Http {
    pub fn new(tls: Arc<rustls::ClientConfig>) -> Self {
        Self(tls)
    }

    /// Asks for something and gives the answer, whatever its status.
    pub async fn ask(
        &self,
        method: Method,
        url: &Url,
        token: Option<&str>,
        mut headers: HeaderMap,
        body: Sent,
    ) -> anyhow::Result<Response<Incoming>> {
        let host = url.host_str().context("no host")?;
        let port = url.port_or_known_default().context("no port")?;
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = url[url::Position::BeforePath..].parse::<Uri>()?;
        let authority = url.authority().rsplit('@').next().unwrap_or_default();
        headers.insert(header::HOST, authority.parse()?);
        if let Some(token) = token {
            headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse()?);
        }
        *request.headers_mut() = headers;
        let connecting = TcpStream::connect((host.trim_matches(['[', ']']), port));
        let stream = timeout(CONNECT, connecting).await.context("the edge does not answer")??;
        stream.set_nodelay(true)?;
        let answering = async {
            if url.scheme() == "https" {
                let name = ServerName::try_from(host.to_owned())?;
                send(TlsConnector::from(self.0.clone()).connect(name, stream).await?, request).await
            } else {
                send(stream, request).await
            }
        };
        answering.await
    }
}

async fn send<S>(stream: S, request: Request<Sent>) -> anyhow::Result<Response<Incoming>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Ends with the answer's body, or when that is dropped.
    tokio::spawn(async move { drop(connection.await) });
    // A large body is sent for as long as it moves; the answer comes after it.
    let size = request.headers().contains_key(header::CONTENT_LENGTH);
    let answering = sender.send_request(request);
    if size { Ok(answering.await?) } else { Ok(timeout(ANSWER, answering).await.context("no answer")??) }
}

/// Nothing is sent with the request.
pub fn nothing() -> Sent {
    Full::default().map_err(|never| match never {}).boxed()
}

/// An answer, or what the edge says is wrong.
pub async fn checked(response: Response<Incoming>) -> anyhow::Result<Response<Incoming>> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let body = response.into_body().collect().await?.to_bytes();
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    bail!("{status}: {}", problem["detail"].as_str().unwrap_or_default())
}
