//! The forward proxy, with a real browser in front of it and small proxies behind it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actors::Gate;
use bus_schema::model::command::WaitUntil;
use bus_schema::model::create;
use chromiumoxide_cdp::cdp::js_protocol::runtime::EvaluateParams;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;
use worker::browser::proxy::{Failure, ForwardProxy, GuardedPort, Policy, Upstream};
use worker::browser::{Process, launch};
use worker::page::{NavigateError, Scope, Tabs};

use super::site::{Request, Site};
use super::support::{Rig, until};

struct Proxied {
    proxy: Arc<ForwardProxy>,
    tabs: Tabs,
    browser: Process,
    _rig: Rig,
}

impl Proxied {
    async fn start(guarded: Vec<GuardedPort>) -> Self {
        let mut rig = Rig::new().await;
        let user = rig.options.user.as_ref().map(|user| user.uid);
        let proxy = ForwardProxy::start(Arc::from(guarded), user, Gate::always()).await.unwrap();
        let proxy = Arc::new(proxy);
        rig.options.proxy_port = Some(proxy.port());
        let browser = launch(&rig.homes, &rig.options).await.unwrap();
        let (tabs, events) = Tabs::open(Scope::Process(&browser)).await.unwrap();
        drop(events);
        let explains = proxy.clone();
        tabs.explain_failures(move |host, port| Some(explains.failure(host, port)?.net_error()));
        Self { proxy, tabs, browser, _rig: rig }
    }

    async fn go(&self, url: &str) -> Result<Value, NavigateError> {
        let arrived = async {
            let begun = self.tabs.navigate(1, url, None).await?;
            self.tabs.arrived(&begun, WaitUntil::Load).await
        };
        tokio::time::timeout(Duration::from_secs(10), arrived).await.unwrap()?;
        Ok(self.evaluate("document.body.textContent").await)
    }

    async fn evaluate(&self, expression: &str) -> Value {
        let mut params = EvaluateParams::new(expression);
        params.return_by_value = Some(true);
        params.await_promise = Some(true);
        self.tabs.tab(None).unwrap().cdp.call(params).await.unwrap().result.value.unwrap_or_default()
    }

    fn through(&self, server: &str, credentials: Option<(&str, &str)>) {
        let proxy = create::Proxy {
            server: server.into(),
            username: credentials.map(|(name, _)| name.into()),
            password: credentials.map(|(_, password)| password.into()),
            bypass: vec!["direct.localhost".into()],
        };
        self.proxy.set_upstream(Some(Upstream::try_from(&proxy).unwrap()));
    }
}

