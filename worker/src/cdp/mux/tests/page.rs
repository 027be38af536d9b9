//! Clients of one page.

use super::*;

/// A client of the page `T`, under the browser session `above`, whose session there is `page`.
fn of_page(mux: &mut Worker) -> ClientId {
    let client = mux.join_page("above".into(), "T", "attached").unwrap();
    let asked = written(mux);
    assert_eq!(asked[0]["method"], "Target.attachToTarget");
    assert_eq!(asked[0]["sessionId"], "above");
    assert_eq!(asked[0]["params"], json!({ "targetId": "T", "flatten": true }));
    attach(mux, Some("above"), "page", "T", "default", false);
    let answer = json!({ "id": asked[0]["id"], "result": { "sessionId": "page" }, "sessionId": "above" });
    assert_eq!(browser_says(mux, &answer.to_string(), Instant::now()), Some("attached"));
    assert_eq!(told(mux, client), Vec::<Value>::new(), "it knows of nothing above its page");
    assert!(mux.has_entered(client));
    client
}

#[test]
fn what_is_said_without_a_session_is_said_to_the_page() {
    let mut mux = Worker::default();
    let client = of_page(&mut mux);
    ask(&mut mux, client, json!({ "id": 5, "method": "Runtime.evaluate", "params": { "expression": "1" } }));
    let sent = written(&mut mux);
    assert_eq!(sent[0]["sessionId"], "page");
    browser_says(
        &mut mux,
        &json!({ "id": sent[0]["id"], "result": {}, "sessionId": "page" }).to_string(),
        Instant::now(),
    );
    assert_eq!(told(&mut mux, client), [json!({ "id": 5, "result": {} })]);
    event(&mut mux, Some("page"), "Page.loadEventFired", json!({ "timestamp": 1 }));
    let heard = json!({ "method": "Page.loadEventFired", "params": { "timestamp": 1 } });
    assert_eq!(told(&mut mux, client), [heard]);
    // Its own children have names.
    attach(&mut mux, Some("page"), "frame", "F", "default", true);
    let child = told(&mut mux, client);
    assert_eq!((&child[0]["params"]["sessionId"], &child[0]["sessionId"]), (&"frame".into(), &Value::Null));
    ask(
        &mut mux,
        client,
        json!({ "id": 6, "sessionId": "frame", "method": "Runtime.runIfWaitingForDebugger" }),
    );
    assert_eq!(told(&mut mux, client), [json!({ "id": 6, "result": {}, "sessionId": "frame" })]);
}

#[test]
fn it_passes_the_same_gate() {
    let mut mux = Worker::default();
    let other = mux.join("root".into());
    let client = of_page(&mut mux);
    ask(&mut mux, other, json!({ "id": 1, "method": "Target.createBrowserContext" }));
    let made = written(&mut mux);
    let answer = json!({ "id": made[0]["id"], "result": { "browserContextId": "C" }, "sessionId": "root" });
    browser_says(&mut mux, &answer.to_string(), Instant::now());
    event(
        &mut mux,
        None,
        "Target.targetCreated",
        json!({ "targetInfo": { "targetId": "H", "type": "page", "browserContextId": "C" } }),
    );
    mux.take_out();
    for (method, params, code) in [
        ("Page.navigate", json!({ "url": "file:///etc/passwd" }), -32000),
        ("Target.exposeDevToolsProtocol", json!({ "targetId": "T" }), -32601),
        ("Target.attachToTarget", json!({ "targetId": "T" }), -32602),
        ("Target.attachToTarget", json!({ "targetId": "H", "flatten": true }), -32602),
        ("Target.closeTarget", json!({ "targetId": "H" }), -32602),
        ("Target.setAutoAttach", json!({ "autoAttach": true, "waitForDebuggerOnStart": true }), -32602),
    ] {
        assert_eq!(refused(&mut mux, client, method, params), code, "{method}");
    }
    assert_eq!(mux.join_page("above-2".into(), "H", "never"), None, "another client's page is not to be had");
    assert_eq!(methods(&mut mux), ["- Target.detachFromTarget"], "and what was attached for it is let go");
    assert_eq!(ask(&mut mux, client, json!({ "id": 9, "method": "Browser.close" })), Step::End);
}

#[test]
fn what_it_acts_on_and_what_it_holds_up_is_its_page() {
    let mut mux = Worker::default();
    let client = of_page(&mut mux);
    let click =
        json!({ "id": 1, "method": "Input.dispatchMouseEvent", "params": { "type": "mousePressed" } });
    assert_eq!(ask(&mut mux, client, click), Step::Touched("T".into()));
    ask(&mut mux, client, json!({ "id": 2, "method": "Page.enable" }));
    assert!(mux.answers_dialogs());
    ask(&mut mux, client, json!({ "id": 3, "method": "Fetch.enable" }));
    mux.take_out();
    mux.leave(client);
    assert_eq!(methods(&mut mux), ["page Fetch.disable", "- Target.detachFromTarget"]);
    assert!(!mux.answers_dialogs());
}

#[test]
fn it_ends_with_its_page_and_says_so_as_a_browser_does() {
    let mut mux = Worker::default();
    let client = of_page(&mut mux);
    event(
        &mut mux,
        Some("above"),
        "Target.detachedFromTarget",
        json!({ "sessionId": "page", "targetId": "T" }),
    );
    let out = mux.take_out();
    let [Out::Client(told, text), Out::Over(over)] = &out[..] else { panic!("{out:?}") };
    assert_eq!((*told, *over), (client, client));
    let text: Value = serde_json::from_slice(text).unwrap();
    assert_eq!(text, json!({ "method": "Inspector.detached", "params": { "reason": "target_closed" } }));
    mux.leave(client);
    let left = written(&mut mux);
    assert_eq!(left[0]["params"], json!({ "sessionId": "above" }));
}

#[test]
fn a_page_that_is_not_there_is_not_entered() {
    let mut mux = Worker::default();
    let client = mux.join_page("above".into(), "T", "attached").unwrap();
    let asked = written(&mut mux);
    let error = json!({ "code": -32602, "message": "No target with given id found" });
    let answer = json!({ "id": asked[0]["id"], "error": error, "sessionId": "above" });
    assert_eq!(browser_says(&mut mux, &answer.to_string(), Instant::now()), Some("attached"));
    assert!(!mux.has_entered(client));
}
