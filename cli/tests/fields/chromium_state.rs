//! Cookies and storage that a session begins with, and those it leaves behind.

use serde_json::{Value, json};

use crate::{fleet::Fleet, site::Site};

#[tokio::test]
async fn storage_state_is_there_before_the_first_script() {
    let (fleet, site) = (Fleet::start(), Site::start().await);
    let state = json!({
        "cookies": [
            { "name": "sid", "value": "one", "domain": "127.0.0.1", "path": "/", "httpOnly": true, "sameSite": "Lax" },
            { "name": "shown", "value": "two", "domain": "127.0.0.1", "path": "/" },
        ],
        "origins": [
            { "origin": site.url(""), "localStorage": [{ "name": "theme", "value": "dark" }] },
            { "origin": site.other(""), "localStorage": [{ "name": "theme", "value": "light" }] },
        ],
    });
    for isolation in ["process", "context"] {
        let session = fleet
            .create(json!({ "isolation": isolation, "storage_state": state, "url": site.url("/first"),
                "init_scripts": ["window.early = localStorage.getItem('theme')"] }))
            .await;
        let asked = site.asked("/first");
        let sent = asked.last().unwrap().header("cookie").unwrap();
        assert!(sent.contains("sid=one") && sent.contains("shown=two"), "{sent}");
        assert_eq!(session.eval("[document.cookie, localStorage.theme]").await, json!(["shown=two", "dark"]));
        session.go(&site.other("/")).await;
        assert_eq!(session.eval("localStorage.theme").await, "light");
        // What the page does with it afterwards stays.
        session.eval("localStorage.clear()").await;
        session.go(&site.other("/again")).await;
        assert_eq!(session.eval("localStorage.length").await, 0);
        session.end().await;
    }
}

fn with_profile(save: bool, url: &str) -> Value {
    json!({ "profile": { "name": "shop", "save": save }, "url": url })
}

#[tokio::test]
async fn a_profile_is_kept_from_session_to_session() {
    let (fleet, site) = (Fleet::start(), Site::start().await);
    let first = fleet.create(with_profile(true, &site.url("/"))).await;
    assert_eq!(
        first.eval("[document.cookie, localStorage.length]").await,
        json!(["", 0]),
        "a new one is empty"
    );
    first
        .eval(
            "document.cookie = 'sid=1; max-age=3600'; document.cookie = 'tmp=2'; localStorage.cart = 'book'",
        )
        .await;
    first.go(&site.other("/")).await;
    first.eval("localStorage.other = 'kept'").await;
    first.run(json!({ "action": "new_tab", "url": site.url("/") })).await;
    assert_eq!(first.end().await["end_reason"], "released");

    // Seen, and not written back.
    let reader = fleet.create(with_profile(false, &site.url("/"))).await;
    assert_eq!(reader.eval("[document.cookie, localStorage.cart]").await, json!(["sid=1; tmp=2", "book"]));
    reader.eval("localStorage.cart = 'nothing'").await;
    reader.end().await;

    // Goes on from it without a look at the other origin, and in a shared browser.
    let mut spec = with_profile(true, &site.url("/"));
    spec["isolation"] = "context".into();
    let second = fleet.create(spec).await;
    assert_eq!(second.eval("localStorage.cart").await, "book");
    second.eval("localStorage.cart = 'two books'; document.cookie = 'tmp=; max-age=0'").await;
    second.end().await;

    // What is asked for stands over the profile.
    let mut spec = with_profile(false, &site.url("/"));
    spec["storage_state"] = json!({
        "cookies": [{ "name": "sid", "value": "9", "domain": "127.0.0.1", "path": "/" }],
        "origins": [{ "origin": site.url(""), "localStorage": [{ "name": "new", "value": "item" }] }],
    });
    let third = fleet.create(spec).await;
    assert_eq!(
        third.eval("[document.cookie, localStorage.cart, localStorage.new]").await,
        json!(["sid=9", "two books", "item"])
    );
    third.go(&site.other("/")).await;
    assert_eq!(third.eval("localStorage.other").await, "kept");
}

#[tokio::test]
async fn a_page_that_stands_still_does_not_hold_up_the_end() {
    let (fleet, site) = (Fleet::start(), Site::start().await);
    let session = fleet.create(with_profile(true, &site.url("/"))).await;
    session.eval("document.cookie = 'sid=1; max-age=3600'; setTimeout(() => { for (;;); }, 0)").await;
    let began = std::time::Instant::now();
    assert_eq!(session.end().await["state"], "ended");
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "it took {:?}", began.elapsed());
    let next = fleet.create(with_profile(false, &site.url("/"))).await;
    assert_eq!(next.eval("document.cookie").await, "sid=1", "what could be had was kept");
}
