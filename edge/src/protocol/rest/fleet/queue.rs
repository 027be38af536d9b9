//! `GET /v1/queue`

use axum::{Json, extract::State};

use crate::{
    app::App,
    gateway::queue::QueueReport,
    protocol::rest::{
        error::Problem,
        extract::{NoParams, Query},
    },
    security::auth::Caller,
};

/// What waits
///
/// Counted at most a second ago. Of other tenants only the sums are shown.
#[utoipa::path(
    get,
    path = "/v1/queue",
    operation_id = "get_queue",
    tag = "fleet",
    responses((status = 200, description = "Queues by region, pool and class", body = QueueReport), Problem)
)]
pub async fn get(
    State(app): State<App>,
    caller: Caller,
    _: Query<NoParams>,
) -> Result<Json<QueueReport>, Problem> {
    Ok(Json(app.gateway().queue(caller.tenant()).await?))
}
