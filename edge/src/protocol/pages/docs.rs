//! `/docs`: the OpenAPI document for people, by Scalar where the internet is within reach, and by a page of our own
//! where it is not.
//!
//! Scalar comes from a CDN, one version of it known by its hash. It must not get at this server all the same: the page
//! is sandboxed into an origin of its own, may connect nowhere, and has the document built in.

use axum::{
    extract::{Path, State},
    http::{HeaderName, HeaderValue, StatusCode},
    response::{Html, IntoResponse, Response},
};

use super::{Asset, asset};
use crate::app::App;

const POLICY: &str = "default-src 'none'; script-src 'self' https://cdn.jsdelivr.net; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; sandbox allow-scripts allow-popups";

const PAGE: &str = include_str!("docs/docs.html");
const FILES: [Asset; 2] = [asset!("docs/", "docs.js"), asset!("docs/", "docs.css")];

pub async fn page(State(app): State<App>) -> Response {
    // Within a script element nothing may look like its end.
    let openapi = String::from_utf8_lossy(&app.openapi()).replace('<', "\\u003c");
    let mut response = Html(PAGE.replace("{{openapi}}", &openapi)).into_response();
    let policy = HeaderValue::from_static(POLICY);
    response.headers_mut().insert(axum::http::header::CONTENT_SECURITY_POLICY, policy);
    response
}

pub async fn file(Path(name): Path<String>) -> Response {
    let Some(file) = FILES.iter().find(|f| f.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = file.respond(POLICY);
    // The sandboxed page is of no origin, so to the browser this is another one's.
    let name = HeaderName::from_static("cross-origin-resource-policy");
    response.headers_mut().insert(name, HeaderValue::from_static("cross-origin"));
    response
}
