//! The `Origin` check: any web page in a local browser can send requests and open WebSockets to loopback.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bus_schema::Error;
use url::Url;

use super::host;
use crate::protocol::rest::error::Problem;

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
const HEADERS: &str =
    "authorization, content-type, idempotency-key, last-event-id, prefer, range, x-request-id, traceparent";
const EXPOSED: &str = "location, retry-after, x-request-id, content-disposition, content-range, preference-applied, x-truncated";

/// Origins of web pages that may use the API besides its own.
#[derive(Clone, Debug)]
pub struct Origins(Arc<BTreeSet<String>>);

enum Judged {
    /// No web page asks, or a page of this very server.
    Own,
    /// A page whose origin was allowed.
    Allowed(HeaderValue),
    Foreign,
}

impl Origins {
    pub fn new(allowed: &[String]) -> Self {
        Self(Arc::new(allowed.iter().cloned().collect()))
    }

    fn judge(&self, headers: &HeaderMap, uri: &Uri) -> Judged {
        let Some(origin) = headers.get(header::ORIGIN) else { return Judged::Own };
        let Ok(text) = origin.to_str() else { return Judged::Foreign };
        if self.0.contains(text) {
            return Judged::Allowed(origin.clone());
        }
        // The scheme is not compared: behind a proxy that ends TLS this server does not know it.
        let own = Url::parse(text).is_ok_and(|url| {
            let given = url.origin().ascii_serialization();
            let authority = given.split_once("://").map(|(_, authority)| authority);
            authority.is_some() && given == text && authority == host::authority(headers, uri)
        });
        if own { Judged::Own } else { Judged::Foreign }
    }
}

/// Layer: refuses foreign origins, answers preflights of allowed ones.
pub async fn check(State(origins): State<Origins>, request: Request, next: Next) -> Response {
    let origin = match origins.judge(request.headers(), request.uri()) {
        Judged::Own => return next.run(request).await,
        Judged::Foreign => {
            let detail = "this `Origin` may not use the API; add it to `allowed_origins` if it shall";
            return Problem(Error::forbidden(detail)).into_response();
        }
        Judged::Allowed(origin) => origin,
    };
    let preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response =
        if preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    if preflight {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, middleware, routing::post};
    use tower::ServiceExt;

    use super::*;

    async fn ask(method: &str, origin: Option<&str>) -> Response {
        let origins = Origins::new(&["https://app.example.com".into()]);
        let app = Router::new()
            .route("/", post(|| async { "ok" }))
            .layer(middleware::from_fn_with_state(origins, check));
        let mut request = Request::builder().method(method).uri("/").header("host", "127.0.0.1:8080");
        if let Some(o) = origin {
            request = request.header("origin", o);
        }
        if method == "OPTIONS" {
            request = request.header("access-control-request-method", "POST");
        }
        app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn only_own_and_allowed_origins_get_through() {
        for (origin, status) in [
            (None, 200),
            (Some("http://127.0.0.1:8080"), 200),
            (Some("https://app.example.com"), 200),
            (Some("http://127.0.0.1:3000"), 403),
            (Some("http://localhost:8080"), 403),
            (Some("https://app.example.com.evil.example"), 403),
            (Some("https://evil.example"), 403),
            (Some("null"), 403),
            (Some(""), 403),
            (Some("http://127.0.0.1:8080/"), 403),
            (Some("http://user@127.0.0.1:8080"), 403),
        ] {
            assert_eq!(ask("POST", origin).await.status(), status, "{origin:?}");
        }
    }

    #[tokio::test]
    async fn preflights_are_for_allowed_origins_only() {
        let r = ask("OPTIONS", Some("https://app.example.com")).await;
        assert_eq!(r.status(), StatusCode::NO_CONTENT);
        assert_eq!(r.headers()["access-control-allow-origin"], "https://app.example.com");
        let r = ask("OPTIONS", Some("https://evil.example")).await;
        assert_eq!(r.status(), StatusCode::FORBIDDEN);
        assert!(!r.headers().contains_key("access-control-allow-origin"));
    }
}
