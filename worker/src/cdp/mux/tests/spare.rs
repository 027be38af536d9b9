//! A page that is there before a client asks for one.

use super::*;

const BLANK: &str = "about:blank";

fn created(target: &str) -> Value {
    json!({ "targetInfo": { "targetId": target, "type": "page", "browserContextId": "default" } })
}

/// Answers what the browser was just asked, and says what that was.
fn answer(mux: &mut Worker, outcome: Value) -> (String, Value) {
    let asked = written(mux);
    let mut answer = outcome;
    answer["id"] = asked[0]["id"].clone();
    browser_says(mux, &answer.to_string(), Instant::now());
    (asked[0]["method"].as_str().unwrap().to_owned(), asked[0]["params"].clone())
}

fn tabs(names: &[&str]) -> Value {
    let infos: Vec<_> = names.iter().map(|name| json!({ "targetId": name, "type": "tab" })).collect();
    json!({ "result": { "targetInfos": infos } })
}

/// The browser is opening a page.
fn opening() -> Worker {
    let mut mux = Worker::default();
    mux.open_spare();
    let asked = answer(&mut mux, tabs(&["first"]));
    assert_eq!(asked, ("Target.getTargets".into(), json!({ "filter": [{ "type": "tab" }] })));
    mux
}

/// The browser with a page `S` in a tab `S-tab` that nobody was told of.
fn prepared() -> Worker {
    let mut mux = opening();
    assert_eq!(event(&mut mux, None, "Target.targetCreated", created("S")), None);
    attach(&mut mux, None, "of-worker", "S", "default", true);
    let asked = answer(&mut mux, json!({ "result": { "targetId": "S" } }));
    assert_eq!(asked, ("Target.createTarget".into(), json!({ "url": BLANK })));
    answer(&mut mux, tabs(&["first", "S-tab"]));
    assert_eq!(mux.take_out(), [], "nobody is told, and it goes on waiting");
    mux
}

/// Takes what is to be heard now as the link does, and says in which order clients and worker heard of what.
fn hear(mux: &mut Worker, client: ClientId) -> Vec<String> {
    let mut heard = Vec::new();
    for out in mux.take_out() {
        match out {
            Out::Again(text) => {
                if browser_says(mux, std::str::from_utf8(&text).unwrap(), Instant::now()).is_some() {
                    heard.push("worker".to_owned());
                }
                heard.extend(told(mux, client).iter().map(shown));
            }
            Out::Client(of, text) if of == client => {
                heard.push(shown(&serde_json::from_slice(&text).unwrap()))
            }
            Out::Client(..) | Out::Pipe(_) | Out::Over(_) => {}
        }
    }
    heard
}

fn shown(message: &Value) -> String {
    match message["method"].as_str() {
        Some(method) => format!("{method} {}", message["params"]["waitingForDebugger"]),
        None => message["result"].to_string(),
    }
}

/// A client that follows targets, with a session on each page.
fn follows(mux: &mut Worker, client: ClientId, root: &str, session: &str) {
    let params = json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true });
    ask(mux, client, json!({ "id": 1, "method": "Target.setAutoAttach", "params": params }));
    ask(
        mux,
        client,
        json!({ "id": 2, "method": "Target.setDiscoverTargets", "params": { "discover": true } }),
    );
    mux.take_out();
    event(mux, Some(root), "Target.targetCreated", created("S"));
    attach(mux, Some(root), session, "S", "default", false);
    assert_eq!(mux.take_out(), [], "it is not told");
}

fn asks_for(mux: &mut Worker, client: ClientId, params: Value) -> Step {
    ask(mux, client, json!({ "id": 9, "method": "Target.createTarget", "params": params }))
}

