//! `evaluate`.

use std::time::Duration;

use bus_schema::error::ErrorCode;
use serde_json::{Value, json};

use super::stage::{Stage, html};

fn script(expression: &str) -> Value {
    json!({"action": "evaluate", "expression": expression})
}

#[tokio::test]
async fn expressions_functions_and_statements_give_their_value() {
    let stage = Stage::show("<title>t</title><p id=p>text</p>").await;
    for (expression, value) in [
        ("1 + 1", json!(2)),
        ("'ü\u{1F600}'", json!("ü\u{1F600}")),
        ("{a: [1, null, {b: 'c'}]}", json!({"a": [1, null, {"b": "c"}]})),
        ("null", json!(null)),
        ("() => document.title", json!("t")),
        ("async () => { await 0; return 5 }", json!(5)),
        ("function () { return this === window }", json!(true)),
        ("Promise.resolve([1])", json!([1])),
        ("await Promise.resolve(7)", json!(7)),
        ("const x = 3; const y = 4; x * y", json!(12)),
        ("const x = 5; x", json!(5)),
        ("const r = await Promise.resolve(1); return r + 1", json!(2)),
        ("if (true) { 'yes' } else { 'no' }", json!("yes")),
        ("new Date(0)", json!("1970-01-01T00:00:00.000Z")),
        ("({a: undefined, b: 1})", json!({"b": 1})),
        ("[undefined]", json!([null])),
        ("new Uint8Array([1, 2])", json!([1, 2])),
        ("({ __proto__: null, a: 1 })", json!({"a": 1})),
        ("document.querySelector('p').getBoundingClientRect().toJSON().x", json!(8)),
        ("(function () { return 3 })()", json!(3)),
        ("1 // a comment", json!(1)),
    ] {
        assert_eq!(stage.value(expression).await, value, "{expression}");
    }
    assert_eq!(stage.ok(script("undefined")).await, json!({"value": null, "type": "undefined"}));
    let command = json!({"action": "evaluate", "expression": "(a, b) => a.n + b", "args": [{"n": 1}, 2]});
    assert_eq!(stage.ok(command).await["value"], 3);
    let on = json!({"action": "evaluate", "expression": "(el, more) => el.textContent + more", "args": ["!"], "target": {"selector": "#p"}});
    assert_eq!(stage.ok(on).await["value"], "text!");
    let on =
        json!({"action": "evaluate", "expression": "const t = 2; return t", "target": {"selector": "#p"}});
    assert_eq!(stage.ok(on).await["value"], 2);
    stage.browser.close().await;
}

#[tokio::test]
async fn a_strict_policy_of_the_page_is_no_obstacle() {
    let policy = "content-security-policy: default-src 'none'; script-src 'self'; require-trusted-types-for 'script'\r\n";
    let stage =
        Stage::with(&[], move |_| Some((policy, "<!DOCTYPE html><p id=p>hi</p><button>b</button>".into())))
            .await;
    stage.go("/").await;
    assert_eq!(stage.value("const a = 1; a + 1").await, 2);
    assert_eq!(stage.value("() => 3").await, 3);
    let on = json!({"action": "evaluate", "expression": "el => el.id", "target": {"selector": "#p"}});
    assert_eq!(stage.ok(on).await["value"], "p");
    stage.ok(json!({"action": "wait_for", "expression": "document.readyState === 'complete'"})).await;
    stage.ok(json!({"action": "click", "target": {"role": "button"}})).await;
    stage.browser.close().await;
}

#[tokio::test]
async fn what_json_cannot_hold_is_named() {
    let stage = Stage::show("<p id=p></p>").await;
    for (expression, kind, path) in [
        ("() => () => 1", "function", ""),
        ("({a: {b: [Symbol('s')]}})", "symbol", ".a.b[0]"),
        ("10n", "BigInt", ""),
        ("const a = {}; a.self = a; a", "cyclic", ".self"),
        ("document.body", "DOM node", ""),
        ("[document.querySelector('p')]", "DOM node", "[0]"),
        ("window", "window", ""),
        ("0 / 0", "NaN", ""),
        ("({x: 1 / 0})", "Infinity", ".x"),
        ("new Map([[1, 2]])", "Map", ""),
        ("let d = []; for (let i = 0; i < 5000; i++) d = [d]; d", "too deep", ""),
    ] {
        let error = stage.err(ErrorCode::BrowserError, script(expression)).await;
        let context = error.context.clone().unwrap_or_default();
        assert_eq!(
            (&context["kind"], &context["path"]),
            (&json!(kind), &json!(path)),
            "{expression}: {error}"
        );
    }
    // The same object twice is no circle.
    assert_eq!(stage.value("const a = {}; [a, a]").await, json!([{}, {}]));
    stage.browser.close().await;
}

