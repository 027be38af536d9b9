//! Pages while a person drives them by hand.

use bus_schema::model::input::InputBatch;
use bus_schema::model::note::ChooserAnswer;
use serde_json::{Value, json};
use worker::command::{answer_chooser, dispatch_input};
use worker::page::{Choice, Chooser, Emulation, Event, PickerKind};

use super::stage::{Stage, html};

impl Stage {
    async fn give(&self, events: Value) {
        let batch: InputBatch = serde_json::from_value(json!({ "epoch": 1, "events": events })).unwrap();
        dispatch_input(&self.ctx, &batch).await.unwrap();
    }

    async fn click_at(&self, x: f64, y: f64) {
        self.give(json!([
            { "kind": "mouse", "event": "move", "x": x, "y": y },
            { "kind": "mouse", "event": "down", "x": x, "y": y },
            { "kind": "mouse", "event": "up", "x": x, "y": y },
        ]))
        .await;
    }

    async fn press(&self, key: &str, code: &str, modifiers: &[&str]) {
        let event = |event: &str| json!({ "kind": "key", "event": event, "key": key, "code": code, "modifiers": modifiers });
        self.give(json!([event("down"), event("up")])).await;
    }

    /// A person drives, and the pages are as they need them.
    async fn hand_over(&self) {
        self.ctx.tabs().drive(true);
        self.ok(json!({ "action": "wait_for", "expression": "document.adoptedStyleSheets.length === 1" }))
            .await;
    }

    async fn chooser(&self) -> Chooser {
        let opened = |event| if let Event::ChooserOpened(chooser) = event { Some(chooser) } else { None };
        self.told("a chooser", opened).await
    }

    async fn is_over(&self, chooser: &Chooser) {
        let closed = |event| matches!(event, Event::ChooserClosed { id } if id == chooser.id).then_some(());
        self.told("that the chooser is over", closed).await;
    }

    async fn choose(&self, chooser: &Chooser, value: &str) -> Result<(), bus_schema::Error> {
        answer_chooser(&self.ctx, &chooser.id, ChooserAnswer::Value(value.to_owned())).await
    }

    async fn copied(&self) -> (String, bool) {
        let copied = |event| {
            if let Event::Copied { text, truncated } = event { Some((text, truncated)) } else { None }
        };
        self.told("a copy", copied).await
    }

    /// Opens a list with the mouse and chooses its second option. `root` finds it from the frame's document.
    async fn choose_second(&self, frame: &str, root: &str, corner: (f64, f64)) -> Value {
        let inside = async |expression: String| {
            let command = json!({ "action": "evaluate", "target": { "selector": "html", "frame": frame }, "expression": expression });
            let command = if frame.is_empty() {
                json!({ "action": "evaluate", "expression": expression })
            } else {
                command
            };
            self.ok(command).await["value"].clone()
        };
        let el = format!("{root}.querySelector('select')");
        let rect = |of: &str| {
            format!(
                "(() => {{ const r = {of}.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] }})()"
            )
        };
        let expression = |text: String| if frame.is_empty() { text } else { format!("() => {text}") };
        inside(expression(format!("(() => {{ const el = {el}; window.seen = []; for (const t of ['input', 'change']) el.addEventListener(t, (e) => seen.push(t, e.isTrusted)); return 0 }})()"))).await;
        let at = inside(expression(rect(&el))).await;
        self.click_at(corner.0 + at[0].as_f64().unwrap(), corner.1 + at[1].as_f64().unwrap()).await;
        let opened = expression(format!(
            "new Promise((done) => {{ const look = () => {el}.matches(':open') && {el}.options[1].checkVisibility() ? done(true) : setTimeout(look, 10); look() }})"
        ));
        assert_eq!(inside(opened).await, true, "{frame} {root}");
        let at = inside(expression(rect(&format!("{el}.options[1]")))).await;
        self.click_at(corner.0 + at[0].as_f64().unwrap(), corner.1 + at[1].as_f64().unwrap()).await;
        inside(expression(format!("[{el}.value, seen]"))).await
    }
}

const LIST: &str = "<body style='margin:0'><select style='position:absolute;left:10px;top:10px;width:120px;height:24px'><option>one<option>two</select>";

