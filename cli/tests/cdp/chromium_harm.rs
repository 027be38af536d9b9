//! Clients that stand still, die or shout, and browsers that die: what it does to the others.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use futures::SinkExt;
use nix::sys::signal::Signal;
use serde_json::json;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::{
    node::Running,
    raw::{Raw, control},
    support::{
        Fleet,
        fleet::signal,
        site::{Reply, Site},
        until,
    },
};

/// What the multiplexer grants those who hold a popup up, and what all else may take on a busy machine.
const HELD_UP: Duration = Duration::from_secs(5);
const SLACK: Duration = Duration::from_secs(4);
const MESSAGES: i64 = 200_000;
/// A client that cannot get a message off for so long is held back.
const HELD_BACK: Duration = Duration::from_secs(3);

#[tokio::test]
async fn a_browser_that_dies_takes_its_clients_along_and_not_its_session() {
    let fleet = Fleet::start().await;
    let id = fleet.session_with(json!({ "url": "data:text/html,<title>here</title>" })).await;
    let mut clients = [Raw::attach(&fleet, &id).await, Raw::attach(&fleet, &id).await];
    let page = clients[0].page().await;
    clients[1].page().await;
    let endless = json!({ "expression": "new Promise(() => {})", "awaitPromise": true });
    clients[0].send(Some(&page), "Runtime.evaluate", endless).await;
    for pid in fleet.browsers() {
        signal(pid, Signal::SIGKILL);
    }
    for client in &mut clients {
        assert_eq!(client.closed().await, (1012, "browser_replaced".to_owned()));
    }
    until("the session in its next browser", || async {
        let title = fleet.run(&id, json!({ "action": "evaluate", "expression": "document.title" })).await;
        if title.status == 200 && title.json()["result"]["value"] == "here" {
            Ok(())
        } else {
            Err(title.text())
        }
    })
    .await;
    let mut client = Raw::attach(&fleet, &id).await;
    let page = client.page().await;
    assert_eq!(client.evaluate(&page, "1 + 1").await, 2, "it can be connected to again");
    fleet.end(&id).await;
}

/// Opens a popup and gives how long that took. The opener stands still until the popup runs.
async fn popup(fleet: &Fleet, id: &str) -> Duration {
    let asked = Instant::now();
    let open = json!({ "action": "evaluate", "tab": 1, "expression": "!!window.open('about:blank')" });
    assert_eq!(fleet.run(id, open).await.ok()["result"]["value"], true);
    asked.elapsed()
}

#[tokio::test]
async fn a_client_that_is_stopped_or_killed_while_a_popup_opens_holds_it_up_for_five_seconds_at_most() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let url = format!("ws://{}/v1/sessions/{id}/cdp", fleet.address());
    let client = Running::start("stays.mjs", &[&url], "there").await;
    let undisturbed = popup(&fleet, &id).await;
    assert!(undisturbed < HELD_UP, "{undisturbed:?}");

    client.signal(Signal::SIGSTOP);
    let held = popup(&fleet, &id).await;
    assert!(held < HELD_UP + SLACK, "{held:?}");
    assert!(held > HELD_UP / 2, "it was told of, and waited for: {held:?}");
    client.signal(Signal::SIGCONT);

    let killed = Running::start("stays.mjs", &[&url], "there").await;
    killed.signal(Signal::SIGSTOP);
    let killing = async {
        until("the popup that waits", || async {
            let tabs = fleet.get(&format!("/v1/sessions/{id}/tabs")).await.ok();
            if tabs["tabs"].as_array().map(Vec::len) == Some(4) { Ok(()) } else { Err(tabs.to_string()) }
        })
        .await;
        killed.signal(Signal::SIGKILL);
    };
    let (held, ()) = tokio::join!(popup(&fleet, &id), killing);
    assert!(held < HELD_UP + SLACK, "{held:?}");
    assert_eq!(fleet.evaluate(&id, "1 + 1").await, 2);
    fleet.end(&id).await;
}

fn site(path: &str) -> Reply {
    match path {
        "/" => Reply::Html("<!doctype html><title>home</title>"),
        "/file" => Reply::Raw("content-disposition: attachment; filename=\"report.txt\"\r\n", "the report"),
        _ => Reply::Html("through"),
    }
}

/// Two clients intercept the requests of one page; the first has one paused when it goes.
async fn paused_request(fleet: &Fleet, id: &str) -> (Raw, Raw, i64) {
    let (mut first, mut second) = (Raw::attach(fleet, id).await, Raw::attach(fleet, id).await);
    let (page, of_second) = (first.page().await, second.page().await);
    first.result(Some(&page), "Fetch.enable", json!({ "patterns": [{ "urlPattern": "*/paused*" }] })).await;
    second
        .result(Some(&of_second), "Fetch.enable", json!({ "patterns": [{ "urlPattern": "*/else" }] }))
        .await;
    let fetch = json!({ "expression": "fetch('/paused').then(r => r.text())", "awaitPromise": true });
    let fetching = second.send(Some(&of_second), "Runtime.evaluate", fetch).await;
    first.event("Fetch.requestPaused").await;
    (first, second, fetching)
}

#[tokio::test]
async fn a_request_that_waits_for_a_client_goes_on_when_the_client_is_gone() {
    let fleet = Fleet::start().await;
    let site = Site::start(site).await;
    let id = fleet.session_with(json!({ "url": site.url("/") })).await;
    let (mut first, mut second, fetching) = paused_request(&fleet, &id).await;
    first.stream.close(None).await.unwrap();
    assert_eq!(second.answer(fetching).await["result"]["result"]["value"], "through");

    // Without a goodbye it may come back, for 15 s.
    let (first, mut second, fetching) = paused_request(&fleet, &id).await;
    let asked = Instant::now();
    drop(first);
    assert_eq!(second.answer(fetching).await["result"]["result"]["value"], "through");
    assert!(asked.elapsed() > Duration::from_secs(10), "{:?}", asked.elapsed());
    fleet.end(&id).await;
}

