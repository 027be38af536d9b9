//! Requests that say nothing, too much, or what is not allowed.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::support::{Answer, Fleet, SOON};

const CREATE: &str = "/v1/sessions";

/// Each with the field that is at fault and a part of what is said about it.
type Case = (&'static str, u16, &'static str, &'static str);

const CREATES: &[Case] = &[
    ("{", 400, "", "EOF"),
    ("", 201, "", ""),
    ("null", 400, "", ""),
    ("[]", 400, "", ""),
    ("\"text\"", 400, "", ""),
    ("{} {}", 400, "", "trailing"),
    ("{\"name\":\"\\u0000\"}", 400, "name", "control"),
    (r#"{"veiwport":{}}"#, 400, "veiwport", "did you mean `viewport`"),
    (r#"{"viewport":{"width":1,"height":1,"zoom":1}}"#, 400, "viewport.zoom", "unknown field"),
    (r#"{"viewport":"large"}"#, 400, "viewport", ""),
    (r#"{"viewport":{"width":"800","height":600}}"#, 400, "viewport.width", ""),
    (r#"{"viewport":{"width":0,"height":0}}"#, 400, "viewport.width", "out of range"),
    (r#"{"viewport":{"width":100000,"height":100000}}"#, 400, "viewport.width", "out of range"),
    (r#"{"viewport":{"width":1e400,"height":1}}"#, 400, "", "number out of range"),
    (r#"{"viewport":{"width":-1,"height":1}}"#, 400, "viewport.width", ""),
    (r#"{"idle_timeout_s":-1}"#, 400, "idle_timeout_s", ""),
    (r#"{"idle_timeout_s":99999999999999999999}"#, 400, "idle_timeout_s", ""),
    (r#"{"queue_timeout_s":0}"#, 400, "queue_timeout_s", "out of range"),
    (r#"{"labels":{"a":1}}"#, 400, "labels.a", ""),
    (r#"{"isolation":"vm"}"#, 400, "isolation", "process"),
    (r#"{"browser":"firefox"}"#, 400, "browser", "headless-shell"),
    (r#"{"args":["--renderer-cmd-prefix=/bin/sh"]}"#, 400, "args[0]", ""),
    (r#"{"pool":"a.b.>"}"#, 400, "pool", ""),
    (r#"{"region":"mars"}"#, 400, "region", "mars"),
    (r#"{"url":"file:///etc/passwd"}"#, 403, "url", "file"),
    ("{\"url\":\"fi\\nle:///etc/passwd\"}", 403, "url", "file"),
    (r#"{"url":"example.com"}"#, 400, "url", "absolute"),
];

const COMMANDS: &[Case] = &[
    ("", 400, "", ""),
    ("{\"action\":\"evaluate\",\"expression\":\"\\ud800\"}", 400, "", ""),
    (r#"{}"#, 400, "action", "missing"),
    (r#"{"action":1}"#, 400, "action", "string"),
    (r#"{"action":"clik"}"#, 400, "action", "did you mean `click`"),
    (r#"{"action":"click"}"#, 400, "target", "missing"),
    (r#"{"action":"click","target":{}}"#, 400, "target", ""),
    (r#"{"action":"click","target":{"selector":"a","text":"b"}}"#, 400, "target", ""),
    (r#"{"action":"click","target":{"selektor":"a"}}"#, 400, "target.selektor", "selector"),
    (r#"{"action":"click","target":{"x":1}}"#, 400, "target", "y"),
    (r#"{"action":"click","target":{"selector":"a"},"click_count":0}"#, 400, "click_count", "out of range"),
    (r#"{"action":"evaluate","expresion":"1"}"#, 400, "expresion", "did you mean `expression`"),
    (r#"{"action":"evaluate","expression":7}"#, 400, "expression", ""),
    (r#"{"action":"tabs","timeout_ms":-5}"#, 400, "timeout_ms", ""),
    (r#"{"action":"tabs","timeout_ms":0}"#, 400, "timeout_ms", "out of range"),
    (r#"{"action":"tabs","timeout_ms":1.5}"#, 400, "timeout_ms", ""),
    (r#"{"action":"screenshot","quality":101}"#, 400, "quality", "out of range"),
    (r#"{"action":"screenshot","quality":-1}"#, 400, "quality", ""),
    (r#"{"action":"screenshot","format":"gif"}"#, 400, "format", "png"),
    (r#"{"action":"set_viewport","width":0,"height":0}"#, 400, "width", "out of range"),
    (r#"{"action":"set_viewport","width":100000,"height":100000}"#, 400, "width", "out of range"),
    (r#"{"action":"content","tab":99}"#, 404, "tab", ""),
    (r#"{"action":"close_tab","tab":99}"#, 404, "tab", ""),
    (r#"{"action":"navigate","url":""}"#, 400, "url", ""),
    (r#"{"action":"navigate","url":"http://"}"#, 400, "url", ""),
    (r#"{"action":"navigate","url":"file:///etc/passwd"}"#, 403, "url", "file"),
    ("{\"action\":\"navigate\",\"url\":\"fi\\nle:///etc/passwd\"}", 403, "url", "file"),
    (r#"{"action":"navigate","url":"  FILE:///x"}"#, 403, "url", "file"),
    (r#"{"action":"navigate","url":"chrome://crash"}"#, 403, "url", "chrome"),
    (r#"{"action":"navigate","url":"javascript:alert(1)"}"#, 403, "url", "javascript"),
    (r#"{"action":"navigate","url":"view-source:file:///etc/passwd"}"#, 403, "url", "view-source"),
    (r#"{"action":"new_tab","url":"devtools://x"}"#, 403, "url", "devtools"),
    (
        r#"{"action":"upload","target":{"selector":"input"},"files":["../../etc/passwd"]}"#,
        400,
        "files[0]",
        "",
    ),
    (r#"{"action":"dialog","accept":true}"#, 409, "", "dialog"),
    (r#"{"action":"press","keys":"Control+Nonsense"}"#, 400, "keys", "Nonsense"),
];

fn judge(body: &str, answer: &Answer, (_, status, field, part): Case) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("{body}: {why}: {}", answer.text()));
    if answer.status != status {
        return wrong("another status");
    }
    let said = answer.json();
    if status >= 400 && said["field"].as_str().unwrap_or_default() != field {
        return wrong("another field");
    }
    let detail = said["detail"].as_str().unwrap_or_default();
    if detail.contains(part) { Ok(()) } else { wrong("another detail") }
}

#[tokio::test]
async fn what_is_wrong_in_a_request_is_named() {
    let fleet = Fleet::start().await;
    let mut wrong = Vec::new();
    for case in CREATES {
        let answer = fleet.raw(CREATE, case.0).await;
        wrong.extend(judge(case.0, &answer, *case).err());
        if answer.status == 201 {
            fleet.end(answer.json()["id"].as_str().unwrap()).await;
        }
    }
    let id = fleet.session().await;
    let commands = format!("{CREATE}/{id}/commands");
    for case in COMMANDS {
        let answer = fleet.raw(&commands, case.0).await;
        wrong.extend(judge(case.0, &answer, *case).err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(fleet.evaluate(&id, "location.href").await, "about:blank", "nothing of it had an effect");
    fleet.end(&id).await;
}

#[tokio::test]
async fn queries_paths_and_other_bodies_are_checked_too() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let session = format!("{CREATE}/{id}");
    let mut wrong = Vec::new();
    for (path, status, field) in [
        ("/screenshot?quality=101", 400, "quality"),
        ("/screenshot?quality=many", 400, "quality"),
        ("/screenshot?qualty=3", 400, "qualty"),
        ("/screenshot?format=gif", 400, "format"),
        ("/screenshot?selector=", 400, "selector"),
        ("/content?format=docx", 400, "format"),
        ("/pdf?landscape=maybe", 400, "landscape"),
        ("/events?after=x", 400, "after"),
        ("/nothing", 404, ""),
        ("/files/downloads/..%2f..%2fetc%2fpasswd", 400, "name"),
        ("/files/downloads/none.txt", 404, ""),
    ] {
        let answer = fleet.get(&format!("{session}{path}")).await;
        wrong.extend(judge(path, &answer, ("", status, field, "")).err());
    }
    for (method, path, body, status, field) in [
        (Method::PUT, "/control", json!({ "action": "seize" }), 400, "action"),
        (Method::PUT, "/control", json!({ "action": "pause", "holdr": "x" }), 400, "holdr"),
        (Method::PATCH, "", json!({ "idle_timeout_s": 0 }), 400, "idle_timeout_s"),
        (Method::PATCH, "", json!({ "viewport": {} }), 400, "viewport"),
        (Method::POST, "/tabs", json!({ "url": "file:///etc/passwd" }), 403, "url"),
        (Method::POST, "/tabs/0/activate", json!({}), 404, "tab"),
        (Method::POST, "/tabs/-1/activate", json!({}), 400, "n"),
    ] {
        let answer = fleet.send(method.clone(), &format!("{session}{path}"), Some(body.clone())).await;
        wrong.extend(judge(&format!("{method} {path} {body}"), &answer, ("", status, field, "")).err());
    }
    for path in ["/v1/sessions?state=sleeping", "/v1/sessions?limit=0", "/v1/sessions?cursor=%ff"] {
        let answer = fleet.get(path).await;
        if answer.status != 400 {
            wrong.push(format!("{path}: {}", answer.text()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    fleet.end(&id).await;
}

#[tokio::test]
async fn bodies_and_headers_have_limits() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let commands = format!("{CREATE}/{id}/commands");
    let large = format!(r#"{{"action":"evaluate","expression":"{}"}}"#, "x".repeat(2 << 20));
    fleet.raw(&commands, large.clone()).await.problem(413, "payload_too_large");
    // Without a length it is known only when it has come.
    let chunks = futures::stream::iter(
        large.into_bytes().chunks(9_999).map(<[u8]>::to_vec).map(std::io::Result::Ok).collect::<Vec<_>>(),
    );
    fleet.raw(&commands, reqwest::Body::wrap_stream(chunks)).await.problem(413, "payload_too_large");
    let deep = "[".repeat(500_000);
    fleet.raw(&commands, deep).await.problem(400, "invalid_argument");
    let state = json!({ "origins": [{ "origin": "https://a.example", "localStorage": [{ "name": "n", "value": "x".repeat(600_000) }] }] });
    fleet.post(CREATE, json!({ "storage_state": state })).await.problem(413, "payload_too_large");
    let request = fleet.request(Method::GET, CREATE).header("x-large", "x".repeat(1 << 20));
    let refused = request.send().await;
    assert!(refused.is_err() || refused.is_ok_and(|r| r.status() == 431), "a head of 1 MiB");
    let plain = fleet.request(Method::POST, &commands).body(r#"{"action":"tabs"}"#);
    Answer::to(plain).await.problem(403, "forbidden");
    assert_eq!(fleet.evaluate(&id, "1").await, 1);
    fleet.end(&id).await;
}

#[tokio::test]
async fn who_may_not_speak_is_refused_everywhere() {
    let fleet = Fleet::with(&["--slots", "1", "--warm", "0", "--token", "a-long-enough-token"]).await;
    let with = |name: &'static str, value: &'static str| {
        let request =
            fleet.request(Method::GET, CREATE).header("authorization", "Bearer a-long-enough-token");
        Answer::to(request.header(name, value))
    };
    let known = with("x-nothing", "").await;
    assert_eq!(known.status, 200, "{}", known.text());
    with("host", "evil.example").await.problem(403, "forbidden");
    with("host", "").await.problem(403, "forbidden");
    with("origin", "https://evil.example").await.problem(403, "forbidden");
    with("origin", "null").await.problem(403, "forbidden");
    let none = Answer::to(fleet.request(Method::GET, CREATE)).await;
    none.problem(401, "unauthenticated");
    assert!(none.headers.contains_key("www-authenticate"));
    for token in ["Bearer wrong", "Bearer ", "Basic YTpi", "a-long-enough-token", "Bearer a-long-enough-toke"]
    {
        let request = fleet.request(Method::POST, CREATE).header("authorization", token).json(&json!({}));
        Answer::to(request).await.problem(401, "unauthenticated");
    }
    let query = Answer::to(fleet.request(Method::GET, "/v1/sessions?token=wrong")).await;
    query.problem(401, "unauthenticated");
    assert!(!query.text().contains("wrong"), "a token is not repeated");
    assert_eq!(fleet.browsers(), Vec::<i32>::new(), "no browser was spent");
}

/// What a connection gets that says this and then no more.
async fn say(fleet: &Fleet, head: &[u8]) -> Value {
    let mut stream = TcpStream::connect(fleet.address()).await.unwrap();
    stream.write_all(head).await.unwrap();
    let mut answer = Vec::new();
    timeout(SOON, stream.read_buf(&mut answer)).await.unwrap().unwrap();
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().into()
}

#[tokio::test]
async fn what_is_no_http_harms_nobody() {
    let fleet = Fleet::start().await;
    for head in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(),
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/sessions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: -1\r\n\r\n",
        b"POST /v1/sessions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}",
        b"GET /v1/sessions/\xff\xfe HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
    ] {
        let line = say(&fleet, head).await;
        assert_eq!(line.as_str().and_then(|l| l.split(' ').nth(1)), Some("400"), "{line} to {head:?}");
    }
    // Clients that take for ever to say what they want: others are served beside them.
    let mut slow = Vec::new();
    for _ in 0..300 {
        let mut stream = TcpStream::connect(fleet.address()).await.unwrap();
        stream.write_all(b"GET /v1/sessions HTTP/1.1\r\nhost: 127.0.0.1\r\nx-").await.unwrap();
        slow.push(stream);
    }
    fleet.works().await;
    for stream in &mut slow {
        let mut rest = Vec::new();
        let closed = timeout(Duration::from_secs(40), stream.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "a head that is not finished in 30 s is given up");
    }
}
