//! What a page has a person choose while they drive it, as their viewer gets to know and answers it.

use serde_json::{Value, json};

use super::support::{
    Fleet, Site, Socket,
    site::{Page, Reply},
};

const FORM: Page = |_| {
    Reply::Html(
        "<!DOCTYPE html><meta charset=utf-8><body style='margin:0'>
         <style>body > * { position: absolute; left: 10px; width: 200px; height: 24px; padding: 0; border: 0; margin: 0 }</style>
         <select aria-label=Size style='top:0'><option>small<option>large</select>
         <input id=date type=date aria-label=Day value=2026-12-01 style='top:100px'>
         <input id=color type=color aria-label=Paint value=#ff0000 style='top:130px'>
         <input id=pet list=pets aria-label=Pet style='top:160px'><datalist id=pets><option value=cat label=Cat><option value=dog></datalist>
         <input id=file type=file aria-label=Picture style='top:190px'>
         <textarea id=text style='top:220px'>Grüße</textarea><a href='#' style='top:260px'>link</a>
         <script>
           seen = [];
           for (const type of ['input', 'change'])
             addEventListener(type, (e) => seen.push(type, e.target.ariaLabel, e.target.files?.[0].name ?? e.target.value));
         </script>",
    )
};

/// Somebody who drives by a socket of their own.
struct Person {
    socket: Socket,
    epoch: u64,
    id: u64,
}

impl Person {
    async fn in_control(fleet: &Fleet, session: &str) -> Self {
        let mut person = Self { socket: Socket::open(fleet, session).await, epoch: 0, id: 0 };
        person.send(json!({ "type": "frames:start", "max_fps": 1 })).await;
        let taken = person.ask(json!({ "type": "control", "action": "take_control", "holder": "ann" })).await;
        person.epoch = taken["control"]["epoch"].as_u64().unwrap();
        // The pages are as a person needs them as soon as they have been reached.
        let ready = "document.adoptedStyleSheets.length === 1";
        person.run(json!({ "action": "wait_for", "expression": ready })).await;
        person
    }

    async fn send(&mut self, message: Value) {
        self.socket.send(&message).await;
    }

    /// The next message that is meant; others are passed over.
    async fn told(&mut self, is_meant: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.socket.next().await.unwrap();
            if is_meant(&message) {
                return message;
            }
        }
    }

    async fn ask(&mut self, mut message: Value) -> Value {
        self.id += 1;
        let id = self.id;
        message["id"] = id.into();
        self.send(message).await;
        self.told(|message| message["id"] == id && message["type"] != "event").await
    }

    async fn run(&mut self, mut command: Value) -> Value {
        command["type"] = "command".into();
        let result = self.ask(command).await;
        assert_eq!(result["type"], "result", "{result}");
        result["result"]["value"].clone()
    }

    async fn give(&mut self, events: Value) {
        let epoch = self.epoch;
        self.send(json!({ "type": "input", "epoch": epoch, "events": events })).await;
    }

    async fn click(&mut self, x: f64, y: f64) {
        let event = |event: &str| json!({ "kind": "mouse", "event": event, "x": x, "y": y });
        self.give(json!([event("move"), event("down"), event("up")])).await;
    }

    async fn chooser(&mut self) -> Value {
        let told = self.told(|message| message["type"] == "chooser").await;
        assert!(told["chooser"].is_object(), "{told}");
        told["chooser"].clone()
    }

    async fn answer(&mut self, chooser: &Value, mut answer: Value) {
        answer["type"] = "chooser:answer".into();
        answer["chooser"] = chooser["id"].clone();
        self.id += 1;
        let id = self.id;
        answer["id"] = id.into();
        self.send(answer).await;
        let (mut is_done, mut is_over) = (false, false);
        while !(is_done && is_over) {
            let message = self.told(|message| message["id"] == id || message["type"] == "chooser").await;
            assert_ne!(message["type"], "error", "{message}");
            is_done |= message["type"] == "result";
            is_over |= message["chooser"].is_null() && message["id"] == chooser["id"];
        }
    }

    /// What the page has heard since it was asked last.
    async fn seen(&mut self) -> Value {
        self.run(json!({ "action": "evaluate", "expression": "seen.splice(0)" })).await
    }
}

