//! `rookery up` as a process: what it says, how it ends, and what it leaves behind.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

const SOON: Duration = Duration::from_secs(30);

/// One that browsers, running as another user, may pass through.
fn passable_dir() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    dir
}

fn command(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rookery"));
    let variables = std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "ROOKERY_NATS_SERVER");
    command.arg("up").args(arguments).current_dir(dir).env_clear().envs(variables);
    command.env("ROOKERY_DATA_DIR", dir.join("data"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// How a start that fails ends: its exit code and what it said.
fn failed(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// A running fleet; it does not outlive the test.
struct Up {
    child: Child,
    lines: Receiver<String>,
    /// Ends when nobody can write to its log any more, its guard included.
    log: Option<JoinHandle<()>>,
    base: String,
}

impl Up {
    fn start(dir: &Path, arguments: &[&str]) -> Self {
        let mut all = vec!["--http", "127.0.0.1:0"];
        all.extend(arguments);
        let mut child = command(dir, &all).spawn().unwrap();
        let lines = lines_of(child.stdout.take().unwrap());
        let log = Some(pass_on(child.stderr.take().unwrap()));
        let mut up = Self { child, lines, log, base: String::new() };
        let line = up.line_with("Sessions");
        let url = line.split_whitespace().last().unwrap();
        up.base = url.trim_start_matches("http://").trim_end_matches("/v1/sessions").to_owned();
        up
    }

    /// The next line of its output that contains `part`.
    fn line_with(&mut self, part: &str) -> String {
        let mut seen = String::new();
        loop {
            let line =
                self.lines.recv_timeout(SOON).unwrap_or_else(|_| panic!("no {part:?}; it said {seen:?}"));
            if line.contains(part) {
                return line;
            }
            seen += &line;
            assert!(!line.contains("failed"), "{seen}");
        }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    fn exit_code(&mut self) -> Option<i32> {
        self.exit_in_time().unwrap_or_else(|| panic!("it does not end")).code()
    }

    fn exit_in_time(&mut self) -> Option<ExitStatus> {
        let deadline = Instant::now() + SOON;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }
}

/// Read by a thread, so that waiting for a line can have a deadline.
fn lines_of(stdout: ChildStdout) -> Receiver<String> {
    let (line, lines) = channel();
    std::thread::spawn(move || {
        BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|l| line.send(l))
    });
    lines
}

/// What it logs becomes the test's own output: it tells why a test failed.
fn pass_on(stderr: ChildStderr) -> JoinHandle<()> {
    let lines = BufReader::new(stderr).lines().map_while(Result::ok);
    std::thread::spawn(move || lines.for_each(|line| eprintln!("{line}")))
}

impl Drop for Up {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.signal(Signal::SIGTERM);
            if self.exit_in_time().is_none() {
                self.signal(Signal::SIGKILL);
            }
        }
        if let Some(log) = self.log.take() {
            log.join().unwrap();
        }
    }
}

fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !condition() {
        assert!(Instant::now() < deadline, "waited for: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Processes whose command line names this directory: NATS by its configuration, browsers by their profiles.
fn processes_in(dir: &Path) -> Vec<String> {
    let commands = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let bytes = std::fs::read(entry.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&bytes).replace('\0', " "))
    });
    commands.filter(|command| command.contains(dir.to_str().unwrap())).collect()
}

#[test]
fn it_gets_ready_and_drains_on_ctrl_c() {
    let dir = passable_dir();
    let mut up = Up::start(dir.path(), &["--simulated"]);
    TcpStream::connect(&up.base).unwrap();
    assert!(!processes_in(dir.path()).is_empty(), "its NATS server runs");
    up.signal(Signal::SIGINT);
    assert_eq!(up.exit_code(), Some(0));
    assert_eq!(processes_in(dir.path()), Vec::<String>::new());
}

#[test]
fn the_secret_of_the_fleet_is_kept_from_start_to_start() {
    let dir = passable_dir();
    let mut secrets = Vec::new();
    for _ in 0..2 {
        let mut up = Up::start(dir.path(), &["--simulated"]);
        secrets.push(std::fs::read_to_string(dir.path().join("data/secret")).unwrap());
        up.signal(Signal::SIGTERM);
        assert_eq!(up.exit_code(), Some(0));
    }
    assert_eq!(secrets[0], secrets[1]);
}

#[test]
fn killed_it_leaves_no_nats_server() {
    let dir = passable_dir();
    let mut up = Up::start(dir.path(), &["--simulated"]);
    up.signal(Signal::SIGKILL);
    up.exit_code();
    wait_until("its NATS server to be gone", || processes_in(dir.path()).is_empty());
}

