//! `/`: where to go from here.

use axum::response::Response;

use super::{Asset, asset};

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

const PAGE: Asset = asset!("docs/", "index.html");

pub async fn page() -> Response {
    PAGE.respond(POLICY)
}
