//! The tabs of real browsers.

use std::time::Duration;

use super::site::{Page, Request, Site};
use super::support::{Rig, until};
use bus_schema::model::command::{DialogKind, WaitUntil};
use bus_schema::model::create::{ColorScheme, CreateSession, Geolocation, HttpCredentials};
use bus_schema::model::rpc::DownloadState;
use chromiumoxide_cdp::cdp::js_protocol::runtime::EvaluateParams;
use serde_json::{Value, json};
use tokio::sync::mpsc::Receiver;
use worker::browser::{Process, SharedBrowser};
use worker::cdp::{CallError, Cdp};
use worker::page::{Emulation, Event, NavigateError, Note, Scope, TabError, Tabs};

struct Session {
    tabs: Tabs,
    events: Receiver<Event>,
    browser: Process,
    site: Site,
    _rig: Rig,
}

impl Session {
    async fn with(pages: impl Fn(&Request) -> Page + Send + Sync + 'static) -> Self {
        Self::with_args(&[], pages).await
    }

    async fn with_args(args: &[&str], pages: impl Fn(&Request) -> Page + Send + Sync + 'static) -> Self {
        let mut rig = Rig::new().await;
        rig.options.args = args.iter().map(|arg| arg.parse().unwrap()).collect();
        let browser = rig.launch().await;
        let (tabs, events) = Tabs::open(Scope::Process(&browser)).await.unwrap();
        Self { tabs, events, browser, site: Site::start(pages).await, _rig: rig }
    }

    async fn go(&self, n: u32, url: &str, until: WaitUntil) -> Result<(), NavigateError> {
        let begun = self.tabs.navigate(n, url, None).await?;
        tokio::time::timeout(Duration::from_secs(10), self.tabs.arrived(&begun, until)).await.unwrap()
    }

