//! Sessions in one browser, and what they copy.

use bus_schema::model::input::InputBatch;
use serde_json::{Value, json};
use tokio_util::task::AbortOnDropHandle;
use worker::browser::{Context as Part, SharedBrowser};
use worker::command::{Context, dispatch_input};
use worker::page::{Emulation, Scope, Tabs};

use super::stage::{Stage, html, run};
use crate::chromium::site::{Page, Request, Site};
use crate::chromium::support::Rig;

/// One browser, a site, and sessions on demand.
struct House {
    site: Site,
    browser: SharedBrowser,
    rig: Rig,
}

struct Session {
    ctx: Context,
    _part: Part,
    _events: AbortOnDropHandle<()>,
}

const PAGE: &str = "<body style='margin:0'>
    <input id=i><textarea id=t></textarea><input id=pass type=password value=hidden>
    <div id=e contenteditable></div><p id=p>a <b>bold</b> word</p>
    <button id=copy onclick='done = document.execCommand(\"copy\")'>Copy</button>
    <button id=cut onclick='done = document.execCommand(\"cut\")'>Cut</button>
    <button id=paste onclick='t.focus(); done = document.execCommand(\"paste\")'>Paste</button>
    <script>
        seen = []; types = [];
        addEventListener('paste', (e) => { seen.push(e.clipboardData.getData('text/plain')); types.push(...e.clipboardData.types) });
        choose = (el, text) => { el.value = text; el.focus(); el.select() };
    </script>";

impl House {
    async fn with(args: &[&str], pages: impl Fn(&Request) -> Page + Send + Sync + 'static) -> Self {
        let mut rig = Rig::new().await;
        rig.options.args = args.iter().map(|arg| arg.parse().unwrap()).collect();
        let browser = SharedBrowser::open(rig.launch_shared().await).await.unwrap();
        Self { site: Site::start(pages).await, browser, rig }
    }

    async fn new() -> Self {
        Self::with(&[], |_| html(PAGE)).await
    }

    async fn session(&self, permissions: &[&str]) -> Session {
        let mut part = self.browser.create_context().await.unwrap();
        let (tabs, mut events) = Tabs::open(Scope::Context(&mut part)).await.unwrap();
        let events =
            AbortOnDropHandle::new(tokio::spawn(async move { while events.recv().await.is_some() {} }));
        let permissions = permissions.iter().map(|name| (*name).to_owned()).collect();
        tabs.apply(Emulation { permissions, ..Emulation::default() }).await.unwrap();
        let session = Session { ctx: Context::new(tabs, self.rig.data.path()), _part: part, _events: events };
        session.ok(json!({ "action": "navigate", "url": self.site.url("/") })).await;
        session
    }
}

impl Session {
    async fn ok(&self, command: Value) -> Value {
        let shown = command.to_string();
        let output = run(&self.ctx, command).await.unwrap_or_else(|error| panic!("{shown}: {error}"));
        serde_json::from_str(output.result.get()).unwrap()
    }

    async fn value(&self, expression: &str) -> Value {
        self.ok(json!({ "action": "evaluate", "expression": expression })).await["value"].clone()
    }

    async fn press(&self, keys: &str) {
        self.ok(json!({ "action": "press", "keys": keys })).await;
    }

    async fn click(&self, id: &str) {
        self.ok(json!({ "action": "click", "target": { "selector": format!("#{id}") } })).await;
    }

    async fn give(&self, events: Value) {
        let batch: InputBatch = serde_json::from_value(json!({ "epoch": 1, "events": events })).unwrap();
        dispatch_input(&self.ctx, &batch).await.unwrap();
    }

    /// What is pasted into an empty text area.
    async fn pastes(&self, keys: &str) -> Value {
        self.value("t.value = ''; t.focus()").await;
        self.press(keys).await;
        self.value("t.value").await
    }