async fn plain_site() -> Site {
    Site::start(|request| match request.target.as_str() {
        "/large" => Some(("", "x".repeat(3 << 20))),
        "/" | "/demo" | "/demo/part" | "/post" => Some(("", "here".into())),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn all_traffic_passes_and_is_counted_loopback_too() {
    let (proxied, site) = (Proxied::start(Vec::new()).await, plain_site().await);
    assert_eq!(proxied.go(&site.url("/")).await.unwrap(), "here");
    let fetched = proxied
        .evaluate(
            "(async () => { const sizes = [];
            for (const path of ['/large', '/', '/']) sizes.push((await (await fetch(path)).text()).length);
            const posted = await fetch('/post', {method: 'POST', body: 'y'.repeat(500000)});
            return [...sizes, posted.status]; })()",
        )
        .await;
    assert_eq!(fetched, json!([3 << 20, 4, 4, 200]));
    let traffic = proxied.proxy.traffic();
    assert!(traffic.received > 3 << 20 && traffic.sent > 500_000, "{traffic:?}");
    // A WebSocket goes through a tunnel; that the site knows none is not the proxy's affair.
    proxied
        .evaluate("new Promise(done => new WebSocket(`ws://${location.host}/ws`).onerror = () => done(1))")
        .await;
    assert_eq!(site.requested("/ws").len(), 1);
    let request = &site.requested("/")[0];
    assert!(request.header("proxy-connection").is_none() && request.header("host").is_some());
    proxied.browser.close().await;
}

#[tokio::test]
async fn what_cannot_be_reached_is_known_by_its_reason() {
    let proxied = Proxied::start(Vec::new()).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    for (scheme, host, port, failure) in [
        ("http", "does-not-exist.invalid", 80, Failure::NameNotResolved),
        ("https", "does-not-exist.invalid", 443, Failure::NameNotResolved),
        ("http", "127.0.0.1", closed, Failure::Refused),
        ("https", "127.0.0.1", closed, Failure::Refused),
    ] {
        let url = format!("{scheme}://{host}:{port}/");
        let error = proxied.go(&url).await.unwrap_err();
        assert!(matches!(&error, NavigateError::Net(_)), "{url}: {error:?}");
        assert_eq!(proxied.proxy.failure(host, port), Some(failure), "{url}");
    }
    assert_eq!(proxied.proxy.failure("example.com", 80), None);
    proxied.browser.close().await;
}

#[tokio::test]
async fn guarded_ports_are_shut_but_for_the_open_path() {
    let site = plain_site().await;
    let guarded = GuardedPort { port: site.address.port(), open_path: Some("/demo".into()) };
    let proxied = Proxied::start(vec![guarded]).await;
    for (path, reached) in [("/demo", true), ("/demo/part", true), ("/", false), ("/demo", true)] {
        for url in [site.url(path), site.other(path)] {
            let outcome = proxied.go(&url).await;
            if reached {
                assert_eq!(outcome.unwrap(), "here", "{url}");
            } else {
                let blocked = NavigateError::Net("net::ERR_BLOCKED_BY_ADMINISTRATOR".into());
                assert_eq!(outcome.unwrap_err(), blocked, "{url}");
            }
        }
    }
    // What a page asks for beside itself fails as it does without a network.
    let fetched = proxied.evaluate("fetch('/').then(answer => answer.status, error => error.name)").await;
    assert_eq!(fetched, "TypeError");
    assert!(site.requested("/").is_empty());
    proxied
        .evaluate("new Promise(done => new WebSocket(`ws://${location.host}/demo`).onerror = () => done(1))")
        .await;
    assert!(site.requests.lock().unwrap().iter().all(|request| request.header("upgrade").is_none()));
    proxied.browser.close().await;
}

#[tokio::test]
async fn a_redirect_to_a_host_that_is_not_allowed_says_which() {
    let site = Site::start(|request| match request.target.as_str() {
        "/to-blocked" => Some(("status 302 Found\nlocation: http://blocked.test/path\r\n", String::new())),
        "/to-secure" => Some(("status 302 Found\nlocation: https://blocked.test/path\r\n", String::new())),
        "/twice" => Some(("status 302 Found\nlocation: /to-blocked\r\n", String::new())),
        "/to-nobody" => Some(("status 302 Found\nlocation: http://nobody.invalid/\r\n", String::new())),
        _ => Some(("", "here".into())),
    })
    .await;
    let proxied = Proxied::start(Vec::new()).await;
    let policy = create::Policy { block: vec!["blocked.test".into()], ..create::Policy::default() };
    proxied.proxy.set_policy(Policy::from(&policy));
    assert_eq!(proxied.go(&site.url("/")).await.unwrap(), "here");
    let blocked = "net::ERR_BLOCKED_BY_ADMINISTRATOR";
    for (path, net, url) in [
        ("/to-blocked", blocked, "http://blocked.test/path"),
        ("/to-secure#part", blocked, "https://blocked.test/path"),
        ("/twice", blocked, "http://blocked.test/path"),
        ("/to-nobody", "net::ERR_NAME_NOT_RESOLVED", "http://nobody.invalid/"),
    ] {
        let error = proxied.go(&site.url(path)).await.unwrap_err();
        let NavigateError::Elsewhere { net: why, url: at } = &error else { panic!("{path}: {error:?}") };
        assert_eq!((why.as_str(), at.trim_end_matches("#part")), (net, url), "{path}");
    }
    let direct = proxied.go("http://blocked.test/x#y").await.unwrap_err();
    assert_eq!(direct, NavigateError::Net(blocked.into()));
    proxied.browser.close().await;
}

/// Answers requests in absolute form for `site.test` itself, if they carry the right credentials.
async fn http_upstream() -> Site {
    Site::start(|request: &Request| match request.header("proxy-authorization") {
        Some("Basic YWRhOnMzY3JldA==") if request.target == "http://site.test/" => {
            Some(("", "by way of the upstream".into()))
        }
        Some("Basic YWRhOnMzY3JldA==") => None,
        _ => Some((
            "status 407 Proxy Authentication Required\nproxy-authenticate: Basic realm=x\r\n",
            String::new(),
        )),
    })
    .await
}

#[tokio::test]
async fn an_upstream_with_credentials_is_used_from_a_browser_that_already_runs() {
    let (proxied, upstream, site) =
        (Proxied::start(Vec::new()).await, http_upstream().await, plain_site().await);
    assert!(proxied.go("http://site.test/").await.is_err(), "there is no such name without it");
    proxied.through(&upstream.url(""), Some(("ada", "s3cret")));
    assert_eq!(proxied.go("http://site.test/").await.unwrap(), "by way of the upstream");
    assert_eq!(proxied.go(&site.url("/")).await.unwrap(), "here", "loopback goes past it");
    proxied.through(&upstream.url(""), Some(("ada", "wrong")));
    proxied.go("http://other.test/").await.unwrap_err();
    assert_eq!(proxied.proxy.failure("other.test", 80), Some(Failure::UpstreamCredentials));
    proxied.go("https://other.test/").await.unwrap_err();
    assert_eq!(proxied.proxy.failure("other.test", 443), Some(Failure::UpstreamCredentials));
    proxied.browser.close().await;
}

/// A SOCKS 5 server that wants `ada` and `s3cret` and leads every name to one address.
async fn socks_upstream(target: SocketAddr) -> (SocketAddr, AbortOnDropHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut greeting = [0; 4];
                stream.read_exact(&mut greeting).await.unwrap();
                assert_eq!(greeting, [5, 2, 0, 2]);
                stream.write_all(&[5, 2]).await.unwrap();
                let mut login = [0; 12];
                stream.read_exact(&mut login).await.unwrap();
                let good = &login == b"\x01\x03ada\x06s3cret";
                stream.write_all(&[1, u8::from(!good)]).await.unwrap();
                if !good {
                    return;
                }
                let mut request = [0; 5];
                stream.read_exact(&mut request).await.unwrap();
                let mut rest = vec![0; usize::from(request[4]) + 2];
                stream.read_exact(&mut rest).await.unwrap();
                stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
                let mut onward = TcpStream::connect(target).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
            });
        }
    });
    (address, AbortOnDropHandle::new(server))
}

