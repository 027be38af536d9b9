//! VNC: a session's picture and a person's hands, by RFB over WebSocket and over TCP.
//!
//! What is read, written and decided is in `rfb`, without I/O. Frames, input and control are those of the session's
//! own WebSocket. See `docs/vnc.md`.

mod connection;
mod door;
mod greet;
mod hands;
mod lease;
pub mod listen;
mod rfb;
mod size;
mod wire;

use axum::{extract::State, response::Response};
use bus_schema::{ConnId, Error, SessionId, Tenant, model::control};
use bytes::BytesMut;
use tokio::time::timeout_at;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use utoipa::IntoParams;

use self::{
    rfb::handshake::{Handshake, Said, Security},
    wire::{End, Outbox, Reader},
};
use super::{
    cdp::Upgrade,
    rest::{
        error::Problem,
        extract::{FromParams, Id, Params, Query},
    },
};
use crate::{
    app::App,
    gateway::{
        Gateway,
        view::{Who, connection_id},
        vnc::Access,
    },
    metrics::metrics,
    security::{auth::Caller, link::Link},
    telemetry,
};

/// The largest message of the WebSocket: a clipboard and some keys.
const LIMIT: usize = 2 << 20;
/// What the protocol layer takes in at all. What is above the limit but below this is refused with a close code; above it
/// the connection is cut.
const HARD_LIMIT: usize = 16 << 20;
const READ_BUFFER: usize = 8 << 10;
const MAX_NAME: usize = 100;

/// Who watches what, and may do what there.
pub struct Guest {
    pub gateway: Gateway,
    pub tenant: Tenant,
    pub id: SessionId,
    pub access: Access,
    pub conn: ConnId,
    /// As shown to others.
    pub name: String,
    pub stop: CancellationToken,
}

impl Guest {
    pub fn who(&self) -> Who {
        let access = match self.access {
            Access::View => control::Access::View,
            Access::Control => control::Access::Control,
        };
        Who { name: Some(self.name.clone()), access, before: None }
    }

    fn new(
        app: &App,
        tenant: Tenant,
        id: SessionId,
        access: Access,
        name: Option<String>,
    ) -> Result<Self, Error> {
        let conn = connection_id()?;
        // Two viewers without names are two people.
        let name = name.unwrap_or_else(|| {
            let text = conn.as_str();
            format!("VNC viewer {}", text.get(text.len().saturating_sub(4)..).unwrap_or(text))
        });
        Ok(Self { gateway: app.gateway().clone(), tenant, id, access, conn, name, stop: app.stop() })
    }
}

/// How the viewer is to be shown.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VncParams {
    /// The person, as shown to others while they drive. At most 100 characters.
    name: Option<String>,
    /// Watch only, whatever is clicked or typed.
    view_only: Option<bool>,
}

impl FromParams for VncParams {
    fn from_params(p: &mut Params) -> Result<Self, Error> {
        let name: Option<String> = p.parsed("name", "1 to 100 characters")?;
        if name.as_ref().is_some_and(|name| name.is_empty() || name.chars().count() > MAX_NAME) {
            return Err(Error::invalid_argument("name", "1 to 100 characters"));
        }
        Ok(Self { name, view_only: p.parsed("view_only", "`true` or `false`")? })
    }
}

/// VNC
///
/// RFB 3.8 in the binary messages of a WebSocket, subprotocol `binary` where that is offered, security None. A click or a
/// key takes control unless another person has it; the end of the connection gives it back. Closed with 1000 when the
/// session has ended, 1001 when the gateway stops, 1003 for what is not RFB, 1009 for a message that is too large and 1013
/// for a client that does not read.
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}/vnc",
    operation_id = "session_vnc",
    tag = "events",
    params(("id" = SessionId, Path), VncParams),
    responses((status = 101, description = "A WebSocket"), Problem)
)]
pub async fn upgrade(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    Query(params): Query<VncParams>,
    upgrade: Upgrade,
) -> Result<Response, Problem> {
    telemetry::session(&id);
    let (upgrade, _) = upgrade.must_open()?;
    app.gateway().must_live(caller.tenant(), &id).await?;
    let by_link = caller.link().map_or(Access::Control, |link| link.access);
    let access = if params.view_only == Some(true) { Access::View } else { by_link };
    let link_ends = caller.link().map(Link::ends_at);
    let guest = Guest::new(&app, caller.tenant().clone(), id, access, params.name)?;
    let tracker = app.sockets().clone();
    let span = tracing::info_span!("vnc", session_id = %guest.id, conn = %guest.conn);
    let upgrade = upgrade.protocols(["binary"]).max_message_size(HARD_LIMIT).max_frame_size(HARD_LIMIT);
    Ok(upgrade.read_buffer_size(READ_BUFFER).on_upgrade(move |socket| {
        let (reader, outbox) = wire::of_websocket(socket);
        let served = async move {
            let serving = serve(reader, outbox, guest);
            match link_ends {
                // Dropped, it gives back what it holds.
                Some(at) => drop(timeout_at(at, serving).await),
                None => serving.await,
            }
        };
        tracker.track_future(served.instrument(span))
    }))
}

/// Serves one WebSocket to its end.
async fn serve(mut reader: Reader, mut outbox: Outbox, guest: Guest) {
    metrics().socket_opened();
    let mut input = BytesMut::new();
    let end = match greet(&mut reader, &mut outbox, &mut input).await {
        Ok(()) => connection::run(reader, &mut outbox, input, guest).await,
        Err(end) => end,
    };
    finish(outbox, end).await;
    metrics().socket_closed();
}

async fn greet(reader: &mut Reader, outbox: &mut Outbox, input: &mut BytesMut) -> Result<(), End> {
    let mut greeting = greet::Greeting::new(Handshake::new(Security::None), reader, outbox, input);
    match greeting.next().await? {
        Said::Init => Ok(()),
        Said::Session(_) | Said::Response(_) => {
            Err(End::close(crate::protocol::ws::error::UNSUPPORTED, "the address names the session"))
        }
    }
}

async fn finish(outbox: Outbox, end: End) {
    tracing::debug!(?end, "closing a VNC connection");
    if matches!(&end, End::Close(close) if close.code == crate::protocol::ws::error::TRY_AGAIN) {
        metrics().slow_reader("vnc");
    }
    outbox.close(end).await;
}
