//! Noise on every subject of the bus: answered where somebody asks, counted, and harmful to nobody.

use serde_json::json;

use super::support::{
    Fleet,
    nats::{Message, Wire},
    until,
};

const NOISE: &[&[u8]] = &[
    b"",
    b"\0",
    b"{",
    b"null",
    b"[[[[[[[[",
    b"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8",
    b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"{\"command\":{\"action\":\"navigate\",\"url\":\"file:///etc/passwd\"}}",
    b"{\"end\":{\"reason\":\"because\"}}",
    "\u{1F600} not a message".as_bytes(),
];

const JSON: &str = "Content-Type: application/json";

/// With each kind of headers that tells how a body is to be read.
fn headers() -> [&'static str; 4] {
    ["", JSON, "Content-Type: image/png", "Rk-Schema: banana\r\nNats-Msg-Id: \r\ntraceparent: 00-zz"]
}

/// The code of an error as owners and workers write it.
fn refusal(answer: &Message) -> String {
    let reply = answer.json();
    let code = reply["error"]["code"].as_str().or(reply["code"].as_str());
    code.unwrap_or_default().to_owned()
}

#[tokio::test]
async fn who_asks_gets_an_answer_and_the_worker_goes_on() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let workers = fleet.get("/v1/workers").await.ok();
    let worker = workers["workers"][0]["id"].as_str().unwrap().to_owned();
    let before = fleet.metric("rookery_bus_noise_total").await;
    let mut wire = Wire::connect(&fleet.nats.url()).await;
    for subject in [format!("rk.cmd.local.default.{id}"), format!("rk.ctl.local.{worker}")] {
        for headers in headers() {
            for body in NOISE {
                let answer = wire.ask(&subject, headers, body).await;
                if headers == JSON {
                    assert_ne!(refusal(&answer), "", "{subject} {body:?}: {}", answer.text());
                }
                assert!(!answer.text().contains("503"), "{subject} has its listener");
            }
        }
        let newer = wire.ask(&subject, "Content-Type: application/json\r\nRk-Schema: 999", b"{}").await;
        assert_eq!(refusal(&newer), "unavailable", "{}", newer.text());
        // Who names a subject that is no inbox is not answered there.
        wire.subscribe("rk.evt.>").await;
        wire.publish(&subject, &format!("rk.evt.local.default.{id}.log"), "", b"{").await;
    }
    let noise = fleet.metric("rookery_bus_noise_total").await - before;
    assert!(noise >= 40.0, "noise is counted: {noise}");
    assert_eq!(fleet.evaluate(&id, "1 + 1").await, 2);
    fleet.end(&id).await;
    fleet.works().await;
}

#[tokio::test]
async fn what_nobody_answers_harms_nobody() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let mut wire = Wire::connect(&fleet.nats.url()).await;
    let unknown = "local_00000000000000000000000000000000";
    let subjects = [
        "rk.work.local.default.default.normal".to_owned(),
        "rk.work.local.default.default.urgent".to_owned(),
        "rk.work.local.default.nobody.high".to_owned(),
        "rk.knock.local.default.default.normal".to_owned(),
        "rk.knock.local.default.default".to_owned(),
        format!("rk.evt.local.default.{id}.log"),
        format!("rk.live.local.default.{id}.log"),
        format!("rk.live.local.default.{id}.live"),
        format!("rk.in.local.{id}.conn"),
        format!("rk.view.local.{id}"),
        format!("rk.fr.local.{id}"),
        format!("rk.cdp.local.{id}.conn.up"),
        format!("rk.cmd.local.default.{unknown}"),
        "rk.ctl.local.nobody".to_owned(),
        format!("$KV.rk_sessions_local.default.{unknown}"),
        "$KV.rk_sessions_local.default.not-an-id".to_owned(),
        "$KV.rk_workers_local.nobody".to_owned(),
        "$KV.rk_leases_local.nobody".to_owned(),
    ];
    // Somebody follows the session's events and frames meanwhile.
    let mut socket = super::support::Socket::open(&fleet, &id).await;
    socket.send(&json!({ "type": "frames:start" })).await;
    for subject in &subjects {
        for headers in headers() {
            for body in NOISE {
                wire.publish(subject, "", headers, body).await;
            }
        }
    }
    wire.settled().await;
    socket.send(&json!({ "type": "command", "id": 1, "action": "evaluate", "expression": "1 + 1" })).await;
    assert_eq!(socket.of_type("result").await["result"]["value"], 2);
    for path in ["/v1/sessions", "/v1/workers", "/v1/queue", "/readyz"] {
        let answer = fleet.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
    let odd = fleet.get(&format!("/v1/sessions/{unknown}")).await;
    assert!([404, 500, 503].contains(&odd.status), "{}", odd.text());
    fleet.end(&id).await;
    fleet.works().await;
    // The queue is not stopped up by what cannot be read.
    until("an empty queue", || async {
        let queue = fleet.get("/v1/queue").await.ok();
        let waiting = queue["pools"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| p["waiting"].as_u64().unwrap_or(0))
            .sum::<u64>();
        if waiting == 0 { Ok(()) } else { Err(queue.to_string()) }
    })
    .await;
}
