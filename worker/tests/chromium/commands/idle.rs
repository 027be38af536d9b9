//! `networkidle`, again and again.

use bus_schema::error::ErrorCode;
use futures::future::join_all;
use serde_json::{Value, json};

use super::stage::{Stage, html};
use crate::chromium::site::{Page, Request};

/// Requests of all kinds, many of which are under way, given up or unanswered when the page is left.
const BUSY: &str = "<title>Busy</title><link rel=stylesheet href=/style.css><script src=/script.js></script>
<body><img src=/a.png><img src=/redirect><img src=/cached.png><img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>
<img src=/missing.png><iframe src=/inner></iframe><iframe src=/empty></iframe><iframe srcdoc='<img src=/b.png>'></iframe>
<iframe src=about:blank></iframe><iframe></iframe><iframe src=/file></iframe><iframe src=http://127.0.0.1:1/></iframe>
<iframe src=/inner?lazy loading=lazy style='margin-top:9000px'></iframe><object data=/inner?object></object>
<script>
  for (let i = 0; i < 10; i++) fetch('/data?' + i).then((answer) => answer.text());
  fetch('/data?kept', { method: 'POST', keepalive: true, body: 'x' });
  const given = new AbortController();
  fetch('/data?aborted', { signal: given.signal }).catch(() => {});
  given.abort();
  new WebSocket('ws://' + location.host + '/socket').onerror = () => {};
  new Image().src = '/c.png';
  addEventListener('pagehide', () => { navigator.sendBeacon('/beacon', 'x'); fetch('/data?late', { keepalive: true }); });
  const gone = document.body.appendChild(document.createElement('iframe'));
  gone.src = '/inner?gone';
  setTimeout(() => gone.remove());
  const twice = document.body.appendChild(document.createElement('iframe'));
  twice.src = '/inner?first';
  setTimeout(() => { twice.src = '/inner?second'; });
  const stopped = document.body.appendChild(document.createElement('iframe'));
  stopped.src = '/inner?stopped';
  setTimeout(() => stopped.contentWindow.stop());
  new Worker('/worker.js');
  navigator.serviceWorker.register('/service.js');
  addEventListener('load', () => history.replaceState(0, '', location.pathname + '#shown'));
</script>";

fn answer(request: &Request) -> Page {
    let script = "content-type: text/javascript\r\n";
    match request.target.split('?').next().unwrap_or_default() {
        "/busy" | "/other" => html(BUSY),
        "/style.css" => {
            Some(("content-type: text/css\r\n", "body { background: url(/back.png) }".to_owned()))
        }
        "/script.js" => Some((script, "fetch('/data?script')".into())),
        "/worker.js" => Some((script, "fetch('/data?worker')".into())),
        "/service.js" => Some((
            script,
            "onactivate = (e) => e.waitUntil(clients.claim());
             onfetch = (e) => { if (e.request.url.includes('/data')) e.respondWith(fetch(e.request)); }"
                .into(),
        )),
        "/redirect" => Some(("status 302 Found\nlocation: /d.png\r\n", String::new())),
        "/cached.png" => Some(("content-type: image/png\r\ncache-control: max-age=600\r\n", "x".into())),
        "/empty" => Some(("status 204 No Content\n", String::new())),
        "/file" => Some(("content-disposition: attachment; filename=a.txt\r\n", "text".into())),
        "/inner" => html("<img src=/e.png><script>fetch('/data?inner')</script><iframe src=/leaf></iframe>"),
        "/leaf" => html("<p>leaf"),
        "/missing.png" => None,
        path if path.ends_with(".png") => Some(("content-type: image/png\r\n", "x".into())),
        _ => Some(("content-type: application/json\r\n", "{}".into())),
    }
}

#[tokio::test]
async fn a_page_that_is_shown_again_comes_to_rest_each_time() {
    const TABS: u32 = 5;
    const ROUNDS: usize = 10;
    let stage = Stage::with(&["--site-per-process"], answer).await;
    for _ in 1..TABS {
        stage.ok(json!({"action": "new_tab"})).await;
    }
    let in_tab = async |n: u32| {
        for path in ["/busy", "/other", "/busy"] {
            let url = if n.is_multiple_of(2) { stage.site.url(path) } else { stage.site.other(path) };
            stage.ok(json!({"action": "navigate", "tab": n, "url": url})).await;
        }
        for round in 0..ROUNDS {
            let action = ["reload", "back", "forward"][(round + n as usize) % 3];
            let until = ["load", "commit", "domcontentloaded"][round / 3 % 3];
            // Where there is nothing behind or before, the page is loaded again.
            let moved = stage.run(json!({"action": action, "tab": n, "wait_until": until})).await;
            if moved.is_err() {
                stage.ok(json!({"action": "reload", "tab": n, "wait_until": until})).await;
            }
            let rest =
                json!({"action": "wait_for", "tab": n, "load_state": "networkidle", "timeout_ms": 15_000});
            stage.ok(rest).await;
        }
    };
    join_all((1..=TABS).map(in_tab)).await;
    stage.browser.close().await;
}

#[tokio::test]
async fn what_keeps_a_page_busy_is_named() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let stage = Stage::with(&[], move |request| match request.target.as_str() {
        "/" => html("<iframe src=/inner></iframe>"),
        "/inner" => html(&format!("<script>onload = () => fetch('{url}', {{ mode: 'no-cors' }})</script>")),
        _ => None,
    })
    .await;
    stage.go("/").await;
    let rest: Value = json!({"action": "wait_for", "load_state": "networkidle", "timeout_ms": 2500});
    let error = stage.err(ErrorCode::Timeout, rest).await;
    assert_eq!(error.context.unwrap()["busy_frames"], json!([stage.site.url("/inner")]));
    stage.browser.close().await;
}
