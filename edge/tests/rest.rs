//! REST against a real bus and a worker without browsers.

mod support;

use std::time::Duration;

use bus::testing::Server as Nats;
use bus_schema::{Tenant, model::session::State};
use edge::{
    Config,
    config::{Limits, Secret, TenantConfig},
};
use reqwest::Method;
use serde_json::json;
use support::{
    Edge, SOON, Worker, answer, config, until,
    worker::{LARGE, PNG},
};

#[tokio::test]
async fn a_session_is_made_used_and_ended() {
    let nats = Nats::start();
    let _worker = Worker::start(&nats).await;
    let edge = Edge::start(&nats).await;
    let made = edge.post("/v1/sessions", json!({ "name": "first", "labels": { "team": "a" } })).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let session = made.json();
    let id = session["id"].as_str().unwrap();
    assert_eq!(made.headers["location"], format!("/v1/sessions/{id}"));
    assert_eq!((&session["state"], &session["name"]), (&"ready".into(), &"first".into()));
    assert_eq!(session["urls"]["ws"], edge.ws(&format!("/v1/sessions/{id}/ws")));

    let one = edge.get(&format!("/v1/sessions/{id}")).await.json();
    assert_eq!(one["tabs"][0]["title"], "now", "page and tabs are the owner's: {one}");

    let ran = edge
        .post(&format!("/v1/sessions/{id}/commands"), json!({ "action": "evaluate", "expression": "1+1" }))
        .await;
    assert_eq!((ran.status, &ran.json()["result"]["value"]), (200, &"1+1".into()));
    let ran =
        edge.post(&format!("/v1/sessions/{id}/commands"), json!({ "action": "screenshot" })).await.json();
    assert_eq!(ran["result"]["media_type"], "image/png");
    assert!(ran["result"]["data"].is_string() && ran["result"]["width"] == 1, "{ran}");

    let ended = edge.delete(&format!("/v1/sessions/{id}")).await;
    assert_eq!((ended.status, &ended.json()["end_reason"]), (200, &"released".into()));
    let again = edge.delete(&format!("/v1/sessions/{id}")).await;
    assert_eq!((again.status, &again.json()["state"]), (200, &"ended".into()), "ending is idempotent");
    assert_eq!(edge.get(&format!("/v1/sessions/{id}")).await.json()["end_reason"], "released");
    edge.stop().await;
}

#[tokio::test]
async fn an_ended_session_is_gone_with_its_reason_and_an_unknown_one_is_not_found() {
    let nats = Nats::start();
    let _worker = Worker::start(&nats).await;
    let edge = Edge::start(&nats).await;
    let id = edge.session().await;
    edge.delete(&format!("/v1/sessions/{id}")).await;
    let unknown = "local_00000000000000000000000000000000";
    let body = Some(json!({ "action": "tabs" }));
    for (method, path, body) in [
        (Method::POST, "/commands", body.clone()),
        (Method::GET, "/screenshot", None),
        (Method::GET, "/content", None),
        (Method::GET, "/tabs", None),
        (Method::GET, "/stream", None),
        (Method::GET, "/ws", None),
        (Method::GET, "/files/downloads", None),
        (Method::PUT, "/control", Some(json!({ "action": "pause" }))),
        (Method::PATCH, "", Some(json!({ "name": "x" }))),
    ] {
        let mut request = edge.request(method.clone(), &format!("/v1/sessions/{id}{path}"));
        let mut other = edge.request(method.clone(), &format!("/v1/sessions/{unknown}{path}"));
        if path == "/ws" {
            request = upgrade(request);
            other = upgrade(other);
        }
        if let Some(body) = &body {
            request = request.json(body);
            other = other.json(body);
        }
        let gone = answer(request).await;
        assert_eq!(gone.problem(), (410, "gone".into()), "{method} {path}: {}", gone.text());
        assert_eq!(gone.json()["context"]["end_reason"], "released", "{method} {path}");
        assert_eq!(answer(other).await.problem(), (404, "not_found".into()), "{method} {path}");
    }
    let elsewhere = edge.get("/v1/sessions/mars_00000000000000000000000000000000").await;
    assert_eq!(elsewhere.problem(), (404, "not_found".into()), "no region of this fleet");
    for malformed in ["nonsense", "local_XYZ", "local_0198f3c2a7e07b3c9d1f4a5b6c7d8e9"] {
        let bad = edge.get(&format!("/v1/sessions/{malformed}")).await;
        assert_eq!(bad.problem(), (400, "invalid_argument".into()));
        assert_eq!(bad.json()["field"], "id");
    }
}

