//! `GET /whoami`, `POST /login` and `POST /logout`: how the pages of this server know who is before them.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use bus_schema::{Error, Tenant};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    protocol::rest::{base::Base, error::Problem, extract::JsonBody},
    security::auth::{COOKIE, Login},
};

/// How long a browser keeps it: a week.
const MAX_AGE_S: u32 = 7 * 24 * 3_600;

/// Who is asking.
#[derive(Debug, Serialize, ToSchema)]
pub struct WhoAmI {
    tenant: Tenant,
    /// Whether it may act on the fleet.
    operator: bool,
    login: Login,
    /// Of this server.
    version: &'static str,
}

/// Who is asking, and how that is known
#[utoipa::path(
    get,
    path = "/whoami",
    operation_id = "whoami",
    tag = "service",
    responses((status = 200, description = "Who asks", body = WhoAmI), Problem)
)]
pub async fn whoami(State(app): State<App>, headers: HeaderMap, uri: Uri) -> Result<Json<WhoAmI>, Problem> {
    let caller = app.tokens().identify(&headers, &uri)?;
    Ok(Json(WhoAmI {
        tenant: caller.tenant().clone(),
        operator: caller.operates(),
        login: caller.login(),
        version: env!("CARGO_PKG_VERSION"),
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    token: String,
}

/// Trade a token for a cookie
///
/// The cookie is for pages of this server: scripts cannot read it, and no other site can make a browser send it.
#[utoipa::path(
    post,
    path = "/login",
    operation_id = "login",
    tag = "service",
    request_body = LoginRequest,
    responses((status = 204, description = "The cookie is set, where one is needed"), Problem)
)]
pub async fn login(State(app): State<App>, base: Base, body: JsonBody) -> Result<Response, Problem> {
    let LoginRequest { token } = body.read()?;
    match app.tokens().cookie(&token)? {
        Some(value) => set_cookie(&base, &value, MAX_AGE_S),
        None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

/// Give the cookie back
#[utoipa::path(
    post,
    path = "/logout",
    operation_id = "logout",
    tag = "service",
    responses((status = 204, description = "The cookie is gone"), Problem)
)]
pub async fn logout(base: Base) -> Result<Response, Problem> {
    set_cookie(&base, "", 0)
}

fn set_cookie(base: &Base, value: &str, max_age: u32) -> Result<Response, Problem> {
    let secure = if base.is_secure() { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age}{secure}");
    let cookie = HeaderValue::try_from(cookie).map_err(|error| Error::internal(error.to_string()))?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}