#[tokio::test]
async fn what_a_client_set_up_for_the_browser_is_the_sessions_again_when_it_has_left() {
    let fleet = Fleet::start().await;
    let site = Site::start(site).await;
    let own = json!({
        "url": site.url("/"), "user_agent": "the session's", "timezone": "Asia/Tokyo", "locale": "de-DE",
        "viewport": { "width": 900, "height": 700 },
    });
    let id = fleet.session_with(own).await;
    let seen = "[innerWidth, navigator.userAgent, Intl.DateTimeFormat().resolvedOptions().timeZone, \
         navigator.language].join(' ')";
    let as_created = "900 the session's Asia/Tokyo de-DE";
    assert_eq!(fleet.evaluate(&id, seen).await, as_created);
    let mut client = Raw::attach(&fleet, &id).await;
    let page = client.page().await;
    for (method, params) in [
        (
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": 300, "height": 200, "deviceScaleFactor": 1, "mobile": false }),
        ),
        ("Emulation.setUserAgentOverride", json!({ "userAgent": "the client's", "acceptLanguage": "fr" })),
        ("Page.setDownloadBehavior", json!({ "behavior": "deny" })),
    ] {
        client.result(Some(&page), method, params).await;
    }
    client.result(None, "Browser.setDownloadBehavior", json!({ "behavior": "deny" })).await;
    assert_eq!(client.evaluate(&page, seen).await, "300 the client's Asia/Tokyo fr");
    client.stream.close(None).await.unwrap();
    until("what the session was created with", || async {
        let now = fleet.evaluate(&id, seen).await;
        if now == as_created { Ok(()) } else { Err(now.to_string()) }
    })
    .await;
    fleet.evaluate(&id, "location.href = '/file'; 1").await;
    until("the download", || async {
        let files = fleet.get(&format!("/v1/sessions/{id}/files/downloads")).await.ok().to_string();
        if files.contains("report.txt") { Ok(()) } else { Err(files) }
    })
    .await;
    fleet.end(&id).await;
}

#[tokio::test]
async fn what_waited_too_long_for_a_person_is_answered_and_never_done() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let mut client = Raw::attach(&fleet, &id).await;
    let page = client.page().await;
    let ann = async |action: &str| control(&fleet, &id, json!({ "action": action, "holder": "ann" })).await;
    ann("take_control").await;
    let asked = Instant::now();
    let held = json!({ "expression": "window.ran = true" });
    let held = client.send(Some(&page), "Runtime.evaluate", held).await;
    let answer = loop {
        // Longer than a silence that would fail the test.
        client.result(Some(&page), "Page.getFrameTree", json!({})).await;
        if let Some(answer) = client.events.iter().find(|message| message["id"] == held) {
            break answer.clone();
        }
        assert!(asked.elapsed() < Duration::from_secs(35), "no answer");
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    assert!(answer["error"]["message"].to_string().contains("person"), "{answer}");
    assert!(asked.elapsed() > Duration::from_secs(24), "{:?}", asked.elapsed());
    ann("return_control").await;
    assert_eq!(client.evaluate(&page, "typeof window.ran").await, "undefined");
    fleet.end(&id).await;
}

/// What the edge and the worker, which are one process here, have in memory, in bytes.
fn resident(fleet: &Fleet) -> u64 {
    let (program, data) = (Path::new(env!("CARGO_BIN_EXE_rookery")), fleet.data_dir());
    let of_fleet =
        std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path()).filter(|process| {
            let is =
                |link: &str, path: &Path| std::fs::read_link(process.join(link)).is_ok_and(|to| to == path);
            is("exe", program) && is("cwd", data.parent().unwrap())
        });
    let sizes = of_fleet.map(|process| {
        let status = std::fs::read_to_string(process.join("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap() << 10
    });
    let sum = sizes.sum();
    assert!(sum > 10 << 20, "{sum} bytes");
    sum
}

#[tokio::test]
async fn a_flood_is_held_back_and_the_others_go_on() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let (mut flood, mut other) = (Raw::attach(&fleet, &id).await, Raw::attach(&fleet, &id).await);
    let page = other.page().await;
    let before = resident(&fleet);
    let shouting = async {
        for n in 0..MESSAGES {
            let text = Message::text(format!(r#"{{"id":{n},"method":"Browser.getVersion"}}"#));
            match timeout(HELD_BACK, flood.stream.feed(text)).await {
                Ok(sent) => sent.unwrap(),
                Err(_) => return n,
            }
        }
        MESSAGES
    };
    let others = async {
        let mut slowest = Duration::ZERO;
        let mut most = before;
        for n in 0..200 {
            let asked = Instant::now();
            assert_eq!(other.evaluate(&page, &format!("{n} + 1")).await, n + 1);
            slowest = slowest.max(asked.elapsed());
            most = most.max(resident(&fleet));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        (slowest, most)
    };
    let (shouted, (slowest, most)) = tokio::join!(shouting, others);
    assert!(shouted < MESSAGES, "nothing held it back");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    assert!(most - before < 128 << 20, "{} MiB more", (most - before) >> 20);
    // It listens at last, and nothing of what it was answered is missing.
    for n in 0..1_000 {
        assert_eq!(flood.next().await.unwrap()["id"], n);
    }
    fleet.end(&id).await;
}
