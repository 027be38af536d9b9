//! What a listener of CDP's own serves: whatever path a client was told to connect to, it gets a session.

use axum::{
    Router,
    extract::{RawQuery, State},
    http::{HeaderMap, header},
    response::Response,
    routing::get,
};
use bus_schema::Error;

use super::Upgrade;
use crate::{app::App, protocol::rest::error::Problem, security::auth::Caller};

/// Paths that mean something mean it here too; every other one is `/cdp`.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/v1/sessions/{id}/cdp", get(super::attach))
        .merge(super::discovery::routes())
        .merge(super::pages::routes())
        .fallback(create)
}

async fn create(
    state: State<App>,
    caller: Caller,
    query: RawQuery,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Result<Response, Problem> {
    if !headers.contains_key(header::UPGRADE) {
        let detail = "there is nothing here but CDP: connect with a WebSocket, or ask for /json/version";
        return Err(Error::not_found(detail).into());
    }
    super::create(state, caller, query, upgrade).await
}
