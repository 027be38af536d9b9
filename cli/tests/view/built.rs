//! The pages that a debug build serves.

/// They are read from the checkout, where they have to be built first.
pub fn check() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../edge/ui/dist/console/index.html");
    assert!(std::path::Path::new(page).exists(), "build the pages first: scripts/setup run");
}
