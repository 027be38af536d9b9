//! What is said, in which words and in which order.

use futures::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{
    client::{Client, LISTEN, only},
    support::{Fleet, Site, site::Reply},
};

const LIMIT: usize = 16 << 20;

fn pages(path: &str) -> Reply {
    match path {
        "/" => Reply::Html("<title>fine</title>"),
        "/file" => Reply::Raw("content-disposition: attachment; filename=a.bin\r\n", "data"),
        _ => Reply::Silence,
    }
}

fn failed(text: &str) -> Value {
    json!({ "success": false, "error_message": text })
}

#[tokio::test]
async fn every_error_has_the_protocols_words_and_the_connection_goes_on() {
    let fleet = Fleet::with(&[&LISTEN[..], &["--slots", "1"]].concat()).await;
    let site = Site::start(pages).await;
    let (silent, nothing) = (site.url("/silent"), "http://127.0.0.1:2/");
    let mut client = Client::open(&fleet).await;
    for (request, text) in [
        (json!({ "action_type": "goto", "timeout": 30_000 }), "Missing 'url' for goto action".to_owned()),
        (json!({ "action_type": "click", "x": 1 }), "Missing x or y for click action".into()),
        (json!({ "action_type": "type", "text": null }), "Missing text for type action".into()),
        (
            json!({ "action_type": "set_viewport_size", "height": 5 }),
            "Missing width or height for set_viewport_size action".into(),
        ),
        (
            json!({ "action_type": "goto", "url": "http://nowhere.invalid/a?b" }),
            "Playwright Error: Page.goto: net::ERR_NAME_NOT_RESOLVED at http://nowhere.invalid/a?b".into(),
        ),
        (
            json!({ "action_type": "goto", "url": nothing }),
            format!("Playwright Error: Page.goto: net::ERR_CONNECTION_REFUSED at {nothing}"),
        ),
        (
            json!({ "action_type": "goto", "url": silent, "timeout": "300" }),
            "Playwright Error: Page.goto: Timeout 300ms exceeded.".into(),
        ),
        (
            json!({ "action_type": "goto", "url": "example" }),
            "Playwright Error: Page.goto: Protocol error (Page.navigate): Cannot navigate to invalid URL".into(),
        ),
        (
            json!({ "action_type": "click", "x": 1281, "y": 5 }),
            "Server execution error: the point 1281, 5 is outside the viewport, which is 1280 by 720; scroll first"
                .into(),
        ),
        (
            json!({}),
            "Action deserialization error: Error creating Command object: Missing 'action_type' in message".into(),
        ),
        (
            json!({ "action_type": "fly" }),
            "Action deserialization error: Error creating Command object: Invalid action_type: fly".into(),
        ),
    ] {
        assert_eq!(client.ask(request.clone()).await, failed(&text), "{request}");
    }
    let file = client.ask(json!({ "action_type": "goto", "url": site.url("/file") })).await;
    assert!(file["error_message"].as_str().unwrap().starts_with("Playwright Error: Page.goto: "), "{file}");
    let huge = client.ask(json!({ "action_type": "set_viewport_size", "width": 90_000, "height": 1 })).await;
    assert!(huge["error_message"].as_str().unwrap().starts_with("Server execution error: "), "{huge}");
    for noise in [b"".as_slice(), b"{", b"\xff\xfe{}", b"hello"] {
        client.bytes(noise.to_vec()).await;
        let answer = client.next().await.unwrap();
        let text = answer["error_message"].as_str().unwrap();
        assert!(text.starts_with("Action deserialization error: Failed to decode JSON: "), "{text}");
    }
    client.goto(&site.url("/")).await;
}

#[tokio::test]
async fn what_is_pipelined_is_answered_in_its_order() {
    let fleet = Fleet::with(&[&LISTEN[..], &["--slots", "1"]].concat()).await;
    let site = Site::start(pages).await;
    let mut client = Client::open(&fleet).await;
    for n in 0..40 {
        client.send(&json!({ "action_type": "goto", "url": site.url("/silent"), "timeout": 50 + n })).await;
        client.send(&json!({ "action_type": "screenshot" })).await;
        client.stream.send(Message::Text(json!({ "action_type": n }).to_string().into())).await.unwrap();
    }
    for n in 0..40 {
        let timeout = format!("Playwright Error: Page.goto: Timeout {}ms exceeded.", 50 + n);
        assert_eq!(client.next().await.unwrap(), failed(&timeout));
        assert!(client.next().await.unwrap()["image"].is_string(), "{n}");
        let invalid =
            format!("Action deserialization error: Error creating Command object: Invalid action_type: {n}");
        assert_eq!(client.next().await.unwrap(), failed(&invalid));
    }
}

#[tokio::test]
async fn what_is_too_large_for_the_browsers_side_is_refused_and_the_connection_goes_on() {
    let fleet = Fleet::with(&[&LISTEN[..], &["--slots", "1"]].concat()).await;
    let mut client = Client::open(&fleet).await;
    let large = "x".repeat(2 << 20);
    for request in [
        json!({ "action_type": "type", "text": large }),
        json!({ "action_type": "type", "text": &large[..1 << 20] }),
        json!({ "action_type": "goto", "url": format!("data:text/html,{large}") }),
        json!({ "action_type": "goto", "url": format!("http://nowhere.invalid/{large}") }),
    ] {
        let answer = client.ask(request).await;
        let text = answer["error_message"].as_str().unwrap();
        assert!(text.starts_with("Server execution error: ") && text.len() < 200, "{text}");
    }
    client.picture().await;
}

#[tokio::test]
async fn a_message_may_have_16_mib_and_no_byte_more() {
    let fleet = Fleet::with(&[&LISTEN[..], &["--slots", "1"]].concat()).await;
    let request = |size: usize| {
        let (front, back) = ("{\"action_type\":\"screenshot\",\"more\":\"", "\"}");
        format!("{front}{}{back}", "x".repeat(size - front.len() - back.len())).into_bytes()
    };
    let mut client = Client::open(&fleet).await;
    let id = only(&fleet, "ready").await;
    client.bytes(request(LIMIT)).await;
    assert_eq!(client.next().await.unwrap()["success"], true);
    client.bytes(request(LIMIT + 1)).await;
    let (code, reason) = client.closed().await;
    assert_eq!((code, reason.as_str()), (1009, "a message may have at most 16 MiB"));
    assert_eq!(fleet.ended(&id).await["end_reason"], "client_gone");
}
