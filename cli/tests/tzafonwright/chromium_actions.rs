//! What each action does in the page.

use serde_json::{Value, json};

use super::{
    client::{Client, LISTEN, only},
    support::{Fleet, Site, fleet::Gateway, site::Reply, until},
};

const FORM: &str = "<!doctype html><title>form</title><body style='margin:0;height:3000px'>
<form onsubmit='sent = field.value; return false'><input id=field style='position:absolute;left:0;top:0;width:200px;height:40px'></form>
<div id=rest style='position:absolute;left:300px;top:300px;width:200px;height:200px'></div>
<script>
var sent = null, keys = [], clicks = [], wheels = [];
addEventListener('keydown', e => keys.push(e.key));
addEventListener('click', e => clicks.push([e.clientX, e.clientY, e.button]));
addEventListener('wheel', e => wheels.push([e.clientX, e.clientY, e.deltaX, e.deltaY]));
</script>";

const OPENER: &str = "<!doctype html><title>opener</title>
<body style='margin:0;width:100vw;height:100vh' onclick=\"window.open('/form'); alert('opened')\">";

fn pages(path: &str) -> Reply {
    Reply::Html(if path == "/form" { FORM } else { OPENER })
}

async fn seen(gateway: &Gateway, id: &str, expression: &str, wanted: &Value) {
    until(expression, || async {
        let value = gateway.evaluate(id, expression).await;
        if value == *wanted { Ok(()) } else { Err(value.to_string()) }
    })
    .await;
}

#[tokio::test]
async fn every_action_does_what_it_says() {
    let fleet = Fleet::with(&[&LISTEN[..], &["--slots", "1"]].concat()).await;
    let site = Site::start(pages).await;
    let mut client =
        Client::at(&format!("ws://{}/any/path?of=its&own", super::client::address(&fleet))).await;
    let id = only(&fleet, "ready").await;
    let start = fleet.evaluate(&id, "[location.href, innerWidth, innerHeight, devicePixelRatio]").await;
    assert_eq!(start, json!(["about:blank", 1280, 720, 1]));
    assert_eq!(client.picture().await, (1280, 720));

    client.goto(&site.url("/form")).await;
    seen(&fleet, &id, "document.title", &json!("form")).await;

    assert_eq!(
        client.ask(json!({ "action_type": "click", "x": "20", "y": 20 })).await,
        json!({ "success": true })
    );
    seen(&fleet, &id, "clicks", &json!([[20, 20, 0]])).await;
    client.must(json!({ "action_type": "type", "text": "Ä b" })).await;
    client.must(json!({ "action_type": "type", "text": "" })).await;
    seen(&fleet, &id, "[field.value, sent]", &json!(["Ä b", null])).await;
    client.must(json!({ "action_type": "type", "text": "!\n" })).await;
    seen(&fleet, &id, "sent", &json!("Ä b!")).await;

    // Away from every field, keys are the page's.
    client.must(json!({ "action_type": "click", "x": 400, "y": 400 })).await;
    fleet.evaluate(&id, "document.activeElement.blur(); keys = []").await;
    client.must(json!({ "action_type": "type", "text": "wa\n" })).await;
    client.must(json!({ "action_type": "type", "text": "" })).await;
    seen(&fleet, &id, "keys", &json!(["w", "a", "Enter"])).await;

    // A click that was not made leaves the mouse where it is.
    let outside = client.ask(json!({ "action_type": "click", "x": 1e9, "y": 5 })).await;
    assert_eq!(outside["success"], false);
    client.must(json!({ "action_type": "scroll", "delta_y": "120", "delta_x": null })).await;
    seen(&fleet, &id, "wheels", &json!([[400, 400, 0, 120]])).await;
    seen(&fleet, &id, "scrollY", &json!(120)).await;
    client.must(json!({ "action_type": "scroll" })).await;

    client.must(json!({ "action_type": "set_viewport_size", "width": 800, "height": "600" })).await;
    assert_eq!(fleet.evaluate(&id, "[innerWidth, innerHeight]").await, json!([800, 600]));
    assert_eq!(client.picture().await, (800, 600));
}

#[tokio::test]
async fn it_stays_with_the_first_page_and_no_dialog_holds_it_up() {
    let fleet = Fleet::with(&[&LISTEN[..], &["--slots", "1"]].concat()).await;
    let site = Site::start(pages).await;
    let mut client = Client::open(&fleet).await;
    client.goto(&site.url("/opener")).await;
    let id = only(&fleet, "ready").await;
    client.must(json!({ "action_type": "click", "x": 9, "y": 9 })).await;
    until("a second tab", || async {
        let tabs = fleet.shown(&id).await["tabs"].clone();
        if tabs[1]["url"] == site.url("/form") { Ok(()) } else { Err(tabs.to_string()) }
    })
    .await;
    client.goto(&site.url("/again")).await;
    let tabs = fleet.shown(&id).await["tabs"].clone();
    assert_eq!((&tabs[0]["url"], &tabs[1]["url"]), (&site.url("/again").into(), &site.url("/form").into()));
}
