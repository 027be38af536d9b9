//! The web console, the live view and the VNC page: built from `edge/ui`, part of the binary.
//!
//! A debug build reads them from the checkout at each request, so that a page can be changed while the server runs.

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
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
/// Names of files that never change, because they change with what is in them.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Everything but the start page, which shares its address with WebSockets.
pub fn routes() -> Router<App> {
    let pages = CONSOLE.iter().fold(Router::new(), |router, path| router.route(path, get(console)));
    pages
        .route("/view/{id}", get(|headers: HeaderMap| async move { page("view/view.html", &headers) }))
        .route("/vnc/{id}", get(|headers: HeaderMap| async move { page("vnc/vnc.html", &headers) }))
        .route("/view.js", get(component))
        .route("/assets/{file}", asset("console"))
        .route("/view-assets/{file}", asset("view"))
        .route("/vnc-assets/{file}", asset("vnc"))
}

/// The console, or where else to go from here in a build without pages.
pub async fn console(headers: HeaderMap) -> Response {
    match file("console/index.html", "no-cache", &headers) {
        Some(console) => console,
        None => super::index::page().await,
    }
}

fn asset(part: &'static str) -> axum::routing::MethodRouter<App> {
    get(move |Path(name): Path<String>, headers: HeaderMap| async move {
        file(&format!("{part}/assets/{name}"), FOR_EVER, &headers)
            .unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
    })
}

fn page(name: &str, headers: &HeaderMap) -> Response {
    file(name, "no-cache", headers).unwrap_or_else(|| {
        let why = "The pages are not part of this build. `make up` builds them, where there is Node.js.\n";
        (StatusCode::NOT_FOUND, why).into_response()
    })
}

/// The custom element, which pages of other origins load too.
async fn component(headers: HeaderMap) -> Response {
    let Some(mut response) = file("view/view.js", "no-cache", &headers) else {
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

fn file(name: &str, cache: &'static str, asked: &HeaderMap) -> Option<Response> {
    let headers = [
        (header::CONTENT_TYPE, super::media_type(name)),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, cache),
        (header::VARY, "accept-encoding"),
    ];
    let compressed = takes_gzip(asked).then(|| Built::get(&format!("{name}.gz"))).flatten();
    match compressed {
        Some(built) => Some((headers, [(header::CONTENT_ENCODING, "gzip")], built.data).into_response()),
        None => Some((headers, Built::get(name)?.data).into_response()),
    }
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted =
        headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        name.trim().eq_ignore_ascii_case("gzip")
            && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_takes_it_gets_it_compressed() {
        for (accepts, takes) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("br, gzip;q=0", false),
            ("gzipped", false),
            ("identity", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, accepts.parse().unwrap())]);
            assert_eq!(takes_gzip(&headers), takes, "{accepts}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
