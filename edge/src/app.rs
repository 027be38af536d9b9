//! What handlers share, and how routes and layers are put together.

use std::{net::SocketAddr, sync::Arc};

use axum::{Extension, Router, extract::DefaultBodyLimit, middleware, routing::get};
use bytes::Bytes;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    config::{Config, Protocol},
    gateway::Gateway,
    protocol::{
        cdp, pages,
        rest::{self, extract::BodyLimit},
        tzafonwright,
    },
    security::{
        auth::{self, Tokens},
        headers,
        host::{self, Hosts},
        origin::{self, Origins},
    },
    telemetry::{self, AnyPath},
};

/// A cheap clone.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    gateway: Gateway,
    openapi: Bytes,
    secure: bool,
    body_limit: usize,
    upload_limit: u64,
    tokens: Tokens,
    vnc: Option<SocketAddr>,
    stop: CancellationToken,
    sockets: TaskTracker,
}

impl App {
    pub fn new(gateway: Gateway, config: &Config, stop: CancellationToken) -> Self {
        Self {
            inner: Arc::new(Inner {
                gateway,
                openapi: rest::document().into(),
                secure: config.tls.is_some(),
                body_limit: config.body_limit,
                upload_limit: config.upload_limit,
                tokens: Tokens::new(&config.tenants, &config.secret),
                vnc: config.port(Protocol::Vnc),
                stop,
                sockets: TaskTracker::new(),
            }),
        }
    }

    pub fn gateway(&self) -> &Gateway {
        &self.inner.gateway
    }

    /// The OpenAPI document.
    pub fn openapi(&self) -> Bytes {
        self.inner.openapi.clone()
    }

    /// Whether this gateway itself speaks TLS.
    pub fn secure(&self) -> bool {
        self.inner.secure
    }

    pub fn body_limit(&self) -> usize {
        self.inner.body_limit
    }

    pub fn upload_limit(&self) -> u64 {
        self.inner.upload_limit
    }

    /// Who may speak.
    pub fn tokens(&self) -> &Tokens {
        &self.inner.tokens
    }

    /// Where RFB is spoken without WebSockets.
    pub fn vnc(&self) -> Option<SocketAddr> {
        self.inner.vnc
    }

    /// Cancelled when the gateway begins to stop.
    pub fn stop(&self) -> CancellationToken {
        self.inner.stop.clone()
    }

    pub fn stopping(&self) -> bool {
        self.inner.stop.is_cancelled()
    }

    /// Open WebSockets.
    pub fn sockets(&self) -> &TaskTracker {
        &self.inner.sockets
    }
}

/// Everything this gateway serves. `listen` is the address it really has.
pub fn router(app: App, config: &Config, listen: SocketAddr) -> Router {
    let tokens = app.tokens().clone();
    let (api, _) = rest::api().split_for_parts();
    let (service, _) = rest::service().split_for_parts();
    let at_root = get(cdp::create).layer(middleware::from_fn_with_state(tokens.clone(), auth::check));
    let routes = api
        .merge(cdp::discovery::routes())
        .merge(cdp::pages::routes())
        .route_layer(middleware::from_fn_with_state(tokens, auth::check))
        .merge(service)
        .merge(cdp::discovery::open_routes())
        .merge(pages::routes(at_root.with_state(app.clone())))
        .with_state(app);
    layered(routes, config, listen)
}

/// What a listener for one protocol serves. `None`: what is spoken there is not HTTP.
pub fn port_router(app: &App, config: &Config, port: Protocol, listen: SocketAddr) -> Option<Router> {
    let tokens = app.tokens().clone();
    let (open, guarded) = match port {
        Protocol::Cdp => (cdp::discovery::open_routes(), cdp::listen::routes()),
        Protocol::Tzafonwright => (Router::new(), tzafonwright::routes()),
        Protocol::Vnc => return None,
    };
    let guarded = guarded.layer(middleware::from_fn_with_state(tokens, auth::check));
    let routes = open.merge(guarded).with_state(app.clone());
    // Outermost, for those who observe must know it.
    Some(layered(routes, config, listen).layer(Extension(AnyPath(port.name()))))
}

/// The layers around every route; the last one is the first that a request meets.
fn layered(routes: Router, config: &Config, listen: SocketAddr) -> Router {
    let hosts = Hosts::new(listen, &config.allowed_hosts);
    let origins = Origins::new(&config.allowed_origins);
    routes
        .layer(DefaultBodyLimit::max(config.body_limit))
        .layer(Extension(BodyLimit(config.body_limit)))
        .layer(middleware::from_fn_with_state(origins, origin::check))
        .layer(middleware::from_fn_with_state(hosts, host::check))
        .layer(CatchPanicLayer::custom(rest::error::panicked))
        .layer(middleware::from_fn(rest::error::write))
        .layer(middleware::from_fn(headers::add))
        .layer(middleware::from_fn(telemetry::observe))
        .layer(middleware::from_fn(rest::request_id::assign))
}

#[cfg(test)]
mod tests {
    use axum::{
        body::Body,
        extract::Request,
        http::StatusCode,
        routing::{get, post},
    };
    use tower::ServiceExt;

    use super::*;
    use crate::{config::Secret, protocol::rest::extract::JsonBody};

    async fn ask(request: Request) -> axum::response::Response {
        let config =
            Config { body_limit: 64, ..Config::new("127.0.0.1:8080".parse().unwrap(), Secret::new("s")) };
        let routes = Router::new()
            .route("/json", post(|body: JsonBody| async move { body.0.len().to_string() }))
            .route("/get", get(|| async { "ok" }));
        layered(routes, &config, config.listen).oneshot(request).await.unwrap()
    }

    fn request(method: &str, path: &str) -> axum::http::request::Builder {
        Request::builder().method(method).uri(path).header("host", "localhost:8080")
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_a_problem_document() {
        let body = Body::from("x".repeat(65));
        let r = ask(request("POST", "/json").header("content-type", "application/json").body(body).unwrap())
            .await;
        assert_eq!(r.status(), StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(r.headers()["content-type"], "application/problem+json");
    }

    #[tokio::test]
    async fn a_body_that_is_not_json_is_forbidden() {
        let r = ask(request("POST", "/json")
            .header("content-type", "text/plain")
            .body(Body::from("{}"))
            .unwrap())
        .await;
        assert_eq!(r.status(), StatusCode::FORBIDDEN);
    }

    #[tokio::test]
    async fn a_foreign_host_sees_nothing() {
        let foreign =
            Request::builder().uri("/get").header("host", "evil.example").body(Body::empty()).unwrap();
        assert_eq!(ask(foreign).await.status(), StatusCode::FORBIDDEN);
        let none = Request::builder().uri("/get").body(Body::empty()).unwrap();
        assert_eq!(ask(none).await.status(), StatusCode::FORBIDDEN);
    }

    #[tokio::test]
    async fn every_answer_has_an_id_and_security_headers() {
        for path in ["/get", "/nothing"] {
            let r = ask(request("GET", path).body(Body::empty()).unwrap()).await;
            for header in
                ["x-request-id", "x-content-type-options", "content-security-policy", "referrer-policy"]
            {
                assert!(r.headers().contains_key(header), "{path} has no {header}");
            }
        }
    }
}
