//! The checked-in OpenAPI document is what the gateway serves.

use std::path::Path;

/// After a change of the API: `UPDATE=1 cargo nextest run -p edge the_document_is_checked_in`.
#[test]
fn the_document_is_checked_in() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let mut served = edge::openapi();
    served.push('\n');
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &served).unwrap();
    }
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        checked_in == served,
        "docs/openapi.json is not what /openapi.json serves: \
         UPDATE=1 cargo nextest run -p edge the_document_is_checked_in"
    );
}
