//! `DELETE /v1/sessions/{id}`

use axum::{Json, extract::State};
use bus_schema::model::session::Session;

use crate::{
    app::App,
    protocol::rest::{base::Base, error::Problem, extract::Id},
    security::auth::Caller,
    telemetry,
};

/// End a session
///
/// Answers when it has ended, also if it had ended before. One that still waits for a worker is cancelled.
#[utoipa::path(
    delete,
    path = "/v1/sessions/{id}",
    operation_id = "end_session",
    tag = "sessions",
    params(("id" = bus_schema::SessionId, Path)),
    responses((status = 200, description = "The ended session", body = Session), Problem)
)]
pub async fn end(
    State(app): State<App>,
    caller: Caller,
    base: Base,
    Id(id): Id,
) -> Result<Json<Session>, Problem> {
    telemetry::session(&id);
    let session = app.gateway().end(caller.tenant(), &id).await?;
    Ok(Json(base.complete(session)))
}