#[test]
fn who_asks_for_a_page_gets_it_as_if_it_were_new() {
    let mut mux = prepared();
    let (alice, bob) = (mux.join("root-a".into()), mux.join("root-b".into()));
    follows(&mut mux, alice, "root-a", "of-alice");
    follows(&mut mux, bob, "root-b", "of-bob");
    assert_eq!(asks_for(&mut mux, alice, json!({ "url": BLANK })), Step::Blank);
    let heard = hear(&mut mux, alice);
    let expected = [
        "worker",
        "worker",
        "Target.targetCreated null",
        "Target.attachedToTarget true",
        r#"{"targetId":"S"}"#,
    ];
    assert_eq!(heard, expected);
    // It runs when all who were told now have let it.
    for (client, session) in [(alice, "of-alice"), (bob, "of-bob")] {
        ask(&mut mux, client, json!({ "id": 3, "sessionId": session, "method": RESUME }));
        assert_eq!(methods(&mut mux), Vec::<String>::new());
    }
    mux.resume(&"of-worker".into());
    let mut released = answer_fence(&mut mux);
    released.sort();
    let each = ["of-alice", "of-bob", "of-worker"].map(|session| format!("{session} {RESUME}"));
    assert_eq!(released, each);
    // There was one.
    assert_eq!(asks_for(&mut mux, bob, json!({ "url": BLANK })), Step::Blank);
    assert_eq!(methods(&mut mux), ["root-b Target.createTarget"]);
}