    async fn event(&mut self, mut wanted: impl FnMut(&Event) -> bool) -> Event {
        let found = async {
            loop {
                let event = self.events.recv().await.unwrap();
                if wanted(&event) {
                    return event;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), found).await.unwrap()
    }
}

async fn evaluate(page: &Cdp, expression: &str) -> Value {
    let mut params = EvaluateParams::new(expression);
    params.return_by_value = Some(true);
    params.await_promise = Some(true);
    page.call(params).await.unwrap().result.value.unwrap_or_default()
}

fn html(body: &str) -> Page {
    Some(("", body.to_owned()))
}

#[tokio::test]
async fn tabs_are_numbered_opened_activated_and_closed() {
    let mut session = Session::with(|_| html("<title>one</title>")).await;
    let tabs = session.tabs.clone();
    assert_eq!(tabs.list().len(), 1);
    assert_eq!(tabs.active(), Some(1));
    assert_eq!(tabs.new_tab().await.unwrap(), 2);
    assert_eq!(tabs.active(), Some(2));
    let url = session.site.url("/");
    session.go(2, &url, WaitUntil::Load).await.unwrap();
    let shown = tabs.page(2).await.unwrap();
    assert_eq!((shown.url.as_str(), shown.title.as_str()), (url.as_str(), "one"));
    evaluate(&tabs.tab(Some(2)).unwrap().cdp, "document.title = 'two'").await;
    assert_eq!(tabs.page(2).await.unwrap().title, "two");
    tabs.activate(1).await.unwrap();
    let list = tabs.list();
    assert_eq!(list.iter().map(|tab| (tab.n, tab.active)).collect::<Vec<_>>(), [(1, true), (2, false)]);
    assert!(list.iter().all(|tab| tab.context.is_none()));
    tabs.close(1).await.unwrap();
    assert_eq!(tabs.active(), Some(2));
    assert_eq!(tabs.close(1).await, Err(TabError::NoSuchTab(1)));
    assert_eq!(tabs.new_tab().await.unwrap(), 3);
    session.event(|event| *event == Event::TabClosed { n: 1 }).await;
    session.browser.close().await;
    assert!(matches!(tabs.new_tab().await, Err(TabError::Call(CallError::Closed(_)))));
}

#[tokio::test]
async fn navigations_arrive_fail_and_go_on() {
    let session = Session::with(|request| match request.target.as_str() {
        "/idle" => html("<title>idle</title><script>fetch('/data').then(() => fetch('/data'))</script>"),
        "/hop" => html("<script>location.replace('/landed')</script>"),
        "/landed" => html("<title>landed</title>"),
        "/file" => Some(("content-disposition: attachment; filename=\"a.txt\"\r\n", "text".into())),
        "/data" => html("{}"),
        _ => None,
    })
    .await;
    let (tabs, site) = (&session.tabs, &session.site);
    session.go(1, &site.url("/idle"), WaitUntil::Networkidle).await.unwrap();
    assert_eq!(site.requested("/data").len(), 2);
    for until in [WaitUntil::Commit, WaitUntil::Domcontentloaded, WaitUntil::Load] {
        session.go(1, &site.url("/idle"), until).await.unwrap();
    }
    session.go(1, &site.url("/idle#part"), WaitUntil::Load).await.unwrap();
    assert_eq!(tabs.tab(None).unwrap().url, site.url("/idle#part"));
    session.go(1, &site.url("/hop"), WaitUntil::Networkidle).await.unwrap();
    assert_eq!(tabs.tab(None).unwrap().url, site.url("/landed"));
    let refused = session.go(1, "http://127.0.0.1:1/", WaitUntil::Load).await.unwrap_err();
    assert!(matches!(&refused, NavigateError::Net(text) if text.starts_with("net::ERR_")), "{refused:?}");
    let unknown = session.go(1, "http://does-not-exist.invalid/", WaitUntil::Load).await.unwrap_err();
    assert_eq!(unknown, NavigateError::Net("net::ERR_NAME_NOT_RESOLVED".into()));
    assert_eq!(session.go(1, &site.url("/file"), WaitUntil::Load).await, Err(NavigateError::Download));
    session.go(1, &site.url("/landed"), WaitUntil::Load).await.unwrap();
    let mark = tabs.mark(1).unwrap();
    tabs.tab(None).unwrap().cdp.call_raw("Page.reload", ()).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), tabs.moved_on(mark, WaitUntil::Load))
        .await
        .unwrap()
        .unwrap();
    let mark = tabs.mark(1).unwrap();
    evaluate(&tabs.tab(None).unwrap().cdp, "history.pushState(0, '', '/pushed')").await;
    tokio::time::timeout(Duration::from_secs(5), tabs.moved_on(mark, WaitUntil::Load))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(tabs.tab(None).unwrap().url, site.url("/pushed"));
    session.browser.close().await;
}

#[tokio::test]
async fn a_popup_is_emulated_before_its_first_script_and_comes_to_the_front() {
    let mut session = Session::with(|request| match request.target.as_str() {
        "/popup" => html("<script>first = [navigator.language, typeof marked, innerWidth]</script>"),
        _ => html("opener"),
    })
    .await;
    let wish = CreateSession {
        locale: Some("fr-FR".into()),
        init_scripts: vec!["var marked = 1".into()],
        ..CreateSession::default()
    };
    let tabs = session.tabs.clone();
    tabs.apply(Emulation::from(&wish)).await.unwrap();
    session.go(1, &session.site.url("/"), WaitUntil::Load).await.unwrap();
    evaluate(&tabs.tab(None).unwrap().cdp, "window.open('/popup'); 1").await;
    let opened = session.event(|event| matches!(event, Event::TabOpened { n: 2, .. })).await;
    assert!(matches!(opened, Event::TabOpened { opener: Some(1), .. }));
    tokio::time::timeout(Duration::from_secs(5), async {
        while tabs.tab(Some(2)).unwrap().url != session.site.url("/popup") {
            tabs.changes().changed().await.unwrap();
        }
        tabs.loaded(2, WaitUntil::Load).await.unwrap();
    })
    .await
    .unwrap();
    assert_eq!(tabs.active(), Some(2));
    assert_eq!(evaluate(&tabs.tab(None).unwrap().cdp, "first").await, json!(["fr-FR", "number", 1280]));
    evaluate(&tabs.tab(None).unwrap().cdp, "window.close()").await;
    session.event(|event| *event == Event::TabClosed { n: 2 }).await;
    assert_eq!(tabs.active(), Some(1));
    session.browser.close().await;
}

