//! What the gateway refuses, holds, hides and ends: one raw client at a time.

use std::time::{Duration, Instant};

use futures::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

use super::{
    raw::{Raw, control},
    support::{Fleet, until},
};

#[tokio::test]
async fn what_cannot_be_had_is_said_before_the_upgrade() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let refused = async |path: &str, origin: Option<&'static str>| {
        let mut request = format!("ws://{}{path}", fleet.address()).into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        match connect_async(request).await {
            Err(Error::Http(response)) => {
                let body = response.body().clone().unwrap_or_default();
                let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
                (response.status().as_u16(), problem["field"].as_str().unwrap_or_default().to_owned())
            }
            other => panic!("{path}: {other:?}"),
        }
    };
    let of_id = format!("/v1/sessions/{id}/cdp");
    for (path, status, field) in [
        ("/v1/sessions/nonsense/cdp", 400, "id"),
        ("/v1/sessions/local_00000000000000000000000000000000/cdp", 404, ""),
        ("/cdp?headles=true", 400, "headles"),
        ("/cdp?viewport.width=0&viewport.height=5", 400, "viewport.width"),
        ("/cdp?isolation=context", 400, "isolation"),
        ("/cdp?url=file:///etc/passwd", 403, "url"),
        ("/cdp?args=--renderer-cmd-prefix=x", 400, "args[0]"),
        ("/cdp?queue_timeout_s=1", 429, ""),
    ] {
        assert_eq!(refused(path, None).await, (status, field.to_owned()), "{path}");
    }
    assert_eq!(refused(&format!("{of_id}?tab=1"), None).await, (400, "tab".to_owned()));
    assert_eq!(refused(&of_id, Some("https://evil.example")).await.0, 403);
    let plain = fleet.get(&of_id).await;
    plain.problem(400, "invalid_argument");
    fleet.end(&id).await;
    assert_eq!(refused(&of_id, None).await.0, 410);
    assert_eq!(
        fleet.get("/v1/sessions?state=ready").await.ok()["sessions"],
        json!([]),
        "nothing was left behind"
    );
}