fn upgrade(request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
    request
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
}

#[tokio::test]
async fn bad_requests_are_answered_with_what_is_wrong() {
    let nats = Nats::start();
    let _worker = Worker::start(&nats).await;
    let edge = Edge::start(&nats).await;
    let id = edge.session().await;
    let commands = format!("/v1/sessions/{id}/commands");
    let create = "/v1/sessions".to_owned();
    for (path, body, status, field) in [
        (&create, "{", 400, None),
        (&create, "[]", 400, None),
        (&create, r#"{"veiwport":{}}"#, 400, Some("veiwport")),
        (&create, r#"{"viewport":{"width":0,"height":0}}"#, 400, Some("viewport.width")),
        (&create, r#"{"viewport":{"width":100000,"height":100000}}"#, 400, Some("viewport.width")),
        (&create, r#"{"idle_timeout_s":-1}"#, 400, Some("idle_timeout_s")),
        (&create, r#"{"url":"fi\nle:///etc/passwd"}"#, 403, Some("url")),
        (&create, r#"{"region":"mars"}"#, 400, Some("region")),
        (&commands, r#"{"action":"clik"}"#, 400, Some("action")),
        (&commands, r#"{"action":"navigate","url":"file:///etc/passwd"}"#, 403, Some("url")),
        (&commands, r#"{"action":"evaluate","expresion":"1"}"#, 400, Some("expresion")),
        (&commands, r#"{"action":"screenshot","quality":101}"#, 400, Some("quality")),
        (&commands, r#"{"action":"tabs","timeout_ms":-5}"#, 400, Some("timeout_ms")),
        (&commands, r#"{"action":"click","target":{"selector":"a","text":"b"}}"#, 400, Some("target")),
    ] {
        let request = edge.request(Method::POST, path).header("content-type", "application/json").body(body);
        let bad = answer(request).await;
        assert_eq!(bad.problem().0, status, "{body}: {}", bad.text());
        assert_eq!(bad.json()["field"].as_str(), field, "{body}: {}", bad.text());
    }
    let plain = answer(edge.request(Method::POST, &commands).body(r#"{"action":"tabs"}"#)).await;
    assert_eq!(plain.problem(), (403, "forbidden".into()), "a page may send text/plain without asking");
    let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(2 << 20));
    let large =
        answer(edge.request(Method::POST, &create).header("content-type", "application/json").body(large))
            .await;
    assert_eq!(large.problem(), (413, "payload_too_large".into()));
    let state = json!({ "origins": [{ "origin": "https://a.example", "localStorage": [{ "name": "n", "value": "x".repeat(600_000) }] }] });
    let large = edge.post(&create, json!({ "storage_state": state })).await;
    assert_eq!(large.problem(), (413, "payload_too_large".into()), "more than one message of the bus");
    let crash = edge.post(&commands, json!({ "action": "evaluate", "expression": "crash()" })).await;
    assert_eq!(crash.problem(), (422, "browser_error".into()));
    let secret = edge.post(&commands, json!({ "action": "evaluate", "expression": "secret()" })).await;
    assert_eq!(secret.problem(), (500, "internal".into()));
    assert!(!secret.text().contains("1234"));
    let typo = edge.get(&format!("/v1/sessions/{id}/screenshot?qualty=3")).await;
    assert!(typo.json()["detail"].as_str().unwrap().contains("did you mean `quality`"), "{}", typo.text());
    assert_eq!(edge.get("/v1/nothing").await.problem(), (404, "not_found".into()));
    assert_eq!(edge.delete("/v1/sessions").await.problem().0, 405);
}

#[tokio::test]
async fn one_key_is_one_session_on_every_edge() {
    let nats = Nats::start();
    let worker = Worker::start(&nats).await;
    let (a, b) = (Edge::start(&nats).await, Edge::start(&nats).await);
    let create = |edge: &Edge, name: &str| {
        let body = json!({ "name": name });
        answer(edge.request(Method::POST, "/v1/sessions").header("idempotency-key", "k1").json(&body))
    };
    let (first, second) = tokio::join!(create(&a, "x"), create(&b, "x"));
    assert_eq!((first.status, second.status), (201, 201), "{} {}", first.text(), second.text());
    assert_eq!(first.json()["id"], second.json()["id"]);
    assert_eq!(create(&a, "x").await.json()["id"], first.json()["id"], "later too");
    let other = create(&b, "y").await;
    assert_eq!(other.problem(), (409, "conflict".into()));
    assert_eq!(worker.memory.lock().unwrap().claims, 1);
    let id = first.json()["id"].as_str().unwrap().to_owned();
    a.delete(&format!("/v1/sessions/{id}")).await;
    assert_eq!(create(&b, "x").await.problem(), (410, "gone".into()));
}

#[tokio::test]
async fn a_tenant_sees_and_uses_only_what_is_its_own() {
    let nats = Nats::start();
    let _worker = Worker::start(&nats).await;
    let tenant = |name: &str, token: &str, limits| TenantConfig {
        limits,
        ..TenantConfig::new(Tenant::new(name).unwrap(), vec![Secret::new(token)])
    };
    let limits = Limits { sessions: Some(1), queued: None };
    let tenants = vec![tenant("acme", "acme-token", limits), tenant("bolt", "bolt-token", Limits::default())];
    let edge = Edge::with(&nats, Config { tenants, ..config() }).await;
    let ask = |method: Method, path: &str, token: &str| answer(edge.request(method, path).bearer_auth(token));
    assert_eq!(edge.get("/v1/sessions").await.problem(), (401, "unauthenticated".into()));
    assert_eq!(ask(Method::GET, "/v1/sessions", "acme-toke").await.problem().0, 401);
    assert_eq!(edge.get("/v1/sessions?token=acme-token").await.status, 200);

    let made = ask(Method::POST, "/v1/sessions", "acme-token").await;
    assert_eq!(made.status, 201, "{}", made.text());
    let path = made.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(ask(Method::GET, &path, "bolt-token").await.problem(), (404, "not_found".into()));
    assert_eq!(ask(Method::DELETE, &path, "bolt-token").await.problem(), (404, "not_found".into()));
    assert_eq!(
        ask(Method::GET, &format!("{path}/tabs"), "bolt-token").await.problem(),
        (404, "not_found".into())
    );
    assert_eq!(ask(Method::GET, &format!("{path}/events"), "bolt-token").await.problem().0, 404);
    let list = ask(Method::GET, "/v1/sessions", "bolt-token").await.json();
    assert_eq!(list["sessions"].as_array().unwrap().len(), 0);

    let over = ask(Method::POST, "/v1/sessions", "acme-token").await;
    assert_eq!(over.problem(), (429, "resource_exhausted".into()));
    assert!(over.headers.contains_key("retry-after"));
    assert_eq!(ask(Method::DELETE, &path, "acme-token").await.status, 200);
    until("the place is free again", || async {
        let made = ask(Method::POST, "/v1/sessions", "acme-token").await;
        if made.status == 201 { Ok(()) } else { Err(made.text()) }
    })
    .await;
    let drain = ask(Method::POST, "/v1/workers/w1/drain", "acme-token").await;
    assert_eq!(drain.problem(), (403, "forbidden".into()), "one tenant of several cannot drain the fleet");
}

#[tokio::test]
async fn foreign_hosts_and_origins_are_refused() {
    let nats = Nats::start();
    let edge = Edge::start(&nats).await;
    for (header, value) in [("host", "evil.example"), ("origin", "http://evil.example"), ("origin", "null")] {
        let refused = answer(edge.request(Method::GET, "/v1/sessions").header(header, value)).await;
        assert_eq!(refused.problem(), (403, "forbidden".into()), "{header}: {value}");
    }
    let own = edge.url("");
    assert_eq!(answer(edge.request(Method::GET, "/v1/sessions").header("origin", own)).await.status, 200);
}

#[tokio::test]
async fn files_go_both_ways() {
    let nats = Nats::start();
    let worker = Worker::start(&nats).await;
    let edge = Edge::with(&nats, Config { upload_limit: 3 << 20, ..config() }).await;
    let id = edge.session().await;
    let uploads = format!("/v1/sessions/{id}/files/uploads");
    // Larger than the limit for JSON.
    let large = vec![7u8; 2 << 20];
    let put =
        answer(edge.request(Method::PUT, &format!("{uploads}/Bericht%20%C3%A4.bin")).body(large.clone()))
            .await;
    assert_eq!(put.status, 201, "{}", put.text());
    assert_eq!(worker.memory.lock().unwrap().staged["Bericht ä.bin"], large);
    let over =
        answer(edge.request(Method::PUT, &format!("{uploads}/x")).body(vec![0u8; (3 << 20) + 1])).await;
    assert_eq!(over.problem(), (413, "payload_too_large".into()));
    let bad = answer(edge.request(Method::PUT, &format!("{uploads}/..%2Fx")).body("x")).await;
    assert_eq!(bad.problem(), (400, "invalid_argument".into()));
    let form = "--b\r\ncontent-disposition: form-data; name=\"f\"; filename=\"b.txt\"\r\n\r\nold\r\n\
        --b\r\ncontent-disposition: form-data; name=\"f\"; filename=\"b.txt\"\r\n\r\nagain\r\n\
        --b\r\ncontent-disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\nhello\r\n--b--\r\n";
    let post = edge
        .request(Method::POST, &uploads)
        .header("content-type", "multipart/form-data; boundary=b")
        .body(form);
    let staged = answer(post).await;
    assert_eq!(staged.status, 201);
    assert_eq!(worker.memory.lock().unwrap().staged["a.txt"], b"hello");
    assert_eq!(staged.json()["files"].as_array().unwrap().len(), 3, "each file once: {}", staged.text());
    assert_eq!(staged.json(), edge.get(&uploads).await.json());
    assert_eq!(edge.delete(&format!("{uploads}/b.txt")).await.status, 204);
    assert_eq!(edge.delete(&format!("{uploads}/Bericht%20%C3%A4.bin")).await.status, 204);

    let download = format!("/v1/sessions/{id}/files/downloads/a.txt");
    let whole = edge.get(&download).await;
    assert_eq!((whole.status, whole.text().as_str()), (200, "hello"));
    assert!(whole.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
    let part = answer(edge.request(Method::GET, &download).header("range", "bytes=1-3")).await;
    assert_eq!((part.status, part.text().as_str()), (206, "ell"));
    assert_eq!(part.headers["content-range"], "bytes 1-3/5");
    let none = answer(edge.request(Method::GET, &download).header("range", "bytes=9-")).await;
    assert_eq!((none.status, none.headers["content-range"].to_str().unwrap()), (416, "bytes */5"));
    assert_eq!(edge.get(&format!("/v1/sessions/{id}/files/downloads/none")).await.problem().0, 404);
}

#[tokio::test]
async fn pages_are_served_as_bytes_that_do_nothing_here() {
    let nats = Nats::start();
    let _worker = Worker::start(&nats).await;
    let edge = Edge::start(&nats).await;
    let id = edge.session().await;
    let image = edge.get(&format!("/v1/sessions/{id}/screenshot?format=png")).await;
    assert_eq!((image.headers["content-type"].to_str().unwrap(), image.body.as_slice()), ("image/png", PNG));
    let html = edge.get(&format!("/v1/sessions/{id}/content?format=html")).await;
    assert_eq!(html.text(), "<p>hi</p>");
    assert!(html.headers["content-security-policy"].to_str().unwrap().contains("sandbox"));
    let tab = edge.post(&format!("/v1/sessions/{id}/tabs"), json!({ "url": "https://example.com" })).await;
    assert_eq!((tab.status, &tab.json()["action"]), (201, &"new_tab".into()));
    let control = edge
        .send(
            Method::PUT,
            &format!("/v1/sessions/{id}/control"),
            Some(json!({ "action": "take_control", "holder": "ada" })),
        )
        .await;
    assert_eq!(control.json()["holder"], "ada");
    assert_eq!(
        edge.send(Method::PATCH, &format!("/v1/sessions/{id}"), Some(json!({ "name": "new" }))).await.json()
            ["name"],
        "new"
    );
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let nats = Nats::start();
    let _worker = Worker::start(&nats).await;
    let edge = Edge::start(&nats).await;
    for i in 0..3 {
        let body = json!({ "labels": { "team": if i == 1 { "b" } else { "a" } } });
        assert_eq!(edge.post("/v1/sessions", body).await.status, 201);
    }
    let list = |path: &'static str| async { edge.get(path).await.json() };
    assert_eq!(list("/v1/sessions?label=team:a").await["sessions"].as_array().unwrap().len(), 2);
    assert_eq!(list("/v1/sessions?state=ended").await["sessions"].as_array().unwrap().len(), 0);
    let page = list("/v1/sessions?limit=2").await;
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = edge.get(&format!("/v1/sessions?limit=2&cursor={cursor}")).await.json();
    assert_eq!(rest["sessions"].as_array().unwrap().len(), 1);
    assert!(rest["next_cursor"].is_null());
    let workers = list("/v1/workers").await;
    assert_eq!(workers["workers"][0]["id"], "w1");
    assert_eq!(edge.send(Method::POST, "/v1/workers/w1/drain", None).await.status, 202);
    assert_eq!(edge.send(Method::POST, "/v1/workers/nobody/drain", None).await.problem().0, 404);
    assert_eq!(edge.get("/v1/pressure").await.status, 200);
    let metrics = edge.get("/metrics").await.text();
    assert!(metrics.contains("rookery_sessions{state=\"ready\"} 3"), "{metrics}");
}

#[tokio::test]
async fn without_a_bus_there_is_an_answer_and_it_comes_back() {
    let mut nats = Nats::start();
    let _worker = Worker::start(&nats).await;
    let edge = Edge::start(&nats).await;
    let id = edge.session().await;
    nats.kill();
    until("not ready", || async {
        let ready = edge.get("/readyz").await;
        if ready.status == 503 { Ok(()) } else { Err(ready.text()) }
    })
    .await;
    assert_eq!(edge.get("/healthz").await.status, 200);
    let lost = tokio::time::timeout(SOON, edge.get(&format!("/v1/sessions/{id}"))).await.unwrap();
    assert_eq!(lost.problem(), (503, "unavailable".into()), "never not_found");
    nats.restart();
    until("the session is still there", || async {
        let one = edge.get(&format!("/v1/sessions/{id}")).await;
        if one.status == 200 { Ok(()) } else { Err(one.text()) }
    })
    .await;
}

#[tokio::test]
async fn a_large_answer_comes_whole() {
    let nats = Nats::start();
    let _worker = Worker::start(&nats).await;
    let edge = Edge::start(&nats).await;
    let id = edge.session().await;
    let body = json!({ "action": "evaluate", "expression": "large()" });
    let answer = edge.post(&format!("/v1/sessions/{id}/commands"), body).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["result"]["value"].as_str().unwrap().len(), LARGE);
}

#[tokio::test]
async fn ending_goes_on_where_an_owner_gave_it_up() {
    let nats = Nats::start();
    let _worker = Worker::start(&nats).await;
    let edge = Edge::start(&nats).await;
    let made = edge.post("/v1/sessions", json!({ "name": "flaky" })).await;
    let ended = edge.delete(made.headers["location"].to_str().unwrap()).await;
    assert_eq!((ended.status, &ended.json()["end_reason"]), (200, &"released".into()), "{}", ended.text());
}

#[tokio::test]
async fn a_gateway_that_stops_leaves_no_request_behind() {
    let nats = Nats::start();
    let watcher = nats.bus().await;
    let edge = Edge::with(&nats, Config { grace: Duration::from_millis(200), ..config() }).await;
    let request = edge.request(Method::POST, "/v1/sessions").json(&json!({}));
    let waiting = tokio::spawn(request.send());
    let tenant = Tenant::default();
    let states = || async {
        let entries = watcher.entries().list(watcher.region(), Some(&tenant)).await.unwrap();
        entries.iter().map(|s| (s.entry.state, s.entry.end_reason.map(|r| r.as_str()))).collect::<Vec<_>>()
    };
    until("queued", || async {
        let seen = states().await;
        if seen == [(State::Queued, None)] { Ok(()) } else { Err(format!("{seen:?}")) }
    })
    .await;
    edge.stop().await;
    assert_eq!(states().await, [(State::Ended, Some("cancelled"))], "ended before the gateway was");
    assert!(waiting.await.unwrap().is_err());
}
