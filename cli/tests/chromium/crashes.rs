//! Browsers that die or stand still, and a bus that goes away.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::json;

use super::support::{
    Fleet,
    fleet::{endless, signal},
    until,
};

#[tokio::test]
async fn a_page_whose_renderer_dies_can_be_used_again() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let (running, ()) = tokio::join!(fleet.run(&id, endless()), async {
        fleet.is_running(&id).await;
        for pid in fleet.renderers() {
            signal(pid, Signal::SIGKILL);
        }
    });
    let problem = running.problem(422, "browser_error");
    assert!(problem["detail"].as_str().unwrap().contains("crashed"), "{problem}");
    assert_eq!(problem["outcome"], "unknown", "{problem}");
    let after = fleet.run(&id, json!({ "action": "evaluate", "expression": "1", "timeout_ms": 3_000 })).await;
    after.problem(422, "browser_error");
    fleet.run(&id, json!({ "action": "navigate", "url": "data:text/html,<title>again</title>" })).await.ok();
    assert_eq!(fleet.evaluate(&id, "document.title").await, "again");
    fleet.end(&id).await;
}

#[tokio::test]
async fn a_page_that_eats_its_memory_does_not_take_the_fleet_along() {
    let fleet = Fleet::with(&["--slots", "2", "--warm", "0", "--session-memory", "600MiB"]).await;
    let (id, other) = (fleet.session().await, fleet.session().await);
    let eat = "const all = []; for (;;) { all.push(new Uint8Array(20 << 20).fill(1)); await new Promise(r => setTimeout(r, 5)) }";
    let eaten = fleet.run(&id, json!({ "action": "evaluate", "expression": eat })).await;
    assert!([410, 422, 503].contains(&eaten.status), "{}", eaten.text());
    until("an end or a page that can be used again", || async {
        let session = fleet.shown(&id).await;
        let crashed = fleet.run(&id, json!({ "action": "navigate", "url": "about:blank" })).await;
        if session["end_reason"] == "oom" || crashed.status == 200 {
            Ok(())
        } else {
            Err(session.to_string())
        }
    })
    .await;
    assert_eq!(fleet.evaluate(&other, "1").await, 1, "its sibling lives on");
    fleet.end(&id).await;
    fleet.end(&other).await;
}

#[tokio::test]
async fn a_command_of_a_session_over_its_quota_is_told_why() {
    // Less than any browser takes.
    let fleet = Fleet::with(&["--session-memory", "16MiB"]).await;
    let id = fleet.session().await;
    let running = fleet.run(&id, endless()).await;
    let problem = running.problem(410, "gone");
    assert_eq!(problem["context"]["end_reason"], "oom", "{problem}");
    assert_eq!((&problem["retryable"], &problem["outcome"]), (&json!(false), &json!("unknown")), "{problem}");
    assert_eq!(fleet.ended(&id).await["end_reason"], "oom");
}

#[tokio::test]
async fn a_browser_that_is_killed_in_mid_command_is_told_and_replaced() {
    let fleet = Fleet::start().await;
    let id = fleet.session_with(json!({ "on_browser_crash": "end" })).await;
    let begun = Instant::now();
    let (running, ()) = tokio::join!(fleet.run(&id, endless()), async {
        fleet.is_running(&id).await;
        for pid in fleet.browsers() {
            signal(pid, Signal::SIGKILL);
        }
    });
    let problem = running.problem(410, "gone");
    assert_eq!(problem["context"]["end_reason"], "crashed", "{problem}");
    assert_eq!((&problem["retryable"], &problem["outcome"]), (&json!(false), &json!("unknown")), "{problem}");
    assert!(begun.elapsed() < Duration::from_secs(10), "told at once, not at the deadline");
    assert_eq!(fleet.ended(&id).await["end_reason"], "crashed");
    fleet.works().await;
}

