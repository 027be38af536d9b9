//! Pages for browsers: the start page, the documentation, and the demo that sessions practise on.

mod demo;
mod docs;
mod index;

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
        .route("/", get(index::page).layer(middleware::from_fn_with_state(sockets, index::or_socket)))
        .route("/docs", get(docs::page))
        .route("/docs/{file}", get(docs::file))
        .route("/demo", get(demo::index))
        .route("/demo/", get(demo::index))
        .route("/demo/{file}", get(demo::file))
}

/// A file built into the binary.
struct Asset {
    name: &'static str,
    bytes: &'static [u8],
}

impl Asset {
    fn media_type(&self) -> &'static str {
        match self.name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("html") => "text/html; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            Some("csv") => "text/csv; charset=utf-8",
            Some(_) | None => "application/octet-stream",
        }
    }

    /// The file, with what it may load.
    fn respond(&self, policy: &'static str) -> Response {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(self.media_type())),
            (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        ];
        (headers, self.bytes).into_response()
    }
}

macro_rules! asset {
    ($dir:literal, $name:literal) => {
        $crate::protocol::pages::Asset { name: $name, bytes: include_bytes!(concat!($dir, $name)) }
    };
}
use asset;
