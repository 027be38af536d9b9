//! Several raw clients on one session: what one does to the others, and what it does not.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{raw::Raw, support::Fleet};

fn waits() -> serde_json::Value {
    json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true })
}

#[tokio::test]
async fn a_client_that_never_lets_a_popup_run_holds_it_up_for_a_while_only() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let mut stopped = Raw::attach(&fleet, &id).await;
    stopped.result(None, "Target.setAutoAttach", waits()).await;
    let mut client = Raw::attach(&fleet, &id).await;
    client.result(None, "Target.setAutoAttach", waits()).await;
    let page =
        client.event("Target.attachedToTarget").await["params"]["sessionId"].as_str().unwrap().to_owned();
    let asked = Instant::now();
    let open = json!({ "expression": "window.open('about:blank'); 1", "userGesture": true });
    let opened = client.send(Some(&page), "Runtime.evaluate", open).await;
    let popup = loop {
        let attached = client.event("Target.attachedToTarget").await;
        if attached["params"]["waitingForDebugger"] == true {
            break attached["params"]["sessionId"].as_str().unwrap().to_owned();
        }
    };
    let script = json!({ "source": "window.installed = 'mine'", "runImmediately": true });
    client.result(Some(&popup), "Page.addScriptToEvaluateOnNewDocument", script).await;
    client.result(Some(&popup), "Runtime.runIfWaitingForDebugger", json!({})).await;
    assert_eq!(client.answer(opened).await["result"]["result"]["value"], 1);
    assert_eq!(client.evaluate(&popup, "window.installed").await, "mine");
    let waited = asked.elapsed();
    assert!(waited < Duration::from_secs(15), "{waited:?}");
    // Commands go on too.
    assert_eq!(fleet.evaluate(&id, "2 + 2").await, 4);
    fleet.end(&id).await;
}

#[tokio::test]
async fn init_scripts_of_two_clients_both_run_in_a_popup() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let mut clients = [Raw::attach(&fleet, &id).await, Raw::attach(&fleet, &id).await];
    let mut pages = Vec::new();
    for client in &mut clients {
        client.result(None, "Target.setAutoAttach", waits()).await;
        let attached = client.event("Target.attachedToTarget").await;
        pages.push(attached["params"]["sessionId"].as_str().unwrap().to_owned());
    }
    let open = json!({ "expression": "window.open('data:text/html,<p>x'); 1", "userGesture": true });
    clients[0].send(Some(&pages[0]), "Runtime.evaluate", open).await;
    let mut popups = Vec::new();
    for (n, client) in clients.iter_mut().enumerate() {
        let attached = client.event("Target.attachedToTarget").await;
        let popup = attached["params"]["sessionId"].as_str().unwrap().to_owned();
        let script = json!({ "source": format!("window.script{n} = true"), "runImmediately": true });
        client.result(Some(&popup), "Page.enable", json!({})).await;
        client.result(Some(&popup), "Page.addScriptToEvaluateOnNewDocument", script).await;
        client.result(Some(&popup), "Runtime.runIfWaitingForDebugger", json!({})).await;
        popups.push(popup);
    }
    for (client, popup) in clients.iter_mut().zip(&popups) {
        assert_eq!(client.evaluate(popup, "[window.script0, window.script1].join()").await, "true,true");
    }
    fleet.end(&id).await;
}

#[tokio::test]
async fn what_one_client_makes_is_hidden_from_the_other_and_shown_to_the_session() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let mut alice = Raw::attach(&fleet, &id).await;
    let mut bob = Raw::attach(&fleet, &id).await;
    bob.result(None, "Target.setDiscoverTargets", json!({ "discover": true })).await;
    bob.result(None, "Target.setAutoAttach", waits()).await;
    let context = alice.result(None, "Target.createBrowserContext", json!({ "disposeOnDetach": true })).await;
    let create = json!({ "url": "about:blank", "browserContextId": context["browserContextId"] });
    let target = alice.result(None, "Target.createTarget", create).await["targetId"].clone();
    let attach = json!({ "targetId": target, "flatten": true });
    let page = alice.result(None, "Target.attachToTarget", attach.clone()).await["sessionId"].clone();
    assert_eq!(alice.evaluate(page.as_str().unwrap(), "1 + 1").await, 2);

    assert!(bob.refused(None, "Target.attachToTarget", attach).await.1.contains("No target"));
    let targets = bob.result(None, "Target.getTargets", json!({})).await;
    assert!(!targets.to_string().contains(target.as_str().unwrap()), "{targets}");
    let contexts = bob.result(None, "Target.getBrowserContexts", json!({})).await;
    assert!(!contexts.to_string().contains(context["browserContextId"].as_str().unwrap()), "{contexts}");
    let (_, words) = bob.refused(None, "Storage.getCookies", context.clone()).await;
    assert!(words.contains("Failed to find context"), "{words}");
    assert!(
        bob.events.iter().all(|event| !event.to_string().contains(target.as_str().unwrap())),
        "{:?}",
        bob.events
    );
    let tabs = fleet.get(&format!("/v1/sessions/{id}/tabs")).await.ok();
    assert!(tabs.to_string().contains(context["browserContextId"].as_str().unwrap()), "{tabs}");

    alice.stream.close(None).await.unwrap();
    super::support::until("the context to be disposed of", || async {
        let tabs = fleet.get(&format!("/v1/sessions/{id}/tabs")).await.ok();
        if tabs["tabs"].as_array().is_some_and(|tabs| tabs.len() == 1) {
            Ok(())
        } else {
            Err(tabs.to_string())
        }
    })
    .await;
    fleet.end(&id).await;
}

#[tokio::test]
async fn a_client_that_never_reads_is_let_go_and_the_others_go_on() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let mut deaf = Raw::attach(&fleet, &id).await;
    let page = deaf.page().await;
    let large = json!({ "expression": "'x'.repeat(8 << 20)", "returnByValue": true });
    for _ in 0..12 {
        deaf.send(Some(&page), "Runtime.evaluate", large.clone()).await;
    }
    let mut other = Raw::attach(&fleet, &id).await;
    let of_other = other.page().await;
    for n in 0..50 {
        assert_eq!(other.evaluate(&of_other, &format!("{n} + 1")).await, n + 1);
    }
    // It reads now: what was on its way, and then why it is over.
    assert_eq!(deaf.closed().await, (1008, "slow_consumer".to_owned()));
    assert_eq!(fleet.evaluate(&id, "1").await, 1);
    fleet.end(&id).await;
}
