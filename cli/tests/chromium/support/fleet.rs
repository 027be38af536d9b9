//! `rookery up` on a nats-server of the test's own, which others may join and tests may speak to.

use std::{
    io::{BufRead, BufReader},
    os::unix::{fs::PermissionsExt, process::ExitStatusExt},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use bus::testing::Server as Nats;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{Answer, SOON};

const SECRET: &str = "the-secret-of-this-fleet";

/// Its browsers, its directory and its server go with it; what would stay fails the test.
pub struct Fleet {
    up: Gateway,
    /// Dropped after the processes that use it.
    pub nats: Nats,
    dir: tempfile::TempDir,
}

impl Fleet {
    /// With one slot and no browser kept ready, so that the only browser is the session's.
    pub async fn start() -> Self {
        Self::with(&["--slots", "1", "--warm", "0"]).await
    }

    pub async fn with(arguments: &[&str]) -> Self {
        let dir = passable_dir();
        let nats = Nats::start();
        let mut all = vec!["--nats-url", ""];
        let url = nats.url();
        all[1] = &url;
        all.extend(arguments);
        let up = Gateway::start("up", dir.path(), &all).await;
        Self { up, nats, dir }
    }

    /// One more edge of the same fleet.
    pub async fn edge(&self) -> Gateway {
        self.edge_with(&[]).await
    }

    pub async fn edge_with(&self, arguments: &[&str]) -> Gateway {
        let url = self.nats.url();
        let all = [&["--nats-url", &url], arguments].concat();
        Gateway::start("edge", self.dir.path(), &all).await
    }

    /// A session that is ready.
    pub async fn session(&self) -> String {
        self.session_with(json!({})).await
    }

    pub async fn session_with(&self, body: Value) -> String {
        let session = self.post("/v1/sessions", body).await;
        assert_eq!(session.status, 201, "{}", session.text());
        session.json()["id"].as_str().unwrap().to_owned()
    }

    pub async fn end(&self, id: &str) {
        self.send(Method::DELETE, &format!("/v1/sessions/{id}"), None).await.ok();
    }

    /// That the fleet does its work as if nothing had been: a session is made, used and ended.
    pub async fn works(&self) {
        let id = self.session().await;
        assert_eq!(self.evaluate(&id, "6 * 7").await, 42);
        self.end(&id).await;
    }

    /// The process ids of browsers, not of their children.
    pub fn browsers(&self) -> Vec<i32> {
        let browsers = processes_in(self.dir.path()).into_iter().filter(|p| p.is_browser());
        browsers.map(|p| p.pid).collect()
    }

    /// Processes that run pages.
    pub fn renderers(&self) -> Vec<i32> {
        let browsers = self.browsers();
        let renderers = processes().into_iter().filter(|p| p.line.contains("--type=renderer"));
        renderers.filter(|p| browsers.contains(&p.group)).map(|p| p.pid).collect()
    }

    pub fn data_dir(&self) -> std::path::PathBuf {
        self.dir.path().join("up")
    }
}

impl std::ops::Deref for Fleet {
    type Target = Gateway;

    fn deref(&self) -> &Gateway {
        &self.up
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.up.end();
        let left = processes_in(self.dir.path());
        let profiles = std::fs::read_dir(self.data_dir().join("browsers")).into_iter().flatten().flatten();
        let profiles: Vec<_> = profiles.map(|e| e.path()).filter(|p| p.is_dir()).collect();
        if !std::thread::panicking() {
            assert!(left.is_empty() && profiles.is_empty(), "left behind: {left:?} {profiles:?}");
        }
    }
}

/// A process that serves the public interface.
pub struct Gateway {
    child: Child,
    pub base: String,
    /// Where CDP is served alone, if that was asked for.
    pub cdp: Option<String>,
    /// The same for tzafonwright.
    pub tzafonwright: Option<String>,
    /// The same for VNC.
    pub vnc: Option<String>,
    pub http: reqwest::Client,
}

impl Gateway {
    pub async fn start(role: &str, dir: &Path, arguments: &[&str]) -> Self {
        let mut child = command(role, dir).args(arguments).spawn().unwrap();
        let lines = follow(&mut child);
        let http = reqwest::Client::builder().timeout(Duration::from_secs(60)).no_proxy().build().unwrap();
        let mut gateway = Self { child, base: String::new(), cdp: None, tzafonwright: None, vnc: None, http };
        let address_in = |part: &str| {
            let line = line_with(&lines, part);
            line.split_once("address=").unwrap().1.split(' ').next().unwrap().to_owned()
        };
        let address = address_in("listening address=");
        if arguments.contains(&"--cdp-listen") {
            gateway.cdp = Some(address_in("listening protocol=\"CDP\" address="));
        }
        if arguments.contains(&"--tzafonwright-listen") {
            gateway.tzafonwright = Some(address_in("listening protocol=\"tzafonwright\" address="));
        }
        if arguments.contains(&"--vnc-listen") {
            gateway.vnc = Some(address_in("listening protocol=\"VNC\" address="));
        }
        // Read on, or its log would fill the pipe.
        std::thread::spawn(move || lines.iter().for_each(|line| eprintln!("{line}")));
        gateway.base = format!("http://{address}");
        super::until("a fleet that is ready", || async {
            let ready = gateway.get("/readyz").await;
            if ready.status == 200 { Ok(()) } else { Err(ready.text()) }
        })
        .await;
        gateway
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path))
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = self.request(method, path);
        Answer::to(match body {
            Some(json) => request.json(&json),
            None => request,
        })
        .await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    /// The body as it is, under the content type of JSON.
    pub async fn raw(&self, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.request(Method::POST, path).header("content-type", "application/json");
        Answer::to(request.body(body)).await
    }

    pub async fn run(&self, id: &str, command: Value) -> Answer {
        self.post(&format!("/v1/sessions/{id}/commands"), command).await
    }

    pub async fn evaluate(&self, id: &str, expression: &str) -> Value {
        let answer = self.run(id, json!({ "action": "evaluate", "expression": expression })).await;
        answer.ok()["result"]["value"].clone()
    }

    /// The session as the interface shows it.
    pub async fn shown(&self, id: &str) -> Value {
        self.get(&format!("/v1/sessions/{id}")).await.ok()
    }

    pub async fn ended(&self, id: &str) -> Value {
        super::until("the session's end", || async {
            let session = self.shown(id).await;
            if session["state"] == "ended" { Ok(session) } else { Err(session.to_string()) }
        })
        .await
    }

    /// Waits until [`endless`] is under way in the session's page.
    pub async fn is_running(&self, id: &str) {
        super::until("a command that runs", || async {
            // Reads run beside what acts.
            let probe = json!({ "action": "wait_for", "expression": "window.endless", "timeout_ms": 1_000 });
            let seen = self.run(id, probe).await;
            if seen.status == 200 { Ok(()) } else { Err(seen.text()) }
        })
        .await;
    }

    /// One counter of `/metrics`, 0 where it is not there yet.
    pub async fn metric(&self, name: &str) -> f64 {
        let text = String::from_utf8(self.get("/metrics").await.body).unwrap();
        let lines = text.lines().filter(|line| line.starts_with(name));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    pub fn signal(&self, with: Signal) {
        signal(self.child.id().try_into().unwrap(), with);
    }

    /// As the kernel kills: without a word.
    pub fn kill(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }

    fn end(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.signal(Signal::SIGTERM);
            let deadline = Instant::now() + SOON;
            while Instant::now() < deadline {
                if let Ok(Some(status)) = self.child.try_wait() {
                    assert!(status.signal().is_none() || std::thread::panicking(), "{status}");
                    return;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        self.kill();
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.end();
    }
}

/// A command that is under way until something happens to its browser.
pub fn endless() -> Value {
    let script = "window.endless = true; await new Promise(() => {})";
    json!({ "action": "evaluate", "expression": script, "timeout_ms": 60_000 })
}

/// One that browsers, running as another user, may pass through.
pub fn passable_dir() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    dir
}

/// The binary in one of its roles; its output is a pipe, and it listens where there is room.
pub fn command(role: &str, dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rookery"));
    let variables = std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "ROOKERY_NATS_SERVER");
    command.arg(role).current_dir(dir).env_clear().envs(variables);
    command.env("ROOKERY_DATA_DIR", dir.join(role)).env("ROOKERY_SECRET", SECRET);
    // Not a flag, which could not be given twice.
    command.env("ROOKERY_HTTP", "127.0.0.1:0");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// What it logs, read by a thread, so that waiting for a line can have a deadline.
pub fn follow(child: &mut Child) -> Receiver<String> {
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let (line, lines) = channel();
    std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|l| line.send(l)));
    lines
}

