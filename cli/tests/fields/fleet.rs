//! `rookery up` with real browsers, and a client of it.

use std::{
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::channel,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

pub const SOON: Duration = Duration::from_secs(30);

/// It does not outlive its test.
pub struct Fleet {
    child: Child,
    log: Option<JoinHandle<()>>,
    http: reqwest::Client,
    base: String,
    dir: tempfile::TempDir,
}

impl Fleet {
    pub fn start() -> Self {
        Self::with(&["--slots", "4", "--warm", "1"], &[])
    }

    pub fn with(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        // Browsers, which run as another user, pass through it.
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
        let kept = std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "ROOKERY_NATS_SERVER");
        let mut child = Command::new(env!("CARGO_BIN_EXE_rookery"))
            .args(["up", "--http", "127.0.0.1:0", "--drain-timeout", "1s"])
            .args(arguments)
            .current_dir(dir.path())
            .env_clear()
            .envs(kept)
            .env("ROOKERY_DATA_DIR", dir.path().join("data"))
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // What it logs becomes the test's own output: it tells why a test failed.
        let stderr = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let log = std::thread::spawn(move || stderr.for_each(|line| eprintln!("{line}")));
        let (line, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        std::thread::spawn(move || stdout.for_each(|l| drop(line.send(l))));
        let http = reqwest::Client::builder().timeout(SOON).no_proxy().build().unwrap();
        let mut fleet = Self { child, log: Some(log), http, base: String::new(), dir };
        while fleet.base.is_empty() {
            let line = lines.recv_timeout(SOON).unwrap();
            if line.contains("Sessions") {
                let url = line.split_whitespace().last().unwrap();
                fleet.base = url.trim_end_matches("/v1/sessions").to_owned();
            }
        }
        fleet
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Where it keeps its files.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A session that was made by other means.
    pub fn known(&self, created: Value) -> Session<'_> {
        Session { fleet: self, id: created["id"].as_str().unwrap().to_owned(), created }
    }

    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = self.http.request(method, self.url(path));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Of a file: its type and its bytes.
    pub async fn file(&self, path: &str) -> (String, Vec<u8>) {
        let answer = self.http.get(self.url(path)).send().await.unwrap().error_for_status().unwrap();
        let media_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (media_type, answer.bytes().await.unwrap().to_vec())
    }

    /// What is asked for with success.
    pub async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.ask(Method::GET, path, None).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    pub async fn create(&self, spec: Value) -> Session<'_> {
        let (status, answer) = self.ask(Method::POST, "/v1/sessions", Some(spec.clone())).await;
        assert_eq!(status, StatusCode::CREATED, "{spec}: {answer}");
        self.known(answer)
    }

    /// The field and the text of the refusal.
    pub async fn refused(&self, spec: Value) -> (StatusCode, Value) {
        let (status, answer) = self.ask(Method::POST, "/v1/sessions", Some(spec.clone())).await;
        assert!(!status.is_success(), "{spec}: {answer}");
        (status, answer)
    }

    fn ends(&mut self) -> bool {
        let deadline = Instant::now() + SOON;
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGTERM);
        if !self.ends() {
            let _ = self.child.kill();
        }
        // It ends when nobody can write to it any more, the guard included.
        if let Some(log) = self.log.take() {
            let _ = log.join();
        }
    }
}

pub struct Session<'a> {
    pub fleet: &'a Fleet,
    pub id: String,
    /// As it was answered when it was made.
    pub created: Value,
}

impl Session<'_> {
    fn path(&self) -> String {
        format!("/v1/sessions/{}", self.id)
    }

    pub async fn try_run(&self, command: Value) -> Result<Value, Value> {
        let path = format!("{}/commands", self.path());
        let (status, answer) = self.fleet.ask(Method::POST, &path, Some(command)).await;
        if status.is_success() { Ok(answer["result"].clone()) } else { Err(answer) }
    }

    pub async fn run(&self, command: Value) -> Value {
        self.try_run(command.clone()).await.unwrap_or_else(|e| panic!("{command}: {e}"))
    }

    pub async fn go(&self, url: &str) {
        self.run(json!({ "action": "navigate", "url": url })).await;
    }

    /// Why a page does not come.
    pub async fn go_fails(&self, url: &str) -> String {
        match self.try_run(json!({ "action": "navigate", "url": url })).await {
            Ok(result) => panic!("{url}: {result}"),
            Err(error) => error["detail"].as_str().unwrap().to_owned(),
        }
    }

    pub async fn eval(&self, expression: &str) -> Value {
        self.run(json!({ "action": "evaluate", "expression": expression })).await["value"].clone()
    }

    pub async fn look(&self) -> Value {
        self.fleet.get(&self.path()).await
    }

    pub async fn end(&self) -> Value {
        let (status, answer) = self.fleet.ask(Method::DELETE, &self.path(), None).await;
        assert!(status.is_success(), "{status} {answer}");
        answer
    }

    /// The process id of its browser, in a fleet that has no other.
    pub fn browser(&self) -> Pid {
        let home = format!("--user-data-dir={}", self.fleet.dir().display());
        let line = |pid: &str| std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let pids = std::fs::read_dir("/proc").unwrap().flatten();
        let mut pids = pids.filter_map(|entry| entry.file_name().into_string().ok());
        let browser = pids.find(|pid| line(pid).contains(&home) && !line(pid).contains("--type="));
        Pid::from_raw(browser.unwrap().parse().unwrap())
    }

    /// The session as it is once it is in a state.
    pub async fn until(&self, state: &str) -> Value {
        let deadline = Instant::now() + SOON;
        loop {
            let session = self.look().await;
            if session["state"] == state {
                return session;
            }
            assert!(Instant::now() < deadline, "not {state}: {session}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
