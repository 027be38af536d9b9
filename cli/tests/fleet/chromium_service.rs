//! A service that speaks NATS itself, as a user with the rights of a publisher only: the examples as they are, and what
//! they leave out.

use std::{os::unix::fs::PermissionsExt, time::Duration};

use bus::{Options, service::Service};
use bus_schema::{
    ErrorCode, Tenant,
    model::{command::CommandRequest, create::CreateSession, event::EventType},
};
use tokio::{process::Command, time::timeout};

use super::*;

/// A worker with a real browser, on a server with accounts.
struct Site {
    worker: Process,
    nats: Process,
    address: String,
    _dir: tempfile::TempDir,
}

impl Site {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        // Browsers, running as another user, pass through it.
        let mode = std::fs::Permissions::from_mode(0o711);
        std::fs::set_permissions(dir.path(), mode).unwrap();
        let (nats, address) = nats(dir.path());
        let arguments = ["--slots", "2", "--warm", "1", "--ops", "127.0.0.1:0"];
        let worker = rookery("worker", dir.path(), &address, &arguments);
        let line = worker.line_with("health and metrics of this worker");
        let base = format!("http://{}", line.split_once("listening=").unwrap().1.trim());
        let deadline = Instant::now() + SOON;
        while !reqwest::get(format!("{base}/readyz")).await.is_ok_and(|answer| answer.status().is_success()) {
            assert!(Instant::now() < deadline, "the worker is not ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self { worker, nats, address, _dir: dir }
    }

    fn url(&self) -> String {
        format!("nats://service_default:service-password@{}", self.address)
    }

    async fn service(&self) -> Service {
        Service::connect(&Options::new(self.url()), Tenant::default()).await.unwrap()
    }

    /// Ends it; nobody has tried what he may not do.
    fn end(mut self) {
        assert_eq!(self.worker.end().0, Some(0));
        let (_, log) = self.nats.end();
        let refused: Vec<_> = log.iter().filter(|line| line.contains("Violation")).collect();
        assert!(refused.is_empty(), "{refused:#?}");
    }
}

fn spec(json: Value) -> CreateSession {
    serde_json::from_value(json).unwrap()
}

fn command(json: Value) -> CommandRequest {
    CommandRequest::from_json(json.to_string().as_bytes()).unwrap()
}

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs an example to its end and checks what it says of its session.
async fn example(command: &mut Command) {
    let run = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = timeout(Duration::from_secs(60), run).await.unwrap_or_else(|_| panic!("it does not end"));
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{said}\n{complained}", output.status);
    let lines: Vec<_> = said.lines().collect();
    assert!(lines[0].starts_with("ready local_"), "{said}");
    assert_eq!(lines[1], "title \"clicked\"", "{said}");
    let bytes: usize = lines[2].split(' ').nth(1).unwrap().parse().unwrap();
    assert!(bytes > 1_000, "{said}");
    assert!(lines.iter().any(|line| line.starts_with("event session:step")), "{said}");
    assert!(lines[lines.len() - 1].starts_with("event session:ended"), "{said}");
    assert!(lines[lines.len() - 1].contains("released"), "{said}");
}

#[tokio::test]
async fn the_examples_run_with_the_rights_of_a_publisher() {
    let site = Site::start().await;
    let own = std::env::current_exe().unwrap();
    let rust = own.ancestors().nth(2).unwrap().join("examples/service");
    assert!(rust.is_file(), "run `cargo build --workspace --examples` first, as `make test` does");
    example(Command::new(rust).arg(site.url())).await;
    let script = checkout().join("bus/examples/service.py");
    let packages = checkout().join(".rookery/tools/python-test");
    assert!(packages.join("nats").is_dir(), "nats-py is not installed: run scripts/setup test");
    example(Command::new("python3").arg(script).arg(site.url()).env("PYTHONPATH", packages)).await;
    site.end();
}

#[tokio::test]
async fn an_answer_of_any_size_comes_whole_and_the_end_is_told() {
    let site = Site::start().await;
    let service = site.service().await;
    let mut session = service.request(spec(json!({}))).await.unwrap();
    session.ready(SOON).await.unwrap();
    let text = command(json!({ "action": "evaluate", "expression": "'x'.repeat(3e6)" }));
    let (answer, _) = session.run(text).await.unwrap();
    assert!(answer.result.get().len() > 3_000_000, "{}", answer.result.get().len());
    session.end().await.unwrap();
    let late = session.run(command(json!({ "action": "evaluate", "expression": "1" }))).await.unwrap_err();
    assert_eq!(late.code, ErrorCode::Gone, "{late}");
    let mut last = None;
    while let Some(event) = session.event().await {
        last = Some(event.kind);
        if event.kind == EventType::Ended {
            break;
        }
    }
    assert_eq!(last, Some(EventType::Ended));
    site.end();
}

#[tokio::test]
async fn what_cannot_be_had_is_said_by_the_end_of_the_session() {
    let site = Site::start().await;
    let service = site.service().await;
    let refused = service.request(spec(json!({ "url": "file:///etc/hostname" }))).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Forbidden, "{refused}");
    let spec = spec(json!({ "url": "http://127.0.0.1:1/" }));
    let mut session = service.request(spec).await.unwrap();
    let error = session.ready(SOON).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::BrowserError, "{error}");
    site.end();
}