#[test]
fn what_is_no_blank_page_of_the_session_is_opened_anew() {
    for params in [
        json!({ "url": "http://127.0.0.1/" }),
        json!({ "url": BLANK, "width": 10, "height": 10 }),
        json!({ "url": BLANK, "newWindow": true }),
        json!({ "url": BLANK, "background": true }),
        json!({ "url": BLANK, "forTab": true }),
    ] {
        let mut mux = prepared();
        let client = mux.join("root".into());
        assert_eq!(asks_for(&mut mux, client, params.clone()), Step::Done, "{params}");
        assert_eq!(methods(&mut mux), ["root Target.createTarget"], "{params}");
    }
    let mut mux = prepared();
    let client = mux.join("root".into());
    ask(&mut mux, client, json!({ "id": 1, "method": "Target.createBrowserContext" }));
    let made = written(&mut mux);
    let answer = json!({ "id": made[0]["id"], "result": { "browserContextId": "C" }, "sessionId": "root" });
    browser_says(&mut mux, &answer.to_string(), Instant::now());
    mux.take_out();
    asks_for(&mut mux, client, json!({ "url": BLANK, "browserContextId": "C" }));
    assert_eq!(methods(&mut mux), ["root Target.createTarget"]);
    asks_for(&mut mux, client, json!({ "url": BLANK, "browserContextId": "default" }));
    assert!(hear(&mut mux, client).contains(&r#"{"targetId":"S"}"#.to_owned()));
}

#[test]
fn it_is_nowhere_to_be_seen_until_then() {
    let mut mux = prepared();
    let client = mux.join("root".into());
    follows(&mut mux, client, "root", "of-client");
    for (session, method, params) in [
        (Some("root"), "Target.targetInfoChanged", created("S")),
        (None, "Target.targetInfoChanged", created("S")),
        (Some("of-client"), "Page.frameResized", json!({})),
    ] {
        assert_eq!(event(&mut mux, session, method, params), None, "{method}");
    }
    assert_eq!(mux.take_out(), []);
    ask(&mut mux, client, json!({ "id": 4, "method": "Target.getTargets" }));
    let asked = written(&mut mux);
    let infos = ["S", "T"].map(|target| created(target)["targetInfo"].clone());
    let answer = json!({ "id": asked[0]["id"], "result": { "targetInfos": infos }, "sessionId": "root" });
    browser_says(&mut mux, &answer.to_string(), Instant::now());
    let seen = told(&mut mux, client);
    assert_eq!(seen[0]["result"]["targetInfos"].as_array().unwrap().len(), 1);
    assert_eq!(seen[0]["result"]["targetInfos"][0]["targetId"], "T");
    // Another page is everybody's business.
    event(&mut mux, Some("root"), "Target.targetCreated", created("T"));
    assert_eq!(told(&mut mux, client).len(), 1);
}

#[test]
fn who_has_left_or_listens_no_more_is_not_told() {
    let mut mux = prepared();
    let (alice, bob) = (mux.join("root-a".into()), mux.join("root-b".into()));
    follows(&mut mux, alice, "root-a", "of-alice");
    follows(&mut mux, bob, "root-b", "of-bob");
    ask(
        &mut mux,
        bob,
        json!({ "id": 5, "method": "Target.setDiscoverTargets", "params": { "discover": false } }),
    );
    mux.leave(alice);
    event(&mut mux, None, "Target.detachedFromTarget", json!({ "sessionId": "root-a" }));
    mux.take_out();
    asks_for(&mut mux, bob, json!({ "url": BLANK }));
    let heard = hear(&mut mux, bob);
    assert_eq!(heard, ["worker", "worker", "Target.attachedToTarget true", r#"{"targetId":"S"}"#]);
}

#[test]
fn one_that_nobody_asks_for_is_closed_without_a_word() {
    let mut mux = prepared();
    let client = mux.join("root".into());
    follows(&mut mux, client, "root", "of-client");
    mux.close_spare();
    let closing = written(&mut mux);
    assert_eq!(
        (&closing[0]["method"], &closing[0]["params"]["targetId"]),
        (&"Target.closeTarget".into(), &"S".into())
    );
    for (session, of) in [(None, "of-worker"), (Some("root"), "of-client")] {
        assert_eq!(event(&mut mux, session, "Target.detachedFromTarget", json!({ "sessionId": of })), None);
        assert_eq!(event(&mut mux, session, "Target.targetDestroyed", json!({ "targetId": "S" })), None);
    }
    assert_eq!(mux.take_out(), []);
    asks_for(&mut mux, client, json!({ "url": BLANK }));
    assert_eq!(methods(&mut mux), ["root Target.createTarget"]);
    mux.close_spare();
    assert_eq!(mux.take_out(), [], "once");
}

#[test]
fn one_that_dies_or_never_comes_is_not_handed_out() {
    let mut mux = prepared();
    let client = mux.join("root".into());
    event(&mut mux, None, "Target.targetCrashed", json!({ "targetId": "S" }));
    asks_for(&mut mux, client, json!({ "url": BLANK }));
    assert_eq!(methods(&mut mux), ["root Target.createTarget"]);

    let mut mux = opening();
    attach(&mut mux, None, "of-popup", "P", "default", false);
    answer(&mut mux, json!({ "error": { "code": -32000, "message": "no" } }));
    let client = mux.join("root".into());
    assert_eq!(hear(&mut mux, client), ["worker"], "what was taken for it was another page");

    let mut mux = opening();
    mux.close_spare();
    attach(&mut mux, None, "of-worker", "S", "default", true);
    answer(&mut mux, json!({ "result": { "targetId": "S" } }));
    answer(&mut mux, tabs(&["first", "S-tab"]));
    assert_eq!(methods(&mut mux), ["- Target.closeTarget"], "as soon as it is there");
}

#[test]
fn clients_that_follow_tabs_find_it_in_its_tab() {
    let mut mux = prepared();
    let client = mux.join("root".into());
    let params = json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true });
    ask(&mut mux, client, json!({ "id": 1, "method": "Target.setAutoAttach", "params": params }));
    mux.take_out();
    let tab = |name: &str, session: &str| {
        let info = json!({ "targetId": name, "type": "tab", "browserContextId": "default" });
        json!({ "sessionId": session, "targetInfo": info, "waitingForDebugger": false })
    };
    event(&mut mux, Some("root"), "Target.attachedToTarget", tab("first", "of-first"));
    assert_eq!(told(&mut mux, client).len(), 1);
    event(&mut mux, Some("root"), "Target.attachedToTarget", tab("S-tab", "of-tab"));
    assert_eq!(mux.take_out(), []);
    asks_for(&mut mux, client, json!({ "url": BLANK }));
    let heard = hear(&mut mux, client);
    assert_eq!(heard, ["worker", "worker", "Target.attachedToTarget true", r#"{"targetId":"S"}"#]);
    // From there it goes on by itself.
    ask(
        &mut mux,
        client,
        json!({ "id": 2, "sessionId": "of-tab", "method": "Target.setAutoAttach", "params": params }),
    );
    attach(&mut mux, Some("of-tab"), "of-page", "S", "default", false);
    assert_eq!(told(&mut mux, client)[0]["params"]["sessionId"], "of-page");
}