#[tokio::test]
async fn options_are_clicked_in_the_page_while_a_person_drives() {
    let stage = Stage::with(&[], |request| match request.target.as_str() {
        "/" => html(&format!(
            "{LIST}<iframe name=same src=/list style='position:absolute;left:0;top:100px;width:300px;height:150px;border:0'></iframe>
             <iframe name=other style='position:absolute;left:0;top:300px;width:300px;height:150px;border:0'></iframe><div id=host style='position:absolute;left:400px;top:0'></div>
             <script>other.location = 'http://localhost:' + location.port + '/list';
             host.attachShadow({{ mode: 'open' }}).innerHTML = '<select><option>one<option>two</select>'</script>"
        )),
        "/list" => html(LIST),
        _ => None,
    })
    .await;
    stage.go("/").await;
    stage.ok(json!({ "action": "wait_for", "target": { "selector": "select", "frame": "other" } })).await;
    stage.hand_over().await;
    let chosen = json!(["two", ["input", true, "change", true]]);
    assert_eq!(stage.choose_second("", "document", (0.0, 0.0)).await, chosen);
    assert_eq!(stage.choose_second("", "host.shadowRoot", (0.0, 0.0)).await, chosen);
    assert_eq!(stage.choose_second("same", "document", (0.0, 100.0)).await, chosen);
    assert_eq!(stage.choose_second("other", "document", (0.0, 300.0)).await, chosen);
    // Documents that come later have it from the start, also in other tabs.
    stage.go("/list").await;
    assert_eq!(stage.choose_second("", "document", (0.0, 0.0)).await, chosen);
    stage.value("open('/list'); 0").await;
    stage.ok(json!({ "action": "wait_for", "expression": "document.readyState === 'complete' && document.querySelector('select') && document.adoptedStyleSheets.length", "tab": 2 })).await;
    assert_eq!(stage.choose_second("", "document", (0.0, 0.0)).await, chosen);
    // Commands do as ever.
    stage
        .ok(json!({ "action": "select_option", "target": { "selector": "select" }, "labels": ["one"] }))
        .await;
    assert_eq!(stage.value("document.querySelector('select').value").await, "one");

    stage.ctx.tabs().drive(false);
    for tab in [1, 2] {
        let gone = "document.adoptedStyleSheets.length === 0 && getComputedStyle(document.querySelector('select')).appearance !== 'base-select'";
        stage.ok(json!({ "action": "wait_for", "expression": gone, "tab": tab })).await;
    }
    stage.go("/list").await;
    assert_eq!(stage.value("document.adoptedStyleSheets.length").await, 0);
    stage.browser.close().await;
}

