//! The web console, the live view and the VNC page: built from `edge/ui`, part of the binary.
//!
//! A debug build reads them from the checkout at each request, so that a page can be changed while the server runs.

use axum::{
    Router,
    extract::Path,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use rust_embed::RustEmbed;

use crate::app::App;

#[derive(RustEmbed)]
#[folder = "ui/dist"]
#[allow_missing = true]
struct Built;

/// Pages run their own scripts and speak to this server alone. Style sheets are constructed by scripts or are files.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Addresses of the console, which finds its way itself.
const CONSOLE: [&str; 5] = ["/sessions", "/sessions/{id}", "/fleet", "/connect", "/login"];

/// Everything but the start page, which shares its address with WebSockets.
pub fn routes() -> Router<App> {
    let console = CONSOLE.iter().fold(Router::new(), |router, path| router.route(path, get(console)));
    console
        .route("/assets/{file}", get(|Path(name): Path<String>| async move { hashed("console", &name) }))
        .route("/view/{id}", get(|| async { page("view/view.html") }))
        .route("/view.js", get(component))
        .route("/view-assets/{file}", get(|Path(name): Path<String>| async move { hashed("view", &name) }))
        .route("/vnc/{id}", get(|| async { page("vnc/vnc.html") }))
        .route("/vnc-assets/{file}", get(|Path(name): Path<String>| async move { hashed("vnc", &name) }))
}

/// The console, or where else to go from here in a build without pages.
pub async fn console() -> Response {
    match file("console/index.html", "no-cache") {
        Some(console) => console,
        None => super::index::page().await,
    }
}

fn page(name: &str) -> Response {
    match file(name, "no-cache") {
        Some(page) => page,
        None => (
            StatusCode::NOT_FOUND,
            "The pages are not part of this build. `make up` builds them, or: cd edge/ui && npm ci && npm run build\n",
        )
            .into_response(),
    }
}

/// The custom element, which pages of other origins load too.
async fn component() -> Response {
    let Some(mut response) = file("view/view.js", "no-cache") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = response.headers_mut();
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// A file whose name changes with its contents.
fn hashed(part: &str, name: &str) -> Response {
    file(&format!("{part}/assets/{name}"), "public, max-age=31536000, immutable")
        .unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
}

fn file(name: &str, cache: &'static str) -> Option<Response> {
    let built = Built::get(name)?;
    let headers = [
        (header::CONTENT_TYPE, super::media_type(name)),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, cache),
    ];
    Some((headers, built.data).into_response())
}
