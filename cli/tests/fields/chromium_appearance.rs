//! What a session pretends to be.

use serde_json::json;

use crate::{fleet::Fleet, site::Site};

const AGENT: &str = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36";

#[tokio::test]
async fn a_viewport_has_size_scale_touch_and_is_mobile() {
    let (fleet, site) = (Fleet::start(), Site::start().await);
    let viewport = json!({ "width": 390, "height": 844, "scale": 3.0, "mobile": true, "touch": true });
    let session = fleet.create(json!({ "viewport": viewport, "url": site.url("/") })).await;
    assert_eq!(session.created["viewport"], viewport);
    let seen = "({ width: screen.width, height: screen.height, scale: devicePixelRatio, touch: navigator.maxTouchPoints,
        coarse: matchMedia('(pointer: coarse)').matches, hover: matchMedia('(hover: hover)').matches,
        portrait: screen.orientation.type, events: 'ontouchstart' in window })";
    let expected = json!({ "width": 390, "height": 844, "scale": 3, "touch": 5, "coarse": true, "hover": false,
        "portrait": "portrait-primary", "events": true });
    assert_eq!(session.eval(seen).await, expected);
    // A page that says nothing of a viewport is laid out as mobile browsers do it.
    assert_eq!(session.eval("document.documentElement.clientWidth").await, 980);

    let plain =
        fleet.create(json!({ "viewport": { "width": 801, "height": 602 }, "url": site.url("/") })).await;
    let seen = "[innerWidth, innerHeight, devicePixelRatio, navigator.maxTouchPoints, matchMedia('(pointer: coarse)').matches]";
    assert_eq!(plain.eval(seen).await, json!([801, 602, 1, 0, false]));
}

/// What each kind of place tells of its browser.
const SEEN: &str = "({ agent: navigator.userAgent, language: navigator.language,
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone, locale: Intl.DateTimeFormat().resolvedOptions().locale })";

#[tokio::test]
async fn agent_locale_and_zone_are_the_same_in_pages_frames_popups_and_workers() {
    let (fleet, site) = (Fleet::start(), Site::start().await);
    let session = fleet
        .create(json!({
            "user_agent": AGENT, "locale": "de-DE", "timezone": "Asia/Tokyo", "color_scheme": "dark",
            "init_scripts": ["window.planted = (window.planted ?? 0) + 1", "window.again = window.planted"],
            "url": site.url("/frames"),
        }))
        .await;
    let expected = json!({ "agent": AGENT, "language": "de-DE", "zone": "Asia/Tokyo", "locale": "de-DE" });
    assert_eq!(session.eval(SEEN).await, expected);
    assert_eq!(session.eval("(1234.5).toLocaleString()").await, "1.234,5");
    assert_eq!(session.eval("new Date(0).getHours()").await, 9);
    assert_eq!(session.eval("matchMedia('(prefers-color-scheme: dark)').matches").await, true);
    let hints = "[navigator.userAgentData.platform, navigator.userAgentData.mobile, navigator.platform]";
    assert_eq!(session.eval(hints).await, json!(["Android", true, "Linux armv8l"]));

    for frame in [site.url("/inner"), site.other("/inner")] {
        let target = json!({ "selector": "html", "frame": frame });
        let seen = format!("() => ({{ ...{SEEN}, planted: window.planted, again: window.again }})");
        let command = json!({ "action": "evaluate", "expression": seen, "target": target });
        let mut expected = expected.clone();
        expected["planted"] = 1.into();
        expected["again"] = 1.into();
        assert_eq!(session.run(command).await["value"], expected, "{frame}");
    }

    let in_worker = "new Promise(done => { new Worker('/worker.js').onmessage = e => done(e.data) })";
    assert_eq!(session.eval(in_worker).await, expected, "a worker");

    session.eval("void window.open('/popup')").await;
    let popup = tab_of(&session, "/popup").await;
    let seen = format!("({{ ...{SEEN}, planted: window.planted }})");
    let command = json!({ "action": "evaluate", "expression": seen, "tab": popup });
    let mut with_script = expected.clone();
    with_script["planted"] = 1.into();
    assert_eq!(session.run(command).await["value"], with_script, "a popup");

    for path in ["/frames", "/inner", "/popup", "/worker.js"] {
        for asked in site.asked(path) {
            assert_eq!(asked.header("user-agent"), Some(AGENT), "{path}");
            let language = asked.header("accept-language").unwrap_or_default();
            assert!(language.starts_with("de-DE,de"), "{path}: {language}");
        }
    }
}

async fn tab_of(session: &crate::fleet::Session<'_>, path: &str) -> u64 {
    let deadline = std::time::Instant::now() + crate::fleet::SOON;
    loop {
        let tabs = session.run(json!({ "action": "tabs" })).await;
        let mut tabs = tabs["tabs"].as_array().unwrap().iter();
        let found = tabs.find(|tab| tab["url"].as_str().is_some_and(|url| url.ends_with(path)));
        if let Some(tab) = found {
            let n = tab["n"].as_u64().unwrap();
            session.run(json!({ "action": "wait_for", "load_state": "load", "tab": n })).await;
            return n;
        }
        assert!(std::time::Instant::now() < deadline, "no tab shows {path}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_position_is_told_to_pages_that_may_ask() {
    let (fleet, site) = (Fleet::start(), Site::start().await);
    let position = json!({ "latitude": 52.5, "longitude": 13.25, "accuracy": 7.0 });
    let ask = "new Promise(done => navigator.geolocation.getCurrentPosition(
        p => done([p.coords.latitude, p.coords.longitude, p.coords.accuracy]), e => done(e.code)))";
    let may = fleet
        .create(json!({ "geolocation": position, "permissions": ["geolocation", "notifications"], "url": site.url("/") }))
        .await;
    assert_eq!(may.eval(ask).await, json!([52.5, 13.25, 7]));
    assert_eq!(may.eval("Notification.requestPermission()").await, "granted");
    // Also on a page of another origin, in the same tab.
    may.go(&site.other("/")).await;
    assert_eq!(may.eval(ask).await, json!([52.5, 13.25, 7]));

    let (status, answer) = fleet.refused(json!({ "permissions": ["telepathy"] })).await;
    assert_eq!((status.as_u16(), &answer["field"]), (400, &json!("permissions")), "{answer}");
}

#[tokio::test]
async fn browser_and_args_are_as_asked() {
    let (fleet, site) = (Fleet::start(), Site::start().await);
    let args = json!(["--window-size=800,600", "--disable-blink-features=AutomationControlled", "--lang=fr"]);
    let session =
        fleet.create(json!({ "browser": "headless-shell", "args": args, "url": site.url("/") })).await;
    assert_eq!(session.created["browser"], "headless-shell");
    assert_eq!(session.eval("navigator.webdriver").await, false);
    for (args, field, part) in [
        (json!(["--mute-audio", "--no-sandbox"]), "args[1]", "--no-sandbox"),
        (json!(["--lang"]), "args[0]", "--lang=VALUE"),
    ] {
        let (status, answer) = fleet.refused(json!({ "args": args })).await;
        assert_eq!(
            (status.as_u16(), &answer["code"], &answer["field"]),
            (400, &json!("invalid_argument"), &json!(field))
        );
        assert!(answer["detail"].as_str().unwrap().contains(part), "{answer}");
    }
}