    /// Tries all ways of getting at a clipboard; gives all that came.
    async fn gets(&self) -> String {
        let mut got = Vec::new();
        self.value("seen.length = 0; t.value = i.value = e.innerHTML = ''").await;
        for keys in ["Control+v", "Control+V", "Control+Shift+V", "Shift+Insert"] {
            for field in ["t", "i", "e", "document.activeElement.blur() ?? document.body"] {
                self.value(&format!("({field}).focus()")).await;
                self.press(keys).await;
            }
        }
        self.value("t.focus()").await;
        self.give(json!([
            { "kind": "key", "event": "down", "key": "Control", "code": "ControlLeft" },
            { "kind": "key", "event": "down", "key": "м", "code": "KeyV", "modifiers": ["Control"] },
            { "kind": "key", "event": "up", "key": "м", "code": "KeyV" },
            { "kind": "key", "event": "down", "key": "v", "code": "KeyV", "modifiers": ["Control"] },
            { "kind": "key", "event": "up", "key": "v", "code": "KeyV" },
            { "kind": "key", "event": "up", "key": "Control", "code": "ControlLeft" },
        ]))
        .await;
        for (key, event) in [("Shift", "down"), ("Insert", "down"), ("Insert", "up"), ("Shift", "up")] {
            self.ok(json!({ "action": "key", "key": key, "event": event })).await;
        }
        self.click("paste").await;
        self.ok(json!({ "action": "click", "target": { "selector": "#t" }, "button": "middle" })).await;
        let asked = "Promise.all([navigator.clipboard.readText(), navigator.clipboard.read().then((all) =>
            Promise.all(all.flatMap((one) => one.types.map((type) => one.getType(type).then((b) => b.text())))))]).catch(String)";
        got.push(self.value(asked).await);
        got.push(self.value("[seen, t.value, i.value, e.innerHTML]").await);
        Value::from(got).to_string()
    }
}

/// Copies `SECRET`.
async fn copy(session: &Session, how: &str) {
    match how {
        "Control+c" | "Control+x" | "Control+Insert" | "Shift+Delete" => {
            session.value("choose(i, 'SECRET')").await;
            session.press(how).await;
        }
        "input" => {
            session.value("choose(i, 'SECRET')").await;
            session
                .give(json!([
                    { "kind": "key", "event": "down", "key": "c", "code": "KeyC", "modifiers": ["Control"] },
                    { "kind": "key", "event": "up", "key": "c", "code": "KeyC", "modifiers": ["Control"] },
                ]))
                .await;
        }
        "copy" | "cut" => {
            session.value("choose(t, 'SECRET')").await;
            session
                .value(&format!(
                    "document.getElementById('{how}').onmousedown = (e) => e.preventDefault(); 0"
                ))
                .await;
            session.click(how).await;
            assert_eq!(session.value("done").await, true);
        }
        "handler" => {
            let set = "addEventListener('copy', (e) => { e.clipboardData.setData('text/plain', 'SECRET'); e.preventDefault() }, { once: true })";
            session.value(set).await;
            session.press("Control+c").await;
        }
        "writeText" => {
            session.value("navigator.clipboard.writeText('SECRET')").await;
        }
        "write" => {
            let write = "navigator.clipboard.write([new ClipboardItem({ 'text/plain': 'SECRET', 'text/html': '<b>SECRET</b>' })])";
            session.value(write).await;
        }
        how => panic!("{how}"),
    }
}

const COPIES: [&str; 10] = [
    "Control+c",
    "Control+x",
    "Control+Insert",
    "Shift+Delete",
    "input",
    "copy",
    "cut",
    "handler",
    "writeText",
    "write",
];
const BOTH: [&str; 2] = ["clipboard-read", "clipboard-write"];

