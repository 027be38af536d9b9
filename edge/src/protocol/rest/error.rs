//! Errors as HTTP clients get them: RFC 9457 problem documents, written in one place.
//!
//! A handler answers [`Problem`]; the layer [`write()`] turns it into a document with the request's id, does the same
//! for what the router and its layers answer themselves (404, 405, 413 …), and logs internal causes once.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bus_schema::{Error, ErrorCode, error::Outcome};
use serde::Serialize;
use utoipa::ToSchema;

use super::request_id::RequestId;

/// What a client gets told about an internal error; the rest is in the log.
const INTERNAL: &str = "an internal error; the log says more under this request id";

/// The one mapping from the closed set of errors to HTTP.
pub fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::InvalidArgument => StatusCode::BAD_REQUEST,
        ErrorCode::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorCode::Forbidden => StatusCode::FORBIDDEN,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::Conflict => StatusCode::CONFLICT,
        ErrorCode::Gone => StatusCode::GONE,
        ErrorCode::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::BrowserError => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::Timeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        // Nobody's standard, but what proxies log for a client that went away; it is in range by construction.
        ErrorCode::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn title(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::InvalidArgument => "Invalid argument",
        ErrorCode::Unauthenticated => "Not authenticated",
        ErrorCode::Forbidden => "Forbidden",
        ErrorCode::NotFound => "Not found",
        ErrorCode::Conflict => "Conflict",
        ErrorCode::Gone => "Gone",
        ErrorCode::PayloadTooLarge => "Payload too large",
        ErrorCode::ResourceExhausted => "Resource exhausted",
        ErrorCode::BrowserError => "Browser error",
        ErrorCode::Timeout => "Timed out",
        ErrorCode::Unavailable => "Unavailable",
        ErrorCode::Cancelled => "Cancelled",
        ErrorCode::Internal => "Internal error",
    }
}

/// A problem document, RFC 9457.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// Always `about:blank`: `code` tells problems apart.
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub title: &'static str,
    pub status: u16,
    pub code: ErrorCode,
    pub detail: String,
    /// Whether the same request, sent again later, can succeed.
    pub retryable: bool,
    pub request_id: String,
    /// The input field at fault, as a JSON path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Whether what was asked for may have happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// As in the header `Retry-After`, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
    /// What a client needs to act, e.g. the open dialog or the elements that matched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<serde_json::Value>,
}

/// The error of every handler.
#[derive(Debug)]
pub struct Problem(pub Error);

impl<E: Into<Error>> From<E> for Problem {
    fn from(e: E) -> Self {
        Self(e.into())
    }
}

/// Carried by a response until [`write()`] makes a document of it.
#[derive(Clone)]
struct Pending(Error);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = status(self.0.code).into_response();
        response.extensions_mut().insert(Pending(self.0));
        response
    }
}

/// Layer: writes every error as a problem document.
pub async fn write(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned().unwrap_or_default();
    let response = next.run(request).await;
    let error = match response.extensions().get::<Pending>() {
        Some(Pending(error)) => error.clone(),
        None => match foreign(&response) {
            Some(error) => error,
            None => return response,
        },
    };
    if error.code == ErrorCode::Internal {
        tracing::error!(request_id = %id, error = %error.detail, "internal error");
    }
    document(error, &id, &response)
}

/// What the router and its layers answered without knowing of problem documents.
fn foreign(response: &Response) -> Option<Error> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return None;
    }
    let ours = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|t| !t.as_bytes().starts_with(b"text/plain"));
    if ours {
        return None;
    }
    Some(match status {
        StatusCode::NOT_FOUND => {
            Error::not_found("there is nothing at this path; /openapi.json lists what there is")
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            Error::new(ErrorCode::InvalidArgument, "this path has no such method")
        }
        StatusCode::PAYLOAD_TOO_LARGE => Error::payload_too_large("the body is too large"),
        StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => {
            Error::timeout("the request took too long")
        }
        StatusCode::SERVICE_UNAVAILABLE => Error::unavailable("not available now"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Error::forbidden("the body must be application/json"),
        s if s.is_client_error() => {
            Error::new(ErrorCode::InvalidArgument, s.canonical_reason().unwrap_or("bad request"))
        }
        s => Error::internal(format!("a layer answered {s}")),
    })
}

