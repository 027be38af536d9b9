//! `GET /healthz` and `GET /readyz`

use axum::{Json, extract::State};
use bus_schema::Error;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, protocol::rest::error::Problem};

/// That all is well.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    status: &'static str,
}

const OK: Json<Health> = Json(Health { status: "ok" });

/// Liveness: the process answers
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "healthz",
    tag = "service",
    responses((status = 200, description = "It lives", body = Health))
)]
pub async fn live() -> Json<Health> {
    OK
}

/// Readiness: the bus is reachable and a live worker known
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "readyz",
    tag = "service",
    responses((status = 200, description = "Sessions can be created", body = Health), Problem)
)]
pub async fn ready(State(app): State<App>) -> Result<Json<Health>, Problem> {
    if app.stopping() {
        return Err(Error::unavailable("this gateway is stopping").into());
    }
    app.gateway().must_be_ready().await?;
    Ok(OK)
}
