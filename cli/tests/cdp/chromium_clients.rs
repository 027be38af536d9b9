//! Playwright and Puppeteer as they are, alone and together, and commands beside them.

use reqwest::Method;
use serde_json::json;

use super::{node, support::Fleet};

fn created(fleet: &Fleet, query: &str) -> String {
    format!("ws://{}/cdp{query}", fleet.address())
}

fn attached(fleet: &Fleet, id: &str) -> String {
    format!("ws://{}/v1/sessions/{id}/cdp", fleet.address())
}

async fn stage(fleet: &Fleet, id: &str, name: &str) {
    let path = format!("/v1/sessions/{id}/files/uploads/{name}");
    let staged = fleet.request(Method::PUT, &path).body("staged contents").send().await.unwrap();
    assert!(staged.status().is_success(), "{}", staged.status());
}

#[tokio::test]
async fn playwright_does_what_it_does_elsewhere_and_its_session_ends_with_it() {
    let fleet = Fleet::start().await;
    node::run("playwright.mjs", &[&created(&fleet, "?name=playwright")]).await;
    let sessions = fleet.get("/v1/sessions?state=ready").await.ok();
    let id = fleet.get("/v1/sessions").await.ok()["sessions"][0]["id"].as_str().unwrap().to_owned();
    let session = fleet.ended(&id).await;
    assert_eq!(session["end_reason"], "client_gone", "{sessions}");
    assert_eq!(session["name"], "playwright");
}

#[tokio::test]
async fn puppeteer_does_what_it_does_elsewhere_and_closes_its_browser() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    stage(&fleet, &id, "letter.txt").await;
    node::run("puppeteer.mjs", &[&attached(&fleet, &id), "letter.txt", "close"]).await;
    assert_eq!(fleet.ended(&id).await["end_reason"], "released");
}

#[tokio::test]
async fn two_clients_and_commands_use_one_session_at_once() {
    let fleet = Fleet::start().await;
    let id = fleet.session_with(json!({ "viewport": { "width": 1000, "height": 600 } })).await;
    stage(&fleet, &id, "letter.txt").await;
    let url = attached(&fleet, &id);
    let (first, second) = ([url.as_str()], [url.as_str(), "letter.txt", "disconnect"]);
    let commands = async {
        for n in 0..40 {
            // Of the session's own tab: the active one is a client's, which closes it when it likes.
            let sum = json!({ "action": "evaluate", "tab": 1, "expression": format!("{n} + 1") });
            assert_eq!(fleet.run(&id, sum).await.ok()["result"]["value"], n + 1);
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    tokio::join!(node::run("playwright.mjs", &first), node::run("puppeteer.mjs", &second), commands,);
    assert_eq!(fleet.shown(&id).await["state"], "ready");
    assert_eq!(fleet.evaluate(&id, "innerWidth").await, 1000);
    let downloads = fleet.get(&format!("/v1/sessions/{id}/files/downloads")).await.ok();
    assert!(downloads.to_string().contains("report.txt"), "{downloads}");
    fleet.end(&id).await;
}
