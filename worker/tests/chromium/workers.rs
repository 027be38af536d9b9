//! The workers of pages look as their session does.

use std::time::Duration;

use bus_schema::model::command::WaitUntil;
use bus_schema::model::create::{CreateSession, HttpCredentials};
use chromiumoxide_cdp::cdp::js_protocol::runtime::EvaluateParams;
use serde_json::{Value, json};
use worker::browser::SharedBrowser;
use worker::page::{Emulation, Scope, Tabs};

use super::site::{Page, Request, Site};
use super::support::Rig;

const AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

/// What its first script sees, and what it asks for.
const LOOK: &str = "const seen = {
  agent: navigator.userAgent, version: navigator.appVersion, platform: navigator.platform, languages: navigator.languages,
  hints: navigator.userAgentData.platform, brands: navigator.userAgentData.brands.map((each) => each.brand),
  native: /^function[^{]*\\{\\s*\\[native code\\]/.test(Object.getOwnPropertyDescriptor(WorkerNavigator.prototype, 'userAgent').get),
};
importScripts('/part.js?' + NAME);
const asked = fetch('/data?' + NAME);
const tell = async (to) => { await asked; to.postMessage(seen); };";

const PAGE: &str = "<script>
  const told = (name, start) => new Promise((resolve) => {
    setTimeout(() => resolve([name, 'nothing']), 10000);
    start(({ data }) => resolve([name, data]));
  });
  seen = Promise.all([
    told('worker', (listen) => { new Worker('/worker.js').onmessage = listen; }),
    told('shared', (listen) => { new SharedWorker('/shared.js').port.onmessage = listen; }),
    told('service', async (listen) => {
      // Out of the page's own scope: no page has it attached.
      const { installing } = await navigator.serviceWorker.register('/service.js?v=1*', { scope: '/elsewhere/' });
      const channel = new MessageChannel();
      channel.port1.onmessage = listen;
      installing.postMessage(0, [channel.port2]);
    }),
    told('inner', (listen) => { new Worker('/outer.js').onmessage = listen; }),
  ]).then(Object.fromEntries);
</script>";

fn answer(request: &Request) -> Page {
    let script = |name: &str, then: &str| {
        let body = format!("const NAME = '{name}'; {LOOK} {then}");
        Some(("content-type: text/javascript\r\nservice-worker-allowed: /\r\n", body))
    };
    match request.target.split('?').next().unwrap_or_default() {
        "/" => Some(("", PAGE.to_owned())),
        "/worker.js" => script("worker", "tell(self)"),
        "/inner.js" => script("inner", "tell(self)"),
        "/shared.js" => script("shared", "onconnect = (event) => tell(event.ports[0])"),
        "/outer.js" => Some((
            "content-type: text/javascript\r\n",
            "new Worker('/inner.js').onmessage = ({ data }) => postMessage(data)".into(),
        )),
        "/service.js" => script("service", "onmessage = (event) => event.waitUntil(tell(event.ports[0]))"),
        "/part.js" => Some(("content-type: text/javascript\r\n", "1".into())),
        _ => Some(("", "{}".into())),
    }
}

async fn seen(tabs: &Tabs, site: &Site) -> Value {
    let begun = tabs.navigate(1, &site.url("/"), None).await.unwrap();
    tabs.arrived(&begun, WaitUntil::Load).await.unwrap();
    let mut params = EvaluateParams::new("seen");
    (params.return_by_value, params.await_promise) = (Some(true), Some(true));
    let page = tabs.tab(None).unwrap().cdp.with_timeout(Duration::from_secs(20));
    page.call(params).await.unwrap().result.value.unwrap()
}

async fn look_like_the_session(tabs: &Tabs, site: &Site, credentials: Option<HttpCredentials>) {
    let wish = CreateSession {
        user_agent: Some(AGENT.into()),
        locale: Some("de-DE".into()),
        headers: [("x-team".to_owned(), "rook".to_owned())].into(),
        http_credentials: credentials,
        ..CreateSession::default()
    };
    tabs.apply(Emulation::from(&wish)).await.unwrap();
    let seen = seen(tabs, site).await;
    for name in ["worker", "shared", "service", "inner"] {
        let expected = json!({
            "agent": AGENT, "version": AGENT.strip_prefix("Mozilla/").unwrap(), "platform": "Win32",
            "languages": ["de-DE", "de"], "hints": "Windows",
            "brands": ["Chromium", "Google Chrome", "Not/A)Brand"], "native": true,
        });
        assert_eq!(seen[name], expected, "{name}");
    }
    for path in [
        "/worker.js",
        "/shared.js",
        "/service.js?v=1*",
        "/part.js?worker",
        "/part.js?shared",
        "/part.js?service",
        "/data?worker",
        "/data?shared",
        "/data?service",
        "/data?inner",
    ] {
        let requests = site.requested(path);
        assert!(!requests.is_empty(), "nobody asked for {path}");
        for request in requests {
            for (name, value) in [("user-agent", AGENT), ("accept-language", "de-DE,de;q=0.9")] {
                assert_eq!(request.header(name), Some(value), "{path}: {}", request.head);
            }
        }
    }
    for path in ["/service.js?v=1*", "/data?service", "/data?shared"] {
        assert_eq!(site.requested(path)[0].header("x-team"), Some("rook"), "{path}");
    }
}

#[tokio::test]
async fn workers_look_as_their_session_does() {
    let (rig, site) = (Rig::new().await, Site::start(answer).await);
    let browser = rig.launch().await;
    let (tabs, _events) = Tabs::open(Scope::Process(&browser)).await.unwrap();
    look_like_the_session(&tabs, &site, None).await;
    browser.close().await;
}

#[tokio::test]
async fn workers_in_a_shared_browser_look_as_their_own_session_does() {
    let (rig, site, other) = (Rig::new().await, Site::start(answer).await, Site::start(answer).await);
    let shared = SharedBrowser::open(rig.launch_shared().await).await.unwrap();
    let (mut ada, mut bob) = (shared.create_context().await.unwrap(), shared.create_context().await.unwrap());
    let (ada_tabs, _ada_events) = Tabs::open(Scope::Context(&mut ada)).await.unwrap();
    let (bob_tabs, _bob_events) = Tabs::open(Scope::Context(&mut bob)).await.unwrap();
    let credentials = HttpCredentials { username: "ada".into(), password: "pw".into(), origin: None };
    look_like_the_session(&ada_tabs, &site, Some(credentials)).await;
    let plain = seen(&bob_tabs, &other).await;
    for name in ["worker", "shared", "service", "inner"] {
        let agent = plain[name]["agent"].as_str().unwrap();
        assert!(agent.contains("HeadlessChrome") || !agent.contains("Windows"), "{name}: {agent}");
    }
    drop((ada_tabs, ada, bob_tabs, bob));
}