#[tokio::test]
async fn what_one_session_copies_no_other_gets() {
    let house = House::new().await;
    let (ada, bob) = tokio::join!(house.session(&BOTH), house.session(&BOTH));
    for (copier, other) in [(&ada, &bob), (&bob, &ada)] {
        // A clipboard that is empty must give as little as one that holds something else.
        for how in COPIES {
            copy(copier, how).await;
            assert_eq!(copier.pastes("Control+v").await, "SECRET", "{how}");
            let got = other.gets().await;
            assert!(!got.contains("SECRET"), "{how}: {got}");
            assert!(!got.contains("denied"), "{how}: {got}");
            copier.value("navigator.clipboard.writeText('of another')").await;
        }
        let read = copier.value("navigator.clipboard.readText()").await;
        assert_eq!(read, "of another");
    }
    // Selected by mouse, which in a browser of one's own a middle click pastes.
    ada.value("e.textContent = 'SELECTED'").await;
    let place = ada.value("(({ x, y }) => ({ x: x + 10, y: y + 5 }))(e.getBoundingClientRect())").await;
    for (event, count) in [("down", 1), ("up", 1), ("down", 2), ("up", 2)] {
        ada.give(json!([{ "kind": "mouse", "event": event, "x": place["x"], "y": place["y"], "click_count": count }])).await;
    }
    assert_eq!(ada.value("String(getSelection()).trim()").await, "SELECTED");
    let got = bob.gets().await;
    assert!(!got.contains("SELECTED"), "{got}");
    assert!(got.contains("of another"), "its own it has still: {got}");
}

