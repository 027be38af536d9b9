//! `POST /v1/sessions`

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bus_schema::{
    Error,
    model::{create::CreateSession, session::Session},
};

use crate::{
    app::App,
    gateway::create::{Created, Request},
    protocol::rest::{
        base::Base,
        error::{Problem, ProblemDocument},
        extract::{NoParams, OptionalJsonBody, Query},
    },
    security::auth::Caller,
    telemetry,
};

const PREFER: &str = "prefer";
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Create a session
///
/// Answers once the session is ready. With `Prefer: respond-async` it answers 202 while the request waits; its
/// events or `GET` tell when it is ready. A client that goes away while it waits cancels the request, unless it
/// sent an `Idempotency-Key`: a retry under the same key finds the same session.
#[utoipa::path(
    post,
    path = "/v1/sessions",
    operation_id = "create_session",
    tag = "sessions",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "One session per key; another body under it is `conflict`. 1 to 255 characters."),
        ("Prefer" = Option<String>, Header, description = "`respond-async`: answer 202 while it is queued."),
    ),
    request_body(content = CreateSession, description = "Every field is optional."),
    responses(
        (status = 201, description = "Ready", body = Session, headers(("Location" = String))),
        (status = 202, description = "Accepted, with its place in the queue", body = Session, headers(("Location" = String))),
        (status = 409, description = "The key was used with another body", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "A limit is reached, or no slot was free in time; see `Retry-After`", body = ProblemDocument, content_type = "application/problem+json"),
        Problem
    )
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    base: Base,
    headers: HeaderMap,
    _: Query<NoParams>,
    OptionalJsonBody(body): OptionalJsonBody,
) -> Result<Response, Problem> {
    let gateway = app.gateway();
    let request = Request {
        tenant: caller.tenant().clone(),
        limits: caller.limits(),
        spec: gateway.spec(body.read()?)?,
        key: idempotency_key(&headers)?,
        wait: !prefers_async(&headers),
    };
    let created = gateway.create(request).await?;
    let asked_async = prefers_async(&headers);
    let (status, session) = match created {
        Created::Ready(session) => (StatusCode::CREATED, session),
        Created::Waiting(session) => (StatusCode::ACCEPTED, session),
    };
    telemetry::session(&session.id);
    let location = format!("/v1/sessions/{}", session.id);
    let mut response = (status, Json(base.complete(session))).into_response();
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    if asked_async && status == StatusCode::ACCEPTED {
        response.headers_mut().insert("preference-applied", HeaderValue::from_static("respond-async"));
    }
    Ok(response)
}

fn prefers_async(headers: &HeaderMap) -> bool {
    headers
        .get_all(PREFER)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .any(|preference| preference.trim().eq_ignore_ascii_case("respond-async"))
}

/// The key of a request that may be sent again.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Error> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    match value.to_str() {
        Ok(key) if !key.is_empty() && key.len() <= 255 => Ok(Some(key.to_owned())),
        Ok(_) | Err(_) => {
            Err(Error::invalid_argument("Idempotency-Key", "1 to 255 printable ASCII characters"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn preferences_are_a_list() {
        assert!(prefers_async(&headers(PREFER, "respond-async")));
        assert!(prefers_async(&headers(PREFER, "return=minimal, Respond-Async")));
        assert!(!prefers_async(&headers(PREFER, "respond-asynchronously")));
        assert!(!prefers_async(&HeaderMap::new()));
    }

    #[test]
    fn keys_are_bounded() {
        assert_eq!(idempotency_key(&headers(IDEMPOTENCY_KEY, "abc")).unwrap().as_deref(), Some("abc"));
        assert!(idempotency_key(&headers(IDEMPOTENCY_KEY, &"k".repeat(256))).is_err());
        assert!(idempotency_key(&headers(IDEMPOTENCY_KEY, "")).is_err());
        assert!(idempotency_key(&HeaderMap::new()).unwrap().is_none());
    }
}
