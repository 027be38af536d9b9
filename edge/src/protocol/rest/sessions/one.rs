//! `GET /v1/sessions/{id}`

use axum::{Json, extract::State};
use bus_schema::model::session::Session;

use crate::{
    app::App,
    protocol::rest::{
        base::Base,
        error::Problem,
        extract::{Id, NoParams, Query},
    },
    security::auth::Caller,
    telemetry,
};

/// One session
///
/// With page and tabs as they are now where it is ready, its place in the queue where it waits, and why it ended
/// for 15 minutes after that.
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}",
    operation_id = "get_session",
    tag = "sessions",
    params(("id" = bus_schema::SessionId, Path)),
    responses((status = 200, description = "The session", body = Session), Problem)
)]
pub async fn get(
    State(app): State<App>,
    caller: Caller,
    base: Base,
    Id(id): Id,
    _: Query<NoParams>,
) -> Result<Json<Session>, Problem> {
    telemetry::session(&id);
    let session = app.gateway().get(caller.tenant(), &id).await?;
    Ok(Json(base.complete(session)))
}