#[tokio::test]
async fn frames_of_other_sites_are_reached_over_sessions_of_their_own() {
    // The headless shell keeps sites in one process unless told; full Chromium always does this.
    let session =
        Session::with_args(&["--site-per-process"], |request| match request.target.split_once('?') {
            Some(("/outer", inner)) => html(&format!(
                "<iframe name=far src='{inner}'></iframe><iframe name=near src='/near'></iframe>"
            )),
            _ if request.target == "/far" => html("<p>far</p><iframe name=deep src='/near'></iframe>"),
            _ => html("<p>near</p>"),
        })
        .await;
    let (tabs, site) = (&session.tabs, &session.site);
    let url = format!("{}?{}", site.url("/outer"), site.other("/far"));
    session.go(1, &url, WaitUntil::Networkidle).await.unwrap();
    let frames = tabs.frames(1).unwrap();
    let mut names: Vec<&str> = frames.iter().map(|frame| frame.name.as_str()).collect();
    assert_eq!(names.remove(0), "");
    names.sort_unstable();
    assert_eq!(names, ["deep", "far", "near"]);
    let named = |name: &str| frames.iter().find(|frame| frame.name == name).unwrap();
    assert_ne!(named("far").cdp.session(), frames[0].cdp.session());
    assert_eq!(named("near").cdp.session(), frames[0].cdp.session());
    for (name, text) in [("far", "far"), ("deep", "near"), ("near", "near")] {
        let frame = named(name);
        let mut params = EvaluateParams::new("document.querySelector('p').textContent");
        params.context_id = Some(worker_context(frame.world.unwrap()));
        let answer = frame.cdp.call(params).await.unwrap();
        assert_eq!(answer.result.value, Some(json!(text)), "{name}");
    }
    evaluate(&frames[0].cdp, "document.querySelector('[name=far]').remove()").await;
    until("the frame is gone", Duration::from_secs(5), || tabs.frames(1).unwrap().len() == 2).await;
    session.browser.close().await;
}

fn worker_context(id: i64) -> chromiumoxide_cdp::cdp::js_protocol::runtime::ExecutionContextId {
    chromiumoxide_cdp::cdp::js_protocol::runtime::ExecutionContextId::new(id)
}

#[tokio::test]
async fn dialogs_are_held_until_they_are_answered() {
    let mut session = Session::with(|_| html("")).await;
    let tabs = session.tabs.clone();
    session.go(1, &session.site.url("/"), WaitUntil::Load).await.unwrap();
    let page = tabs.tab(None).unwrap().cdp;
    let asked = tokio::spawn(async move { evaluate(&page, "prompt('name?', 'me')").await });
    let dialog = tokio::time::timeout(Duration::from_secs(5), tabs.dialog_opened(1)).await.unwrap().unwrap();
    assert_eq!((dialog.kind, dialog.message.as_str()), (DialogKind::Prompt, "name?"));
    assert_eq!(tabs.dialogs(), std::slice::from_ref(&dialog));
    assert!(!asked.is_finished());
    assert_eq!(tabs.answer_dialog(1, true, Some("Ada".into())).await.unwrap(), dialog);
    assert_eq!(asked.await.unwrap(), "Ada");
    assert_eq!(tabs.answer_dialog(1, true, None).await, Err(TabError::NoDialog(1)));
    session.event(|event| *event == Event::DialogClosed { n: 1, accepted: true }).await;
    session.browser.close().await;
}