#[tokio::test]
async fn what_is_thrown_comes_with_message_and_stack() {
    let stage = Stage::show("").await;
    let error = stage
        .err(ErrorCode::BrowserError, script("(() => { throw new TypeError('no such thing') })()"))
        .await;
    assert!(error.detail.contains("TypeError: no such thing"), "{error}");
    assert!(error.context.unwrap()["stack"].is_array());
    let error = stage.err(ErrorCode::BrowserError, script("Promise.reject(new Error('later'))")).await;
    assert!(error.detail.contains("later"), "{error}");
    let error = stage.err(ErrorCode::BrowserError, script("throw 'a text'")).await;
    assert!(error.detail.contains("a text"), "{error}");
    let error = stage.err(ErrorCode::BrowserError, script("if (")).await;
    assert!(error.detail.contains("SyntaxError"), "{error}");
    // A SyntaxError of the script's own is thrown once, not taken for one of its text.
    stage.value("window.times = 0; 0").await;
    stage.err(ErrorCode::BrowserError, script("(times++, JSON.parse('{'))")).await;
    assert_eq!(stage.value("times").await, 1);
    stage.err(ErrorCode::BrowserError, script("(times++, new Response('{').json())")).await;
    assert_eq!(stage.value("times").await, 2);
    for source in
        ["(function mine() { throw new Error('e') })()", "function mine() { throw new Error('e') }\nmine()"]
    {
        let error = stage.err(ErrorCode::BrowserError, script(source)).await;
        let stack = error.context.unwrap()["stack"].clone();
        let lines: Vec<&str> = stack.as_array().unwrap().iter().filter_map(|l| l.as_str()).collect();
        assert!(lines.first().is_some_and(|line| line.contains("at mine (")), "{source}: {lines:?}");
        assert!(lines.len() <= 2, "only the caller's own lines: {source}: {lines:?}");
    }
    stage.browser.close().await;
}

#[tokio::test]
async fn a_script_that_never_returns_leaves_a_usable_page() {
    let stage = Stage::show("<p>still here</p>").await;
    for expression in ["for (;;) {}", "new Promise(() => {})", "async () => { await 0; for (;;) {} }"] {
        let command = json!({"action": "evaluate", "expression": expression, "timeout_ms": 300});
        let error = stage.err(ErrorCode::Timeout, command).await;
        assert_eq!(error.field.as_deref(), Some("expression"), "{error}");
        assert_eq!(stage.value("document.body.textContent").await, "still here", "{expression}");
        // A late blow would hit the next script.
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(stage.value("1").await, 1, "{expression}");
    }
    let on = json!({"action": "evaluate", "expression": "el => { for (;;) {} }", "target": {"selector": "p"}, "timeout_ms": 300});
    stage.err(ErrorCode::Timeout, on).await;
    assert_eq!(stage.value("1").await, 1);
    stage.browser.close().await;
}

#[tokio::test]
async fn answers_are_large_up_to_a_limit() {
    let stage = Stage::show("").await;
    let large = stage.output(script("'x'.repeat(100 * 1024 * 1024)")).await.unwrap();
    assert_eq!(large.result.get().len(), 100 * 1024 * 1024 + r#"{"value":""}"#.len());
    drop(large);
    for expression in ["'x'.repeat(260e6)", "'ü'.repeat(50e6)", "Array(3).fill('x'.repeat(90e6))"] {
        stage.err(ErrorCode::PayloadTooLarge, script(expression)).await;
    }
    assert_eq!(stage.value("1").await, 1);
    stage.browser.close().await;
}

#[tokio::test]
async fn a_page_that_goes_away_under_a_script_says_so() {
    let stage = Stage::with(&[], |_| html("<p>page</p>")).await;
    stage.go("/").await;
    let error =
        stage.err(ErrorCode::BrowserError, script("location.href = '/next'; new Promise(() => {})")).await;
    assert!(error.detail.contains("replaced"), "{error}");
    // The new document has only begun when the old one is gone.
    stage.ok(json!({"action": "wait_for", "target": {"text": "page"}})).await;
    assert_eq!(stage.value("document.body.textContent").await, "page");
    let command = json!({"action": "evaluate", "expression": "1", "tab": 9});
    assert_eq!(stage.err(ErrorCode::NotFound, command).await.field.as_deref(), Some("tab"));
    stage.browser.close().await;
}
