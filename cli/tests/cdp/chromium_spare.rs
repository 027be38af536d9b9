//! Pages that are there before a client asks for one.

use std::time::Instant;

use serde_json::{Value, json};

use super::{
    node,
    raw::Raw,
    support::{Fleet, SOON, until},
};

/// Several sessions ask for a page, one after another, each with the pool full.
async fn has_asked(fleet: &Fleet) {
    let id = fleet.session().await;
    let mut client = Raw::attach(fleet, &id).await;
    client.result(None, "Target.createTarget", json!({ "url": "about:blank" })).await;
    fleet.end(&id).await;
    // What is in the pool was made before.
    for _ in 0..2 {
        is_refilled(fleet).await;
        let id = fleet.session().await;
        fleet.end(&id).await;
    }
    is_refilled(fleet).await;
}

async fn is_refilled(fleet: &Fleet) {
    until("a full pool", async || {
        // A full fleet, or one that nobody knows of yet, answers 503.
        let pressure = fleet.get("/v1/pressure").await.json();
        if pressure["warm"] == 1 && pressure["busy"] == 0 { Ok(()) } else { Err(pressure.to_string()) }
    })
    .await;
}

async fn follow(client: &mut Raw) -> Vec<Value> {
    let params = json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true });
    client.result(None, "Target.setDiscoverTargets", json!({ "discover": true })).await;
    client.result(None, "Target.setAutoAttach", params).await;
    client.result(None, "Browser.getVersion", json!({})).await;
    let announced = |event: &Value| event["method"] == "Target.attachedToTarget";
    std::mem::take(&mut client.events).into_iter().filter(announced).collect()
}

#[tokio::test]
async fn a_page_that_was_kept_is_like_a_new_one_and_nowhere_before() {
    let fleet = Fleet::with(&["--warm", "1", "--slots", "2"]).await;
    has_asked(&fleet).await;
    let id = fleet.session().await;
    let mut client = Raw::attach(&fleet, &id).await;
    let known = follow(&mut client).await;
    assert_eq!(known.len(), 1, "{known:?}");
    let targets = client.result(None, "Target.getTargets", json!({})).await;
    assert_eq!(targets["targetInfos"].as_array().unwrap().len(), 1, "{targets}");
    let tabs = fleet.get(&format!("/v1/sessions/{id}/tabs")).await.ok();
    assert_eq!(tabs["tabs"].as_array().unwrap().len(), 1, "{tabs}");

    let made = client.result(None, "Target.createTarget", json!({ "url": "about:blank" })).await;
    let created = client.event("Target.targetCreated").await;
    assert_eq!(created["params"]["targetInfo"]["targetId"], made["targetId"]);
    let attached = client.event("Target.attachedToTarget").await;
    assert_eq!(attached["params"]["targetInfo"]["targetId"], made["targetId"]);
    assert_eq!(attached["params"]["waitingForDebugger"], true);
    let page = attached["params"]["sessionId"].as_str().unwrap().to_owned();
    let script = json!({ "source": "window.installed = 'before anything ran'", "runImmediately": true });
    client.result(Some(&page), "Page.addScriptToEvaluateOnNewDocument", script).await;
    client.result(Some(&page), "Runtime.runIfWaitingForDebugger", json!({})).await;
    // It runs when the worker has set it up, too.
    let deadline = Instant::now() + SOON;
    while client.evaluate(&page, "window.installed").await != "before anything ran" {
        assert!(Instant::now() < deadline, "the script was not installed");
    }
    assert_eq!(client.evaluate(&page, "innerWidth").await, 1280, "it is emulated as the others are");
    let tabs = fleet.get(&format!("/v1/sessions/{id}/tabs")).await.ok();
    assert_eq!(tabs["tabs"].as_array().unwrap().len(), 2, "{tabs}");
    // The next one is opened as ever.
    let other = client.result(None, "Target.createTarget", json!({ "url": "about:blank" })).await;
    assert_ne!(other, made);
    fleet.end(&id).await;
}

#[tokio::test]
async fn the_clients_people_have_take_it_as_a_new_one() {
    let fleet = Fleet::with(&["--warm", "1", "--slots", "2"]).await;
    has_asked(&fleet).await;
    node::run("playwright.mjs", &[&format!("ws://{}/cdp", fleet.address())]).await;
    is_refilled(&fleet).await;
    let id = fleet.session().await;
    let path = format!("/v1/sessions/{id}/files/uploads/letter.txt");
    fleet.request(reqwest::Method::PUT, &path).body("staged contents").send().await.unwrap();
    let url = format!("ws://{}/v1/sessions/{id}/cdp", fleet.address());
    node::run("puppeteer.mjs", &[&url, "letter.txt", "close"]).await;
    assert_eq!(fleet.ended(&id).await["end_reason"], "released");
}