#[test]
fn a_second_one_in_the_same_directory_is_refused() {
    let dir = passable_dir();
    let _up = Up::start(dir.path(), &["--simulated"]);
    let (code, said) = failed(command(dir.path(), &["--simulated", "--http", "127.0.0.1:0"]));
    assert_eq!(code, Some(64), "{said}");
    assert!(said.contains("another `rookery up` uses") && said.contains("--data-dir"), "{said}");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let dir = passable_dir();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, said) = failed(command(dir.path(), &["--simulated", "--http", &address]));
    assert_eq!(code, Some(64), "{said}");
    assert!(said.contains(&address) && said.contains("--http"), "{said}");
    let (code, said) =
        failed(command(dir.path(), &["--simulated", "--http", "127.0.0.1:0", "--cdp-listen", &address]));
    assert_eq!(code, Some(64), "{said}");
    assert!(said.contains(&address) && said.contains("--cdp-listen"), "{said}");
    let listen = ["--simulated", "--http", "127.0.0.1:0", "--tzafonwright-listen", &address];
    let (code, said) = failed(command(dir.path(), &listen));
    assert_eq!(code, Some(64), "{said}");
    assert!(said.contains(&address) && said.contains("--tzafonwright-listen"), "{said}");
    let listen = ["--simulated", "--http", "127.0.0.1:0", "--vnc-listen", &address];
    let (code, said) = failed(command(dir.path(), &listen));
    assert_eq!(code, Some(64), "{said}");
    assert!(said.contains(&address) && said.contains("--vnc-listen"), "{said}");
    assert_eq!(processes_in(dir.path()), Vec::<String>::new());
}

#[test]
fn without_a_server_new_enough_it_says_how_to_get_one() {
    let dir = passable_dir();
    let old = dir.path().join("nats-server");
    std::fs::write(&old, "#!/bin/sh\necho 'nats-server: v2.9.10'\n").unwrap();
    std::fs::set_permissions(&old, std::fs::Permissions::from_mode(0o755)).unwrap();
    let (code, said) = failed(command(dir.path(), &["--nats-server", old.to_str().unwrap()]));
    assert_eq!(code, Some(69), "{said}");
    assert!(said.contains("2.9.10") && said.contains("2.12") && said.contains("scripts/setup run"), "{said}");
}

#[test]
fn an_unreachable_server_ends_it_with_69() {
    let dir = passable_dir();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("nats://{free}");
    let (code, said) = failed(command(dir.path(), &["--nats-url", &url, "--http", "127.0.0.1:0"]));
    assert_eq!(code, Some(69), "{said}");
    assert!(said.contains("NATS cannot be reached"), "{said}");
}

#[test]
fn json_logs_are_json_to_the_last_line() {
    let dir = passable_dir();
    let arguments = ["--simulated", "--http", "127.0.0.1:0", "--log-format", "json"];
    let mut child = command(dir.path(), &arguments).spawn().unwrap();
    let lines = lines_of(child.stdout.take().unwrap());
    while !lines.recv_timeout(SOON).unwrap().contains("Sessions") {}
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(log.lines().count() > 0, "nothing was logged");
    for line in log.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line:?}"));
        assert!(event["level"].is_string() && event["target"].is_string(), "{line}");
    }
}

/// A collector of traces that takes whatever is sent, until the sender has gone.
fn collector() -> (String, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (request, requests) = channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut bytes = vec![0; 1 << 20];
            let mut length = 0;
            stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
            while let Ok(more @ 1..) = stream.read(&mut bytes[length..]) {
                length += more;
            }
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"));
            bytes.truncate(length);
            if request.send(bytes).is_err() {
                return;
            }
        }
    });
    (endpoint, requests)
}

#[test]
fn traces_are_exported_when_it_ends() {
    let dir = passable_dir();
    let (endpoint, requests) = collector();
    let mut command = command(dir.path(), &["--simulated", "--http", "127.0.0.1:0"]);
    let mut child = command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint).spawn().unwrap();
    let lines = lines_of(child.stdout.take().unwrap());
    while !lines.recv_timeout(SOON).unwrap().contains("Sessions") {}
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    let sent = requests.recv_timeout(SOON).unwrap();
    let log = pass_on(child.stderr.take().unwrap());
    assert!(child.wait().unwrap().success());
    log.join().unwrap();
    // Names are plain text in protobuf.
    let text = String::from_utf8_lossy(&sent);
    assert!(text.starts_with("POST /v1/traces"), "{}", &text[..200.min(text.len())]);
    assert!(text.contains("GET /readyz") && text.contains("rookery"), "the readiness checks are in it");
    assert!(!text.contains("ractor"), "actors' whole lives are not");
}

#[test]
fn a_first_session_in_chromium_leaves_its_picture() {
    let dir = passable_dir();
    let mut up = Up::start(dir.path(), &["--first-session", "--slots", "1"]);
    let line = up.line_with("Its picture:");
    let picture = line.split_whitespace().last().unwrap();
    assert!(std::fs::read(picture).unwrap().starts_with(b"\x89PNG"), "{picture}");
    up.signal(Signal::SIGINT);
    assert_eq!(up.exit_code(), Some(0));
    assert_eq!(processes_in(dir.path()), Vec::<String>::new());
}

#[test]
fn killed_it_leaves_no_chromium_and_no_profile() {
    let dir = passable_dir();
    let mut up = Up::start(dir.path(), &["--first-session", "--slots", "1"]);
    up.line_with("Its picture:");
    let started = Instant::now();
    up.signal(Signal::SIGKILL);
    up.exit_code();
    let profiles = || {
        let browsers = std::fs::read_dir(dir.path().join("data/browsers")).into_iter().flatten().flatten();
        browsers.filter(|entry| entry.path().is_dir()).count()
    };
    wait_until("browsers and profiles to be gone", || processes_in(dir.path()).is_empty() && profiles() == 0);
    assert!(started.elapsed() < Duration::from_secs(5), "it took {:?}", started.elapsed());
}
