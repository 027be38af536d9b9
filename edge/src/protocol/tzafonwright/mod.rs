//! tzafonwright, what the Python client of WayPoint speaks: one WebSocket is one session.
//!
//! Requests are JSON without ids and are answered in their order; the gateway never speaks first. See
//! `docs/tzafonwright.md`.

mod act;
mod answer;
mod request;
mod socket;

use axum::{Router, extract::State, response::Response};
use bus_schema::{Error, model::create::CreateSession};
use serde_json::json;
use tracing::{Instrument, field::Empty};

use super::{cdp::Upgrade, rest::error::Problem};
use crate::{
    app::App,
    gateway::{Gateway, create::Request},
    security::auth::Caller,
};

/// Bytes of a message, either way.
const LIMIT: usize = 16 << 20;
/// What the protocol layer takes in at all. Above the limit but below this there is a close code; above, the client
/// may find the connection cut before it has read that.
const HARD_LIMIT: usize = 2 * LIMIT;
const READ_BUFFER: usize = 8 << 10;

/// Its clients were told any path, which means nothing.
pub fn routes() -> Router<App> {
    Router::new().fallback(connect)
}

/// The upgrade is answered at once: this client waits 10 s for it, and longer for everything after it.
async fn connect(State(app): State<App>, caller: Caller, upgrade: Upgrade) -> Result<Response, Problem> {
    let (upgrade, _) = upgrade.must_open()?;
    let gateway = app.gateway().clone();
    let request = Request {
        tenant: caller.tenant().clone(),
        limits: caller.limits(),
        spec: spec(&gateway)?,
        key: None,
        wait: true,
    };
    let (tracker, stop) = (app.sockets().clone(), app.stop());
    let span = tracing::info_span!("tzafonwright", session_id = Empty);
    let upgrade =
        upgrade.max_message_size(HARD_LIMIT).max_frame_size(HARD_LIMIT).read_buffer_size(READ_BUFFER);
    // Tracked, so that the gateway can say goodbye before it ends.
    Ok(upgrade.on_upgrade(move |socket| {
        tracker.track_future(socket::run(socket, gateway, request, stop).instrument(span))
    }))
}

/// What its clients expect to find, over the configured defaults for all else.
fn spec(gateway: &Gateway) -> Result<CreateSession, Error> {
    let expected = json!({
        "viewport": { "width": 1280, "height": 720 },
        // For those that open between two requests; the others are dismissed by the next one.
        "dialog_timeout_s": 1,
    });
    let mut spec = gateway.spec(expected.as_object().cloned().unwrap_or_default())?;
    spec.url = None;
    Ok(spec)
}
