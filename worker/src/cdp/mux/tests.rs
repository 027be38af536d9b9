//! Conversations between a browser and its clients, message by message.

use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::cdp::MAX_OUTBOUND;
use crate::cdp::envelope::{self, Inbound};

mod page;
mod spare;

type Worker = Mux<&'static str>;

fn browser_says(mux: &mut Worker, text: &str, now: Instant) -> Option<&'static str> {
    let message = Bytes::copy_from_slice(text.as_bytes());
    match envelope::parse(&message).unwrap() {
        Inbound::Answer { id, outcome } => mux.answer(id, outcome).map(|(waiter, _)| waiter),
        Inbound::Event { session, method, params } => {
            let session = session.as_ref().map(|s| std::str::from_utf8(s.bytes()).unwrap());
            let method = std::str::from_utf8(method.bytes()).unwrap();
            let seen = mux.event(&message, session, method, params.bytes(), now);
            seen.ok().flatten().map(|_| "event")
        }
    }
}

fn event(mux: &mut Worker, session: Option<&str>, method: &str, params: Value) -> Option<&'static str> {
    let mut message = json!({ "method": method, "params": params });
    if let Some(session) = session {
        message["sessionId"] = session.into();
    }
    browser_says(mux, &message.to_string(), Instant::now())
}

fn attach(mux: &mut Worker, parent: Option<&str>, session: &str, target: &str, context: &str, waits: bool) {
    let info = json!({ "targetId": target, "type": "page", "browserContextId": context });
    let params = json!({ "sessionId": session, "targetInfo": info, "waitingForDebugger": waits });
    event(mux, parent, "Target.attachedToTarget", params);
}

fn ask(mux: &mut Worker, client: ClientId, message: Value) -> Step {
    mux.request(client, &message.to_string().into(), Instant::now())
}

/// What was written to the browser since the last look: session, method, id and parameters.
fn written(mux: &mut Worker) -> Vec<Value> {
    let of_pipe = |out: Out| match out {
        Out::Pipe(text) => Some(serde_json::from_slice(text.strip_suffix(b"\0").unwrap()).unwrap()),
        Out::Client(..) | Out::Over(_) | Out::Again(_) => None,
    };
    mux.take_out().into_iter().filter_map(of_pipe).collect()
}

fn methods(mux: &mut Worker) -> Vec<String> {
    let shown = |m: &Value| {
        let session = m["sessionId"].as_str().unwrap_or("-");
        format!("{session} {}", m["method"].as_str().unwrap())
    };
    written(mux).iter().map(shown).collect()
}

/// What a client was told since the last look.
fn told(mux: &mut Worker, client: ClientId) -> Vec<Value> {
    let of_client = |out: Out| match out {
        Out::Client(of, text) if of == client => Some(serde_json::from_slice(&text).unwrap()),
        Out::Client(..) | Out::Pipe(_) | Out::Over(_) | Out::Again(_) => None,
    };
    mux.take_out().into_iter().filter_map(of_client).collect()
}

/// Answers the multiplexer's own question whether anybody else was told, if it asks one.
fn answer_fence(mux: &mut Worker) -> Vec<String> {
    let fence = written(mux).into_iter().find(|m| m["method"] == "Browser.getVersion").unwrap();
    browser_says(mux, &json!({ "id": fence["id"], "result": {} }).to_string(), Instant::now());
    methods(mux)
}

fn two() -> (Worker, ClientId, ClientId) {
    let mut mux = Worker::default();
    let (alice, bob) = (mux.join("root-a".into()), mux.join("root-b".into()));
    (mux, alice, bob)
}

fn refused(mux: &mut Worker, client: ClientId, method: &str, params: Value) -> i64 {
    assert_eq!(
        ask(mux, client, json!({ "id": 1, "method": method, "params": params })),
        Step::Done,
        "{method}"
    );
    let out = mux.take_out();
    let [Out::Client(of, text)] = &out[..] else { panic!("{method}: {out:?}") };
    assert_eq!(*of, client);
    serde_json::from_slice::<Value>(text).unwrap()["error"]["code"].as_i64().unwrap()
}

