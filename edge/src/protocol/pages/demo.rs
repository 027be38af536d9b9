//! `/demo`: a page with something of everything, served without the internet.

use axum::{
    extract::Path,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{Asset, asset};

/// Only what this server sends; frames of the same origin, for the page shows one.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    frame-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'";

const FILES: [Asset; 8] = [
    asset!("../../../demo/", "index.html"),
    asset!("../../../demo/", "second.html"),
    asset!("../../../demo/", "frame.html"),
    asset!("../../../demo/", "demo.js"),
    asset!("../../../demo/", "frame.js"),
    asset!("../../../demo/", "demo.css"),
    asset!("../../../demo/", "rook.svg"),
    asset!("../../../demo/", "report.csv"),
];

pub async fn index() -> Response {
    FILES[0].respond(POLICY)
}

pub async fn file(Path(name): Path<String>) -> Response {
    match FILES.iter().find(|f| f.name == name) {
        Some(file) => file.respond(POLICY),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_demo_is_built_in() {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/demo");
        for entry in std::fs::read_dir(dir).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(FILES.iter().any(|f| f.name == name), "{name} is not served");
        }
    }

    #[test]
    fn no_page_needs_what_the_policy_forbids() {
        for file in FILES.iter().filter(|f| f.name.ends_with(".html")) {
            let html = std::str::from_utf8(file.bytes).unwrap();
            for inline in ["<script>", "<style", " style=\"", " onclick=", " onload=", "javascript:"] {
                assert!(!html.contains(inline), "{} has {inline}", file.name);
            }
        }
    }
}
