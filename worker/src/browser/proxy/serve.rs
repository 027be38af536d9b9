//! One connection of the browser: requests in absolute form, and CONNECT.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper::header::{HeaderMap, HeaderName, HeaderValue, PROXY_AUTHORIZATION};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::reach::{Way, reach};
use super::upstream::Upstream;
use super::{Failure, Shared};

const HEAD: usize = 256 << 10;
const HEADERS: usize = 200;
/// How long a connection may be idle, and how long a head may take to come.
const IDLE: Duration = Duration::from_secs(300);
const TUNNEL_BUFFER: usize = 16 << 10;

type Body = Either<Incoming, Full<Bytes>>;

/// The connection to a destination that the next request to it uses again.
struct Kept {
    host: String,
    port: u16,
    via: Option<Arc<Upstream>>,
    sender: SendRequest<Incoming>,
}

struct Connection {
    shared: Arc<Shared>,
    stop: CancellationToken,
    kept: Mutex<Option<Kept>>,
}

pub(super) async fn serve(stream: TcpStream, shared: Arc<Shared>, stop: CancellationToken) {
    // It only fails when the connection is gone already.
    let _ = stream.set_nodelay(true);
    let connection = Arc::new(Connection { shared, stop, kept: Mutex::default() });
    let service = service_fn(move |request| {
        let connection = connection.clone();
        async move { connection.answer(request).await }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .max_buf_size(HEAD)
        .max_headers(HEADERS)
        .preserve_header_case(true)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection of the browser ended");
    }
}

impl Connection {
    /// An error closes the connection without an answer: a page must not mistake a text of ours for its own,
    /// and Chromium reports a failed load.
    async fn answer(self: Arc<Self>, mut request: Request<Incoming>) -> Result<Response<Body>, Failure> {
        if request.method() == Method::CONNECT {
            return self.tunnel(request).await;
        }
        let destination =
            (request.uri().scheme_str() == Some("http")).then(|| destination(request.uri(), 80)).flatten();
        // In origin form it was meant for a server: some page tries the proxy's own port.
        let Some((host, port)) = destination else { return Ok(refusal(StatusCode::BAD_REQUEST)) };
        strip(request.headers_mut());
        let outcome = self.forward(request, &host, port).await;
        match outcome {
            Err(failure) => {
                self.shared.remember(&host, port, &failure);
                Err(failure)
            }
            Ok(response) => Ok(response),
        }
    }

    async fn tunnel(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, Failure> {
        let Some((host, port)) = destination(request.uri(), 443) else {
            return Ok(refusal(StatusCode::BAD_REQUEST));
        };
        let Way { mut stream, .. } = match reach(&self.shared, &host, port, None).await {
            Ok(way) => way,
            Err(Failure::Forbidden) => return Ok(refusal(StatusCode::FORBIDDEN)),
            Err(_) => return Ok(refusal(StatusCode::BAD_GATEWAY)),
        };
        let stop = self.stop.clone();
        tokio::spawn(stop.run_until_cancelled_owned(async move {
            if let Ok(browser) = hyper::upgrade::on(request).await {
                let mut browser = TokioIo::new(browser);
                // Either end may break it off at any time; that is how tunnels end.
                let _ = tokio::io::copy_bidirectional_with_sizes(
                    &mut browser,
                    &mut stream,
                    TUNNEL_BUFFER,
                    TUNNEL_BUFFER,
                )
                .await;
            }
        }));
        Ok(Response::new(Either::Right(Full::default())))
    }

    async fn forward(
        &self,
        mut request: Request<Incoming>,
        host: &str,
        port: u16,
    ) -> Result<Response<Body>, Failure> {
        let mut slot = self.kept.lock().await;
        let fits =
            slot.take().filter(|kept| kept.host == host && kept.port == port && !kept.sender.is_closed());
        let reused = fits.is_some();
        let path = request.uri().path().to_owned();
        let mut kept = match fits {
            // A guarded port is judged anew for each path.
            Some(kept) if self.shared.guarded.iter().all(|guarded| guarded.port != port) => kept,
            Some(_) | None => self.open(host, port, &path).await?,
        };
        let absolute = request.uri().clone();
        prepare(&mut request, &absolute, kept.via.as_deref())?;
        let response = match kept.sender.try_send_request(request).await {
            Ok(response) => response,
            Err(mut error) => match error.take_message() {
                // The server closed the idle connection just as we used it again.
                Some(mut unsent) if reused => {
                    kept = self.open(host, port, &path).await?;
                    prepare(&mut unsent, &absolute, kept.via.as_deref())?;
                    kept.sender.send_request(unsent).await.map_err(|_| Failure::Broken)?
                }
                Some(_) | None => return Err(Failure::Broken),
            },
        };
        if kept.via.is_some() && response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(Failure::UpstreamCredentials);
        }
        *slot = Some(kept);
        let mut response = response.map(Either::Left);
        strip(response.headers_mut());
        Ok(response)
    }

    async fn open(&self, host: &str, port: u16, path: &str) -> Result<Kept, Failure> {
        let Way { stream, via } = reach(&self.shared, host, port, Some(path)).await?;
        let (sender, connection) = hyper::client::conn::http1::Builder::new()
            .preserve_header_case(true)
            .max_buf_size(HEAD)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|_| Failure::Broken)?;
        tokio::spawn(self.stop.clone().run_until_cancelled_owned(async move {
            // Its requests tell of its errors.
            let _ = connection.await;
        }));
        Ok(Kept { host: host.to_owned(), port, via, sender })
    }
}

/// Puts a request into the form that the next hop wants.
fn prepare(request: &mut Request<Incoming>, absolute: &Uri, via: Option<&Upstream>) -> Result<(), Failure> {
    match via {
        Some(upstream) => {
            *request.uri_mut() = absolute.clone();
            if let Some(value) = upstream.authorization() {
                let value = HeaderValue::from_str(&value).map_err(|_| Failure::UpstreamCredentials)?;
                request.headers_mut().insert(PROXY_AUTHORIZATION, value);
            }
        }
        None => {
            let path = absolute.path_and_query().map_or("/", |path| path.as_str());
            *request.uri_mut() = path.parse().map_err(|_| Failure::Broken)?;
        }
    }
    Ok(())
}

fn destination(uri: &Uri, default_port: u16) -> Option<(String, u16)> {
    let host = uri.host().filter(|host| !host.is_empty())?;
    Some((host.trim_matches(['[', ']']).to_owned(), uri.port_u16().unwrap_or(default_port)))
}

/// What concerns one hop alone is not passed on.
fn strip(headers: &mut HeaderMap) {
    const HOP: [HeaderName; 4] = [
        hyper::header::CONNECTION,
        hyper::header::PROXY_AUTHENTICATE,
        hyper::header::PROXY_AUTHORIZATION,
        hyper::header::UPGRADE,
    ];
    for name in HOP {
        headers.remove(name);
    }
    headers.remove("proxy-connection");
    headers.remove("keep-alive");
}

fn refusal(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Either::Right(Full::from("refused by the browser's proxy\n")));
    *response.status_mut() = status;
    response
}
