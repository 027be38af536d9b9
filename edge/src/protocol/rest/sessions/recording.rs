//! `GET /v1/sessions/{id}/recording`

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use bus_schema::SessionId;

use crate::{
    app::App,
    protocol::rest::{
        error::Problem,
        extract::{Id, NoParams, Query},
        files::name,
    },
    security::auth::Caller,
    telemetry,
};

/// Fetch the recording
///
/// What is recorded so far, at most ten seconds old; the whole of it once the session has ended, for 24 hours.
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}/recording",
    operation_id = "get_recording",
    tag = "sessions",
    params(("id" = SessionId, Path)),
    responses(
        (status = 200, description = "The film, as Motion JPEG", content_type = "video/x-matroska", body = Vec<u8>),
        Problem
    )
)]
pub async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    _: Query<NoParams>,
) -> Result<Response, Problem> {
    telemetry::session(&id);
    let film = app.gateway().recording(caller.tenant(), &id).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("video/x-matroska")),
        (header::CONTENT_DISPOSITION, name::attachment(&format!("{id}.mkv"))),
    ];
    Ok((headers, Body::from_stream(film)).into_response())
}
