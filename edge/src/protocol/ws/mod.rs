//! `GET /v1/sessions/{id}/ws`: commands, events, input and frames on one socket.

pub mod error;
mod input;
mod outbox;
mod rights;
mod socket;
mod viewer;

use axum::{
    extract::{State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    response::Response,
};
use bus_schema::{
    Error,
    model::{event::Event, note},
};
use tracing::Instrument;
use utoipa::IntoParams;

use self::rights::Rights;
use super::rest::{
    base::Base,
    error::Problem,
    extract::{FromParams, Id, Params, Query},
};
use crate::{
    app::App,
    gateway::view::{Who, connection_id},
    security::auth::Caller,
    telemetry,
};

/// The largest message the protocol layer takes in at all. What is above the limit for JSON but below this is refused
/// with a close code; above it the connection is cut.
const HARD_LIMIT: usize = 16 << 20;
/// Cleared before each read: what clients send is small.
const READ_BUFFER: usize = 8 << 10;

/// Where events begin.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SocketParams {
    /// Events newer than this `seq` come first; absent: only what comes.
    after: Option<u64>,
    /// How this viewer is shown to others, 1 to 100 characters
    name: Option<String>,
    /// The `resume` of an earlier socket's `hello`: the control that it held, if it was lost less than 5 s ago, is kept
    resume: Option<String>,
}

impl FromParams for SocketParams {
    fn from_params(p: &mut Params) -> Result<Self, Error> {
        let after = p.parsed("after", "the `seq` of an event")?;
        let name = p.text("name")?;
        name.as_deref().map_or(Ok(()), note::check_name)?;
        Ok(Self { after, name, resume: p.text("resume")? })
    }
}

/// WebSocket
///
/// Text messages are JSON with `type`. Client: `command` `input` `control` `frames:start` `frames:ack` `frames:stop`
/// `chooser:answer` `ping`; server: `hello` `result` `event` `viewers` `cursor` `chooser` `clipboard` `error` `pong`. Binary messages are frames: a 32-byte header, then a JPEG.
/// Closed with 1000 when the session has ended, 1001 when the gateway stops, 1003 for noise, 1009 for a message that is
/// too large, and 1013, with the last `seq` as reason, for a client that does not read.
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}/ws",
    operation_id = "session_socket",
    tag = "events",
    params(("id" = bus_schema::SessionId, Path), SocketParams),
    responses((status = 101, description = "A WebSocket", body = Event), Problem)
)]
pub async fn upgrade(
    State(app): State<App>,
    caller: Caller,
    base: Base,
    Id(id): Id,
    Query(params): Query<SocketParams>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    telemetry::session(&id);
    let upgrade = upgrade
        .map_err(|_| Error::invalid_argument("Upgrade", "open this URL as a WebSocket, version 13"))?;
    let (gateway, tenant) = (app.gateway(), caller.tenant());
    gateway.must_live(tenant, &id).await?;
    let after = match params.after {
        Some(after) => after,
        None => gateway.newest_event(tenant, &id).await?,
    };
    let events = gateway.session_events(tenant, &id, Some(after)).await?;
    let before = params.resume.map(|word| gateway.resumed(&id, &word)).transpose()?;
    let session = base.complete(gateway.get(tenant, &id).await?);
    let rights = Rights::new(caller.link());
    let context = socket::Context {
        gateway: gateway.clone(),
        tenant: tenant.clone(),
        conn: connection_id()?,
        who: Who { name: params.name, access: rights.access(), before },
        limit: app.body_limit(),
        rights,
        stop: app.stop(),
        id,
    };
    let tracker = app.sockets().clone();
    let span = tracing::info_span!("ws", session_id = %context.id, conn = %context.conn);
    let upgrade =
        upgrade.max_message_size(HARD_LIMIT).max_frame_size(HARD_LIMIT).read_buffer_size(READ_BUFFER);
    Ok(upgrade.on_upgrade(move |socket| {
        // Tracked, so that the gateway can say goodbye before it ends.
        tracker.track_future(socket::run(socket, context, session, events, after).instrument(span))
    }))
}
