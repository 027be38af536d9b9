//! Typing, keys, choices and whole forms.

use bus_schema::error::ErrorCode;
use serde_json::json;

use super::stage::Stage;

#[tokio::test]
async fn text_of_any_script_arrives_whole() {
    let stage = Stage::show(
        "<input id=i value=old><textarea id=t></textarea><div id=c contenteditable>rich</div><input id=n type=number><input id=m maxlength=4>
         <input id=d type=date><script>window.events = []; i.oninput = e => events.push(e.inputType); window.keys = [];
         i.onkeydown = e => keys.push(e.key + '/' + e.code);</script><form onsubmit='event.preventDefault(); window.sent = s.value'><input id=s></form>",
    )
    .await;
    let text = "Grüße, 世界 👩‍👩‍👧 🇩🇪 नमस्ते";
    let type_in = |id: &str, text: &str| json!({"action": "type", "target": {"selector": format!("#{id}")}, "text": text});
    stage.ok(type_in("i", " new")).await;
    assert_eq!(stage.value("i.value").await, "old new");
    let mut cleared = type_in("i", text);
    cleared["clear"] = true.into();
    assert_eq!(stage.ok(cleared.clone()).await["characters"], text.chars().count());
    assert_eq!(stage.value("i.value").await, text);
    cleared["delay_ms"] = 1.into();
    stage.value("keys.length = 0").await;
    cleared["text"] = "aB! 世👩‍👩‍👧".into();
    stage.ok(cleared.clone()).await;
    assert_eq!(stage.value("i.value").await, "aB! 世👩‍👩‍👧");
    assert_eq!(
        stage.value("keys.filter(k => !k.startsWith('Del'))").await,
        json!(["a/KeyA", "B/KeyB", "!/Digit1", " /Space"])
    );
    cleared["text"] = "".into();
    stage.ok(cleared).await;
    assert_eq!(stage.value("i.value").await, "");
    stage.ok(type_in("t", "one\ntwo")).await;
    assert_eq!(stage.value("t.value").await, "one\ntwo");
    stage.ok(type_in("c", " text")).await;
    assert_eq!(stage.value("c.textContent").await, "rich text");
    stage.ok(type_in("n", "42")).await;
    assert_eq!(stage.value("n.valueAsNumber").await, 42);
    let error = stage.err(ErrorCode::InvalidArgument, type_in("n", "abc")).await;
    assert_eq!(
        (error.field.as_deref(), stage.value("n.value").await),
        (Some("text"), json!("42")),
        "{error}"
    );
    assert_eq!(stage.ok(json!({"action": "type", "text": ".5"})).await["characters"], 2);
    assert_eq!(stage.value("n.valueAsNumber").await, 42.5);
    // A field that is full takes no more.
    assert_eq!(stage.ok(type_in("m", "abcdef")).await["characters"], 4);
    stage.ok(type_in("d", "2026-11-20")).await;
    assert_eq!(stage.value("d.value").await, "2026-11-20");
    stage.err(ErrorCode::InvalidArgument, type_in("d", "tomorrow")).await;
    stage.ok(json!({"action": "type", "target": {"selector": "#s"}, "text": "x", "submit": true, "sensitive": true})).await;
    assert_eq!(stage.value("sent").await, "x");
    stage.ok(json!({"action": "type", "text": "y"})).await;
    assert_eq!(stage.value("s.value").await, "xy");
    stage.value("document.activeElement.blur()").await;
    stage.err(ErrorCode::Conflict, json!({"action": "type", "text": "z"})).await;
    stage.browser.close().await;
}

#[tokio::test]
async fn chords_do_what_keys_do() {
    let stage = Stage::show("<input id=a value='some text'><input id=b><script>window.keys = []; onkeydown = e => keys.push([e.key, e.ctrlKey, e.shiftKey]);</script>").await;
    stage.ok(json!({"action": "press", "keys": "Control+A Backspace", "target": {"selector": "#a"}})).await;
    assert_eq!(stage.value("a.value").await, "");
    stage.ok(json!({"action": "press", "keys": "Shift+h i"})).await;
    assert_eq!(stage.value("a.value").await, "Hi");
    stage.ok(json!({"action": "press", "keys": "ControlOrMeta+a Control+c Tab Control+v Control+v"})).await;
    assert_eq!(stage.value("b.value").await, "HiHi");
    stage.value("keys.length = 0").await;
    stage.ok(json!({"action": "press", "keys": "Shift+Tab"})).await;
    assert_eq!(stage.value("document.activeElement.id").await, "a");
    assert_eq!(stage.value("keys").await, json!([["Shift", false, true], ["Tab", false, true]]));
    let error = stage.err(ErrorCode::InvalidArgument, json!({"action": "press", "keys": "a Entre"})).await;
    assert_eq!(error.field.as_deref(), Some("keys"));
    assert_eq!(stage.value("a.value").await, "Hi");
    stage.browser.close().await;
}

