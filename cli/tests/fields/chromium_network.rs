//! How a session reaches the network.

use serde_json::json;

use crate::{fleet::Fleet, site::Site};

#[tokio::test]
async fn headers_and_credentials_go_along() {
    let (fleet, site) = (Fleet::start(), Site::start().await);
    let headers = json!({ "X-Team": "rookery", "X-Trace": "on" });
    let credentials = json!({ "username": "ada", "password": "lovelace" });
    let session = fleet
        .create(json!({ "headers": headers, "http_credentials": credentials, "url": site.url("/private") }))
        .await;
    assert_eq!(session.eval("document.querySelector('h1').textContent").await, "/private");
    // What a page fetches, and frames of other sites, send them too.
    assert_eq!(
        session.eval("fetch('/echo').then(r => r.json()).then(j => j.headers['x-team'])").await,
        "rookery"
    );
    session.go(&site.url("/frames")).await;
    let inner = site.asked("/inner");
    assert_eq!(inner.len(), 2, "both frames were asked for");
    assert!(inner.iter().all(|asked| asked.header("x-team") == Some("rookery")), "{inner:?}");

    // Credentials of one origin are not for another.
    let of_one = json!({ "username": "ada", "password": "lovelace", "origin": site.other("") });
    let session = fleet.create(json!({ "http_credentials": of_one, "url": site.url("/private") })).await;
    assert_eq!(session.eval("document.body.textContent").await, "who are you?");
    session.go(&site.other("/private")).await;
    assert_eq!(session.eval("document.querySelector('h1').textContent").await, "/private");
}

#[tokio::test]
async fn a_certificate_nobody_trusts_is_refused_unless_it_is_not_to_matter() {
    let (fleet, site) = (Fleet::start(), Site::secure().await);
    let careful = fleet.create(json!({})).await;
    let why = careful.go_fails(&site.url("/")).await;
    assert!(why.contains("net::ERR_CERT_AUTHORITY_INVALID"), "{why}");
    let careless = fleet.create(json!({ "ignore_https_errors": true, "url": site.url("/one") })).await;
    assert_eq!(careless.eval("document.title").await, "/one");
    assert_eq!(careless.eval("fetch('/echo').then(r => r.status)").await, 200);
    let shared = fleet
        .create(json!({ "isolation": "context", "ignore_https_errors": true, "url": site.url("/two") }))
        .await;
    assert_eq!(shared.eval("document.title").await, "/two");
}

#[tokio::test]
async fn a_proxy_gets_its_credentials_and_not_what_goes_past_it() {
    let (fleet, proxy, direct) = (Fleet::start(), Site::start().await, Site::start().await);
    let upstream = json!({
        "server": proxy.url(""), "username": "ada", "password": "lovelace", "bypass": ["localhost", "127.0.0.1"],
    });
    // The name is the proxy's to resolve: there is none such.
    let session = fleet.create(json!({ "proxy": upstream, "url": "http://shop.test/behind" })).await;
    assert_eq!(session.eval("document.title").await, "/behind");
    let asked = proxy.asked("/behind");
    assert!(asked.iter().all(|asked| asked.uri.host() == Some("shop.test")), "{asked:?}");
    session.go(&direct.url("/direct")).await;
    assert_eq!(session.eval("document.title").await, "/direct");
    assert_eq!((direct.asked("/direct").len(), proxy.asked("/direct").len()), (1, 0));
    assert!(direct.asked("/direct")[0].header("proxy-authorization").is_none());

    // Without bypass, loopback goes through it too.
    let upstream = json!({
        "server": proxy.url(""), "username": "ada", "password": "lovelace", "bypass": ["<-loopback>"],
    });
    let session = fleet.create(json!({ "proxy": upstream, "url": direct.url("/behind") })).await;
    assert_eq!(session.eval("document.title").await, "/behind");
    assert!(direct.asked("/behind").is_empty());

    let wrong = json!({ "server": proxy.url(""), "username": "ada", "password": "wrong" });
    let (_, answer) = fleet.refused(json!({ "proxy": wrong, "url": "http://shop.test/behind" })).await;
    assert_eq!(answer["field"], "url", "{answer}");
    assert!(answer["detail"].as_str().unwrap().contains("net::ERR_INVALID_AUTH_CREDENTIALS"), "{answer}");
}
