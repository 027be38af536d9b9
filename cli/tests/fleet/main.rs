//! Edge and worker as processes of their own, each with no more rights on NATS than `nats/accounts.conf` gives it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod chromium_service;

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(20);

/// A process and what it says; ended in order with the test.
struct Process {
    child: Child,
    lines: Receiver<String>,
}

impl Process {
    /// Follows what it says on stderr, where logs go.
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (line, lines) = channel();
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|l| line.send(l)));
        Self { child, lines }
    }

    fn line_with(&self, part: &str) -> String {
        let mut seen = Vec::new();
        loop {
            let line = self.lines.recv_timeout(SOON).unwrap_or_else(|_| panic!("no {part:?} in {seen:#?}"));
            if line.contains(part) {
                return line;
            }
            seen.push(line);
        }
    }

    /// Ends it in order; its exit code, and all that it said and nobody has read.
    fn end(&mut self) -> (Option<i32>, Vec<String>) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
        let deadline = Instant::now() + SOON;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status.code(), self.lines.iter().collect());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{} does not end", self.child.id());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn nats_binary() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.rookery/tools/bin/nats-server");
    let named = std::env::var_os("ROOKERY_NATS_SERVER").map(PathBuf::from);
    named.or(beside.is_file().then_some(beside)).unwrap_or_else(|| PathBuf::from("nats-server"))
}

/// A server with the accounts that operators get; its passwords are `<role>-password`.
fn nats(dir: &Path) -> (Process, String) {
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../nats");
    std::fs::copy(configs.join("accounts.conf"), dir.join("accounts.conf")).unwrap();
    let config = format!(
        "listen: \"127.0.0.1:-1\"\njetstream {{ store_dir: {:?}, max_file_store: 64GB }}\ninclude ./accounts.conf\n",
        dir.join("js")
    );
    std::fs::write(dir.join("nats.conf"), config).unwrap();
    let mut command = Command::new(nats_binary());
    for role in ["sys", "admin", "edge", "worker", "service"] {
        command.env(format!("NATS_{}_PASSWORD", role.to_uppercase()), format!("{role}-password"));
    }
    let process = Process::start(command.arg("-c").arg(dir.join("nats.conf")));
    let listening = process.line_with("Listening for client connections on");
    let address = listening.rsplit_once(' ').unwrap().1.to_owned();
    process.line_with("Server is ready");
    (process, address)
}

fn rookery(role: &str, dir: &Path, nats: &str, arguments: &[&str]) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rookery"));
    command
        .arg(role)
        .args(arguments)
        .current_dir(dir)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap());
    command.env("ROOKERY_NATS_URL", format!("nats://{role}:{role}-password@{nats}"));
    command.env("ROOKERY_SECRET", "the-secret-of-this-fleet").env("ROOKERY_DATA_DIR", dir.join(role));
    Process::start(command.stdout(Stdio::null()))
}

struct Client {
    http: reqwest::Client,
    base: String,
}

impl Client {
    async fn send(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    async fn is_ready(&self) -> bool {
        let answer = self.http.get(format!("{}/readyz", self.base)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }
}

#[tokio::test]
async fn each_role_has_the_rights_it_needs_and_a_session_lives_on_them() {
    let dir = tempfile::tempdir().unwrap();
    let (mut nats, address) = nats(dir.path());
    let mut worker = rookery("worker", dir.path(), &address, &["--simulated", "--ops", "127.0.0.1:0"]);
    let mut edge = rookery("edge", dir.path(), &address, &["--http", "127.0.0.1:0"]);
    let line = edge.line_with("listening address=");
    let listening = line.split_once("address=").unwrap().1.split(' ').next().unwrap();
    let http = reqwest::Client::builder().timeout(SOON).no_proxy().build().unwrap();
    let client = Client { http, base: format!("http://{listening}") };
    let deadline = Instant::now() + SOON;
    while !client.is_ready().await {
        assert!(Instant::now() < deadline, "the edge knows no live worker: {:#?}", nats.end().1);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let session = client.send(reqwest::Method::POST, "/v1/sessions", Some(json!({}))).await;
    let path = format!("/v1/sessions/{}", session["id"].as_str().unwrap());
    let command = json!({ "action": "evaluate", "expression": "1 + 1" });
    client.send(reqwest::Method::POST, &format!("{path}/commands"), Some(command)).await;
    client.send(reqwest::Method::DELETE, &path, None).await;

    assert_eq!(edge.end().0, Some(0));
    assert_eq!(worker.end().0, Some(0));
    let (_, log) = nats.end();
    let refused: Vec<_> = log.iter().filter(|line| line.contains("Violation")).collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[tokio::test]
async fn a_lone_worker_shows_its_health_and_metrics() {
    let dir = tempfile::tempdir().unwrap();
    let (_nats, address) = nats(dir.path());
    let worker = rookery("worker", dir.path(), &address, &["--simulated", "--ops", "127.0.0.1:0"]);
    let line = worker.line_with("health and metrics of this worker");
    let base = format!("http://{}", line.split_once("listening=").unwrap().1.trim());
    for path in ["/healthz", "/readyz", "/metrics"] {
        let answer = reqwest::get(format!("{base}{path}")).await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain"), "{path}");
    }
}