fn document(error: Error, id: &RequestId, was: &Response) -> Response {
    // Clients know these by their status: 405 comes with `Allow`, 416 with the size of the file.
    let kept = [StatusCode::METHOD_NOT_ALLOWED, StatusCode::RANGE_NOT_SATISFIABLE].contains(&was.status());
    let status = if kept { was.status() } else { status(error.code) };
    let body = ProblemDocument {
        kind: "about:blank",
        title: title(error.code),
        status: status.as_u16(),
        code: error.code,
        detail: if error.code == ErrorCode::Internal { INTERNAL.into() } else { error.detail },
        retryable: error.retryable,
        request_id: id.to_string(),
        field: error.field.filter(|f| !f.is_empty()),
        outcome: error.outcome,
        retry_after_s: error.retry_after_s,
        context: error.context,
    };
    let json = serde_json::to_vec(&body).unwrap_or_default();
    let mut response = Response::new(Body::from(json));
    *response.status_mut() = status;
    *response.extensions_mut() = was.extensions().clone();
    let headers = response.headers_mut();
    // `Allow`, CORS and security headers of inner layers stay.
    for (name, value) in was.headers() {
        if name != header::CONTENT_LENGTH && name != header::CONTENT_TYPE {
            headers.append(name.clone(), value.clone());
        }
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(seconds) = body.retry_after_s {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if error.code == ErrorCode::Unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"rookery\""));
    }
    response.extensions_mut().insert(error.code);
    response
}

/// A handler that panicked: said to the client like any other internal error.
pub fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let what = panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    Problem(Error::internal(format!("a handler panicked: {what}"))).into_response()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::{Router, body::to_bytes, middleware, routing::get};
    use tower::ServiceExt;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;
    use crate::protocol::rest::request_id;

    async fn ask(
        router: Router,
        method: &str,
        path: &str,
    ) -> (StatusCode, axum::http::HeaderMap, serde_json::Value) {
        let app = router
            .layer(CatchPanicLayer::custom(panicked))
            .layer(middleware::from_fn(write))
            .layer(middleware::from_fn(request_id::assign));
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-request-id", "req-7")
            .body(Body::empty())
            .unwrap();
        let response = app.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 20).await.unwrap();
        (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap())
    }

    fn failing(error: Error) -> Router {
        Router::new().route("/", get(move || async move { Problem(error).into_response() }))
    }

    #[tokio::test]
    async fn every_code_is_a_document_with_its_status() {
        for code in ErrorCode::ALL {
            let (got, headers, json) = ask(failing(Error::new(code, "why")), "GET", "/").await;
            assert_eq!(got, status(code));
            assert_eq!(json["code"], code.as_str());
            assert_eq!(json["status"], status(code).as_u16());
            assert_eq!(json["request_id"], "req-7");
            assert_eq!(headers["content-type"], "application/problem+json");
            assert_eq!(headers["x-request-id"], "req-7");
        }
    }

    #[tokio::test]
    async fn what_a_client_can_act_on_is_in_it() {
        let error = Error::resource_exhausted("full")
            .retry_after(Duration::from_secs(3))
            .with_field("pool")
            .not_started();
        let (_, headers, json) = ask(failing(error), "GET", "/").await;
        assert_eq!(headers["retry-after"], "3");
        assert_eq!((&json["field"], &json["outcome"]), (&"pool".into(), &"not_started".into()));
        assert_eq!(json["retryable"], true);
    }

    #[tokio::test]
    async fn an_internal_cause_is_not_sent() {
        let (_, _, json) = ask(failing(Error::internal("the password is 1234")), "GET", "/").await;
        assert!(!json.to_string().contains("1234"), "{json}");
    }

    #[tokio::test]
    async fn what_the_router_answers_is_a_document_too() {
        let router = || Router::new().route("/", get(|| async { "ok" }));
        let (status, _, json) = ask(router(), "GET", "/nothing").await;
        assert_eq!((status, &json["code"]), (StatusCode::NOT_FOUND, &"not_found".into()));
        let (status, headers, json) = ask(router(), "POST", "/").await;
        assert_eq!((status, &json["code"]), (StatusCode::METHOD_NOT_ALLOWED, &"invalid_argument".into()));
        assert_eq!(headers["allow"], "GET,HEAD");
    }

    #[tokio::test]
    async fn a_panic_is_an_internal_error() {
        async fn panics() -> &'static str {
            panic!("secret cause")
        }
        let (status, _, json) = ask(Router::new().route("/", get(panics)), "GET", "/").await;
        assert_eq!((status, &json["code"]), (StatusCode::INTERNAL_SERVER_ERROR, &"internal".into()));
        assert!(!json.to_string().contains("secret cause"));
    }
}
