//! CDP over WebSocket: Playwright, Puppeteer and whatever else speaks to a browser.

pub mod discovery;
mod launch;
pub mod listen;
mod options;
pub mod pages;
mod resume;
mod socket;

use std::convert::Infallible;

use axum::{
    extract::{
        FromRequestParts, RawQuery, State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection,
    },
    http::{HeaderName, HeaderValue, request::Parts},
    response::Response,
};
use bus_schema::{
    Error, SessionId, Tenant,
    model::{
        create::{CreateSession, Isolation},
        rpc::Links,
        session::Urls,
    },
};
use serde_json::{Map, Value};
use tracing::Instrument;

use self::options::Options;
use self::resume::{MayResume, ResumeParams};
use super::rest::{
    base::Base,
    error::Problem,
    extract::{Id, Query},
};
use crate::{
    app::App,
    gateway::{
        cdp::{Connection, Root, To},
        create::Request,
    },
    security::auth::Caller,
    telemetry,
};

/// The largest message of a client that the browser is given.
const LIMIT: usize = 64 << 20;
const READ_BUFFER: usize = 64 << 10;

/// What was asked for and is not done, on the answer to the upgrade.
const WARNING: HeaderName = HeaderName::from_static("rookery-warning");

/// A request that may open a socket, and how its client reached this gateway.
pub struct Upgrade {
    socket: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    base: Base,
}

impl FromRequestParts<App> for Upgrade {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let Ok(base) = Base::from_request_parts(parts, app).await;
        Ok(Self { socket: WebSocketUpgrade::from_request_parts(parts, app).await, base })
    }
}

impl Upgrade {
    pub(super) fn must_open(self) -> Result<(WebSocketUpgrade, Base), Error> {
        let plain = |_| Error::invalid_argument("Upgrade", "open this URL as a WebSocket, version 13");
        Ok((self.socket.map_err(plain)?, self.base))
    }
}

fn links(base: &Base, id: &SessionId) -> Links {
    let Urls { view, cdp, .. } = base.urls(id);
    Links { view, cdp }
}

/// CDP of a session
///
/// A WebSocket that speaks the Chrome DevTools Protocol, for `connectOverCDP` of Playwright and `connect` of Puppeteer.
/// Several clients, commands and people use one session at once. A message may have 64 MB. Closed with 1000 when the
/// session has ended, 1001 when the gateway stops, 1003 for what is not CDP, 1008 (`slow_consumer`) for a client that
/// does not read, 1009 for a message that is too large and 1012 (`browser_replaced`) when the session goes on in another
/// browser.
///
/// The answer to the upgrade names the connection in `Rookery-Conn`. When the socket breaks without a close, the
/// connection is kept for 15 s: `?resume=<Rookery-Conn>&after=<messages received>` goes on with the next message, and
/// `Rookery-Received` says how many of the client's messages arrived, so that it sends the rest again.
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}/cdp",
    operation_id = "session_cdp",
    tag = "cdp",
    params(("id" = SessionId, Path), ResumeParams),
    responses((status = 101, description = "A WebSocket"), Problem)
)]
pub async fn attach(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    Query(resume): Query<MayResume>,
    upgrade: Upgrade,
) -> Result<Response, Problem> {
    attach_to(&app, &caller, id, To::Browser, resume, upgrade).await
}

/// Connects to a session's browser or one of its pages, or back to either.
async fn attach_to(
    app: &App,
    caller: &Caller,
    id: SessionId,
    to: To,
    resume: MayResume,
    upgrade: Upgrade,
) -> Result<Response, Problem> {
    telemetry::session(&id);
    let opening = upgrade.must_open()?;
    let to = resume.of(&id)?.map_or(to, To::Back);
    take_up(app, opening, caller.tenant(), id, to).await
}

/// CDP of a new session
///
/// Creates a session and connects to it; it ends with its last connection unless `on_disconnect=keep` is given. Every
/// field of `POST /v1/sessions` is a parameter, those of objects with a dot (`viewport.width=800`, `headers.x-a=1`),
/// lists by repetition; objects and lists may be JSON. `launch` takes the launch options that other services know, as JSON
/// or that in base64; what of them means nothing here is told in `Rookery-Warning`. The upgrade is answered once the browser is ready, within 25 s.
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
    create_for(&app, &caller, query.as_deref().unwrap_or_default(), Root::Browser, upgrade).await
}

/// Makes the session that a query describes and connects to its browser or its first page.
async fn create_for(
    app: &App,
    caller: &Caller,
    query: &str,
    root: Root,
    upgrade: Upgrade,
) -> Result<Response, Problem> {
    let (upgrade, base) = upgrade.must_open()?;
    let (gateway, tenant) = (app.gateway(), caller.tenant());
    let Options { fields, ignored } = options::read(query)?;
    if let Some(wanted) = resume::in_query(query)? {
        return take_up(app, (upgrade, base), tenant, wanted.session, To::Back(wanted.resume)).await;
    }
    let request = Request {
        tenant: tenant.clone(),
        limits: caller.limits(),
        spec: offering_cdp(app, fields)?,
        key: None,
        wait: true,
    };
    let (session, connection) = gateway.create_and_connect(request, root, |id| links(&base, id)).await?;
    telemetry::session(&session.id);
    let mut response = open(app, upgrade, session.id, connection);
    if !ignored.is_empty()
        && let Ok(warning) = HeaderValue::try_from(format!("ignored: {}", ignored.join(", ")))
    {
        response.headers_mut().insert(WARNING, warning);
    }
    Ok(response)
}

/// The session that is asked for, if it is one with CDP.
fn offering_cdp(app: &App, fields: Map<String, Value>) -> Result<CreateSession, Error> {
    let spec = app.gateway().spec(fields)?;
    if spec.isolation == Isolation::Context {
        let why = "a session that shares its browser offers no CDP";
        return Err(Error::invalid_argument("isolation", why));
    }
    Ok(spec)
}

async fn take_up(
    app: &App,
    (upgrade, base): (WebSocketUpgrade, Base),
    tenant: &Tenant,
    id: SessionId,
    to: To,
) -> Result<Response, Problem> {
    let gateway = app.gateway();
    gateway.must_live(tenant, &id).await?;
    let connection = gateway.connect(tenant, &id, to, links(&base, &id)).await?;
    Ok(open(app, upgrade, id, connection))
}

fn open(app: &App, upgrade: WebSocketUpgrade, id: SessionId, connection: Connection) -> Response {
    let (tracker, stop) = (app.sockets().clone(), app.stop());
    let span = tracing::info_span!("cdp", session_id = %id, conn = %connection.conn);
    let upgrade = upgrade.max_message_size(LIMIT).max_frame_size(LIMIT).read_buffer_size(READ_BUFFER);
    let headers = resume::headers(&id, &connection);
    // Tracked, so that the gateway can say goodbye before it ends.
    let mut response = upgrade.on_upgrade(move |socket| {
        tracker.track_future(socket::run(socket, connection, stop).instrument(span))
    });
    response.headers_mut().extend(headers);
    response
}