#[tokio::test]
async fn downloads_land_in_the_sessions_directory() {
    let mut session = Session::with(|request| match request.target.as_str() {
        "/file" => {
            Some(("content-disposition: attachment; filename=\"../../a b.txt\"\r\n", "x".repeat(200_000)))
        }
        _ => html("<a href=/file>get</a>"),
    })
    .await;
    session.go(1, &session.site.url("/"), WaitUntil::Load).await.unwrap();
    evaluate(&session.tabs.tab(None).unwrap().cdp, "document.querySelector('a').click()").await;
    let ended =
        session.event(|event| matches!(event, Event::Download { state: DownloadState::Completed, .. })).await;
    let Event::Download { guid, n, name, received, total, .. } = ended else { panic!("{ended:?}") };
    assert_eq!((n, received, total), (Some(1), 200_000, Some(200_000)));
    assert!(!name.contains('/'), "{name}");
    let file = session.browser.downloads().join(&guid);
    assert_eq!(std::fs::metadata(&file).unwrap().len(), 200_000);
    session.browser.close().await;
    assert!(!file.exists());
}

#[tokio::test]
async fn a_crashed_page_ends_its_calls_and_can_be_navigated_again() {
    let mut session = Session::with(|_| html("<title>alive</title>")).await;
    let tabs = session.tabs.clone();
    session.go(1, &session.site.url("/"), WaitUntil::Load).await.unwrap();
    let page = tabs.tab(None).unwrap().cdp;
    let pending = {
        let page = page.clone();
        let mut params = EvaluateParams::new("new Promise(() => {})");
        params.await_promise = Some(true);
        tokio::spawn(async move { page.call(params).await.map(|_| ()) })
    };
    until("the call is on its way", Duration::from_secs(5), || session.browser.stats().waiting == 1).await;
    page.notify_raw("Page.crash", &json!({}));
    assert_eq!(pending.await.unwrap(), Err(CallError::Crashed));
    session.event(|event| *event == Event::Crashed { n: 1 }).await;
    assert!(tabs.tab(None).unwrap().crashed);
    assert!(matches!(
        tabs.loaded(1, WaitUntil::Networkidle).await,
        Err(NavigateError::Tab(TabError::Crashed(1)))
    ));
    session.go(1, &session.site.url("/again"), WaitUntil::Load).await.unwrap();
    assert_eq!(evaluate(&page, "document.title").await, "alive");
    session.browser.close().await;
}

