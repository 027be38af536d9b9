//! `GET /v1/pressure`

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use crate::{
    app::App,
    gateway::pressure::Pressure,
    protocol::rest::{
        error::Problem,
        extract::{NoParams, Query},
    },
    security::auth::Caller,
};

/// Pressure
///
/// For load balancers and autoscalers: 200 while a new session would start at once, 503 while it would wait.
#[utoipa::path(
    get,
    path = "/v1/pressure",
    operation_id = "get_pressure",
    tag = "fleet",
    responses(
        (status = 200, description = "There is room", body = Pressure),
        (status = 503, description = "A new session would wait", body = Pressure),
        Problem
    )
)]
pub async fn get(State(app): State<App>, _: Caller, _: Query<NoParams>) -> Result<Response, Problem> {
    let pressure = app.gateway().pressure().await?;
    let status = if pressure.available { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok((status, Json(pressure)).into_response())
}
