//! Sockets that break, and clients that come back.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    raw::Raw,
    support::{Fleet, until},
};

/// What a page counts aloud from 0 on.
const COUNT: &str = "window.n = 0; setInterval(() => console.log('n', window.n++), 5); 0";

fn counted(messages: &[Value]) -> Vec<u64> {
    let console = messages.iter().filter(|message| message["method"] == "Runtime.consoleAPICalled");
    console.filter_map(|message| message["params"]["args"][1]["value"].as_u64()).collect()
}

async fn again(fleet: &Fleet, id: &str, query: &str) -> Raw {
    Raw::open(&format!("ws://{}/v1/sessions/{id}/cdp?{query}", fleet.address())).await
}

#[tokio::test]
async fn nothing_is_lost_either_way_however_often_the_socket_breaks() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let mut client = Raw::attach(&fleet, &id).await;
    assert_eq!(client.headers["rookery-session"], id);
    let page = client.page().await;
    client.result(Some(&page), "Runtime.enable", json!({})).await;
    client.evaluate(&page, &format!("window.done = []; {COUNT}")).await;
    // Messages of the client so far, as it counts them itself, and those it may have to send again.
    let (mut sent, mut log): (u64, Vec<(u64, String)>) = (4, Vec::new());
    let mut heard = std::mem::take(&mut client.events);
    for round in 0..5 {
        for n in 0..20 {
            sent += 1;
            let expression = format!("window.done.push({})", round * 20 + n);
            let params = json!({ "expression": expression });
            let id = 1_000 + sent;
            let text = json!({ "id": id, "method": "Runtime.evaluate", "params": params, "sessionId": page });
            log.push((sent, text.to_string()));
            client.text(text.to_string()).await;
        }
        // Some of what comes is read, the rest goes down with the socket.
        for _ in 0..15 {
            heard.push(client.next().await.unwrap());
        }
        let query = client.breaks();
        tokio::time::sleep(Duration::from_millis(100)).await;
        client = again(&fleet, &id, &query).await;
        client.received = query.rsplit('=').next().unwrap().parse().unwrap();
        let received: u64 = client.headers["rookery-received"].parse().unwrap();
        assert!(received <= sent, "{received} of {sent}");
        for (_, text) in log.iter().filter(|(n, _)| *n > received) {
            client.text(text.clone()).await;
        }
    }
    loop {
        let message = client.next().await.unwrap();
        let last = message["id"] == 1_000 + sent;
        heard.push(message);
        if last {
            break;
        }
    }
    let done = client.evaluate(&page, "JSON.stringify(window.done)").await;
    let expected: Vec<u64> = (0..100).collect();
    assert_eq!(done, serde_json::to_string(&expected).unwrap(), "each ran once and in order");
    let answers = heard.iter().filter_map(|message| message["id"].as_u64()).filter(|id| *id > 1_000);
    assert_eq!(answers.collect::<Vec<_>>(), (1_005..=1_000 + sent).collect::<Vec<_>>());
    let numbers = counted(&heard);
    assert!(numbers.len() > 20, "{}", numbers.len());
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
    fleet.end(&id).await;
}

#[tokio::test]
async fn a_session_made_on_connect_waits_for_its_client() {
    let fleet = Fleet::start().await;
    let cdp = format!("ws://{}/cdp", fleet.address());
    let mut client = Raw::open(&cdp).await;
    let id = client.headers["rookery-session"].clone();
    let page = client.page().await;
    client.evaluate(&page, "window.mine = 5").await;
    let query = client.breaks();
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert_eq!(fleet.shown(&id).await["state"], "ready");
    let mut client = Raw::open(&format!("{cdp}?{query}")).await;
    assert_eq!(client.headers["rookery-session"], id);
    assert_eq!(client.headers["rookery-received"], "3");
    assert_eq!(client.evaluate(&page, "window.mine").await, 5, "its sessions are there as they were");
    // Another socket takes it up while this one is open still.
    let mut third = Raw::open(&format!("{cdp}?{query}").replace("after=3", "after=4")).await;
    assert_eq!(client.closed().await.0, 1008);
    assert_eq!(third.evaluate(&page, "window.mine").await, 5);
    third.stream.close(None).await.unwrap();
    assert_eq!(fleet.ended(&id).await["end_reason"], "client_gone");
}

#[tokio::test]
async fn what_cannot_be_taken_up_is_refused_with_the_reason() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let other = "local_00000000000000000000000000000000".to_owned();
    let mut client = Raw::attach(&fleet, &id).await;
    let page = client.page().await;
    let conn = client.headers["rookery-conn"].clone();
    let refused = async |of: &str, query: &str| {
        let path = format!("/v1/sessions/{of}/cdp?{query}");
        let request = fleet.request(Method::GET, &path).header("connection", "upgrade");
        let request = request.header("upgrade", "websocket").header("sec-websocket-version", "13");
        let response = request.header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==").send().await.unwrap();
        let status = response.status().as_u16();
        let problem: Value = response.json().await.unwrap_or_default();
        (status, problem["field"].as_str().unwrap_or_default().to_owned(), problem["detail"].to_string())
    };
    for (of, query, status, field, why) in [
        (&id, format!("resume={conn}"), 400, "after", ""),
        (&id, "resume=nonsense&after=1".to_owned(), 400, "resume", ""),
        (&other, format!("resume={conn}&after=1"), 400, "resume", "another session"),
        (&id, format!("resume={id}.unknown&after=1"), 409, "", "not kept"),
        (&id, format!("resume={conn}&after=1000"), 409, "", "not kept"),
    ] {
        let (got, named, detail) = refused(of, &query).await;
        assert_eq!((got, named.as_str()), (status, field), "{query}: {detail}");
        assert!(detail.contains(why), "{query}: {detail}");
    }
    assert_eq!(client.evaluate(&page, "1").await, 1, "whoever asked in vain has harmed nobody");
    // Who said goodbye is not waited for.
    let query = format!("resume={conn}&after={}", client.received);
    client.stream.close(None).await.unwrap();
    until("the goodbye has been heard", || async {
        let (status, ..) = refused(&id, &query).await;
        if status == 409 { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
    fleet.end(&id).await;
    assert_eq!(refused(&id, &query).await.0, 410);
}
