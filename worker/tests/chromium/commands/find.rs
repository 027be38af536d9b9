//! Targets in all their forms.

use bus_schema::error::ErrorCode;
use serde_json::{Value, json};

use super::stage::Stage;

const PAGE: &str = "<title>find</title>
<h1>Sign in to Rookery</h1>
<form><label for=mail>E-mail <b>address</b></label><input id=mail placeholder='you@example.com'>
<label>Password <input id=pw type=password></label>
<input id=q aria-label='Search the site' type=search>
<button id=go type=button>Sign in</button><button id=other type=button aria-label='Close'>x</button>
<a id=link href='#x'>Forgot?</a><input id=send type=submit value='Send it'></form>
<div data-testid=card id=card><span>Card <em>number</em> one</span></div>
<ul><li class=item>apple</li><li class=item>banana</li><li class=item>cherry</li></ul>
<div style='display:none'><button id=hidden>Sign in</button></div>
<img id=img alt='A rook'><div role=tab id=tab aria-selected=true>First&nbsp;tab</div>
<div id=host></div><script>
const root = host.attachShadow({mode: 'open'});
root.innerHTML = '<section class=in><button id=deep>Deep button</button><slot></slot><div id=host2></div></section>';
root.querySelector('#host2').attachShadow({mode: 'open'}).innerHTML = '<p class=leaf>Deeper text</p>';
</script>";

async fn id(stage: &Stage, target: Value) -> Value {
    let command = json!({"action": "evaluate", "expression": "el => el.id || el.className || el.tagName", "target": target});
    stage.ok(command).await["value"].clone()
}

#[tokio::test]
async fn every_form_finds_its_element() {
    let stage = Stage::show(PAGE).await;
    for (target, expected) in [
        (json!({"selector": "#go"}), "go"),
        (json!({"selector": "form > button:first-of-type"}), "go"),
        (json!({"selector": "css=#go"}), "go"),
        (json!({"selector": "xpath=//button[text()='Sign in'][1]", "nth": 0}), "go"),
        (json!({"selector": "text=Forgot"}), "link"),
        (json!({"selector": "text=\"Forgot?\""}), "link"),
        (json!({"selector": "role=button[name=\"Sign in\"]"}), "go"),
        (json!({"role": "button", "name": "sign IN"}), "go"),
        (json!({"role": "button", "name": "Close"}), "other"),
        (json!({"role": "button", "name": "Send"}), "send"),
        (json!({"role": "heading"}), "H1"),
        (json!({"role": "link", "name": "Forgot?"}), "link"),
        (json!({"role": "img", "name": "a rook"}), "img"),
        (json!({"role": "tab", "name": "First tab"}), "tab"),
        (json!({"role": "searchbox"}), "q"),
        (json!({"role": "textbox", "name": "E-mail address"}), "mail"),
        (json!({"text": "sign in"}), "go"),
        (json!({"text": "in to rook"}), "H1"),
        (json!({"text": "card   number"}), "SPAN"),
        (json!({"text": "Send it"}), "send"),
        (json!({"label": "e-mail address"}), "mail"),
        (json!({"label": "Password"}), "pw"),
        (json!({"label": "search the"}), "q"),
        (json!({"placeholder": "YOU@"}), "mail"),
        (json!({"test_id": "card"}), "card"),
        (json!({"selector": ".item", "nth": 2}), "item"),
        (json!({"selector": "#deep"}), "deep"),
        (json!({"selector": "body .in .leaf"}), "leaf"),
        (json!({"selector": "#host > .in > button, #nothing"}), "deep"),
        (json!({"text": "Deeper text"}), "leaf"),
        (json!({"role": "button", "name": "Deep button"}), "deep"),
    ] {
        assert_eq!(id(&stage, target.clone()).await, expected, "{target}");
    }
    let at =
        stage.value("(() => { const b = go.getBoundingClientRect(); return [b.x + 3, b.y + 3] })()").await;
    assert_eq!(id(&stage, json!({"x": at[0], "y": at[1]})).await, "go");
    stage.browser.close().await;
}

#[tokio::test]
async fn wrong_targets_are_told_apart() {
    let stage = Stage::show(PAGE).await;
    let click = |target: Value| json!({"action": "click", "target": target, "timeout_ms": 500});
    for selector in ["#", "div[", "xpath=//*[", "role=", "text=", "a:nope(1)", "xpath=count(//a)"] {
        let error = stage.err(ErrorCode::InvalidArgument, click(json!({"selector": selector}))).await;
        assert_eq!(error.field.as_deref(), Some("target"), "{selector}: {error}");
    }
    let many = stage.err(ErrorCode::InvalidArgument, click(json!({"selector": ".item"}))).await;
    let context = many.context.clone().unwrap();
    assert_eq!(context["count"], 3);
    assert_eq!(context["matches"][1]["role"], "listitem");
    assert!(many.detail.contains("apple") && many.detail.contains("nth"), "{many}");
    for target in [
        json!({"selector": "#missing"}),
        json!({"selector": ".item", "nth": 3}),
        json!({"text": "Sign in", "frame": 7}),
        json!({"text": "Sign in", "frame": "nowhere"}),
    ] {
        stage.err(ErrorCode::Timeout, click(target)).await;
    }
    let error = stage.err(ErrorCode::NotFound, click(json!({"ref": "e99"}))).await;
    assert!(error.detail.contains("observe"), "{error}");
    stage.err(ErrorCode::InvalidArgument, click(json!({"ref": "99"}))).await;
    stage.browser.close().await;
}

#[tokio::test]
async fn names_of_fields_do_not_hide_what_a_form_is() {
    let names = [
        "title",
        "id",
        "name",
        "children",
        "childNodes",
        "parentNode",
        "shadowRoot",
        "textContent",
        "labels",
        "type",
        "value",
    ];
    let fields: String =
        names.iter().map(|name| format!("<label>The {name} <input name={name}></label>")).collect();
    let stage = Stage::show(&format!("<form>{fields}<button type=button>Send</button></form><svg width=9 height=9><a href=#><text>s</text></a></svg>")).await;
    stage.ok(json!({"action": "fill_form", "fields": {"The children": "a", "The title": "b"}})).await;
    stage.ok(json!({"action": "click", "target": {"text": "send"}})).await;
    for preset in ["compact", "full", "interactive"] {
        let seen = stage.ok(json!({"action": "observe", "preset": preset})).await;
        assert!(seen["outline"].as_str().unwrap().contains("\"The parentNode\""), "{seen}");
    }
    stage
        .err(ErrorCode::InvalidArgument, json!({"action": "click", "target": {"selector": "form, input"}}))
        .await;
    assert!(stage.text(json!({"action": "content", "format": "markdown"})).await.contains("The textContent"));
    stage.browser.close().await;
}
