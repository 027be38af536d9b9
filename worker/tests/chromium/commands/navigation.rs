//! Going places.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bus_schema::error::ErrorCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use super::stage::{Stage, html};

#[tokio::test]
async fn there_and_back_again() {
    let stage = Stage::with(&[], |request| match request.target.as_str() {
        "/a" => html("<title>A</title><a href=/b>to b</a>"),
        "/b" => html("<title>B</title><a href='#part'>part</a>"),
        _ => None,
    })
    .await;
    let output = stage
        .output(json!({"action": "navigate", "url": stage.site.url("/a"), "wait_until": "networkidle"}))
        .await
        .unwrap();
    assert_eq!((output.page.title.as_str(), output.page.url), ("A", stage.site.url("/a")));
    // A click that opens a page returns when the page is there.
    let output = stage.output(json!({"action": "click", "target": {"text": "to b"}})).await.unwrap();
    assert_eq!(output.page.title, "B");
    let output = stage.output(json!({"action": "click", "target": {"text": "part"}})).await.unwrap();
    assert_eq!(output.page.url, stage.site.url("/b#part"));
    stage.ok(json!({"action": "back"})).await;
    assert_eq!(stage.ok(json!({"action": "back"})).await["url"], stage.site.url("/a"));
    let end = stage.ok(json!({"action": "back"})).await;
    assert_eq!(end["url"], "about:blank");
    stage.err(ErrorCode::Conflict, json!({"action": "back"})).await;
    stage.ok(json!({"action": "forward"})).await;
    let output = stage.output(json!({"action": "forward", "wait_until": "domcontentloaded"})).await.unwrap();
    assert_eq!(output.page.title, "B");
    stage.ok(json!({"action": "forward"})).await;
    stage.err(ErrorCode::Conflict, json!({"action": "forward"})).await;
    stage.value("window.old = true").await;
    stage.ok(json!({"action": "reload"})).await;
    assert_eq!(stage.value("typeof old").await, "undefined");
    stage.browser.close().await;
}

#[tokio::test]
async fn a_page_that_does_not_come_says_why() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stage = Stage::with(&[], |request| match request.target.as_str() {
        "/file" => Some(("content-disposition: attachment; filename=a.txt\r\n", "text".into())),
        "/loop" => Some(("status 302 Found\nlocation: /loop\r\n", String::new())),
        "/missing" => Some(("status 404 Not Found\n", "<p>no such page".into())),
        _ => html("<p>page</p>"),
    })
    .await;
    let plain = Arc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
    let speaker = plain.clone();
    let _speaker = AbortOnDropHandle::new(tokio::spawn(async move {
        while let Ok((mut stream, _)) = speaker.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    }));
    let go = |url: &str| json!({"action": "navigate", "url": url, "timeout_ms": 5000});
    let refused = {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}/", closed.local_addr().unwrap())
    };
    for (url, says) in [
        ("http://does-not-exist.invalid/".to_owned(), "net::ERR_NAME_NOT_RESOLVED"),
        (refused, "net::ERR_CONNECTION_REFUSED"),
        (format!("https://{}/", plain.local_addr().unwrap()), "net::ERR_SSL_PROTOCOL_ERROR"),
        (stage.site.url("/loop"), "net::ERR_TOO_MANY_REDIRECTS"),
        (stage.site.url("/file"), "download"),
    ] {
        let error = stage.err(ErrorCode::BrowserError, go(&url)).await;
        assert!(error.detail.contains(says) && error.detail.contains(&url), "{error}");
    }
    let error = stage.err(ErrorCode::BrowserError, go(&stage.site.url("/file"))).await;
    // As it is listed: it is the second of its name.
    assert_eq!(error.context.unwrap()["download"], "a (1).txt");
    let never: Value = json!({"action": "navigate", "url": format!("http://{}/", silent.local_addr().unwrap()), "timeout_ms": 400});
    let error = stage.err(ErrorCode::Timeout, never).await;
    assert!(error.detail.contains("has not answered"), "{error}");
    // An error page of the site is a page, and the tab is as usable as before.
    stage.ok(go(&stage.site.url("/missing"))).await;
    stage.ok(go(&stage.site.url("/"))).await;
    assert_eq!(stage.value("document.body.textContent").await, "page");
    stage.browser.close().await;
}

#[tokio::test]
async fn a_page_that_crashes_says_so_and_can_be_left() {
    let stage = Stage::with(&[], |_| html("<p>page</p>")).await;
    stage.go("/").await;
    let cdp = stage.ctx.tabs().tab(None).unwrap().cdp;
    stage.value("window.begun = true").await;
    let crash = async {
        stage.ok(json!({"action": "wait_for", "expression": "begun"})).await;
        cdp.notify_raw("Page.crash", &json!({}));
    };
    let waiting = stage
        .err(ErrorCode::BrowserError, json!({"action": "evaluate", "expression": "new Promise(() => {})"}));
    let (error, ()) = tokio::join!(waiting, crash);
    assert!(error.detail.contains("crashed"), "{error}");
    stage.err(ErrorCode::BrowserError, json!({"action": "evaluate", "expression": "1"})).await;
    stage.go("/").await;
    assert_eq!(stage.value("document.body.textContent").await, "page");
    stage.browser.close().await;
}

#[tokio::test]
async fn a_click_that_opens_no_page_does_not_wait_for_one() {
    let stage = Stage::with(&[], |request| match request.target.as_str() {
        "/file" => Some(("content-disposition: attachment; filename=a.txt\r\n", "text".into())),
        "/empty" => Some(("status 204 No Content\n", String::new())),
        _ => html("<a href=/file>file</a> <a href=/empty>empty</a> <a href='javascript:void 0'>script</a> <a href='mailto:a@b.c'>mail</a>"),
    })
    .await;
    stage.go("/").await;
    for text in ["file", "empty", "script", "mail"] {
        let begun = Instant::now();
        stage.ok(json!({"action": "click", "target": {"text": text}})).await;
        assert!(begun.elapsed() < Duration::from_secs(3), "{text} took {:?}", begun.elapsed());
        assert_eq!(stage.value("location.pathname").await, "/");
    }
    stage.browser.close().await;
}

#[tokio::test]
async fn an_answer_has_the_title_of_the_page_it_came_to() {
    let stage = Stage::with(&[], |request| match request.target.as_str() {
        "/none" => html("<p>no title"),
        "/scripted" => html("<title>Loading</title><script>document.title = 'Scripted'</script>"),
        "/loaded" => {
            html("<title>Parsed</title><script>onload = () => { document.title = 'Loaded' }</script>")
        }
        path => html(&format!("<title>Page {path}</title>")),
    })
    .await;
    let go = async |path: &str, until: &str| {
        let url = stage.site.url(path);
        let output =
            stage.output(json!({"action": "navigate", "url": url, "wait_until": until})).await.unwrap();
        // The list that a session shows has the same.
        let listed = stage.ctx.tabs().list().remove(0);
        assert_eq!((&listed.title, &listed.url), (&output.page.title, &output.page.url));
        output.page.title
    };
    for i in 0..10 {
        assert_eq!(go(&format!("/{i}"), "domcontentloaded").await, format!("Page /{i}"));
        assert_eq!(go("/none", "load").await, "");
        assert_eq!(go("/scripted", "domcontentloaded").await, "Scripted");
        assert_eq!(go("/loaded", "load").await, "Loaded");
    }
    stage.browser.close().await;
}