#[tokio::test]
async fn a_person_chooses_what_a_page_lets_them_choose() {
    let fleet = Fleet::start().await;
    let site = Site::start(FORM).await;
    let id = fleet.session_with(json!({ "url": site.url("/") })).await;
    let path = format!("/v1/sessions/{id}/files/uploads/cat.png");
    let staged = fleet.request(reqwest::Method::PUT, &path).body("a cat").send().await.unwrap();
    assert!(staged.status().is_success(), "{}", staged.status());
    let mut ann = Person::in_control(&fleet, &id).await;

    ann.click(100.0, 12.0).await;
    let option = "document.querySelector('select').options[1]";
    let shown = format!("document.querySelector('select').matches(':open') && {option}.checkVisibility()");
    ann.run(json!({ "action": "wait_for", "expression": shown })).await;
    let place = format!(
        "(() => {{ const r = {option}.getBoundingClientRect(); return [r.x + 5, r.y + r.height / 2] }})()"
    );
    let place = ann.run(json!({ "action": "evaluate", "expression": place })).await;
    ann.click(place[0].as_f64().unwrap(), place[1].as_f64().unwrap()).await;
    ann.run(json!({ "action": "wait_for", "expression": "seen.length === 6" })).await;
    assert_eq!(ann.seen().await, json!(["input", "Size", "large", "change", "Size", "large"]));

    for (y, kind, label, before, after) in [
        (100.0, "date", "Day", "2026-12-01", "2026-12-24"),
        (130.0, "color", "Paint", "#ff0000", "#00ff00"),
        (160.0, "datalist", "Pet", "", "dog"),
    ] {
        ann.click(200.0, y + 12.0).await;
        let chooser = ann.chooser().await;
        assert_eq!(
            (&chooser["kind"], &chooser["value"], &chooser["tab"]),
            (&kind.into(), &before.into(), &1.into())
        );
        assert_eq!(chooser["rect"], json!({ "x": 10.0, "y": y, "width": 200.0, "height": 24.0 }), "{kind}");
        if kind == "datalist" {
            let options = json!([{ "value": "cat", "label": "Cat" }, { "value": "dog", "label": "dog" }]);
            assert_eq!(chooser["options"], options);
        }
        ann.answer(&chooser, json!({ "value": after })).await;
        assert_eq!(ann.seen().await, json!(["input", label, after, "change", label, after]));
    }

    ann.click(20.0, 202.0).await;
    let chooser = ann.chooser().await;
    assert_eq!((&chooser["kind"], &chooser["multiple"]), (&"file".into(), &false.into()));
    ann.answer(&chooser, json!({ "files": ["cat.png"] })).await;
    assert_eq!(ann.seen().await, json!(["input", "Picture", "cat.png", "change", "Picture", "cat.png"]));

    ann.run(json!({ "action": "evaluate", "expression": "document.getElementById('text').select()" })).await;
    ann.give(json!([{ "kind": "copy" }])).await;
    assert_eq!(ann.told(|message| message["type"] == "clipboard").await["text"], "Grüße");

    for (y, cursor) in [(272.0, "pointer"), (232.0, "text"), (400.0, "default")] {
        ann.give(json!([{ "kind": "mouse", "event": "move", "x": 20.0, "y": y }])).await;
        ann.told(|message| message["type"] == "cursor" && message["cursor"] == cursor).await;
    }

    ann.send(json!({ "type": "control", "id": "back", "action": "return_control" })).await;
    let is_back = |message: &Value| message["event"]["data"]["changed"].is_object();
    let back = ann.told(is_back).await;
    let fields: Vec<_> =
        [("Size", "select"), ("Day", "date"), ("Paint", "color"), ("Pet", "text"), ("Picture", "file")]
            .map(|(label, kind)| json!({ "tab": 1, "label": label, "kind": kind }))
            .into();
    assert_eq!(back["event"]["data"]["changed"]["fields"], json!(fields));
    let gone = "document.adoptedStyleSheets.length === 0";
    fleet.run(&id, json!({ "action": "wait_for", "expression": gone })).await.ok();
    fleet.end(&id).await;
}