#[test]
fn ids_and_roots_are_each_clients_own() {
    let (mut mux, alice, bob) = two();
    for client in [alice, bob] {
        ask(&mut mux, client, json!({ "id": 7, "method": "Browser.getVersion", "params": { "a": 1.50 } }));
    }
    let sent = written(&mut mux);
    assert_eq!((&sent[0]["sessionId"], &sent[1]["sessionId"]), (&"root-a".into(), &"root-b".into()));
    assert_ne!(sent[0]["id"], sent[1]["id"]);
    let answer = format!(r#"{{"id":{},"result":{{"n":1.50}},"sessionId":"root-b"}}"#, sent[1]["id"]);
    browser_says(&mut mux, &answer, Instant::now());
    let out = mux.take_out();
    let expected = Bytes::from_static(br#"{"id":7,"result":{"n":1.50}}"#);
    assert_eq!(out, [Out::Client(bob, expected)], "not a digit of it is written anew");
    let error = format!(r#"{{"id":{},"error":{{"code":-32000,"message":"no"}}}}"#, sent[0]["id"]);
    browser_says(&mut mux, &error, Instant::now());
    assert_eq!(told(&mut mux, alice)[0]["error"]["code"], -32000);
}

#[test]
fn a_client_speaks_and_hears_on_its_own_sessions_only() {
    let (mut mux, alice, bob) = two();
    attach(&mut mux, Some("root-a"), "page-a", "T", "default", false);
    assert_eq!(told(&mut mux, alice).len(), 1);
    ask(&mut mux, bob, json!({ "id": 1, "sessionId": "page-a", "method": "Runtime.evaluate" }));
    assert_eq!(told(&mut mux, bob)[0]["error"]["code"], -32001);
    ask(&mut mux, bob, json!({ "id": 2, "sessionId": "root-b", "method": "Browser.getVersion" }));
    mux.take_out();
    let text = r#"{"method":"Page.loadEventFired","params":{"t": 1},"sessionId":"page-a"}"#;
    browser_says(&mut mux, text, Instant::now());
    assert_eq!(mux.take_out(), [Out::Client(alice, text.into())], "word for word");
    assert!(refused(&mut mux, bob, "Target.detachFromTarget", json!({ "sessionId": "page-a" })) < 0);
}

#[test]
fn what_is_not_in_the_table_does_not_reach_the_browser() {
    let (mut mux, alice, _) = two();
    for (method, params, code) in [
        ("Foo.bar", json!({}), -32601),
        ("page.navigate", json!({}), -32601),
        ("SystemInfo.getInfo", json!({}), -32601),
        ("Target.sendMessageToTarget", json!({ "message": "{}" }), -32601),
        ("Target.attachToTarget", json!({ "targetId": "T" }), -32602),
        ("Target.attachToTarget", json!({ "targetId": "T", "flatten": false }), -32602),
        ("Target.setAutoAttach", json!({ "autoAttach": true, "waitForDebuggerOnStart": true }), -32602),
        ("Page.navigate", json!({ "url": "file:///etc/passwd" }), -32000),
        ("Page.navigate", json!({ "url": "fi\nle:///etc/passwd" }), -32000),
        ("Page.navigate", json!({ "url": "  file:///etc/passwd" }), -32000),
        ("Page.navigate", json!({ "url": "example.com" }), -32000),
        ("Page.navigate", json!({ "url": 7 }), -32602),
        ("Target.createTarget", json!({ "url": "chrome://version" }), -32000),
        ("Fetch.continueRequest", json!({ "requestId": "1", "url": "file:///x" }), -32000),
        ("Network.loadNetworkResource", json!({ "url": "file:///x", "options": {} }), -32000),
        ("Target.createBrowserContext", json!({ "proxyServer": "direct://" }), -32602),
        ("Target.disposeBrowserContext", json!({ "browserContextId": "default" }), -32000),
    ] {
        assert_eq!(refused(&mut mux, alice, method, params.clone()), code, "{method} {params}");
    }
    let twice = r#"{"id":1,"method":"Page.navigate","params":{"url":"http://a/","url":"file:///x"}}"#;
    mux.request(alice, &Bytes::from_static(twice.as_bytes()), Instant::now());
    assert_eq!(told(&mut mux, alice)[0]["error"]["code"], -32602);
    for noise in ["", "hello", "[]", "{"] {
        assert_eq!(mux.request(alice, &noise.into(), Instant::now()), Step::Noise, "{noise}");
    }
    for end in ["Browser.close", "Browser.crash", "Browser.crashGpuProcess"] {
        assert_eq!(ask(&mut mux, alice, json!({ "id": 3, "method": end })), Step::End);
        let told = told(&mut mux, alice);
        assert_eq!((&told[0]["id"], &told[0]["result"]), (&3.into(), &json!({})), "{end}");
    }
}

#[test]
fn the_browser_is_given_the_address_that_was_judged() {
    let (mut mux, alice, _) = two();
    ask(
        &mut mux,
        alice,
        json!({ "id": 1, "method": "Page.navigate", "params": { "url": " HTTP://A.test", "x": 1 } }),
    );
    let sent = &written(&mut mux)[0];
    assert_eq!(sent["params"], json!({ "x": 1, "url": "http://a.test/" }));
    ask(&mut mux, alice, json!({ "id": 1, "method": "Target.createTarget", "params": { "url": "" } }));
    assert_eq!(written(&mut mux)[0]["params"], json!({ "url": "" }));
}

#[test]
fn no_message_is_lost_for_its_size() {
    let (mut mux, alice, _) = two();
    for (size, answers) in [(MAX_OUTBOUND, 0), (MAX_OUTBOUND + 128, 1)] {
        let around =
            |x: &str| format!(r#"{{"id":1,"method":"Runtime.evaluate","params":{{"expression":"{x}"}}}}"#);
        let text = around(&"x".repeat(size - around("").len()));
        mux.request(alice, &text.into(), Instant::now());
        let out = mux.take_out();
        let told = out.iter().filter(|out| matches!(out, Out::Client(..))).count();
        assert_eq!((out.len(), told), (1, answers), "{size}");
    }
}

#[test]
fn files_are_named_and_come_back_as_paths() {
    let (mut mux, alice, _) = two();
    let plain =
        json!({ "id": 1, "method": "Input.dispatchDragEvent", "params": { "data": { "items": [] } } });
    ask(&mut mux, alice, plain);
    assert_eq!(methods(&mut mux), ["root-a Input.dispatchDragEvent"], "a drag without files");
    let drag = json!({ "type": "drop", "data": { "files": ["/home/me/b.txt"], "items": [] } });
    for (method, params, pointer) in [
        ("DOM.setFileInputFiles", json!({ "nodeId": 1, "files": ["C:\\a.txt"] }), "/params/files"),
        ("Input.dispatchDragEvent", drag, "/params/data/files"),
    ] {
        let message = json!({ "id": 4, "method": method, "params": params });
        let Step::Name(naming) = ask(&mut mux, alice, message.clone()) else { panic!("{method}") };
        assert!(mux.take_out().is_empty());
        mux.named(alice, &naming, Ok(vec!["/up/x".into()]), Instant::now());
        assert_eq!(written(&mut mux)[0].pointer(pointer), Some(&json!(["/up/x"])));
        mux.named(alice, &naming, Err("not staged".into()), Instant::now());
        assert_eq!(told(&mut mux, alice)[0]["error"]["message"], "not staged");
    }
}

#[test]
fn a_target_runs_when_all_who_were_told_that_it_waits_have_asked() {
    let (mut mux, alice, bob) = two();
    attach(&mut mux, None, "page-w", "T", "default", true);
    attach(&mut mux, Some("root-a"), "page-a", "T", "default", true);
    mux.resume(&"page-w".into());
    attach(&mut mux, Some("root-b"), "page-b", "T", "default", true);
    mux.take_out();
    ask(&mut mux, alice, json!({ "id": 5, "sessionId": "page-a", "method": RESUME }));
    assert_eq!(
        told(&mut mux, alice),
        [json!({ "id": 5, "result": {}, "sessionId": "page-a" })],
        "answered at once"
    );
    ask(&mut mux, bob, json!({ "id": 6, "sessionId": "page-b", "method": RESUME }));
    let mut resumed = answer_fence(&mut mux);
    resumed.sort();
    assert_eq!(resumed, ["page-a", "page-b", "page-w"].map(|s| format!("{s} {RESUME}")));
}

#[test]
fn who_is_told_late_is_waited_for() {
    let (mut mux, alice, _) = two();
    attach(&mut mux, None, "page-w", "T", "default", true);
    mux.resume(&"page-w".into());
    let fence = written(&mut mux).remove(0);
    // Written before the answer, and so read before it.
    attach(&mut mux, Some("root-a"), "page-a", "T", "default", true);
    browser_says(&mut mux, &json!({ "id": fence["id"], "result": {} }).to_string(), Instant::now());
    assert_eq!(methods(&mut mux), [""; 0]);
    ask(&mut mux, alice, json!({ "id": 5, "sessionId": "page-a", "method": RESUME }));
    assert_eq!(answer_fence(&mut mux).len(), 2);
}

#[test]
fn without_clients_a_target_runs_at_once() {
    let mut mux = Worker::default();
    attach(&mut mux, None, "page", "T", "default", true);
    mux.resume(&"page".into());
    assert_eq!(methods(&mut mux), [format!("page {RESUME}")]);
    mux.resume(&"another".into());
    assert_eq!(methods(&mut mux), [format!("another {RESUME}")]);
}

#[test]
fn a_client_that_is_silent_or_gone_holds_nobody_up() {
    let (mut mux, alice, bob) = two();
    let start = Instant::now();
    for (parent, session) in [(None, "page-w"), (Some("root-a"), "page-a"), (Some("root-b"), "page-b")] {
        attach(&mut mux, parent, session, "T", "default", true);
    }
    mux.resume(&"page-w".into());
    ask(&mut mux, bob, json!({ "id": 1, "sessionId": "page-b", "method": RESUME }));
    mux.take_out();
    assert!(mux.deadline().unwrap() > start);
    mux.tick(start + Duration::from_secs(4));
    assert!(mux.take_out().is_empty());
    mux.tick(start + Duration::from_secs(6));
    assert_eq!(methods(&mut mux).len(), 3);

    attach(&mut mux, None, "next-w", "U", "default", true);
    attach(&mut mux, Some("root-a"), "next-a", "U", "default", true);
    mux.resume(&"next-w".into());
    mux.take_out();
    mux.leave(alice);
    assert_eq!(answer_fence(&mut mux), [format!("next-w {RESUME}")]);
}

#[test]
fn who_leaves_lets_go_of_all_it_held() {
    let (mut mux, alice, bob) = two();
    attach(&mut mux, Some("root-a"), "page-a", "T", "default", false);
    ask(&mut mux, alice, json!({ "id": 1, "sessionId": "page-a", "method": "Fetch.enable" }));
    ask(&mut mux, alice, json!({ "id": 2, "sessionId": "page-a", "method": "Page.enable" }));
    ask(&mut mux, alice, json!({ "id": 3, "method": "Target.createBrowserContext" }));
    let made = written(&mut mux).pop().unwrap();
    assert_eq!(made["params"], json!({ "disposeOnDetach": false }));
    let answer = json!({ "id": made["id"], "result": { "browserContextId": "A" } }).to_string();
    browser_says(&mut mux, &answer, Instant::now());
    mux.take_out();
    assert!(mux.answers_dialogs());
    mux.leave(alice);
    let sent = written(&mut mux);
    let methods: Vec<&str> = sent.iter().map(|m| m["method"].as_str().unwrap()).collect();
    assert_eq!(methods, ["Fetch.disable", "Target.detachFromTarget", "Target.disposeBrowserContext"]);
    assert_eq!(sent[0]["sessionId"], "page-a");
    assert_eq!(sent[1]["params"]["sessionId"], "root-a");
    assert!(!mux.answers_dialogs());
    // Until it is gone the context is nobody else's.
    attach(&mut mux, Some("root-b"), "late", "P", "A", false);
    assert!(told(&mut mux, bob).is_empty());
    mux.leave(alice);
    assert!(mux.take_out().is_empty(), "once");
}

fn makes_context(mux: &mut Worker, client: ClientId, context: &str) {
    ask(mux, client, json!({ "id": 90, "method": "Target.createBrowserContext" }));
    let id = written(mux).pop().unwrap()["id"].clone();
    browser_says(
        mux,
        &json!({ "id": id, "result": { "browserContextId": context } }).to_string(),
        Instant::now(),
    );
}

#[test]
fn contexts_of_one_client_are_hidden_from_the_others() {
    let (mut mux, alice, bob) = two();
    mux.keep_downloads("/downloads".into());
    makes_context(&mut mux, alice, "A");
    let downloads = written(&mut mux).pop().unwrap();
    assert_eq!(downloads["params"]["downloadPath"], "/downloads", "its downloads are kept with the others");
    let info = |target: &str, context: &str| json!({ "targetInfo": { "targetId": target, "type": "page", "browserContextId": context } });
    for (root, client, expected) in [("root-a", alice, 2), ("root-b", bob, 1)] {
        event(&mut mux, Some(root), "Target.targetCreated", info("P", "A"));
        event(&mut mux, Some(root), "Target.targetCreated", info("Q", "default"));
        assert_eq!(told(&mut mux, client).len(), expected);
        event(&mut mux, Some(root), "Target.targetDestroyed", json!({ "targetId": "P" }));
        assert_eq!(told(&mut mux, client).len(), expected - 1);
    }
    attach(&mut mux, Some("root-b"), "swallowed", "P", "A", false);
    let sent = written(&mut mux);
    assert_eq!(
        (&sent[0]["method"], &sent[0]["sessionId"]),
        (&"Target.detachFromTarget".into(), &"root-b".into())
    );
    assert_eq!(event(&mut mux, Some("swallowed"), "Page.loadEventFired", json!({})), None);
    event(&mut mux, Some("root-b"), "Target.detachedFromTarget", json!({ "sessionId": "swallowed" }));
    assert!(mux.take_out().is_empty());
    for (method, params) in [
        ("Target.createTarget", json!({ "url": "about:blank", "browserContextId": "A" })),
        ("Storage.getCookies", json!({ "browserContextId": "A" })),
        ("Target.disposeBrowserContext", json!({ "browserContextId": "A" })),
        ("Target.attachToTarget", json!({ "targetId": "P", "flatten": true })),
        ("Target.getTargetInfo", json!({ "targetId": "P" })),
        ("Target.closeTarget", json!({ "targetId": "P" })),
    ] {
        refused(&mut mux, bob, method, params);
    }
}

#[test]
fn lists_leave_out_what_is_anothers() {
    let (mut mux, alice, bob) = two();
    makes_context(&mut mux, alice, "A");
    mux.take_out();
    for (client, contexts, targets) in [(alice, 2, 2), (bob, 1, 1)] {
        ask(&mut mux, client, json!({ "id": 1, "method": "Target.getBrowserContexts" }));
        ask(&mut mux, client, json!({ "id": 2, "method": "Target.getTargets" }));
        let ids: Vec<Value> = written(&mut mux).into_iter().map(|m| m["id"].clone()).collect();
        let answer = json!({ "id": ids[0], "result": { "browserContextIds": ["A", "B"] } });
        browser_says(&mut mux, &answer.to_string(), Instant::now());
        let infos = json!([{ "targetId": "P", "browserContextId": "A" }, { "targetId": "Q" }]);
        browser_says(
            &mut mux,
            &json!({ "id": ids[1], "result": { "targetInfos": infos } }).to_string(),
            Instant::now(),
        );
        let told = told(&mut mux, client);
        assert_eq!(told[0]["result"]["browserContextIds"].as_array().unwrap().len(), contexts);
        assert_eq!(told[1]["result"]["targetInfos"].as_array().unwrap().len(), targets);
    }
}

#[test]
fn what_is_hidden_and_waits_runs_with_the_others_and_is_detached_then() {
    let (mut mux, alice, _) = two();
    makes_context(&mut mux, alice, "A");
    attach(&mut mux, None, "page-w", "P", "A", true);
    attach(&mut mux, Some("root-b"), "hidden", "P", "A", true);
    attach(&mut mux, Some("root-a"), "page-a", "P", "A", true);
    mux.take_out();
    mux.resume(&"page-w".into());
    ask(&mut mux, alice, json!({ "id": 1, "sessionId": "page-a", "method": RESUME }));
    let mut sent = answer_fence(&mut mux);
    sent.sort();
    assert_eq!(
        sent,
        [
            format!("hidden {RESUME}"),
            format!("page-a {RESUME}"),
            format!("page-w {RESUME}"),
            "root-b Target.detachFromTarget".to_owned(),
        ]
    );
}

#[test]
fn downloads_are_the_workers_and_clients_get_the_news() {
    let (mut mux, alice, bob) = two();
    mux.keep_downloads("/downloads".into());
    makes_context(&mut mux, alice, "A");
    mux.take_out();
    let wish = |context: Option<&str>| {
        let mut params = json!({ "behavior": "allow", "downloadPath": "/home/me", "eventsEnabled": true });
        if let Some(context) = context {
            params["browserContextId"] = context.into();
        }
        json!({ "id": 1, "method": "Browser.setDownloadBehavior", "params": params })
    };
    ask(&mut mux, bob, wish(None));
    assert_eq!(mux.take_out(), [Out::Client(bob, Bytes::from_static(br#"{"id":1,"result":{}}"#))]);
    ask(&mut mux, alice, wish(Some("A")));
    let sent = written(&mut mux);
    assert_eq!(sent[0]["params"]["downloadPath"], "/downloads");
    assert!(sent[0]["sessionId"].is_null(), "by the worker");
    mux.download(None, "Browser.downloadWillBegin", br#"{"guid":"g"}"#);
    mux.download(Some("A"), "Browser.downloadWillBegin", br#"{"guid":"h"}"#);
    let out = mux.take_out();
    let guid = |guid: &str| {
        message::event("Browser.downloadWillBegin", format!(r#"{{"guid":"{guid}"}}"#).as_bytes(), None)
    };
    assert_eq!(out, [Out::Client(bob, guid("g")), Out::Client(alice, guid("h"))]);
    // Asked for on a session, it is told there, for as long as that is attached.
    mux.leave(bob);
    mux.take_out();
    attach(&mut mux, Some("root-a"), "S", "T", "A", false);
    let mut on_session = wish(Some("A"));
    on_session["sessionId"] = "S".into();
    ask(&mut mux, alice, on_session);
    mux.take_out();
    mux.download(Some("A"), "Browser.downloadWillBegin", br#"{"guid":"i"}"#);
    let told = message::event("Browser.downloadWillBegin", br#"{"guid":"i"}"#, Some("S"));
    assert_eq!(mux.take_out(), [Out::Client(alice, told)]);
}

#[test]
fn what_acts_waits_while_a_person_drives() {
    let (mut mux, alice, bob) = two();
    let start = Instant::now();
    mux.drive(true, start);
    for (id, method) in [(1, "Runtime.evaluate"), (2, "Page.reload"), (3, "Input.insertText")] {
        ask(&mut mux, alice, json!({ "id": id, "method": method }));
    }
    assert!(mux.take_out().is_empty());
    for method in ["Page.enable", "Fetch.continueRequest", RESUME, "Page.createIsolatedWorld"] {
        ask(&mut mux, alice, json!({ "id": 9, "method": method }));
        assert_eq!(mux.take_out().len(), 1, "{method}");
    }
    ask(&mut mux, bob, json!({ "id": 4, "method": "Runtime.evaluate" }));
    mux.leave(bob);
    mux.take_out();
    mux.drive(false, start);
    assert_eq!(
        methods(&mut mux),
        ["root-a Runtime.evaluate", "root-a Page.reload", "root-a Input.insertText"]
    );
    mux.drive(true, start);
    ask(&mut mux, alice, json!({ "id": 5, "method": "Runtime.evaluate" }));
    mux.tick(start + Duration::from_secs(26));
    let told = told(&mut mux, alice);
    assert_eq!((&told[0]["id"], &told[0]["error"]["code"]), (&5.into(), &(-32000).into()));
    mux.drive(false, start);
    assert!(mux.take_out().is_empty(), "never done later");
}

#[test]
fn whoever_acts_on_a_page_brings_it_to_the_front() {
    let (mut mux, alice, _) = two();
    attach(&mut mux, Some("root-a"), "page-a", "T", "default", false);
    for (method, step) in [
        ("Input.dispatchMouseEvent", Step::Touched("T".into())),
        ("Page.bringToFront", Step::Touched("T".into())),
        ("Runtime.evaluate", Step::Done),
        ("Page.enable", Step::Done),
    ] {
        assert_eq!(
            ask(&mut mux, alice, json!({ "id": 1, "sessionId": "page-a", "method": method })),
            step,
            "{method}"
        );
    }
}

#[test]
fn a_session_that_ends_takes_the_workers_calls_along_and_spares_the_clients() {
    let (mut mux, alice, _) = two();
    attach(&mut mux, None, "page-w", "T", "default", false);
    attach(&mut mux, Some("root-a"), "page-a", "T", "default", false);
    mux.table_mut().call(crate::cdp::route::WORKER, 0, Some("page-w"), Wait::Worker("lost")).unwrap();
    ask(&mut mux, alice, json!({ "id": 1, "sessionId": "page-a", "method": "Runtime.evaluate" }));
    mux.take_out();
    let text =
        Bytes::from_static(br#"{"method":"Target.detachedFromTarget","params":{"sessionId":"page-w"}}"#);
    let params = br#"{"sessionId":"page-w"}"#;
    let seen = mux.event(&text, None, "Target.detachedFromTarget", params, Instant::now()).unwrap().unwrap();
    assert_eq!((seen.lost, seen.gone), (vec!["lost"], vec!["page-w".into()]));
    event(&mut mux, Some("root-a"), "Target.detachedFromTarget", json!({ "sessionId": "page-a" }));
    assert_eq!(told(&mut mux, alice)[0]["method"], "Target.detachedFromTarget");
    assert_eq!(mux.table().waiting(), 0);
}
