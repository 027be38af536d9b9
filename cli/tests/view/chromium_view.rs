//! What a person sees and does, each program of `tests/clients` in a browser that looks at the edge's own pages.

use super::{node, support::Fleet};

#[tokio::test]
async fn what_a_person_does_reaches_the_page() {
    built();
    let fleet = Fleet::start().await;
    node::run("view-input.mjs", &[&fleet.base]).await;
}

#[tokio::test]
async fn a_person_watches_and_drives_a_session_to_its_end() {
    built();
    let fleet = Fleet::start().await;
    node::run("view-session.mjs", &[&fleet.base]).await;
}

/// A debug build serves the pages from the checkout, where they have to be built first.
fn built() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../edge/ui/dist/view/view.html");
    assert!(std::path::Path::new(page).exists(), "build the pages first: cd edge/ui && npm ci && npm run build");
}
