//! noVNC in a browser: our page, and Debian's.

use std::path::Path;

use super::{
    node,
    page::{LISTEN, session, site, until_mode, until_text},
    support::Fleet,
};

#[tokio::test]
async fn our_page_shows_a_session_and_types_into_it() {
    let (site, fleet) = (site().await, Fleet::with(&LISTEN).await);
    let id = session(&fleet, &site.url("/")).await;
    node::run("vnc.mjs", &["ours", &fleet.url(&format!("/vnc/{id}?name=Ann"))]).await;
    until_text(&fleet, &id, "Grüße, 1 €\npasted").await;
    until_mode(&fleet, &id, "ai_control").await;
}

#[tokio::test]
async fn debians_page_does_too() {
    let pages = Path::new("/usr/share/novnc");
    assert!(pages.join("vnc_lite.html").exists(), "Debian's novnc is missing: run scripts/setup test");
    let (site, fleet) = (site().await, Fleet::with(&LISTEN).await);
    let id = session(&fleet, &site.url("/")).await;
    node::run("vnc.mjs", &["debian", &fleet.base, &id, pages.to_str().unwrap()]).await;
    until_text(&fleet, &id, "Grüße, 1 €").await;
}
