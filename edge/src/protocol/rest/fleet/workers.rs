//! `GET /v1/workers`

use axum::{Json, extract::State};
use bus_schema::{Region, model::worker::Worker};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    protocol::rest::{
        error::Problem,
        extract::{NoParams, Query},
    },
    security::auth::Caller,
};

/// The workers of all regions.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkerList {
    pub workers: Vec<Worker>,
    /// Regions that did not answer in time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_regions: Vec<Region>,
}

/// List workers
#[utoipa::path(
    get,
    path = "/v1/workers",
    operation_id = "list_workers",
    tag = "fleet",
    responses((status = 200, description = "What workers say of themselves", body = WorkerList), Problem)
)]
pub async fn list(
    State(app): State<App>,
    _: Caller,
    _: Query<NoParams>,
) -> Result<Json<WorkerList>, Problem> {
    let (workers, missing_regions) = app.gateway().workers().await?;
    Ok(Json(WorkerList { workers, missing_regions }))
}