#[tokio::test]
async fn a_session_outlives_a_browser_that_is_killed_in_mid_command() {
    let fleet = Fleet::start().await;
    let url = |title: &str| format!("data:text/html,<title>{title}</title>");
    let id = fleet.session_with(json!({ "url": url("one") })).await;
    fleet.run(&id, json!({ "action": "new_tab", "url": url("two") })).await.ok();
    fleet.run(&id, json!({ "action": "set_viewport", "width": 640, "height": 480 })).await.ok();
    let (running, waiting, ()) = tokio::join!(
        fleet.run(&id, endless()),
        async {
            fleet.is_running(&id).await;
            // Behind the other: it certainly has not run, so it waits for the next browser.
            fleet.run(&id, json!({ "action": "evaluate", "expression": "document.title" })).await
        },
        async {
            fleet.is_running(&id).await;
            for pid in fleet.browsers() {
                signal(pid, Signal::SIGKILL);
            }
        }
    );
    let problem = running.problem(503, "unavailable");
    assert_eq!((&problem["retryable"], &problem["outcome"]), (&json!(false), &json!("unknown")), "{problem}");
    assert_eq!(waiting.ok()["result"]["value"], "two", "it had not begun");
    assert_eq!(fleet.evaluate(&id, "document.title").await, "two", "the active tab");
    let session = fleet.shown(&id).await;
    assert_eq!((&session["state"], &session["epoch"]), (&json!("ready"), &json!(2)), "{session}");
    let tabs: Vec<&str> =
        session["tabs"].as_array().unwrap().iter().filter_map(|tab| tab["title"].as_str()).collect();
    assert_eq!(tabs, ["one", "two"]);
    assert_eq!((&session["viewport"]["width"], &session["viewport"]["height"]), (&json!(640), &json!(480)));
    assert_eq!(fleet.evaluate(&id, "innerWidth").await, 640);
    fleet.end(&id).await;
    fleet.works().await;
}

#[tokio::test]
async fn a_browser_that_stands_still_is_ended() {
    let fleet = Fleet::start().await;
    let id = fleet.session_with(json!({ "on_browser_crash": "end" })).await;
    for pid in fleet.browsers() {
        signal(pid, Signal::SIGSTOP);
    }
    let begun = Instant::now();
    let command = json!({ "action": "evaluate", "expression": "1", "timeout_ms": 1_000 });
    let stuck = fleet.run(&id, command).await;
    assert!([503, 504].contains(&stuck.status), "{}", stuck.text());
    assert!(begun.elapsed() < Duration::from_secs(5), "its deadline holds: {:?}", begun.elapsed());
    let ended = fleet.ended(&id).await;
    assert_eq!(ended["end_reason"], "crashed", "{ended}");
    fleet.works().await;
}

#[tokio::test]
async fn a_restart_of_the_bus_under_load_loses_no_session() {
    let mut fleet = Fleet::with(&["--slots", "2", "--warm", "0"]).await;
    let (one, two) = (fleet.session().await, fleet.session().await);
    for id in [&one, &two] {
        fleet.evaluate(id, "window.kept = 'kept'").await;
    }
    for _ in 0..2 {
        let load = async {
            for _ in 0..20 {
                let command = json!({ "action": "evaluate", "expression": "1", "timeout_ms": 500 });
                let answer = fleet.run(&one, command).await;
                assert!([200, 503, 504].contains(&answer.status), "{}", answer.text());
            }
        };
        load.await;
        fleet.nats.kill();
        let command = json!({ "action": "evaluate", "expression": "1", "timeout_ms": 1_000 });
        let answer = fleet.run(&one, command).await;
        assert!([503, 504].contains(&answer.status), "{}", answer.text());
        assert_eq!(fleet.get("/healthz").await.status, 200);
        fleet.get("/readyz").await.problem(503, "unavailable");
        fleet.nats.restart();
        for id in [&one, &two] {
            until("a session that goes on", || async {
                let command =
                    json!({ "action": "evaluate", "expression": "window.kept", "timeout_ms": 3_000 });
                let answer = fleet.run(id, command).await;
                if answer.status == 200 { Ok(answer.json()) } else { Err(answer.text()) }
            })
            .await;
            assert_eq!(fleet.evaluate(id, "window.kept").await, "kept");
        }
    }
    fleet.end(&one).await;
    fleet.end(&two).await;
    fleet.works().await;
}
