//! `POST /v1/workers/{id}/drain`

use axum::{Json, extract::State, http::StatusCode};
use bus_schema::{WorkerId, model::worker::Worker};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    protocol::rest::{
        error::Problem,
        extract::{OptionalJsonBody, WorkerPath},
    },
    security::auth::Caller,
};

const DEFAULT_GRACE_S: u32 = 300;
const MAX_GRACE_S: u32 = 86_400;

/// How a worker is to be drained.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DrainRequest {
    /// Sessions may go on for this long. 0 to 86 400.
    pub grace_s: u32,
}

impl Default for DrainRequest {
    fn default() -> Self {
        Self { grace_s: DEFAULT_GRACE_S }
    }
}

/// Drain a worker
///
/// It claims nothing more, lets its sessions end or moves them, then stops.
#[utoipa::path(
    post,
    path = "/v1/workers/{id}/drain",
    operation_id = "drain_worker",
    tag = "fleet",
    params(("id" = WorkerId, Path)),
    request_body = DrainRequest,
    responses((status = 202, description = "It drains", body = Worker), Problem)
)]
pub async fn drain(
    State(app): State<App>,
    caller: Caller,
    WorkerPath(id): WorkerPath,
    OptionalJsonBody(body): OptionalJsonBody,
) -> Result<(StatusCode, Json<Worker>), Problem> {
    caller.must_operate()?;
    let request: DrainRequest = body.read()?;
    bus_schema::model::validate::range("grace_s", request.grace_s, 0, MAX_GRACE_S)?;
    Ok((StatusCode::ACCEPTED, Json(app.gateway().drain(&id, request.grace_s).await?)))
}
