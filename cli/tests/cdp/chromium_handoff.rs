//! Scripts that hand their session to a person, or leave it for a while, under each name they know for it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{
    raw::{Raw, control},
    support::{Fleet, until},
};

#[tokio::test]
async fn a_script_waits_for_a_person_who_does_what_it_asks_for() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let mut client = Raw::attach(&fleet, &id).await;
    let page = client.page().await;
    let view = format!("http://{}/view/{id}", fleet.address());
    let cdp = format!("ws://{}/v1/sessions/{id}/cdp", fleet.address());
    let ours = client.result(None, "Rookery.getLiveView", json!({})).await;
    assert_eq!(ours, json!({ "url": view }));
    let theirs = client.result(Some(&page), "Cloudflare.getLiveView", json!({ "mode": "tab" })).await;
    assert_eq!(theirs, json!({ "devtoolsFrontendUrl": view, "webSocketDebuggerUrl": cdp }));

    let wanted = json!({ "instructions": "Log in, please", "timeout": 60_000 });
    for (domain, note) in [("Rookery", Some("done")), ("Cloudflare", None)] {
        client.result(Some(&page), &format!("{domain}.handoff"), wanted.clone()).await;
        let again = client.refused(Some(&page), &format!("{domain}.handoff"), wanted.clone()).await;
        assert!(again.1.contains("waited for already"), "{again:?}");
        let handoff = fleet.shown(&id).await["control"]["handoff"].clone();
        assert_eq!(handoff["instructions"], "Log in, please");
        assert!(handoff["expires_at"].is_string(), "{handoff}");

        control(&fleet, &id, json!({ "action": "take_control", "holder": "ann" })).await;
        assert_eq!(fleet.shown(&id).await["control"]["handoff"], handoff, "the person reads what to do");
        let held = client.send(Some(&page), "Runtime.evaluate", json!({ "expression": "1" })).await;
        control(&fleet, &id, json!({ "action": "return_control", "holder": "ann", "note": note })).await;
        client.answer(held).await;
        let complete = client.event(&format!("{domain}.handoffComplete")).await;
        assert_eq!(complete["params"], json!({ "success": true, "note": note }));
        assert_eq!(complete["sessionId"], page);
        assert!(fleet.shown(&id).await["control"]["handoff"].is_null());
    }

    let live = client.result(Some(&page), "Browserless.liveURL", json!({ "quality": 70 })).await;
    assert_eq!(live, json!({ "error": null, "liveURL": view, "liveURLId": id }));
    control(&fleet, &id, json!({ "action": "take_control" })).await;
    control(&fleet, &id, json!({ "action": "return_control" })).await;
    assert_eq!(client.event("Browserless.liveComplete").await["params"]["success"], true);
    fleet.end(&id).await;
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let mut client = Raw::attach(&fleet, &id).await;
    let asked = Instant::now();
    client.result(None, "Rookery.handoff", json!({ "timeout": 700 })).await;
    let mut other = Raw::attach(&fleet, &id).await;
    other.result(None, "Cloudflare.handoff", json!({})).await;
    let busy = other.event("Cloudflare.handoffComplete").await;
    assert_eq!(busy["params"], json!({ "success": false, "reason": "busy" }));
    let late = client.event("Rookery.handoffComplete").await;
    assert_eq!(late["params"], json!({ "success": false, "reason": "timeout" }));
    assert!(asked.elapsed() >= Duration::from_millis(700), "{:?}", asked.elapsed());
    assert!(fleet.shown(&id).await["control"]["handoff"].is_null());
    for (method, params) in [
        ("Rookery.handoff", json!({ "timeout": "soon" })),
        ("Cloudflare.handoff", json!({ "timeout": -1 })),
        ("Rookery.handoff", json!({ "instructions": "x".repeat(1_001) })),
    ] {
        assert_eq!(client.refused(None, method, params).await.0, -32602, "{method}");
    }
    assert_eq!(client.refused(None, "Rookery.nothing", json!({})).await.0, -32601);

    // Who has gone waits no longer.
    client.result(None, "Rookery.handoff", json!({})).await;
    client.stream.close(None).await.unwrap();
    until("that nobody is wanted", || async {
        let control = fleet.shown(&id).await["control"].clone();
        if control["handoff"].is_null() { Ok(()) } else { Err(control.to_string()) }
    })
    .await;
    fleet.end(&id).await;
}

#[tokio::test]
async fn a_script_leaves_and_finds_its_session_again() {
    let fleet = Fleet::start().await;
    let mut client = Raw::open(&format!("ws://{}/cdp", fleet.address())).await;
    let id = client.headers["rookery-session"].clone();
    let page = client.page().await;
    client.evaluate(&page, "window.mine = 5").await;
    let left = client.result(Some(&page), "Browserless.reconnect", json!({ "timeout": 3_000 })).await;
    assert_eq!(left["error"], Value::Null);
    client.stream.close(None).await.unwrap();
    let mut client = Raw::open(left["browserWSEndpoint"].as_str().unwrap()).await;
    assert_eq!(client.headers["rookery-session"], id);
    let page = client.page().await;
    assert_eq!(client.evaluate(&page, "window.mine").await, 5);
    let away = Instant::now();
    client.stream.close(None).await.unwrap();
    assert_eq!(fleet.ended(&id).await["end_reason"], "client_gone");
    assert!(away.elapsed() >= Duration::from_millis(2_500), "{:?}", away.elapsed());
}