#[tokio::test]
async fn what_is_no_cdp_closes_and_what_is_wrong_cdp_is_answered() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let mut client = Raw::attach(&fleet, &id).await;
    let page = client.page().await;
    for (text, code) in [
        (r#"{"id":"x","method":"Browser.getVersion"}"#, -32600),
        (r#"{"id":1.5,"method":"Browser.getVersion"}"#, -32600),
        (r#"{"id":1e30,"method":"Browser.getVersion"}"#, -32600),
        (r#"{"id":9223372036854775808,"method":"Browser.getVersion"}"#, -32600),
        (r#"{"id":null,"method":"Browser.getVersion"}"#, -32600),
        (r#"{"id":{},"method":"Browser.getVersion"}"#, -32600),
        (r#"{"id":1,"method":7}"#, -32600),
        (r#"{"id":1,"method":"Browser.getVersion","sessionId":7}"#, -32600),
        (r#"{"id":1,"method":"Browser.getVersion","params":[]}"#, -32600),
        (r#"{"method":"Browser.getVersion"}"#, -32600),
        (r#"{"id":1}"#, -32600),
        (r#"{"id":1,"method":"Foo.bar"}"#, -32601),
        (r#"{"id":1,"method":"Browser.getVersion","sessionId":"nobody's"}"#, -32001),
        (r#"{"id":1,"method":"Page.navigate","params":{"url":"fi\nle:///etc/hostname"}}"#, -32000),
    ] {
        client.text(text).await;
        let answer = client.next().await.unwrap();
        assert_eq!(answer["error"]["code"], code, "{text}: {answer}");
    }
    for (method, params) in [
        ("Target.exposeDevToolsProtocol", json!({ "targetId": "x" })),
        ("Target.setRemoteLocations", json!({ "locations": [] })),
        ("Tethering.bind", json!({ "port": 1 })),
        ("Extensions.loadUnpacked", json!({ "path": "/" })),
        ("SystemInfo.getProcessInfo", json!({})),
        ("Browser.getBrowserCommandLine", json!({})),
    ] {
        assert_eq!(client.refused(None, method, params).await.0, -32601, "{method}");
    }
    let outside = json!({ "proxyServer": "direct://" });
    assert_eq!(client.refused(None, "Target.createBrowserContext", outside).await.0, -32602);
    assert_eq!(client.evaluate(&page, "6 * 7").await, 42, "it is served all the same");
    for number in [-5, 0, i64::from(i32::MAX) + 1, i64::MAX] {
        client.text(format!(r#"{{"id":{number},"method":"Browser.getVersion"}}"#)).await;
        assert!(client.answer(number).await["result"]["product"].is_string(), "{number}");
    }
    for noise in ["what is this?", "", "null", r#"[{"id":1,"method":"Browser.getVersion"}]"#, r#"{"id":1"#] {
        let mut client = Raw::attach(&fleet, &id).await;
        client.text(noise).await;
        let (code, reason) = client.closed().await;
        assert!(code == 1003 && !reason.is_empty(), "{noise}: {code} {reason}");
    }

    let mut client = Raw::attach(&fleet, &id).await;
    client.stream.send(Message::Binary(vec![0; 8].into())).await.unwrap();
    assert_eq!(client.closed().await.0, 1003);
    fleet.end(&id).await;
}

#[tokio::test]
async fn a_message_may_have_sixty_four_megabytes_and_no_more() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let mut client = Raw::attach(&fleet, &id).await;
    let page = client.page().await;
    let around = json!({ "id": 77, "method": "Runtime.evaluate", "sessionId": page, "params": { "expression": "''.length" } });
    let room = (64 << 20) - around.to_string().len();
    let whole = around.to_string().replace("''", &format!("'{}'", "x".repeat(room)));
    assert_eq!(whole.len(), 64 << 20);
    client.text(whole).await;
    assert_eq!(client.answer(77).await["result"]["result"]["value"], room);

    let sent = client.stream.send(Message::Text("x".repeat((64 << 20) + 1).into())).await;
    let closed = client.closed().await;
    // The goodbye is lost where the rest of the message meets a closed socket.
    assert!(closed.0 == 1009 || (closed.0 == 0 && sent.is_err()), "{closed:?}");
    assert_eq!(fleet.evaluate(&id, "1 + 1").await, 2);
    fleet.end(&id).await;
}

#[tokio::test]
async fn what_acts_waits_while_a_person_drives_and_what_reads_goes_on() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let mut client = Raw::attach(&fleet, &id).await;
    let page = client.page().await;
    let ann = async |action: &str| control(&fleet, &id, json!({ "action": action, "holder": "ann" })).await;
    ann("take_control").await;
    let held =
        client.send(Some(&page), "Runtime.evaluate", json!({ "expression": "window.ran = true" })).await;
    client.result(Some(&page), "Page.enable", json!({})).await;
    client.result(Some(&page), "Page.getFrameTree", json!({})).await;
    assert_eq!(fleet.shown(&id).await["control"]["holder"], "ann");
    assert!(client.events.iter().all(|message| message["id"] != held), "it has not run");
    ann("return_control").await;
    assert_eq!(client.answer(held).await["result"]["result"]["value"], true);
    fleet.end(&id).await;
}

#[tokio::test]
async fn closing_the_browser_ends_the_session_and_so_does_the_last_goodbye() {
    let fleet = Fleet::start().await;
    let mut client = Raw::open(&format!("ws://{}/cdp", fleet.address())).await;
    let id =
        fleet.get("/v1/sessions?state=ready").await.ok()["sessions"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(client.result(None, "Browser.close", json!({})).await, json!({}));
    let (code, reason) = client.closed().await;
    assert_eq!((code, reason.contains("released")), (1000, true), "{reason}");
    assert_eq!(fleet.ended(&id).await["end_reason"], "released");

    let mut client = Raw::open(&format!("ws://{}/cdp?name=short", fleet.address())).await;
    let id =
        fleet.get("/v1/sessions?state=ready").await.ok()["sessions"][0]["id"].as_str().unwrap().to_owned();
    let asked = Instant::now();
    client.stream.close(None).await.unwrap();
    let session = fleet.ended(&id).await;
    assert_eq!((&session["end_reason"], &session["name"]), (&"client_gone".into(), &"short".into()));
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn a_session_is_not_idle_while_a_client_is_there_and_outlives_a_broken_socket() {
    let fleet = Fleet::start().await;
    let id =
        fleet.session_with(json!({ "idle_timeout_s": 2, "on_disconnect": "close", "keep_alive_s": 0 })).await;
    let client = Raw::attach(&fleet, &id).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(fleet.shown(&id).await["state"], "ready");
    // No goodbye: the connection is cut.
    drop(client);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(fleet.shown(&id).await["state"], "ready", "a client whose socket broke may come back");
    fleet.end(&id).await;
}

#[tokio::test]
async fn the_viewport_of_the_session_is_back_when_a_client_has_left() {
    let fleet = Fleet::start().await;
    let id = fleet.session_with(json!({ "viewport": { "width": 900, "height": 700 } })).await;
    let mut client = Raw::attach(&fleet, &id).await;
    let page = client.page().await;
    let small = json!({ "width": 300, "height": 200, "deviceScaleFactor": 1, "mobile": false });
    client.result(Some(&page), "Emulation.setDeviceMetricsOverride", small).await;
    assert_eq!(client.evaluate(&page, "innerWidth").await, 300);
    client.stream.close(None).await.unwrap();
    until("the session's own viewport", || async {
        let width = fleet.evaluate(&id, "innerWidth").await;
        if width == 900 { Ok(()) } else { Err(width.to_string()) }
    })
    .await;
    fleet.end(&id).await;
}
