//! `/docs`: the OpenAPI document for people, by Scalar where the internet is within reach, and by a page of our own
//! where it is not.

use axum::{
    extract::Path,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{Asset, asset};

/// Scalar comes from its CDN and may speak to this server only.
const POLICY: &str = "default-src 'none'; script-src 'self' https://cdn.jsdelivr.net; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE: Asset = asset!("docs/", "docs.html");
const FILES: [Asset; 2] = [asset!("docs/", "docs.js"), asset!("docs/", "docs.css")];

pub async fn page() -> Response {
    PAGE.respond(POLICY)
}

pub async fn file(Path(name): Path<String>) -> Response {
    match FILES.iter().find(|f| f.name == name) {
        Some(file) => file.respond(POLICY),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
