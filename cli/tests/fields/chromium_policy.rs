//! Where a session may go.

use serde_json::json;

use crate::{
    fleet::{Fleet, Session},
    site::Site,
};

const BLOCKED: &str = "net::ERR_BLOCKED_BY_ADMINISTRATOR";

async fn may_not(session: &Session<'_>, url: &str) {
    let why = session.go_fails(url).await;
    assert!(why.contains(BLOCKED), "{url}: {why}");
}

#[tokio::test]
async fn block_wins_and_pages_cannot_get_round_it() {
    let (fleet, site, secure) = (Fleet::start(), Site::start().await, Site::secure().await);
    let policy = json!({ "block": ["localhost", "*.test"] });
    let session = fleet
        .create(json!({ "policy": policy, "ignore_https_errors": true, "url": site.url("/frames") }))
        .await;
    assert_eq!(session.eval("document.title").await, "frames");
    may_not(&session, &site.other("/")).await;
    may_not(&session, &secure.other("/")).await;
    may_not(&session, "http://a.test/").await;
    session.go(&secure.url("/secure")).await;
    session.go(&site.url("/frames")).await;
    // Neither a frame nor what a page fetches gets there.
    let fetch = format!(
        "fetch({:?}, {{ mode: 'no-cors' }}).then(() => 'there', e => e.name)",
        site.other("/fetched")
    );
    assert_eq!(session.eval(&fetch).await, "TypeError");
    assert!(site.asked("/fetched").is_empty());
    let by_name: Vec<_> =
        site.asked("/inner").into_iter().map(|asked| asked.header("host").unwrap().to_owned()).collect();
    assert!(by_name.iter().all(|host| host.starts_with("127.0.0.1")), "{by_name:?}");
}

#[tokio::test]
async fn only_what_is_allowed_is_reached_and_an_address_is_blocked_by_any_name() {
    let (fleet, site) = (Fleet::start(), Site::start().await);
    let session = fleet.create(json!({ "policy": { "allow": ["localhost"] }, "url": site.other("/") })).await;
    may_not(&session, &site.url("/")).await;
    let session = fleet
        .create(json!({ "policy": { "allow": ["127.0.0.1", "localhost"], "block": ["127.0.0.1", "::1"] } }))
        .await;
    may_not(&session, &site.url("/")).await;
    may_not(&session, &site.other("/")).await;

    let (status, answer) = fleet.refused(json!({ "policy": { "block": ["*"] }, "url": site.url("/") })).await;
    assert_eq!((status.as_u16(), &answer["field"]), (422, &json!("url")), "{answer}");
    assert!(answer["detail"].as_str().unwrap().contains(BLOCKED), "{answer}");
    let (status, answer) = fleet.refused(json!({ "policy": { "block": ["https://a.test/"] } })).await;
    assert_eq!((status.as_u16(), &answer["field"]), (400, &json!("policy.block[0]")), "{answer}");
}

#[tokio::test]
async fn sessions_with_another_policy_share_no_browser() {
    let (fleet, site) = (Fleet::start(), Site::start().await);
    let shared = |policy| json!({ "isolation": "context", "policy": policy });
    let strict = fleet.create(shared(json!({ "block": ["localhost"] }))).await;
    let free = fleet.create(json!({ "isolation": "context" })).await;
    may_not(&strict, &site.other("/")).await;
    free.go(&site.other("/")).await;
    may_not(&strict, &site.other("/")).await;
}
