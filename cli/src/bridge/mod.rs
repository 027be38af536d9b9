//! `rookery cdp-bridge`: runs beside an unmodified CDP client, on its machine.
//!
//! The client sees a browser that is always there. Behind the bridge sockets break, edges die and others take over;
//! files that the client names are sent to the session, and those it downloads are fetched.

mod downloads;
mod files;
mod http;
mod log;
mod message;
mod session;
mod target;
mod upstream;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use axum::{
    Router,
    body::Body,
    extract::{Request, State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::{HeaderMap, HeaderName, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    serve::ListenerExt,
};
use http_body_util::BodyExt;
use tokio::{
    net::TcpListener,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    files::Files,
    http::Http,
    target::Target,
    upstream::{Dialer, Refused, Upstream},
};
use crate::flags::CdpBridge;

/// A message of a browser may be large; the edge refuses what is too large for one.
const MESSAGE_BYTES: usize = 512 << 20;
/// A page of discovery.
const PAGE_BYTES: usize = 8 << 20;
/// How long clients may take to go when the bridge stops.
const STOP: Duration = Duration::from_secs(6);

/// A bridge that has its port and does not serve yet.
pub struct Bridge {
    listener: TcpListener,
    shared: Shared,
}

#[derive(Clone)]
struct Shared {
    dialer: Dialer,
    token: Option<String>,
    http: Http,
    stop: CancellationToken,
    clients: TaskTracker,
}

impl Bridge {
    pub async fn bind(options: &CdpBridge, stop: CancellationToken) -> anyhow::Result<Self> {
        let address = options.listen;
        ensure!(
            address.ip().is_loopback(),
            "--listen {address}: whoever reaches the bridge reaches the fleet with its token, so it listens on loopback alone"
        );
        let target = Target::new(&options.edge)?;
        let listener =
            TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        let tls = Arc::new(tls()?);
        let http = Http::new(tls.clone());
        let token = target.token.clone().or_else(|| options.token.clone());
        let dialer = Dialer::new(target, tls);
        let shared = Shared { dialer, token, http, stop, clients: TaskTracker::new() };
        Ok(Self { listener, shared })
    }

    /// Serves until it is stopped. Then clients are told, and their sessions that they have gone.
    pub async fn serve(self) -> anyhow::Result<()> {
        let address = self.listener.local_addr()?;
        let Shared { stop, clients, .. } = self.shared.clone();
        tracing::info!("connect CDP clients to ws://{address} or http://{address}");
        let app = Router::new().fallback(serve).with_state(self.shared);
        // Messages are small, and each is waited for.
        let listener = self.listener.tap_io(|socket| {
            if let Err(error) = socket.set_nodelay(true) {
                tracing::debug!(%error, "a socket is slow");
            }
        });
        let serving = axum::serve(listener, app).with_graceful_shutdown(stop.clone().cancelled_owned());
        let late = async {
            stop.cancelled().await;
            sleep(STOP).await;
        };
        tokio::select! {
            served = async { serving.await } => served?,
            () = late => return Ok(()),
        }
        clients.close();
        let _ = timeout(STOP, clients.wait()).await;
        Ok(())
    }
}

/// The system's own certificates, and those that `SSL_CERT_FILE` names.
fn tls() -> anyhow::Result<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in found.errors {
        tracing::debug!(%error, "a certificate of the system is not used");
    }
    roots.add_parsable_certificates(found.certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

async fn serve(
    State(shared): State<Shared>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    request: Request,
) -> Response {
    let (request, _) = request.into_parts();
    if let Err(why) = is_ours(&request.headers) {
        return (StatusCode::FORBIDDEN, why).into_response();
    }
    let answer = match upgrade {
        Ok(upgrade) => shared.open(upgrade, &request).await,
        Err(_) => shared.discover(&request).await,
    };
    answer.unwrap_or_else(IntoResponse::into_response)
}

/// Any web page in a local browser can reach loopback: it would come with an `Origin`, or under a name of its own.
fn is_ours(headers: &HeaderMap) -> Result<(), &'static str> {
    if headers.contains_key(header::ORIGIN) {
        return Err("web pages have no business here");
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.parse::<SocketAddr>().map_or_else(
        |_| host.rsplit_once(':').map_or(host, |(name, _)| name).to_owned(),
        |address| address.ip().to_string(),
    );
    let is_here = name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if is_here { Ok(()) } else { Err("the bridge is reached by a name of this machine alone") }
}

impl Shared {
    /// The edge first, then the client: what the edge refuses the client hears before its upgrade.
    async fn open(&self, upgrade: WebSocketUpgrade, request: &Parts) -> Result<Response, Refused> {
        let (path, query) = (request.uri.path(), request.uri.query().unwrap_or_default());
        let token = target::token_in(query).or_else(|| self.token.clone());
        let upstream = self.dialer.dial(&self.dialer.target.socket(path, query), token.as_deref()).await?;
        let (Some(session), Some(conn)) =
            (told(&upstream, "rookery-session"), told(&upstream, "rookery-conn"))
        else {
            return Err(Refused::Unreachable("what answers there is no Rookery".into()));
        };
        tracing::info!(session_id = session, "a client has connected");
        let warnings = upstream.headers.get_all("rookery-warning").iter().cloned().collect::<Vec<_>>();
        let files = Files {
            http: self.http.clone(),
            target: self.dialer.target.clone(),
            token: token.clone(),
            session: session.clone(),
        };
        let bridge =
            session::Bridge { dialer: self.dialer.clone(), files, token, conn, stop: self.stop.clone() };
        let clients = self.clients.clone();
        let upgrade = upgrade.max_message_size(MESSAGE_BYTES).max_frame_size(MESSAGE_BYTES);
        let mut response =
            upgrade.on_upgrade(move |socket| clients.track_future(session::run(socket, upstream, bridge)));
        for warning in warnings {
            response.headers_mut().append(HeaderName::from_static("rookery-warning"), warning);
        }
        if let Ok(session) = session.try_into() {
            response.headers_mut().insert(HeaderName::from_static("rookery-session"), session);
        }
        Ok(response)
    }

    /// `/json/version` and its like, with this bridge in the place of the edge.
    async fn discover(&self, request: &Parts) -> Result<Response, Refused> {
        let (path, query) = (request.uri.path(), request.uri.query().unwrap_or_default());
        if !path.starts_with("/json") && !path.contains("/json") {
            let why = "a bridge for CDP: connect a WebSocket here, or ask /json/version\n";
            return Ok((StatusCode::NOT_FOUND, why).into_response());
        }
        if ![Method::GET, Method::PUT, Method::HEAD].contains(&request.method) {
            return Ok(StatusCode::METHOD_NOT_ALLOWED.into_response());
        }
        let url = self.dialer.target.page(path, query);
        let token = target::token_in(query).or_else(|| self.token.clone());
        let unreachable = |e: anyhow::Error| Refused::Unreachable(format!("{e:#}"));
        let (method, headers) = (request.method.clone(), HeaderMap::new());
        let asking = self.http.ask(method, &url, token.as_deref(), headers, http::nothing());
        let (answer, body) = asking.await.map_err(unreachable)?.into_parts();
        let page = body.collect().await.map_err(|e| unreachable(e.into()))?.to_bytes();
        let here = request.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let page = match std::str::from_utf8(&page) {
            Ok(text) if text.len() <= PAGE_BYTES => Body::from(self.dialer.target.rename(text, here)),
            _ => Body::from(page),
        };
        let mut response = (answer.status, page).into_response();
        if let Some(kind) = answer.headers.get(header::CONTENT_TYPE) {
            response.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
        }
        Ok(response)
    }
}

fn told(upstream: &Upstream, name: &str) -> Option<String> {
    upstream.headers.get(name)?.to_str().ok().map(str::to_owned)
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Answer { status, headers, body } => {
                let mut response = (status, body).into_response();
                for name in [header::CONTENT_TYPE, header::RETRY_AFTER] {
                    if let Some(value) = headers.get(&name) {
                        response.headers_mut().insert(name, value.clone());
                    }
                }
                response
            }
            Self::Unreachable(why) => {
                (StatusCode::BAD_GATEWAY, format!("no edge is there: {why}\n")).into_response()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_the_web_are_kept_out() {
        let with = |name: HeaderName, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "127.0.0.1:9333".parse().unwrap());
            headers.insert(name, value.parse().unwrap());
            is_ours(&headers)
        };
        for host in ["127.0.0.1:9333", "localhost:9333", "localhost", "[::1]:9333", "127.0.0.1"] {
            with(header::HOST, host).unwrap_or_else(|why| panic!("{host}: {why}"));
        }
        for host in ["evil.example", "evil.example:9333", "10.0.0.1:9333", ""] {
            with(header::HOST, host).unwrap_err();
        }
        with(header::ORIGIN, "http://localhost:9333").unwrap_err();
    }
}
