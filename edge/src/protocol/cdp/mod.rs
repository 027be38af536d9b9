//! CDP over WebSocket: Playwright, Puppeteer and whatever else speaks to a browser.

pub mod listen;
mod options;
mod socket;

use axum::{
    extract::{RawQuery, State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    response::Response,
};
use bus_schema::{Error, SessionId, Tenant, model::create::Isolation};
use tracing::Instrument;

use super::rest::{
    error::Problem,
    extract::{Id, NoParams, Query},
};
use crate::{
    app::App,
    gateway::{cdp::Connection, create::Request, events::SessionEvents},
    security::auth::Caller,
    telemetry,
};

/// The largest message of a client that the browser is given.
const LIMIT: usize = 64 << 20;
const READ_BUFFER: usize = 64 << 10;

pub(super) type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// CDP of a session
///
/// A WebSocket that speaks the Chrome DevTools Protocol, for `connectOverCDP` of Playwright and `connect` of Puppeteer.
/// Several clients, commands and people use one session at once. A message may have 64 MB. Closed with 1000 when the
/// session has ended, 1001 when the gateway stops, 1003 for what is not CDP, 1008 (`slow_consumer`) for a client that
/// does not read, 1009 for a message that is too large and 1012 (`browser_replaced`) when the session goes on in another
/// browser.
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}/cdp",
    operation_id = "session_cdp",
    tag = "cdp",
    params(("id" = SessionId, Path)),
    responses((status = 101, description = "A WebSocket"), Problem)
)]
pub async fn attach(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    _: Query<NoParams>,
    upgrade: Upgrade,
) -> Result<Response, Problem> {
    telemetry::session(&id);
    let upgrade = must_upgrade(upgrade)?;
    let (gateway, tenant) = (app.gateway(), caller.tenant());
    gateway.must_live(tenant, &id).await?;
    let events = follow(&app, tenant, &id).await?;
    let connection = gateway.connect(tenant, &id).await?;
    Ok(open(&app, upgrade, id, connection, events))
}

/// CDP of a new session
///
/// Creates a session and connects to it; it ends with its last connection unless `on_disconnect=keep` is given. Every
/// field of `POST /v1/sessions` is a parameter, those of objects with a dot (`viewport.width=800`, `headers.x-a=1`),
/// lists by repetition; objects and lists may be JSON. The upgrade is answered once the browser is ready, within 25 s.
#[utoipa::path(
    get,
    path = "/cdp",
    operation_id = "create_cdp",
    tag = "cdp",
    responses((status = 101, description = "A WebSocket, as that of `/v1/sessions/{id}/cdp`"), Problem)
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    RawQuery(query): RawQuery,
    upgrade: Upgrade,
) -> Result<Response, Problem> {
    let upgrade = must_upgrade(upgrade)?;
    let (gateway, tenant) = (app.gateway(), caller.tenant());
    let request = Request {
        tenant: tenant.clone(),
        limits: caller.limits(),
        spec: gateway.spec(options::read(query.as_deref().unwrap_or_default())?)?,
        key: None,
        wait: true,
    };
    if request.spec.isolation == Isolation::Context {
        let why = "a session that shares its browser offers no CDP";
        return Err(Error::invalid_argument("isolation", why).into());
    }
    let (session, connection) = gateway.create_and_connect(request).await?;
    telemetry::session(&session.id);
    let events = follow(&app, tenant, &session.id).await?;
    Ok(open(&app, upgrade, session.id, connection, events))
}

async fn follow(app: &App, tenant: &Tenant, id: &SessionId) -> Result<SessionEvents, Error> {
    let after = app.gateway().newest_event(tenant, id).await?;
    app.gateway().session_events(tenant, id, Some(after)).await
}

pub(super) fn must_upgrade(upgrade: Upgrade) -> Result<WebSocketUpgrade, Error> {
    upgrade.map_err(|_| Error::invalid_argument("Upgrade", "open this URL as a WebSocket, version 13"))
}

fn open(
    app: &App,
    upgrade: WebSocketUpgrade,
    id: SessionId,
    connection: Connection,
    events: SessionEvents,
) -> Response {
    let (tracker, stop) = (app.sockets().clone(), app.stop());
    let span = tracing::info_span!("cdp", session_id = %id);
    let upgrade = upgrade.max_message_size(LIMIT).max_frame_size(LIMIT).read_buffer_size(READ_BUFFER);
    // Tracked, so that the gateway can say goodbye before it ends.
    upgrade.on_upgrade(move |socket| {
        tracker.track_future(socket::run(socket, connection, events, stop).instrument(span))
    })
}
