//! noVNC in a browser: our page, and Debian's.

use std::{net::TcpListener, path::Path};

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
    // Pages of another origin may speak to the gateway only if it was told so.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let origin = format!("http://127.0.0.1:{port}");
    let fleet = Fleet::with(&[&LISTEN[..], &["--allowed-origins", &origin]].concat()).await;
    let site = site().await;
    let id = session(&fleet, &site.url("/")).await;
    node::run("vnc.mjs", &["debian", &fleet.base, &id, pages.to_str().unwrap(), &port]).await;
    until_text(&fleet, &id, "Grüße, 1 €").await;
}
