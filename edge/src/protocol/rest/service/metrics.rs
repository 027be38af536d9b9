//! `GET /metrics`

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use bus_schema::Error;

use crate::{app::App, metrics, protocol::rest::error::Problem};

/// Metrics for Prometheus
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    tag = "service",
    responses((status = 200, description = "Text format 0.0.4", content_type = "text/plain", body = String))
)]
pub async fn get(State(app): State<App>) -> Result<Response, Problem> {
    // Counted anew, but at most once a second. A bus that does not answer must not hide the other metrics.
    if let Err(error) = app.gateway().measure().await {
        tracing::debug!(%error, "sessions could not be counted");
    }
    let text = metrics::render().map_err(|e| Error::internal(e.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}
