//! `PATCH /v1/sessions/{id}`

use axum::{Json, extract::State};
use bus_schema::model::{create::PatchSession, session::Session};

use crate::{
    app::App,
    protocol::rest::{
        base::Base,
        error::Problem,
        extract::{Id, JsonBody},
    },
    security::auth::Caller,
    telemetry,
};

/// Change a session
///
/// What is absent stays as it is; labels are replaced as a whole.
#[utoipa::path(
    patch,
    path = "/v1/sessions/{id}",
    operation_id = "patch_session",
    tag = "sessions",
    params(("id" = bus_schema::SessionId, Path)),
    request_body = PatchSession,
    responses((status = 200, description = "The session as it is now", body = Session), Problem)
)]
pub async fn patch(
    State(app): State<App>,
    caller: Caller,
    base: Base,
    Id(id): Id,
    body: JsonBody,
) -> Result<Json<Session>, Problem> {
    telemetry::session(&id);
    let patch: PatchSession = body.read()?;
    patch.validate()?;
    let session = app.gateway().patch(caller.tenant(), &id, patch).await?;
    Ok(Json(base.complete(session)))
}