#[tokio::test]
async fn boxes_and_lists_are_brought_to_what_is_wanted() {
    let stage = Stage::show(
        "<style>.fancy input { position: absolute; opacity: 0; width: 0; height: 0 }</style>
         <label><input type=checkbox id=c>plain</label><label class=fancy><input type=checkbox id=f><span>fancy</span></label>
         <div role=switch aria-checked=false id=s tabindex=0 onclick='this.setAttribute(\"aria-checked\", this.getAttribute(\"aria-checked\") !== \"true\")'>sw</div>
         <input type=radio name=r id=r1 value=1><input type=radio name=r id=r2 value=2><input type=checkbox id=no onclick='return false'>
         <select id=one><option value=a>Apple<option value=b>Banana<option value=c disabled>Cherry</select>
         <select id=many multiple><option>x<option>y<option>z</select><script>window.n = 0; one.onchange = () => n++; </script>",
    )
    .await;
    let check = |action: &str, id: &str| json!({"action": action, "target": {"selector": format!("#{id}")}, "timeout_ms": 2000});
    assert_eq!(stage.ok(check("check", "c")).await, json!({"checked": true, "changed": true}));
    assert_eq!(stage.ok(check("check", "c")).await["changed"], false);
    stage.ok(check("uncheck", "c")).await;
    stage.ok(check("check", "f")).await;
    stage.ok(json!({"action": "check", "target": {"label": "plain"}})).await;
    stage.ok(check("check", "s")).await;
    stage.ok(check("check", "r2")).await;
    assert_eq!(
        stage.value("[c.checked, f.checked, s.getAttribute('aria-checked'), r2.checked]").await,
        json!([true, true, "true", true])
    );
    stage.err(ErrorCode::InvalidArgument, check("uncheck", "r2")).await;
    stage.err(ErrorCode::InvalidArgument, check("check", "one")).await;
    stage.err(ErrorCode::BrowserError, check("check", "no")).await;
    let select = |id: &str, key: &str, what: &[&str]| json!({"action": "select_option", "target": {"selector": format!("#{id}")}, key: what, "timeout_ms": 400});
    assert_eq!(stage.ok(select("one", "labels", &["banana"])).await["values"], json!(["b"]));
    assert_eq!(stage.ok(select("one", "values", &["a"])).await["values"], json!(["a"]));
    assert_eq!(stage.value("n").await, 2);
    assert_eq!(stage.ok(select("many", "labels", &["z", "x"])).await["values"], json!(["x", "z"]));
    let missing = stage.err(ErrorCode::Timeout, select("one", "values", &["q"])).await;
    assert!(missing.detail.contains("`q`"), "{missing}");
    assert_eq!(missing.context.unwrap()["options"][0]["label"], "Apple");
    stage.err(ErrorCode::Timeout, select("one", "values", &["c"])).await;
    stage.err(ErrorCode::InvalidArgument, select("one", "values", &["a", "b"])).await;
    stage.err(ErrorCode::InvalidArgument, select("c", "values", &["a"])).await;
    stage.browser.close().await;
}

