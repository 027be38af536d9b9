//! `GET /v1/sessions/{id}/stream`

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    gateway::vnc::Access,
    protocol::rest::{
        base::Base,
        error::Problem,
        extract::{Id, NoParams, Query},
    },
    security::auth::Caller,
    telemetry,
};

/// Where a session can be watched.
#[derive(Debug, Serialize, ToSchema)]
pub struct StreamUrls {
    /// A page that shows it.
    view: String,
    /// A WebSocket that carries frames after `frames:start`.
    ws: String,
    vnc: VncAccess,
}

/// Where and how a session is shown by VNC.
#[derive(Debug, Serialize, ToSchema)]
pub struct VncAccess {
    /// A page that shows it.
    page: String,
    /// A WebSocket that speaks RFB.
    url: String,
    /// Where RFB is spoken over TCP, if it is: `host:port`.
    listen: Option<String>,
    /// Names this session there, to somebody who may drive.
    password: String,
    /// The same to somebody who may only watch.
    view_password: String,
}

/// Where to watch
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}/stream",
    operation_id = "get_stream",
    tag = "sessions",
    params(("id" = bus_schema::SessionId, Path)),
    responses((status = 200, description = "URLs as seen by whoever asks", body = StreamUrls), Problem)
)]
pub async fn get(
    State(app): State<App>,
    caller: Caller,
    base: Base,
    Id(id): Id,
    _: Query<NoParams>,
) -> Result<Json<StreamUrls>, Problem> {
    telemetry::session(&id);
    app.gateway().must_live(caller.tenant(), &id).await?;
    let urls = base.urls(&id);
    let vnc = VncAccess {
        page: urls.vnc,
        url: base.ws(&format!("/v1/sessions/{id}/vnc")),
        listen: app.vnc().map(|address| base.at(address)),
        password: app.gateway().vnc_password(&id, Access::Control),
        view_password: app.gateway().vnc_password(&id, Access::View),
    };
    Ok(Json(StreamUrls { view: urls.view, ws: urls.ws, vnc }))
}
