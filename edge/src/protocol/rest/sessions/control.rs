//! `PUT /v1/sessions/{id}/control`

use axum::{Json, extract::State};
use bus_schema::model::control::{Control, ControlRequest};

use crate::{
    app::App,
    protocol::rest::{
        error::{Problem, ProblemDocument},
        extract::{Id, JsonBody},
    },
    security::auth::Caller,
    telemetry,
};

/// Take, return, pause or hand over control
///
/// A person who took control keeps it by repeating `take_control` within 30 s.
#[utoipa::path(
    put,
    path = "/v1/sessions/{id}/control",
    operation_id = "set_control",
    tag = "sessions",
    params(("id" = bus_schema::SessionId, Path)),
    request_body = ControlRequest,
    responses(
        (status = 200, description = "Who drives now", body = Control),
        (status = 409, description = "Somebody else holds it", body = ProblemDocument, content_type = "application/problem+json"),
        Problem
    )
)]
pub async fn set(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    body: JsonBody,
) -> Result<Json<Control>, Problem> {
    telemetry::session(&id);
    let request: ControlRequest = body.read()?;
    Ok(Json(app.gateway().control(caller.tenant(), &id, request, None).await?))
}
