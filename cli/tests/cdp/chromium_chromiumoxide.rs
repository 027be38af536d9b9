//! chromiumoxide as it is: on a session that others use meanwhile, and on one of its own.

use chromiumoxide::{
    Browser, Handler, Page,
    cdp::browser_protocol::page::{CaptureScreenshotFormat, PrintToPdfParams},
    page::ScreenshotParams,
};
use futures::StreamExt;
use serde_json::json;
use tokio_util::task::AbortOnDropHandle;

use super::support::{
    Fleet,
    site::{Reply, Site},
};

fn pages(path: &str) -> Reply {
    match path {
        "/" => Reply::Html(
            "<!doctype html><title>home</title><input><button onclick='this.textContent = \"clicked\"'>press</button>",
        ),
        _ => Reply::Html("<!doctype html><title>another</title>"),
    }
}

/// Its connection has to be polled; the browser's events are nobody's here.
fn polled(mut handler: Handler) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move { while handler.next().await.is_some() {} }))
}

async fn uses(page: &Page, site: &Site) {
    page.goto(site.url("/")).await.unwrap();
    assert_eq!(page.get_title().await.unwrap().as_deref(), Some("home"));
    let sum: i64 = page.evaluate("6 * 7").await.unwrap().into_value().unwrap();
    assert_eq!(sum, 42);
    let field = page.find_element("input").await.unwrap();
    field.click().await.unwrap().type_str("Ada").await.unwrap();
    page.find_element("button").await.unwrap().click().await.unwrap();
    let button = page.find_element("button").await.unwrap().inner_text().await.unwrap();
    assert_eq!(button.as_deref(), Some("clicked"));
    let typed: String =
        page.evaluate("document.querySelector('input').value").await.unwrap().into_value().unwrap();
    assert_eq!(typed, "Ada");
    let picture = ScreenshotParams::builder().format(CaptureScreenshotFormat::Png).full_page(true).build();
    assert!(page.screenshot(picture).await.unwrap().starts_with(b"\x89PNG"));
    assert!(page.pdf(PrintToPdfParams::default()).await.unwrap().starts_with(b"%PDF"));
}

#[tokio::test]
async fn it_works_on_a_session_while_commands_run_and_leaves_it() {
    let fleet = Fleet::start().await;
    let site = Site::start(pages).await;
    let id = fleet.session_with(json!({ "url": site.url("/another") })).await;
    let (browser, handler) =
        Browser::connect(format!("http://{}/v1/sessions/{id}", fleet.address())).await.unwrap();
    let handler = polled(handler);
    let client = async {
        assert!(browser.version().await.unwrap().product.contains("Chrome"));
        let page = browser.new_page("about:blank").await.unwrap();
        uses(&page, &site).await;
        let tabs = fleet.get(&format!("/v1/sessions/{id}/tabs")).await.ok();
        assert_eq!(tabs["tabs"].as_array().map(Vec::len), Some(2), "{tabs}");
        page.close().await.unwrap();
    };
    let commands = async {
        for n in 0..20 {
            let sum = json!({ "action": "evaluate", "tab": 1, "expression": format!("{n} + 1") });
            assert_eq!(fleet.run(&id, sum).await.ok()["result"]["value"], n + 1);
        }
    };
    tokio::join!(client, commands);
    drop((browser, handler));
    assert_eq!(fleet.evaluate(&id, "document.title").await, "another");
    fleet.end(&id).await;
}

#[tokio::test]
async fn it_makes_a_session_and_closes_it() {
    let fleet = Fleet::start().await;
    let site = Site::start(pages).await;
    let url = format!("ws://{}/cdp?name=oxide&viewport.width=800&viewport.height=600", fleet.address());
    let (mut browser, handler) = Browser::connect(url).await.unwrap();
    let _handler = polled(handler);
    let page = browser.new_page(site.url("/another")).await.unwrap();
    uses(&page, &site).await;
    let sessions = fleet.get("/v1/sessions?state=ready").await.ok();
    assert_eq!(sessions["sessions"][0]["name"], "oxide");
    browser.close().await.unwrap();
    let ended = fleet.ended(sessions["sessions"][0]["id"].as_str().unwrap()).await;
    assert_eq!(ended["end_reason"], "released");
}