const FIELDS: &str = "<body style='margin:0'><style>input { position: absolute; left: 10px; width: 200px; height: 24px; padding: 0; border: 0 }</style>
    <input id=date type=date value=2026-12-01 min=2026-01-01 style='top:0'><input id=time type=time value=10:30 style='top:30px'>
    <input id=datetime-local type=datetime-local value=2026-12-01T10:30 style='top:60px'><input id=month type=month value=2026-12 style='top:90px'>
    <input id=week type=week value=2026-W49 style='top:120px'><input id=color type=color value=#ff0000 style='top:150px'>
    <input id=datalist list=all value=on style='top:180px'><datalist id=all><option value=one label=First><option value=two></datalist>
    <script>log = []; for (const el of document.querySelectorAll('input')) {
        // As a controlled input of React: it only knows of values that its own setter has not set.
        let tracked = el.value; const { get, set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value');
        Object.defineProperty(el, 'value', { configurable: true, get() { return get.call(this) }, set(v) { tracked = v; set.call(this, v) } });
        for (const type of ['input', 'change']) el.addEventListener(type, () => log.push(type, el.id, tracked !== get.call(el)));
        el.addEventListener('blur', () => log.push('blur')); }
    </script>";

#[tokio::test]
async fn a_picker_opens_with_the_person_and_not_in_the_page() {
    let stage = Stage::show(FIELDS).await;
    stage.hand_over().await;
    for (row, (kind, is, before, after)) in [
        (PickerKind::Date, "date", "2026-12-01", "2026-12-24"),
        (PickerKind::Time, "time", "10:30", "11:45"),
        (PickerKind::DatetimeLocal, "datetime-local", "2026-12-01T10:30", "2026-12-24T18:00"),
        (PickerKind::Month, "month", "2026-12", "2027-01"),
        (PickerKind::Week, "week", "2026-W49", "2026-W52"),
        (PickerKind::Color, "color", "#ff0000", "#00ff00"),
        (PickerKind::Datalist, "datalist", "on", "two"),
    ]
    .into_iter()
    .enumerate()
    {
        let y = row as f64 * 30.0;
        stage.click_at(200.0, y + 12.0).await;
        let chooser = stage.chooser().await;
        let Choice::Value(picker) = &chooser.what else { panic!("{chooser:?}") };
        assert_eq!((picker.kind, picker.value.as_str(), chooser.n), (kind, before, 1));
        assert_eq!(picker.rect, [10.0, y, 200.0, 24.0], "{is}");
        assert_eq!(picker.min, if kind == PickerKind::Date { "2026-01-01" } else { "" });
        let labels: Vec<_> = picker.options.iter().map(|o| (o.value.as_str(), o.label.as_str())).collect();
        let expected =
            if kind == PickerKind::Datalist { vec![("one", "First"), ("two", "two")] } else { vec![] };
        assert_eq!(labels, expected, "{is}");
        assert_eq!(
            stage.value("[document.querySelectorAll(':open').length, document.activeElement.id]").await,
            json!([0, is])
        );
        stage.value("log.length = 0").await;
        if kind != PickerKind::Datalist {
            let error = stage.choose(&chooser, "no such value").await.unwrap_err();
            assert_eq!(error.field.as_deref(), Some("value"), "{is}: {error}");
            assert_eq!(stage.value(&format!("document.getElementById('{is}').value")).await, before);
        }
        stage.choose(&chooser, after).await.unwrap();
        stage.is_over(&chooser).await;
        assert_eq!(
            stage
                .value(&format!("[document.getElementById('{is}').value, log, document.activeElement.id]"))
                .await,
            json!([after, ["input", is, true, "change", is, true], is])
        );
        assert!(stage.choose(&chooser, after).await.is_err(), "it is answered once");
    }
    stage.browser.close().await;
}

#[tokio::test]
async fn keys_and_scripts_open_pickers_too() {
    let stage = Stage::show(&format!(
        "{FIELDS}<button style='position:absolute;left:300px;top:0;width:100px;height:24px' onclick='setTimeout(() => month.showPicker(), 100)'>Month</button>
         <button style='position:absolute;left:300px;top:30px;width:100px;height:24px' onclick='color.click()'>Colour</button>
         <button style='position:absolute;left:300px;top:60px;width:100px;height:24px' onclick='color.showPicker()'>Colour</button>"
    ))
    .await;
    stage.hand_over().await;
    let kind = |chooser: &Chooser| match &chooser.what {
        Choice::Value(picker) => picker.kind,
        Choice::Files { .. } => panic!("{chooser:?}"),
    };
    for (id, key, code, modifiers, expected) in [
        ("date", "ArrowDown", "ArrowDown", &["Alt"][..], PickerKind::Date),
        ("time", "F4", "F4", &[], PickerKind::Time),
        ("color", " ", "Space", &[], PickerKind::Color),
        ("datalist", "ArrowDown", "ArrowDown", &[], PickerKind::Datalist),
    ] {
        stage.value(&format!("document.getElementById('{id}').focus()")).await;
        stage.press(key, code, modifiers).await;
        let chooser = stage.chooser().await;
        assert_eq!(kind(&chooser), expected);
        // As a person closes it: by a key, or by going elsewhere.
        if id == "date" {
            stage.press("Escape", "Escape", &[]).await;
        } else {
            stage.click_at(600.0, 300.0).await;
        }
        stage.is_over(&chooser).await;
    }
    for (y, expected) in [(12.0, PickerKind::Month), (42.0, PickerKind::Color), (72.0, PickerKind::Color)] {
        stage.click_at(320.0, y).await;
        let chooser = stage.chooser().await;
        assert_eq!(kind(&chooser), expected);
        assert_eq!(stage.value("document.querySelectorAll(':open').length").await, 0);
        answer_chooser(&stage.ctx, &chooser.id, ChooserAnswer::Cancel).await.unwrap();
        stage.is_over(&chooser).await;
    }
    // Who types needs none.
    stage.value("date.value = ''").await;
    stage.click_at(16.0, 12.0).await;
    for digit in "12242026".chars() {
        stage.press(&digit.to_string(), &format!("Digit{digit}"), &[]).await;
    }
    assert_eq!(stage.value("date.value").await, "2026-12-24");
    assert_eq!(stage.ctx.tabs().chooser(), None);
    stage.browser.close().await;
}

#[tokio::test]
async fn a_chooser_is_over_with_its_field_its_page_and_its_person() {
    let stage = Stage::with(&[], |request| match request.target.as_str() {
        "/" => html(&format!("{FIELDS}<iframe style='position:absolute;left:300px;top:100px;border:5px solid;width:300px;height:200px'></iframe>
            <script>document.querySelector('iframe').src = 'http://localhost:' + location.port + '/frame'</script>")),
        "/frame" => html(FIELDS),
        _ => None,
    })
    .await;
    stage.go("/").await;
    stage.ok(json!({ "action": "wait_for", "target": { "selector": "#week", "frame": "/frame" } })).await;
    stage.hand_over().await;
    stage.click_at(200.0, 12.0).await;
    let chooser = stage.chooser().await;
    stage.value("date.remove()").await;
    stage.is_over(&chooser).await;
    assert!(stage.choose(&chooser, "2026-12-24").await.is_err());

    // In a frame of another process, whose place in the page is known.
    stage.click_at(300.0 + 5.0 + 200.0, 100.0 + 5.0 + 42.0).await;
    let chooser = stage.chooser().await;
    let Choice::Value(picker) = &chooser.what else { panic!("{chooser:?}") };
    assert_eq!((picker.kind, picker.rect), (PickerKind::Time, [315.0, 135.0, 200.0, 24.0]));
    stage.choose(&chooser, "12:00").await.unwrap();
    let value = json!({ "action": "evaluate", "target": { "selector": "#time", "frame": "/frame" }, "expression": "(el) => el.value" });
    assert_eq!(stage.ok(value).await["value"], "12:00");

    stage.click_at(200.0, 42.0).await;
    let chooser = stage.chooser().await;
    stage.go("/").await;
    stage.is_over(&chooser).await;

    stage.click_at(200.0, 42.0).await;
    let chooser = stage.chooser().await;
    stage.ctx.tabs().drive(false);
    stage.is_over(&chooser).await;
    stage.ok(json!({ "action": "wait_for", "expression": "document.adoptedStyleSheets.length === 0" })).await;
    // The agent's page opens its own again, and nobody is told.
    stage.ok(json!({ "action": "click", "target": { "selector": "#month" }, "position": { "x": 190, "y": 12 } })).await;
    stage.ok(json!({ "action": "wait_for", "expression": "month.matches(':open')" })).await;
    assert_eq!(stage.ctx.tabs().chooser(), None);
    stage.browser.close().await;
}

#[tokio::test]
async fn files_are_chosen_by_the_person_who_drives() {
    let stage = Stage::show(
        "<body style='margin:0'><style>input { position: absolute; left: 0; width: 200px; height: 24px }</style>
         <input id=one type=file accept='.png, image/*' style='top:0'><input id=many type=file multiple style='top:30px'><input id=folder type=file webkitdirectory style='top:60px'>
         <script>log = []; for (const type of ['input', 'change', 'cancel']) addEventListener(type, (e) => log.push(type, e.target.id))</script>",
    )
    .await;
    for name in ["a.png", "b.png"] {
        std::fs::write(stage.rig.data.path().join("uploads").join(name), name).unwrap();
    }
    stage.hand_over().await;
    let files = async |names: &[&str], chooser: &Chooser| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        answer_chooser(&stage.ctx, &chooser.id, ChooserAnswer::Files(names)).await
    };
    stage.click_at(20.0, 12.0).await;
    let chooser = stage.chooser().await;
    let accept = vec![".png".to_owned(), "image/*".to_owned()];
    assert_eq!(chooser.what, Choice::Files { multiple: false, accept, directory: false });
    assert_eq!(files(&["a.png", "b.png"], &chooser).await.unwrap_err().field.as_deref(), Some("files"));
    assert_eq!(files(&["../../etc/passwd"], &chooser).await.unwrap_err().field.as_deref(), Some("files[0]"));
    assert_eq!(stage.choose(&chooser, "a.png").await.unwrap_err().field.as_deref(), Some("value"));
    files(&["a.png"], &chooser).await.unwrap();
    stage.is_over(&chooser).await;
    assert_eq!(
        stage.value("[one.files[0].name, log]").await,
        json!(["a.png", ["input", "one", "change", "one"]])
    );

    stage.click_at(20.0, 42.0).await;
    let chooser = stage.chooser().await;
    assert_eq!(chooser.what, Choice::Files { multiple: true, accept: vec![], directory: false });
    files(&["a.png", "b.png"], &chooser).await.unwrap();
    assert_eq!(stage.value("[...many.files].map((f) => f.name)").await, json!(["a.png", "b.png"]));
    stage.click_at(20.0, 72.0).await;
    let chooser = stage.chooser().await;
    assert_eq!(chooser.what, Choice::Files { multiple: false, accept: vec![], directory: true });
    stage.value("log.length = 0").await;
    answer_chooser(&stage.ctx, &chooser.id, ChooserAnswer::Cancel).await.unwrap();
    assert_eq!(stage.value("log").await, json!(["cancel", "folder"]));
    // A command of the person's leaves things as they need them.
    stage.ok(json!({ "action": "upload", "target": { "selector": "#many" }, "files": ["a.png"] })).await;
    stage.click_at(20.0, 12.0).await;
    let chooser = stage.chooser().await;
    stage.go("/").await;
    stage.is_over(&chooser).await;
    stage.browser.close().await;
}

#[tokio::test]
async fn what_is_copied_is_told_while_a_person_drives() {
    let stage = Stage::show(
        "<meta charset=utf-8><body style='margin:0'><textarea id=t>Grüße</textarea><p id=p>some words</p><input id=secret type=password value=hidden>
         <button id=b style='position:absolute;left:300px;top:0' onclick='navigator.clipboard.writeText(text)'>Copy</button>
         <button id=c style='position:absolute;left:300px;top:60px' onclick='document.execCommand(\"copy\")'>Copy</button>
         <script>text = 'written'; own = false; p.addEventListener('copy', (e) => { if (own) { e.clipboardData.setData('text/plain', 'own words'); e.preventDefault() } })</script>",
    )
    .await;
    let permissions = vec!["clipboard-write".to_owned()];
    stage.ctx.tabs().apply(Emulation { permissions, ..Emulation::default() }).await.unwrap();
    stage.hand_over().await;
    stage.value("t.focus(); t.select()").await;
    stage.give(json!([{ "kind": "copy" }])).await;
    assert_eq!(stage.copied().await, ("Grüße".to_owned(), false));
    stage.value("secret.focus(); secret.select()").await;
    stage.give(json!([{ "kind": "copy" }])).await;
    stage.value("t.focus(); t.setSelectionRange(0, 2)").await;
    stage.give(json!([{ "kind": "cut" }])).await;
    assert_eq!(stage.copied().await, ("Gr".to_owned(), false));
    stage.value("t.blur(); getSelection().selectAllChildren(p)").await;
    stage.click_at(320.0, 70.0).await;
    assert_eq!(stage.copied().await, ("some words".to_owned(), false));
    stage.value("own = true; 0").await;
    stage.press("c", "KeyC", &["Control"]).await;
    assert_eq!(stage.copied().await, ("own words".to_owned(), false));
    stage.click_at(320.0, 10.0).await;
    assert_eq!(stage.copied().await, ("written".to_owned(), false));
    // What the person brings is not told back.
    stage.value("t.value = ''; t.focus(); text = 'é'.repeat(600_000)").await;
    stage.give(json!([{ "kind": "paste", "text": "brought" }])).await;
    assert_eq!(stage.value("t.value").await, "brought");
    stage.click_at(320.0, 10.0).await;
    let (text, truncated) = stage.copied().await;
    assert_eq!((text.len(), truncated, text.chars().all(|c| c == 'é')), (1 << 20, true, true));

    stage.ctx.tabs().drive(false);
    stage.ok(json!({ "action": "wait_for", "expression": "document.adoptedStyleSheets.length === 0" })).await;
    stage.ok(json!({ "action": "wait_for", "expression": "/^function writeText/.test(Clipboard.prototype.writeText)" })).await;
    stage.browser.close().await;
}
