//! Pages that cannot be had, or are not what was expected.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::support::{Fleet, Site, site::Reply, until};

fn pages(path: &str) -> Reply {
    match path {
        "/silent" => Reply::Silence,
        "/endless" => Reply::Endless("content-type: text/html\r\n", "<title>endless</title><p>begun"),
        "/drip" => Reply::Endless(
            "content-type: application/zip\r\ncontent-disposition: attachment; filename=drip.txt\r\n",
            "the first drop",
        ),
        "/file" => Reply::Raw(
            "content-type: text/plain\r\ncontent-disposition: attachment; filename=a.txt\r\n",
            "text",
        ),
        "/loop" => Reply::Html("<meta http-equiv=refresh content='0;url=/loop'>"),
        "/to-file" => Reply::Html("<script>location = 'file:///etc/passwd'</script><p>here"),
        "/garbage" => Reply::Raw("content-type: text/html\r\ncontent-encoding: gzip\r\n", "this is not gzip"),
        "/short" => Reply::Raw("content-type: text/html\r\ncontent-length: 5000\r\n", "<p>begun"),
        "/to-silence" => Reply::Html("<title>to silence</title><a href=/silent>silence</a>"),
        "/link" => Reply::Html("<a href=/file>get</a>"),
        _ => Reply::Html("<title>fine</title><p>fine"),
    }
}

fn go(url: &str) -> Value {
    json!({ "action": "navigate", "url": url, "timeout_ms": 5_000 })
}