#[tokio::test]
async fn socks_upstreams_resolve_names_and_check_credentials() {
    let (proxied, site) = (Proxied::start(Vec::new()).await, plain_site().await);
    let (address, _server) = socks_upstream(site.address).await;
    proxied.through(&format!("socks5://{address}"), Some(("ada", "s3cret")));
    assert_eq!(proxied.go("http://anything.test/").await.unwrap(), "here");
    proxied.through(&format!("socks5://{address}"), Some(("eve", "s3cret")));
    proxied.go("http://something.test/").await.unwrap_err();
    assert_eq!(proxied.proxy.failure("something.test", 80), Some(Failure::UpstreamCredentials));
    proxied.browser.close().await;
}

async fn answer_to(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(Duration::from_secs(5), read).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn the_port_is_of_no_use_to_others_and_noise_is_survived() {
    let site = plain_site().await;
    let own = nix::unistd::geteuid().as_raw();
    let proxy = ForwardProxy::start(Arc::from([]), Some(own), Gate::always()).await.unwrap();
    let request = format!("GET {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", site.url("/"));
    assert!(answer_to(proxy.port(), &request).await.ends_with("here"));
    let origin_form = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert!(answer_to(proxy.port(), origin_form).await.starts_with("HTTP/1.1 400"));
    for noise in [
        "\x16\x03\x01\x02\0\x01\0\x01\r\n\r\n",
        "GET\r\n\r\n",
        "CONNECT nowhere HTTP/1.1\r\nConnection: close\r\n\r\n",
    ] {
        answer_to(proxy.port(), noise).await;
    }
    let endless = format!("GET {} HTTP/1.1\r\nX: {}", site.url("/"), "y".repeat(400 << 10));
    answer_to(proxy.port(), &endless).await;
    assert!(answer_to(proxy.port(), &request).await.ends_with("here"));
    let stranger = ForwardProxy::start(Arc::from([]), Some(own + 1), Gate::always()).await.unwrap();
    assert_eq!(answer_to(stranger.port(), &request).await, "");
    let port = proxy.port();
    drop(proxy);
    until("the port is closed", Duration::from_secs(5), || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_err()
    })
    .await;
}
