//! `/`: the console, or in a build without it where to go from here. That is for people: programs that know other
//! services open a WebSocket here.

use axum::{
    extract::{Request, State},
    http::header,
    middleware::Next,
    response::{IntoResponse, Response},
    routing::MethodRouter,
};
use tower::ServiceExt;

use super::{Asset, asset};

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

const PAGE: Asset = asset!("docs/", "index.html");

pub async fn page() -> Response {
    PAGE.respond(POLICY)
}

/// Layer: passes WebSockets on.
pub async fn or_socket(State(sockets): State<MethodRouter>, request: Request, next: Next) -> Response {
    let upgrade = request.headers().get(header::UPGRADE);
    if upgrade.is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket")) {
        return sockets.oneshot(request).await.into_response();
    }
    next.run(request).await
}
