//! The port for CDP alone.

use serde_json::json;

use super::{raw::Raw, support::Fleet};

#[tokio::test]
async fn any_path_of_the_cdp_port_is_a_session_and_known_ones_are_what_they_say() {
    let fleet = Fleet::with(&["--cdp-listen", "127.0.0.1:0", "--slots", "2"]).await;
    let port = fleet.cdp.clone().unwrap();
    let id = fleet.session().await;
    for path in
        ["", "/", "/cdp", "/devtools/browser/6a1f", "/whatever/it/is?name=any", "/chromium?recording=false"]
    {
        let mut client = Raw::open(&format!("ws://{port}{path}")).await;
        let page = client.page().await;
        assert_eq!(client.evaluate(&page, "6 * 7").await, 42, "{path}");
        let sessions = fleet.get("/v1/sessions?state=ready").await.ok()["sessions"].clone();
        let made = sessions.as_array().unwrap().iter().find(|s| s["id"] != id.as_str()).unwrap().clone();
        assert_eq!(made["name"] == "any", path.contains("name=any"), "{path}");
        client.stream.close(None).await.unwrap();
        assert_eq!(fleet.ended(made["id"].as_str().unwrap()).await["end_reason"], "client_gone", "{path}");
    }
    let mut client = Raw::open(&format!("ws://{port}/v1/sessions/{id}/cdp")).await;
    client.result(None, "Browser.getVersion", json!({})).await;
    let sessions = fleet.get("/v1/sessions?state=ready").await.ok()["sessions"].clone();
    assert_eq!(sessions.as_array().unwrap().len(), 1, "{sessions}");

    // Everything else is served on the gateway's own port only.
    let plain = reqwest::get(format!("http://{port}/v1/sessions")).await.unwrap();
    assert_eq!(plain.status().as_u16(), 404);
    let foreign = fleet.http.get(format!("http://{port}/json/version")).header("host", "evil.example");
    assert_eq!(foreign.send().await.unwrap().status().as_u16(), 403);
    let page = fleet.http.get(format!("http://{port}/json/version")).header("origin", "https://evil.example");
    assert_eq!(page.send().await.unwrap().status().as_u16(), 403);
    // A page in a session does not reach it: what it gets is its worker's refusal.
    let there = format!("http://{port}/json/version");
    let opened = fleet.run(&id, json!({ "action": "navigate", "url": there })).await;
    opened.problem(422, "browser_error");
    fleet.end(&id).await;
}

#[tokio::test]
async fn the_cdp_port_asks_for_the_token_too() {
    let fleet = Fleet::with(&["--cdp-listen", "127.0.0.1:0"]).await;
    let edge = fleet.edge_with(&["--cdp-listen", "127.0.0.1:0", "--token", "opensesame"]).await;
    let port = edge.cdp.clone().unwrap();
    for (path, status) in [("/cdp", 401), ("/?token=wrong", 401), ("/cdp?token=opensesame&nam=x", 400)] {
        let refused = tokio_tungstenite::connect_async(format!("ws://{port}{path}")).await.unwrap_err();
        let tokio_tungstenite::tungstenite::Error::Http(response) = refused else {
            panic!("{path}: {refused}")
        };
        assert_eq!(response.status().as_u16(), status, "{path}");
    }
    let mut client = Raw::open(&format!("ws://{port}/cdp?token=opensesame")).await;
    assert_eq!(client.result(None, "Browser.close", json!({})).await, json!({}));
    client.closed().await;
}