pub fn line_with(lines: &Receiver<String>, part: &str) -> String {
    let mut seen = Vec::new();
    loop {
        let line = lines.recv_timeout(SOON).unwrap_or_else(|_| panic!("no {part:?} in {seen:#?}"));
        if line.contains(part) {
            return line;
        }
        seen.push(line);
    }
}

pub fn signal(pid: i32, signal: Signal) {
    kill(Pid::from_raw(pid), signal).unwrap();
}

#[derive(Debug)]
pub struct ProcessLine {
    pub pid: i32,
    pub group: i32,
    pub line: String,
}

impl ProcessLine {
    fn is_browser(&self) -> bool {
        self.line.contains("--user-data-dir=") && !self.line.contains("--type=")
    }
}

fn processes() -> Vec<ProcessLine> {
    let read = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let bytes = std::fs::read(entry.path().join("cmdline")).ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let group = stat.rsplit_once(')')?.1.split_whitespace().nth(2)?.parse().ok()?;
        Some(ProcessLine { pid, group, line: String::from_utf8_lossy(&bytes).replace('\0', " ") })
    });
    read.collect()
}

/// Processes whose command line names this directory: browsers by their profiles.
pub fn processes_in(dir: &Path) -> Vec<ProcessLine> {
    let dir = dir.to_str().unwrap();
    processes().into_iter().filter(|p| p.line.contains(dir)).collect()
}