#[tokio::test]
async fn a_session_looks_as_it_was_asked_to() {
    let session = Session::with(|request| match (request.target.as_str(), request.header("authorization")) {
        ("/secret", Some("Basic YWRhOnB3")) => html("open"),
        ("/secret", _) => {
            Some(("status 401 Unauthorized\nwww-authenticate: Basic realm=x\r\n", "shut".into()))
        }
        _ => html("<title>plain</title>"),
    })
    .await;
    let site = session.site.url("");
    let mut wish = CreateSession {
        user_agent: Some("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36".into()),
        locale: Some("de-DE".into()),
        timezone: Some("Asia/Tokyo".into()),
        geolocation: Some(Geolocation { latitude: 52.5, longitude: 13.4, accuracy: 5.0 }),
        permissions: vec!["geolocation".into()],
        color_scheme: Some(ColorScheme::Dark),
        headers: [("x-team".to_owned(), "rook".to_owned())].into(),
        http_credentials: Some(HttpCredentials { username: "ada".into(), password: "pw".into(), origin: None }),
        init_scripts: vec!["var marked = 1".into()],
        storage_state: serde_json::from_value(json!({
            "cookies": [{ "name": "c", "value": "1", "url": site, "httpOnly": false }],
            "origins": [{ "origin": site, "localStorage": [{ "name": "k", "value": "seed" }] }],
        }))
        .unwrap(),
        ..CreateSession::default()
    };
    (wish.viewport.width, wish.viewport.height, wish.viewport.scale) = (800, 600, 2.0);
    (wish.viewport.mobile, wish.viewport.touch) = (true, true);
    session.tabs.apply(Emulation::from(&wish)).await.unwrap();
    let second = session.tabs.new_tab().await.unwrap();
    for n in [1, second] {
        session.go(n, &session.site.url("/"), WaitUntil::Load).await.unwrap();
        let page = session.tabs.tab(Some(n)).unwrap().cdp;
        let seen = evaluate(
            &page,
            "(async () => ({
                agent: navigator.userAgent.includes('Windows NT'), platform: navigator.platform,
                language: navigator.languages.join(), zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
                number: (1.5).toLocaleString(), dark: matchMedia('(prefers-color-scheme: dark)').matches,
                size: [screen.width, screen.height, devicePixelRatio], touch: navigator.maxTouchPoints > 0,
                focus: document.hasFocus(), cookie: document.cookie, marked,
                place: (await new Promise((ok, no) => navigator.geolocation.getCurrentPosition(ok, no))).coords.latitude,
            }))()",
        )
        .await;
        let expected = json!({
            "agent": true, "platform": "Win32", "language": "de-DE,de", "zone": "Asia/Tokyo", "number": "1,5",
            "dark": true, "size": [800, 600, 2], "touch": true, "focus": true, "cookie": "c=1", "marked": 1,
            "place": 52.5,
        });
        assert_eq!(seen, expected, "tab {n}");
        let stored =
            evaluate(&page, "[localStorage.k, localStorage.k = 'own', delete localStorage.k][0]").await;
        assert_eq!(
            stored,
            if n == 1 { json!("seed") } else { Value::Null },
            "only the first document is seeded"
        );
    }
    session.go(1, &session.site.url("/secret"), WaitUntil::Load).await.unwrap();
    let page = session.tabs.tab(Some(1)).unwrap().cdp;
    assert_eq!(evaluate(&page, "document.body.textContent").await, "open");
    assert_eq!(session.site.requested("/")[0].header("x-team"), Some("rook"));
    assert!(session.site.requested("/")[0].header("accept-language").unwrap().starts_with("de-DE"));
    session.browser.close().await;
}

#[tokio::test]
async fn what_cannot_be_emulated_is_named() {
    let session = Session::with(|_| html("")).await;
    for (wish, field) in [
        (CreateSession { timezone: Some("Mars/Base".into()), ..CreateSession::default() }, "timezone"),
        (CreateSession { permissions: vec!["x".into()], ..CreateSession::default() }, "permissions"),
    ] {
        let error = session.tabs.apply(Emulation::from(&wish)).await.unwrap_err();
        assert_eq!(error.field, field, "{error}");
    }
    session.browser.close().await;
}

#[tokio::test]
async fn wrong_credentials_end_in_the_pages_own_refusal() {
    let session = Session::with(|_| {
        Some(("status 401 Unauthorized\nwww-authenticate: Basic realm=x\r\n", "shut".into()))
    })
    .await;
    let credentials = HttpCredentials { username: "a".into(), password: "b".into(), origin: None };
    let wish = CreateSession { http_credentials: Some(credentials), ..CreateSession::default() };
    session.tabs.apply(Emulation::from(&wish)).await.unwrap();
    session.go(1, &session.site.url("/"), WaitUntil::Load).await.unwrap();
    assert_eq!(evaluate(&session.tabs.tab(None).unwrap().cdp, "document.body.textContent").await, "shut");
    session.browser.close().await;
}