#[tokio::test]
async fn a_page_that_does_not_come_says_why() {
    let fleet = Fleet::start().await;
    let (site, tls) = (Site::start(pages).await, Site::with_tls(pages).await);
    let refused = {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}/", closed.local_addr().unwrap())
    };
    let id = fleet.session().await;
    let mut wrong = Vec::new();
    for (url, says) in [
        ("http://does-not-exist.invalid/".to_owned(), "ERR_NAME_NOT_RESOLVED"),
        ("https://does-not-exist.invalid/".to_owned(), "ERR_NAME_NOT_RESOLVED"),
        (refused.clone(), "ERR_CONNECTION_REFUSED"),
        (refused.replace("http:", "https:"), "ERR_CONNECTION_REFUSED"),
        (tls.url("/"), "ERR_CERT_AUTHORITY_INVALID"),
        (site.url("/").replace("http:", "https:"), "ERR_CONNECTION_CLOSED"),
        (tls.url("/").replace("https:", "http:"), "the server closed the connection"),
        (site.url("/file"), "download"),
    ] {
        let answer = fleet.run(&id, go(&url)).await;
        let detail = answer.json()["detail"].as_str().unwrap_or_default().to_owned();
        if answer.status != 422 || !detail.contains(says) {
            wrong.push(format!("{url}: not {says}: {}", answer.text()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let bus = fleet.nats.url().replace("nats:", "http:");
    fleet.run(&id, go(&bus)).await;
    let shown = fleet.evaluate(&id, "document.body.innerText").await;
    assert!(!shown.to_string().contains("server_id"), "the bus is out of reach of pages: {shown}");
    fleet.run(&id, go(&site.url("/"))).await.ok();
    assert_eq!(fleet.evaluate(&id, "document.title").await, "fine", "the tab is as usable as before");
    fleet.end(&id).await;
    let trusting = fleet.session_with(json!({ "ignore_https_errors": true })).await;
    fleet.run(&trusting, go(&tls.url("/"))).await.ok();
    assert_eq!(fleet.evaluate(&trusting, "document.title").await, "fine");
    fleet.end(&trusting).await;
}

#[tokio::test]
async fn a_page_that_never_loads_ends_at_the_deadline() {
    let (fleet, site) = (Fleet::start().await, Site::start(pages).await);
    let id = fleet.session().await;
    for path in ["/silent", "/endless"] {
        let begun = Instant::now();
        let command = json!({ "action": "navigate", "url": site.url(path), "timeout_ms": 500 });
        let error = fleet.run(&id, command).await.problem(504, "timeout");
        assert!(begun.elapsed() < Duration::from_secs(5), "{path}: {:?}", begun.elapsed());
        assert!(error["detail"].as_str().unwrap().contains(&site.url(path)), "{error}");
    }
    // What has come is a page that can be read.
    let begun = json!({ "action": "navigate", "url": site.url("/endless"), "wait_until": "commit" });
    fleet.run(&id, begun).await.ok();
    until("the part that has come", || async {
        let text = fleet.evaluate(&id, "document.body?.innerText").await;
        if text == "begun" { Ok(()) } else { Err(text.to_string()) }
    })
    .await;
    // A server that does not answer costs the page before it nothing, and may be asked again.
    fleet.run(&id, go(&site.url("/to-silence"))).await.ok();
    for _ in 0..2 {
        let command = json!({ "action": "navigate", "url": site.url("/silent"), "timeout_ms": 500 });
        fleet.run(&id, command).await.problem(504, "timeout");
        assert_eq!(fleet.evaluate(&id, "document.title").await, "to silence");
    }
    let begun = Instant::now();
    fleet.run(&id, json!({ "action": "click", "target": { "text": "silence" } })).await.ok();
    assert!(
        begun.elapsed() < Duration::from_secs(9),
        "no longer than pages are waited for: {:?}",
        begun.elapsed()
    );
    let read = json!({ "action": "evaluate", "expression": "1", "timeout_ms": 500 });
    let error = fleet.run(&id, read).await.problem(504, "timeout");
    assert_eq!(error["context"]["leaving_for"], site.url("/silent"), "{error}");
    // For ever under way, but each of its pages loads.
    fleet.run(&id, go(&site.url("/loop"))).await.ok();
    // Such a page may have the last word, but the answer says where the tab is.
    until("another page", || async {
        let left = fleet.run(&id, go(&site.url("/"))).await.ok();
        assert_eq!(fleet.evaluate(&id, "location.href").await, left["result"]["url"], "{left}");
        if left["result"]["url"] == site.url("/") { Ok(()) } else { Err(left.to_string()) }
    })
    .await;
    assert_eq!(fleet.evaluate(&id, "document.title").await, "fine");
    fleet.end(&id).await;
}

#[tokio::test]
async fn what_a_page_does_by_itself_stays_within_bounds() {
    let (fleet, site) = (Fleet::start().await, Site::start(pages).await);
    let id = fleet.session().await;
    fleet.run(&id, go(&site.url("/to-file"))).await.ok();
    assert_eq!(fleet.evaluate(&id, "document.body.innerText").await, "here", "no way to the disk");
    for path in ["/garbage", "/short"] {
        let error = fleet.run(&id, go(&site.url(path))).await.problem(422, "browser_error");
        assert!(error["detail"].as_str().unwrap().contains("broke off"), "{error}");
    }
    assert_eq!(fleet.evaluate(&id, "location.pathname").await, "/short", "what came is shown");
    fleet.run(&id, go(&site.url("/link"))).await.ok();
    fleet.run(&id, json!({ "action": "click", "target": { "text": "get" } })).await.ok();
    until("the download", || async {
        let files = fleet.get(&format!("/v1/sessions/{id}/files/downloads")).await;
        if files.text().contains("a.txt") { Ok(()) } else { Err(files.text()) }
    })
    .await;
    let windows = "for (let i = 0; i < 40; i++) open('about:blank'); 1";
    fleet.run(&id, json!({ "action": "evaluate", "expression": windows })).await;
    assert_eq!(fleet.evaluate(&id, "1 + 1").await, 2);
    fleet.end(&id).await;
}

#[tokio::test]
async fn a_download_is_told_by_the_name_it_is_listed_under_and_ends_when_it_is_deleted() {
    let (fleet, site) = (Fleet::start().await, Site::start(pages).await);
    let id = fleet.session().await;
    let downloads = format!("/v1/sessions/{id}/files/downloads");
    for name in ["a.txt", "a (1).txt"] {
        let error = fleet.run(&id, go(&site.url("/file"))).await.problem(422, "browser_error");
        assert_eq!(error["context"]["download"], name, "{error}");
    }
    fleet.run(&id, go(&site.url("/drip"))).await.problem(422, "browser_error");
    let listed = fleet.get(&downloads).await;
    assert!(listed.text().contains("drip.txt"), "{}", listed.text());
    let deleted = fleet.send(Method::DELETE, &format!("{downloads}/drip.txt"), None).await;
    assert_eq!(deleted.status, 204, "{}", deleted.text());
    let listed = fleet.get(&downloads).await;
    assert!(!listed.text().contains("drip.txt"), "{}", listed.text());
    fleet.send(Method::DELETE, &format!("{downloads}/drip.txt"), None).await.problem(404, "not_found");
    let stream = fleet.request(Method::GET, &format!("/v1/sessions/{id}/events?after=0"));
    let mut stream = stream.send().await.unwrap();
    let mut told = String::new();
    while !told.lines().any(|line| line.contains("drip.txt") && line.contains(r#""state":"canceled""#)) {
        let more = tokio::time::timeout(Duration::from_secs(10), stream.chunk()).await;
        told.push_str(&String::from_utf8_lossy(&more.unwrap_or_else(|_| panic!("{told}")).unwrap().unwrap()));
    }
    let listed = fleet.get(&downloads).await;
    assert!(!listed.text().contains("drip.txt"), "{}", listed.text());
    // Its name is free again.
    let error = fleet.run(&id, go(&site.url("/drip"))).await.problem(422, "browser_error");
    assert_eq!(error["context"]["download"], "drip.txt", "{error}");
    fleet.end(&id).await;
}