#[tokio::test]
async fn a_page_that_gets_past_the_scripts_finds_nothing() {
    // The arguments are a session's to choose; these would let any script paste.
    let args =
        ["--blink-settings=DOMPasteAllowed=true,javaScriptCanAccessClipboard=true", "--site-per-process"];
    let house = House::with(&args, |request| {
        let frame = "<iframe name=inner></iframe><script>frames[0].location = `http://localhost:${location.port}/frame`</script>";
        html(&if request.target == "/" { format!("{PAGE}{frame}") } else { PAGE.to_owned() })
    })
    .await;
    let (ada, bob) = tokio::join!(house.session(&BOTH), house.session(&BOTH));
    // Within one task, before anybody sees that the listeners are gone: this is in the browser's own clipboard.
    let lost = "document.open(); document.write(\"<input id=x value=SECRET>\"); document.close();
        x.focus(); x.select(); document.execCommand('copy')";
    ada.value(&format!("onmousedown = () => {{ {lost} }}; 0")).await;
    ada.ok(json!({ "action": "mouse", "event": "down", "x": 5, "y": 500 })).await;
    ada.ok(json!({ "action": "mouse", "event": "up", "x": 5, "y": 500 })).await;
    assert_eq!(ada.value("x.value").await, "SECRET");
    // Nor does a frame in a process of its own.
    let of_frame = |expression: &str| json!({ "action": "evaluate", "target": { "selector": "#t", "frame": "inner" }, "expression": expression });
    bob.ok(json!({ "action": "click", "target": { "selector": "#t", "frame": "inner" } })).await;
    bob.ok(of_frame("(el) => { taken = []; document.open(); for (const type of ['keydown', 'paste', 'input']) addEventListener(type,
        (e) => taken.push(e.type + e.clipboardData?.getData('text/plain') + e.data), true);
        document.write('<input id=t>'); document.close(); document.getElementById('t').focus() }")).await;
    bob.press("Control+v").await;
    bob.press("Shift+Insert").await;
    let taken = bob.ok(of_frame("(el) => [el.value, taken]")).await["value"].clone();
    assert_eq!(taken[0], "", "{taken}");
    assert!(taken.to_string().contains("keydown") && !taken.to_string().contains("SECRET"), "{taken}");
    // Listeners in front of everybody's, and functions of a frame that no script was in.
    let first = format!("
        const page = {};
        document.open();
        taken = [];
        for (const type of ['paste', 'beforeinput', 'input', 'clipboardchange']) addEventListener(type, (e) => {{
            taken.push(e.isTrusted + e.type + (e.clipboardData || e.dataTransfer)?.getData('text/plain') + e.data);
        }}, true);
        document.write(page); document.close();
        const frame = document.body.appendChild(document.createElement('iframe'));
        pure = frame.contentWindow;
        for (const name of ['read', 'readText']) navigator.clipboard[name] = () =>
            pure.Clipboard.prototype[name].call(navigator.clipboard);
        delete Document.prototype.execCommand;
        document.execCommand = (...all) => pure.Document.prototype.execCommand.apply(document, all);", json!(PAGE).to_string().replace("</", "<\\/"));
    bob.value(&format!("{{ {first} }}; 0")).await;
    let got = bob.gets().await;
    assert!(!got.contains("SECRET"), "{got}");
    let taken = bob.value("taken").await.to_string();
    assert!(
        !taken.contains("SECRET") && !taken.contains("truepaste") && !taken.contains("clipboardchange"),
        "{taken}"
    );
    assert_eq!(bob.value("typeof Mojo + typeof pure.Mojo").await, "undefinedundefined");
    // That it was there at all: a browser that is not guarded pastes it.
    let tab = bob.ctx.tabs().tab(None).unwrap();
    bob.value("t.value = ''; t.focus()").await;
    let key = json!({ "type": "rawKeyDown", "key": "v", "code": "KeyV", "windowsVirtualKeyCode": 86, "modifiers": 2 });
    tab.cdp.call_raw("Input.dispatchKeyEvent", &key).await.unwrap();
    let raw = bob.value("t.value + taken").await.to_string();
    assert!(raw.contains("SECRET"), "what this test relies on: {raw}");
}

#[tokio::test]
async fn a_session_pastes_what_it_copied_in_every_tab_and_frame() {
    let house = House::with(&[], |request| {
        let frames = "<iframe id=same name=same src='/frame'></iframe><iframe id=other name=other></iframe>
            <script>document.getElementById('other').src = `http://localhost:${location.port}/frame`</script>";
        html(&if request.target == "/" { format!("{PAGE}{frames}") } else { PAGE.to_owned() })
    })
    .await;
    let ada = house.session(&[]).await;
    ada.value("choose(i, 'from the top')").await;
    ada.press("Control+c").await;
    assert_eq!(ada.pastes("Control+v").await, "from the top");
    let frame = |id: &str| json!({ "selector": "#t", "frame": id });
    for id in ["same", "other"] {
        ada.ok(json!({ "action": "click", "target": frame(id) })).await;
        ada.press("Control+v").await;
        let text = json!({ "action": "evaluate", "target": frame(id), "expression": "(el) => el.value" });
        assert_eq!(ada.ok(text).await["value"], "from the top", "{id}");
        // And back, out of the frame.
        let choose = format!("(el) => {{ el.value = 'from {id}'; el.select() }}");
        ada.ok(json!({ "action": "evaluate", "target": frame(id), "expression": choose })).await;
        ada.press("Control+x").await;
        let text = json!({ "action": "evaluate", "target": frame(id), "expression": "(el) => el.value" });
        assert_eq!(ada.ok(text).await["value"], "", "{id}");
        assert_eq!(ada.pastes("Control+v").await, format!("from {id}"));
        ada.value("choose(i, 'from the top')").await;
        ada.press("Control+c").await;
    }
    // By a person, who types on at once, in another tab of another origin.
    ada.ok(json!({ "action": "new_tab", "url": house.site.other("/frame") })).await;
    ada.value("t.focus()").await;
    let key = |event: &str, key: &str, code: &str| json!({ "kind": "key", "event": event, "key": key, "code": code });
    ada.give(json!([
        key("down", "Control", "ControlLeft"),
        key("down", "v", "KeyV"),
        key("up", "v", "KeyV"),
        key("up", "Control", "ControlLeft"),
        key("down", "!", "Digit1"),
        key("up", "!", "Digit1"),
    ]))
    .await;
    assert_eq!(ada.value("t.value").await, "from the top!");
    assert_eq!(ada.value("seen").await, json!(["from the top"]));
    ada.press("Control+z").await;
    ada.press("Control+z").await;
    assert_eq!(ada.value("t.value").await, "", "it can be undone");
    // A document that is written anew.
    ada.value("document.open(); document.write('<input id=w value=written>'); document.close(); w.focus(); w.select()").await;
    ada.press("Control+c").await;
    ada.press("End Control+v").await;
    assert_eq!(ada.value("w.value").await, "writtenwritten");
}

#[tokio::test]
async fn pages_copy_and_paste_as_they_would_with_a_browser_of_their_own() {
    let house = House::new().await;
    let ada = house.session(&[]).await;
    // Of a password nothing is copied, and nothing selected leaves what was there.
    ada.value("choose(i, 'first')").await;
    ada.press("Control+c").await;
    ada.value("pass.focus(); pass.select()").await;
    ada.press("Control+c").await;
    ada.value("i.value = ''; i.focus()").await;
    ada.press("Control+c").await;
    assert_eq!(ada.pastes("Control+v").await, "first");
    // Rich text stays rich where it can, and plain where it is asked for.
    ada.value("getSelection().selectAllChildren(p)").await;
    ada.press("Control+c").await;
    assert_eq!(ada.pastes("Control+v").await, "a bold word");
    ada.value("e.innerHTML = ''; e.focus()").await;
    ada.press("Control+v").await;
    assert_eq!(ada.value("e.innerHTML").await, "a <b>bold</b> word");
    ada.value("e.innerHTML = ''; e.focus()").await;
    ada.press("Control+Shift+V").await;
    assert_eq!(ada.value("e.innerHTML").await, "a bold word");
    // Lines.
    ada.value("choose(t, 'one\\ntwo\\n\\nfour')").await;
    ada.press("Control+x").await;
    assert_eq!(ada.value("t.value").await, "");
    assert_eq!(ada.pastes("Control+v").await, "one\ntwo\n\nfour");
    ada.value("i.value = ''; i.maxLength = 9; i.focus()").await;
    ada.press("Control+v").await;
    assert_eq!(ada.value("i.value").await, "one two  ");
    ada.value("e.innerHTML = ''; e.focus()").await;
    ada.press("Control+v").await;
    assert_eq!(ada.value("e.innerHTML").await, "one<div>two</div><div><br></div><div>four</div>");
    // Long text, quickly.
    ada.value("choose(t, 'line\\n'.repeat(20000))").await;
    ada.press("Control+c").await;
    assert_eq!(ada.pastes("Control+v").await, "line\n".repeat(20_000));
    // Handlers: what they set, types of their own, what they keep from happening.
    ada.value(
        "document.oncopy = (e) => { e.clipboardData.setData('text/plain', 'set'); e.clipboardData.setData('app/own', '1'); e.preventDefault() };
         keys = []; addEventListener('keydown', (e) => keys.push(e.key + e.keyCode + e.isTrusted)); types.length = 0",
    )
    .await;
    ada.press("Control+c").await;
    assert_eq!(ada.pastes("Control+v").await, "set");
    assert_eq!(ada.value("types.sort()").await, json!(["app/own", "text/plain"]));
    assert_eq!(ada.value("keys").await, json!(["Control17true", "c67true", "Control17true", "v86true"]));
    ada.value(
        "t.onpaste = (e) => { t.value = 'handled ' + e.clipboardData.getData('text'); e.preventDefault() }; 0",
    )
    .await;
    assert_eq!(ada.pastes("Control+v").await, "handled set");
    ada.value(
        "t.onpaste = null; t.onbeforeinput = (e) => e.inputType === 'insertFromPaste' && e.preventDefault(); 0",
    )
    .await;
    assert_eq!(ada.pastes("Control+v").await, "");
    ada.value(
        "t.onbeforeinput = null; t.onkeydown = (e) => e.key === 'v' && e.preventDefault(); seen.length = 0",
    )
    .await;
    assert_eq!(ada.pastes("Control+v").await, "");
    assert_eq!(ada.value("seen").await, json!([]), "a page that takes the key gets no paste");
    ada.value("t.onkeydown = null; document.oncopy = null; t.readOnly = true").await;
    assert_eq!(ada.pastes("Control+v").await, "");
}

#[tokio::test]
async fn what_a_page_left_to_paste_runs_nowhere() {
    let house = House::with(&[], |request| match request.target.as_str() {
        "/" => html(PAGE),
        _ => Some((
            "content-security-policy: require-trusted-types-for 'script'\r\n",
            PAGE.replace(" onclick=", " data-x=").to_owned(),
        )),
    })
    .await;
    let ada = house.session(&BOTH).await;
    let evil = "<p style=color:red>x<script>run = 1</script><img src=x onerror='run = 2'><a href='javascript:run = 3'>l</a>\
        <svg><script>run = 4</script><style><img src=x onerror='run=5'></style></svg><math><mtext><table><mglyph><style><!--</style>\
        <img title='--&gt;&lt;img src=x onerror=run=6&gt;'></table></mtext></math><iframe srcdoc='<script>parent.run=7</script>'></iframe>\
        <x-y onclick='run=8'>kept</x-y><form><input autofocus onfocus='run=9'></form><a href='https://a.test/'>good</a>";
    let set = format!(
        "navigator.clipboard.write([new ClipboardItem({{ 'text/html': {} }})])",
        json!(evil).to_string().replace("</", "<\\/")
    );
    ada.value(&set).await;
    for path in ["/", "/strict"] {
        ada.ok(json!({ "action": "navigate", "url": house.site.url(path) })).await;
        ada.value("e.focus()").await;
        ada.press("Control+v").await;
        let pasted = ada.value("e.innerHTML").await;
        let pasted = pasted.as_str().unwrap();
        assert!(pasted.contains("kept") && pasted.contains("https://a.test/"), "{path}: {pasted}");
        for bad in
            ["script", "onerror", "onclick", "iframe", "svg", "math", "style><", "javascript", "autofocus"]
        {
            assert!(!pasted.contains(bad), "{path} {bad}: {pasted}");
        }
        // The picture that is not there has failed by now.
        ada.value("new Promise((done) => { const image = new Image(); image.onerror = done; image.src = 'x' }).then(() => 0)").await;
        assert_eq!(ada.value("window.run ?? null").await, Value::Null, "{path}");
        let read = ada
            .value(
                "navigator.clipboard.read().then(([one]) => one.getType('text/html')).then((b) => b.text())",
            )
            .await;
        assert!(!read.as_str().unwrap().contains("run ="), "{read}");
    }
}

#[tokio::test]
async fn scripts_have_the_clipboard_that_the_session_permits() {
    let house = House::with(&[], |request| match request.target.as_str() {
        "/" => html(&format!("{PAGE}<iframe id=f name=inner></iframe><script>f.src = `http://localhost:${{location.port}}/frame`</script>")),
        _ => html(PAGE),
    })
    .await;
    let states = "Promise.all(['clipboard-read', 'clipboard-write'].map((name) => navigator.permissions.query({ name }))).then((all) => all.map((s) => s.state))";
    let write = "navigator.clipboard.writeText('by a script').then(() => 'written', (e) => e.name)";
    let read = "navigator.clipboard.readText().catch((e) => e.name)";
    for (permissions, state, written, text) in [
        (&[][..], ["prompt", "prompt"], "NotAllowedError", "NotAllowedError"),
        (&BOTH[..], ["granted", "granted"], "written", "by a script"),
        (&BOTH[..1], ["granted", "denied"], "NotAllowedError", ""),
        (&BOTH[1..], ["denied", "granted"], "written", "NotAllowedError"),
    ] {
        let session = house.session(permissions).await;
        assert_eq!(session.value(states).await, json!(state), "{permissions:?}");
        assert_eq!(session.value(write).await, written, "{permissions:?}");
        assert_eq!(session.value(read).await, text, "{permissions:?}");
    }
    let ada = house.session(&BOTH).await;
    let picture = "new Blob([new Uint8Array([137, 80, 78, 71, 0, 255])], { type: 'image/png' })";
    ada.value(&format!("navigator.clipboard.write([new ClipboardItem({{ 'image/png': {picture} }})])")).await;
    let bytes = "navigator.clipboard.read().then(async ([one]) => [one.types, [...new Uint8Array(await (await one.getType('image/png')).arrayBuffer())]])";
    assert_eq!(ada.value(bytes).await, json!([["image/png"], [137, 80, 78, 71, 0, 255]]));
    ada.value("file = null; document.onpaste = (e) => { file = e.clipboardData.files[0] }; 0").await;
    ada.press("Control+v").await;
    assert_eq!(ada.value("[file.type, file.size]").await, json!(["image/png", 6]));
    let large = "navigator.clipboard.writeText('x'.repeat(1 << 21)).catch((e) => e.name)";
    assert_eq!(ada.value(large).await, "NotAllowedError");
    let bad = "Promise.all([navigator.clipboard.writeText().catch((e) => e.name), navigator.clipboard.write([1]).catch((e) => e.name),
        navigator.clipboard.readText.call({}).catch((e) => e.name)])";
    assert_eq!(ada.value(bad).await, json!(["TypeError", "TypeError", "TypeError"]));
    // A frame of another origin has it only if the page around it says so.
    let in_frame = json!({ "action": "evaluate", "target": { "selector": "body", "frame": "inner" }, "expression": format!("(el) => {read}") });
    ada.ok(json!({ "action": "click", "target": { "selector": "#t", "frame": "inner" } })).await;
    assert_eq!(ada.ok(in_frame.clone()).await["value"], "NotAllowedError");
    // Calls without end fill nothing but the page's own memory.
    ada.value("for (let i = 0; i < 3000; i++) navigator.clipboard.writeText('n' + i); 0").await;
    let last = "navigator.clipboard.writeText('last').then(() => navigator.clipboard.readText())";
    ada.value("t.focus(); window.focus()").await;
    assert_eq!(ada.value(last).await, "last");
}