#[tokio::test]
async fn a_form_is_filled_by_what_a_person_reads() {
    let stage = Stage::show(
        "<form id=form><label for=name>Full name</label><input id=name><input id=mail placeholder='Your e-mail'><input name=zip id=z value=old>
         <label>Born <input type=date id=born></label><label>Colour <input type=color id=col></label><label>Volume <input type=range id=vol max=10></label>
         <label><input type=checkbox id=terms>I agree</label><fieldset><legend>Size</legend><label><input type=radio name=size value=s id=s>Small</label>
         <label><input type=radio name=size value=l id=l>Large</label></fieldset><label>Country <select id=country><option value=de>Germany<option value=fr>France</select></label>
         <label>Tags <select id=tags multiple><option>a<option>b<option>c</select></label><label>When <input type=time id=when></label>
         <div id=about contenteditable aria-label='About you'>x</div><label>Meeting <input type=datetime-local id=meet></label><label>Month <input type=month id=mon></label></form>
         <script>window.changed = []; form.addEventListener('change', e => changed.push(e.target.id));</script>",
    )
    .await;
    stage
        .ok(json!({"action": "fill_form", "fields": {
            "Full name": "Ada 世界", "your e-mail": "a@b.c", "zip": "12345", "Born": "1815-12-10", "Colour": "#FF0000", "Volume": "7",
            "I agree": true, "Size": "Large", "Country": "France", "Tags": ["a", "c"], "When": "13:37", "About you": "Countess",
            "Meeting": "2026-11-20T10:30", "Month": "2026-11",
        }}))
        .await;
    assert_eq!(stage.value("[name, mail, z, born, col, vol, when, meet, mon].length").await, 9);
    assert_eq!(
        stage.value("['name','mail','z','born','col','vol','country','when','meet','mon'].map(id => document.getElementById(id).value)").await,
        json!(["Ada 世界", "a@b.c", "12345", "1815-12-10", "#ff0000", "7", "fr", "13:37", "2026-11-20T10:30", "2026-11"])
    );
    assert_eq!(
        stage
            .value(
                "[terms.checked, l.checked, [...tags.selectedOptions].map(o => o.text), about.textContent]"
            )
            .await,
        json!([true, true, ["a", "c"], "Countess"])
    );
    stage
        .ok(json!({"action": "fill_form", "fields": {"I agree": false, "Small": true, "Full name": ""}}))
        .await;
    assert_eq!(
        stage.value("[terms.checked, s.checked, document.getElementById('name').value]").await,
        json!([false, true, ""])
    );
    for (fields, field) in [
        (json!({"Born": "yesterday"}), "fields.Born"),
        (json!({"Full name": true}), "fields.Full name"),
        (json!({"Country": "Spain"}), "fields.Country"),
        (json!({"Size": "Medium"}), "fields.Size"),
        (json!({"I agree": "perhaps"}), "fields.I agree"),
    ] {
        let error =
            stage.err(ErrorCode::InvalidArgument, json!({"action": "fill_form", "fields": fields})).await;
        assert_eq!(error.field.as_deref(), Some(field), "{error}");
    }
    stage.browser.close().await;
}

#[tokio::test]
async fn a_form_is_filled_in_the_order_given() {
    let stage = Stage::show(
        "<label>Region <select id=region><option><option>EU<option>US</select></label>
         <label>City <select id=city><option>-</select></label><label>Area <select id=area></select></label><div id=more></div>
         <script>region.onchange = () => { city.innerHTML = '<option>Rome<option>Paris';
           more.innerHTML = '<label>Post code <input id=code></label>' };
         city.onchange = () => setTimeout(() => area.innerHTML = '<option>Trastevere', 300);</script>",
    )
    .await;
    let given = r#"{"action":"fill_form","fields":{"Region":"EU","Post code":"00153","City":"Paris","Area":"Trastevere"}}"#;
    let filled = stage.raw(given).await.unwrap();
    assert_eq!(filled["filled"], json!(["Region", "Post code", "City", "Area"]));
    assert_eq!(
        stage.value("[city.value, code.value, area.value]").await,
        json!(["Paris", "00153", "Trastevere"])
    );
    // What fails says which it was, and what is done already.
    let given = r#"{"action":"fill_form","fields":{"Region":"US","Contry":"x"},"timeout_ms":400}"#;
    let error = stage.raw(given).await.unwrap_err();
    assert_eq!((error.code, error.field.as_deref()), (ErrorCode::Timeout, Some("fields.Contry")), "{error}");
    assert_eq!(error.context.unwrap()["filled"], json!(["Region"]));
    assert_eq!(stage.value("region.value").await, "US");
    let given = r#"{"action":"fill_form","fields":{"Region":"EU","City":"Oslo"}}"#;
    let error = stage.raw(given).await.unwrap_err();
    assert_eq!(
        (error.code, error.field.as_deref()),
        (ErrorCode::InvalidArgument, Some("fields.City")),
        "{error}"
    );
    assert!(error.detail.ends_with("filled before: `Region`"), "{error}");
    let context = error.context.unwrap();
    assert_eq!((&context["filled"], &context["options"][1]["label"]), (&json!(["Region"]), &json!("Paris")));
    stage.browser.close().await;
}

#[tokio::test]
async fn only_a_multiple_select_can_be_left_empty() {
    let stage = Stage::show("<select id=one><option>a<option>b</select><select id=many multiple><option selected>x<option>y</select>").await;
    let clear =
        |id: &str| json!({"action": "select_option", "target": {"selector": format!("#{id}")}, "values": []});
    stage.err(ErrorCode::InvalidArgument, clear("one")).await;
    assert_eq!(stage.ok(clear("many")).await["values"], json!([]));
    assert_eq!(stage.value("[one.value, many.selectedIndex]").await, json!(["a", -1]));
    stage.browser.close().await;
}