#[tokio::test]
async fn notes_are_told_and_give_way_when_nobody_listens() {
    let mut session =
        Session::with(|_| html("<script>console.log('hello', 1, {a: 1}); null.x</script>")).await;
    session.tabs.watch_network(true).await;
    session.go(1, &session.site.url("/"), WaitUntil::Load).await.unwrap();
    let mut seen = (false, false, false);
    while seen != (true, true, true) {
        let event = session.event(|event| matches!(event, Event::Note { .. })).await;
        let Event::Note { n: 1, note } = event else { panic!("{event:?}") };
        match note {
            Note::Console { text, .. } => seen.0 = text == "hello 1 Object",
            Note::Exception { text } => seen.1 = text.contains("TypeError"),
            Note::Response { status, .. } => seen.2 = status == 200,
            Note::Request { .. } | Note::Failed { .. } => {}
        }
    }
    let page = session.tabs.tab(None).unwrap().cdp;
    evaluate(&page, "for (let i = 0; i < 3000; i++) console.log(i)").await;
    // The page goes on and its tab is followed although nobody takes the events.
    session.go(1, &session.site.url("/#x"), WaitUntil::Load).await.unwrap();
    session.event(|event| matches!(event, Event::Navigated { same_document: true, .. })).await;
    evaluate(&page, "console.log('after')").await;
    let dropped = session.event(|event| matches!(event, Event::NotesDropped { .. })).await;
    assert!(matches!(dropped, Event::NotesDropped { count } if count > 1000), "{dropped:?}");
    session.browser.close().await;
}

/// Waits until a first download is complete; it is an error if another one is heard of before.
async fn first_download(events: &mut Receiver<Event>) -> String {
    let mut first = None;
    loop {
        let event = tokio::time::timeout(Duration::from_secs(5), events.recv()).await.unwrap().unwrap();
        let Event::Download { guid, n, state, .. } = event else { continue };
        assert_eq!((first.get_or_insert_with(|| guid.clone()), n), (&mut guid.clone(), Some(1)));
        if state == DownloadState::Completed {
            return guid;
        }
    }
}

#[tokio::test]
async fn sessions_in_one_browser_see_nothing_of_each_other() {
    let rig = Rig::new().await;
    let shared = SharedBrowser::open(rig.launch_shared().await).await.unwrap();
    let site = Site::start(|request| match request.target.as_str() {
        "/file" => Some(("content-disposition: attachment; filename=f\r\n", "data".into())),
        _ => html("<title>shared</title>"),
    })
    .await;
    let (mut ada, mut bob) = (shared.create_context().await.unwrap(), shared.create_context().await.unwrap());
    let (ada_tabs, mut ada_events) = Tabs::open(Scope::Context(&mut ada)).await.unwrap();
    let (bob_tabs, mut bob_events) = Tabs::open(Scope::Context(&mut bob)).await.unwrap();
    for tabs in [&ada_tabs, &bob_tabs] {
        assert_eq!(tabs.list().len(), 1);
        let begun = tabs.navigate(1, &site.url("/"), None).await.unwrap();
        tabs.arrived(&begun, WaitUntil::Load).await.unwrap();
    }
    let page = ada_tabs.tab(None).unwrap().cdp;
    evaluate(&page, "document.cookie = 'who=ada'; localStorage.who = 'ada'; window.open('/popup'); 1").await;
    until("the popup is Ada's", Duration::from_secs(5), || ada_tabs.active() == Some(2)).await;
    assert_eq!(bob_tabs.list().len(), 1);
    let seen =
        evaluate(&bob_tabs.tab(None).unwrap().cdp, "[document.cookie, localStorage.who ?? null]").await;
    assert_eq!(seen, json!(["", null]));
    evaluate(&page, "location = '/file'; 1").await;
    let guid = first_download(&mut ada_events).await;
    assert!(ada.downloads().join(&guid).exists());
    // Ada's comes first in the browser's order, so Bob would have heard of it before his own.
    evaluate(&bob_tabs.tab(None).unwrap().cdp, "location = '/file'; 1").await;
    let other = first_download(&mut bob_events).await;
    assert_ne!(other, guid);
    assert!(bob.downloads().join(&other).exists());
    let downloads = ada.downloads();
    drop((ada_tabs, ada));
    until("Ada's pages are closed", Duration::from_secs(5), || shared.len() == 1 && !downloads.exists())
        .await;
    assert_eq!(evaluate(&bob_tabs.tab(None).unwrap().cdp, "document.title").await, "shared");
}