#[tokio::test]
async fn the_clipboard_goes_with_its_session() {
    let house = House::new().await;
    let ada = house.session(&BOTH).await;
    copy(&ada, "Control+c").await;
    let other = ada.ok(json!({ "action": "new_tab", "url": house.site.url("/") })).await;
    assert_eq!(other["tab"], 2);
    ada.ok(json!({ "action": "close_tab", "tab": 1 })).await;
    assert_eq!(ada.pastes("Control+v").await, "SECRET", "it outlives the page that it came from");
    drop(ada);
    let next = house.session(&BOTH).await;
    let got = next.gets().await;
    assert!(!got.contains("SECRET"), "{got}");
}

#[tokio::test]
async fn a_browser_of_ones_own_keeps_its_own_clipboard() {
    let stage = Stage::show(PAGE).await;
    stage.value("choose(i, 'own')").await;
    stage.ok(json!({ "action": "press", "keys": "Control+c" })).await;
    stage.value("t.focus(); trusted = null; document.onpaste = (e) => { trusted = e.isTrusted }; 0").await;
    stage.ok(json!({ "action": "press", "keys": "Control+v" })).await;
    assert_eq!(stage.value("[t.value, trusted]").await, json!(["own", true]));
    let native =
        "/native code/.test(Clipboard.prototype.readText) && /native code/.test(Permissions.prototype.query)";
    assert_eq!(stage.value(native).await, true);
    stage.browser.close().await;
}
