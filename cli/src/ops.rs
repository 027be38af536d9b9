//! The operations listener of a lone worker: an edge has its own.

use std::{net::SocketAddr, pin::Pin};

use anyhow::Context;
use axum::{
    Router,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use bus::Bus;
use prometheus::TextEncoder;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub type Serving = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;

/// Listens on `address`; what it returns serves until its token is cancelled. Once `draining` is cancelled it says
/// so, and that the worker is not ready.
pub async fn bind(
    address: SocketAddr,
    bus: Bus,
    draining: CancellationToken,
) -> anyhow::Result<impl FnOnce(CancellationToken) -> Serving> {
    let listener = TcpListener::bind(address).await.with_context(|| format!("--ops {address}"))?;
    tracing::info!(listening = %listener.local_addr()?, "health and metrics of this worker");
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(move || ready(bus.connected(), draining.is_cancelled())))
        .route("/metrics", get(metrics));
    Ok(move |stop: CancellationToken| -> Serving {
        let serving = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
        Box::pin(async move { Ok(serving.await?) })
    })
}

async fn ready(connected: bool, draining: bool) -> (StatusCode, &'static str) {
    match (connected, draining) {
        (true, false) => (StatusCode::OK, "ready\n"),
        (_, true) => (StatusCode::SERVICE_UNAVAILABLE, "draining\n"),
        (false, false) => (StatusCode::SERVICE_UNAVAILABLE, "NATS is not connected\n"),
    }
}

async fn metrics() -> Response {
    match TextEncoder::new().encode_to_string(&prometheus::gather()) {
        Ok(text) => ([(CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
