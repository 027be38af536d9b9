//! `rookery cdp-bridge` beside clients that know nothing of it, while what is behind it dies.

use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
};

use nix::sys::signal::Signal;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

use tokio_rustls::TlsAcceptor;

use super::{
    node,
    raw::Raw,
    support::{
        Fleet,
        fleet::{follow, line_with, signal},
        site::acceptor,
    },
};

const TOKEN: &str = "the-token-of-this-test";

struct Bridge {
    child: Child,
    address: String,
}

impl Bridge {
    fn start(edge: &str) -> Self {
        let ca = concat!(env!("CARGO_MANIFEST_DIR"), "/../edge/tests/tls/ca.pem");
        let mut child = Command::new(env!("CARGO_BIN_EXE_rookery"))
            .args(["cdp-bridge", "--listen", "127.0.0.1:0", edge])
            .env_remove("ROOKERY_TOKEN")
            .env("SSL_CERT_FILE", ca)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = follow(&mut child);
        let line = line_with(&lines, "connect CDP clients to ws://");
        let address = line.split_once("ws://").unwrap().1.split(' ').next().unwrap().to_owned();
        // Read on, or its log would fill the pipe.
        std::thread::spawn(move || lines.iter().for_each(|line| eprintln!("{line}")));
        Self { child, address }
    }

    fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Asked to end, it does so in order.
    fn ends(mut self) {
        signal(self.child.id().try_into().unwrap(), Signal::SIGTERM);
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Stands before edges and leads to one of them, as a load balancer does.
struct Balancer {
    address: SocketAddr,
    edge: Arc<Mutex<String>>,
}

impl Balancer {
    async fn start(edge: &str) -> Self {
        Self::with(edge, None).await
    }

    /// With a certificate, clients speak TLS with it.
    async fn with(edge: &str, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let edge = Arc::new(Mutex::new(edge.to_owned()));
        let current = edge.clone();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (edge, tls) = (current.lock().unwrap().clone(), tls.clone());
                tokio::spawn(async move {
                    client.set_nodelay(true)?;
                    let mut edge = TcpStream::connect(edge).await?;
                    edge.set_nodelay(true)?;
                    match tls {
                        Some(tls) => copy_bidirectional(&mut tls.accept(client).await?, &mut edge).await,
                        None => copy_bidirectional(&mut client, &mut edge).await,
                    }
                });
            }
        });
        Self { address, edge }
    }

    fn lead_to(&self, edge: &str) {
        *self.edge.lock().unwrap() = edge.to_owned();
    }
}

#[tokio::test]
async fn a_script_goes_on_when_the_edge_is_killed_in_its_middle() {
    let fleet = Fleet::start().await;
    let mut doomed = fleet.edge().await;
    let balancer = Balancer::start(doomed.address()).await;
    let bridge = Bridge::start(&format!("http://{}", balancer.address));
    let kill = async {
        doomed.kill();
        balancer.lead_to(fleet.address());
    };
    node::run_and("bridge-steps.mjs", &[&bridge.url()], "under way", kill).await;
    let sessions = fleet.get("/v1/sessions").await.ok();
    let id = sessions["sessions"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(fleet.ended(&id).await["end_reason"], "client_gone");
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1, "one session for all of it: {sessions}");
    bridge.ends();
}

#[tokio::test]
async fn a_script_goes_on_when_an_edge_is_stopped_and_another_takes_over() {
    let fleet = Fleet::start().await;
    let leaving = fleet.edge().await;
    let balancer = Balancer::start(leaving.address()).await;
    let bridge = Bridge::start(&format!("http://{}", balancer.address));
    let stop = async {
        balancer.lead_to(fleet.address());
        // Asks it to end and waits until it has.
        tokio::task::spawn_blocking(move || drop(leaving)).await.unwrap();
    };
    node::run_and("bridge-steps.mjs", &[&bridge.url()], "under way", stop).await;
}

#[tokio::test]
async fn files_are_here_as_with_a_browser_on_this_machine() {
    let fleet = Fleet::start().await;
    let bridge = Bridge::start(&fleet.base);
    let directory = tempfile::tempdir().unwrap();
    node::run("bridge-files.mjs", &[&bridge.url(), directory.path().to_str().unwrap()]).await;
}

#[tokio::test]
async fn an_edge_behind_tls_and_a_token_is_reached() {
    let fleet = Fleet::with(&["--slots", "1", "--warm", "0", "--token", TOKEN]).await;
    let balancer = Balancer::with(fleet.address(), Some(acceptor())).await;
    let edge = format!("https://localhost:{}", balancer.address.port());
    let stranger = Bridge::start(&edge);
    assert_eq!(page(&stranger, "/json/version").await.status(), StatusCode::UNAUTHORIZED);

    let bridge = Bridge::start(&format!("{edge}/cdp?token={TOKEN}"));
    let version = page(&bridge, "/json/version/").await.text().await.unwrap();
    assert!(version.contains(&format!("ws://{}/", bridge.address)), "{version}");
    let directory = tempfile::tempdir().unwrap();
    let url = format!("http://{}", bridge.address);
    node::run("bridge-files.mjs", &[&url, directory.path().to_str().unwrap()]).await;
}

async fn page(bridge: &Bridge, path: &str) -> reqwest::Response {
    reqwest::get(format!("http://{}{path}", bridge.address)).await.unwrap()
}

#[tokio::test]
async fn what_the_edge_says_the_client_hears() {
    let fleet = Fleet::start().await;
    let bridge = Bridge::start(&format!("{}/cdp?name=bridged", fleet.base));
    let http = reqwest::Client::new();
    let ask = async |path: &str| {
        let request = http.get(format!("http://{}{path}", bridge.address));
        let request = request.header("connection", "upgrade").header("upgrade", "websocket");
        let request = request.header("sec-websocket-version", "13");
        request.header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==").send().await.unwrap()
    };
    let refused = ask("/?viewport.width=0&viewport.height=5").await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["field"], "viewport.width");
    assert_eq!(ask("/v1/sessions/local_00000000000000000000000000000000/cdp").await.status(), 404);
    let page =
        http.get(format!("http://{}/json/version", bridge.address)).header("origin", "http://evil.example");
    assert_eq!(page.send().await.unwrap().status(), 403, "web pages are kept out");

    let mut client = Raw::open(&bridge.url()).await;
    let id = client.headers["rookery-session"].clone();
    assert_eq!(fleet.shown(&id).await["name"], "bridged");
    assert_eq!(client.result(None, "Browser.close", json!({})).await, json!({}));
    assert_eq!(client.closed().await.0, 1000);
    assert_eq!(fleet.ended(&id).await["end_reason"], "released");
    // A client that dies is gone at once: its bridge says goodbye for it.
    let client = Raw::open(&bridge.url()).await;
    let id = client.headers["rookery-session"].clone();
    drop(client);
    assert_eq!(fleet.ended(&id).await["end_reason"], "client_gone");
}

#[tokio::test]
async fn a_bridge_without_an_edge_says_so_and_one_for_everybody_does_not_start() {
    let bridge = Bridge::start("http://127.0.0.1:9");
    assert_eq!(page(&bridge, "/json/version").await.status(), StatusCode::BAD_GATEWAY);
    for arguments in [&["--listen", "0.0.0.0:0", "http://h"][..], &["ftp://h"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rookery"));
        let output = command.arg("cdp-bridge").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(64), "{arguments:?}");
    }
}
