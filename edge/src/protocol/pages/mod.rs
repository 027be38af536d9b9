//! Pages for browsers: the start page, the documentation, and the demo that sessions practise on.

mod demo;
mod docs;
mod index;
mod ui;

use axum::{
    Router,
    http::{HeaderValue, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};

use crate::app::App;

/// At the root, WebSockets are for `sockets`.
pub fn routes(sockets: MethodRouter) -> Router<App> {
    Router::new()
        .route("/", get(ui::console).layer(middleware::from_fn_with_state(sockets, index::or_socket)))
        .route("/docs", get(docs::page))
        .route("/docs/{file}", get(docs::file))
        .route("/demo", get(demo::index))
        .route("/demo/", get(demo::index))
        .route("/demo/{file}", get(demo::file))
        .merge(ui::routes())
}

/// A file built into the binary.
struct Asset {
    name: &'static str,
    bytes: &'static [u8],
}

impl Asset {
    /// The file, with what it may load.
    fn respond(&self, policy: &'static str) -> Response {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(media_type(self.name))),
            (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        ];
        (headers, self.bytes).into_response()
    }
}

/// By the ending of its name.
fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("csv") => "text/csv; charset=utf-8",
        Some("woff2") => "font/woff2",
        Some("png") => "image/png",
        Some(_) | None => "application/octet-stream",
    }
}

macro_rules! asset {
    ($dir:literal, $name:literal) => {
        $crate::protocol::pages::Asset { name: $name, bytes: include_bytes!(concat!($dir, $name)) }
    };
}
use asset;
