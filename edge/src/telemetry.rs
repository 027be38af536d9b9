//! One span and one measurement per HTTP request.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use bus_schema::ErrorCode;
use tracing::{Instrument, Span, field::Empty};

use crate::{metrics::metrics, protocol::rest::request_id::RequestId};

/// What requests are counted under whose path is no route of its own.
#[derive(Clone, Copy)]
pub struct AnyPath(pub &'static str);

/// Layer: the span is named by method and route; ids are fields, and a query, which may hold a token, is in neither.
pub async fn observe(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = route(&request).to_owned();
    // Methods are an open set: a client's invention must not become a label.
    let method = known_method(request.method().as_str());
    let span = span(&request, method, &route);
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    span.record("http.response.status_code", status);
    if let Some(code) = response.extensions().get::<ErrorCode>() {
        span.record("error.code", code.as_str());
    }
    metrics().request(method, &route, status, started.elapsed());
    tracing::debug!(parent: &span, status, "answered");
    response
}

fn route(request: &Request) -> &str {
    let extensions = request.extensions();
    let otherwise = extensions.get::<AnyPath>().map_or("unmatched", |any| any.0);
    extensions.get::<MatchedPath>().map_or(otherwise, MatchedPath::as_str)
}

fn known_method(method: &str) -> &'static str {
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        .into_iter()
        .find(|m| *m == method)
        .unwrap_or("OTHER")
}

fn span(request: &Request, method: &str, route: &str) -> Span {
    let span = tracing::info_span!(
        "http",
        otel.name = %format_args!("{method} {route}"),
        otel.kind = "server",
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        request_id = Empty,
        session_id = Empty,
        tenant = Empty,
        error.code = Empty,
    );
    if let Some(id) = request.extensions().get::<RequestId>() {
        span.record("request_id", tracing::field::display(id));
    }
    let header = |name| request.headers().get(name).and_then(|v| v.to_str().ok());
    if let Some(parent) = header("traceparent") {
        crate::gateway::adopt_trace(&span, parent, header("tracestate"));
    }
    span
}

/// Names the session in the span of the request at hand.
pub fn session(id: &bus_schema::SessionId) {
    Span::current().record("session_id", tracing::field::display(id));
}
