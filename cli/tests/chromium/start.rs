//! What keeps a fleet from starting is said, with what to do about it.

use std::{
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::json;

use super::support::{
    SOON,
    fleet::{Gateway, command, passable_dir, processes_in},
    nats::pretender,
    until,
};

/// How a start that fails ends: its exit code and what it said.
async fn failed(mut command: Command) -> (Option<i32>, String) {
    let run = tokio::task::spawn_blocking(move || {
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if begun.elapsed() > 2 * SOON {
                child.kill().unwrap();
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        child.wait_with_output().unwrap()
    });
    let output = run.await.unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn leaves_nothing(dir: &Path) {
    let left = processes_in(dir);
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_bus_that_is_too_old_or_not_there_is_named() {
    let dir = passable_dir();
    let (old, _pretender) = pretender("2.9.10").await;
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for role in ["up", "edge", "worker"] {
        let mut start = command(role, dir.path());
        if role == "worker" {
            start = Command::new(env!("CARGO_BIN_EXE_rookery"));
            start.arg(role).current_dir(dir.path()).env("ROOKERY_DATA_DIR", dir.path().join(role));
            start.env("ROOKERY_SECRET", "the-secret-of-this-fleet").stderr(Stdio::piped());
        }
        start.args(["--nats-url", &old]);
        let (code, said) = failed(start).await;
        assert_eq!(code, Some(69), "{role}: {said}");
        assert!(said.contains("2.9.10") && said.contains("2.12"), "{role}: {said}");
    }
    for url in [format!("nats://{free}"), "nats://does-not-exist.invalid:4222".to_owned()] {
        let mut start = command("up", dir.path());
        start.args(["--nats-url", &url]);
        let (code, said) = failed(start).await;
        assert_eq!(code, Some(69), "{said}");
        assert!(said.contains("NATS cannot be reached"), "{said}");
    }
    let mut start = command("up", dir.path());
    start.args(["--nats-url", "not a url"]);
    let (code, said) = failed(start).await;
    assert_eq!(code, Some(64), "{said}");
    assert!(said.contains("must be nats://host:port"), "{said}");
    leaves_nothing(dir.path());
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let dir = passable_dir();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut start = Command::new(env!("CARGO_BIN_EXE_rookery"));
    start.args(["up", "--http", &address]).current_dir(dir.path()).stderr(Stdio::piped());
    start.env("ROOKERY_DATA_DIR", dir.path().join("up"));
    let (code, said) = failed(start).await;
    assert_eq!(code, Some(64), "{said}");
    assert!(said.contains(&address) && said.contains("--http"), "{said}");
    leaves_nothing(dir.path());
}

#[tokio::test]
async fn without_a_browser_it_says_how_to_get_one() {
    let dir = passable_dir();
    let nats = bus::testing::binary();
    let mut start = command("up", dir.path());
    // Nothing on the path, and nothing in the well-known places: this machine may have one there.
    start.env("PATH", dir.path()).env("HOME", dir.path());
    start.args(["--browser", "/nonexistent/chromium", "--nats-server"]).arg(which(&nats));
    let (code, said) = failed(start).await;
    assert!(code.is_some_and(|c| c != 0), "{said}");
    assert!(said.contains("/nonexistent/chromium"), "{said}");
    let broken = dir.path().join("chromium");
    std::fs::write(&broken, "#!/bin/sh\necho 'libnss3.so: cannot open shared object file' >&2; exit 127\n")
        .unwrap();
    std::fs::set_permissions(&broken, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut start = command("up", dir.path());
    start.arg("--browser").arg(&broken);
    let (code, said) = failed(start).await;
    assert!(code.is_some_and(|c| c != 0), "a browser that does not start: {said}");
    assert!(said.contains(broken.to_str().unwrap()), "{said}");
    leaves_nothing(dir.path());
}

fn which(program: &Path) -> std::path::PathBuf {
    if program.is_absolute() {
        return program.to_owned();
    }
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|p| p.exists()).unwrap()
}

/// A file system of its own with little room; gone with the test.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None` where only root may mount.
    fn mount(size: &str) -> Option<Self> {
        let dir = passable_dir();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size},mode=711"), "tmpfs"]).arg(dir.path());
        mount.status().is_ok_and(|status| status.success()).then_some(Self(dir))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.0.path()).status());
    }
}

#[tokio::test]
async fn a_full_disk_is_said_and_harms_no_session_that_runs() {
    let Some(disk) = SmallDisk::mount("160M") else {
        eprintln!("left out: only root can make a small disk to fill");
        return;
    };
    let fill = |name: &str| {
        let mut file = std::fs::File::create(disk.0.path().join(name)).unwrap();
        while std::io::Write::write_all(&mut file, &[1; 1 << 16]).is_ok() {}
    };
    {
        let fleet = Gateway::start("up", disk.0.path(), &["--slots", "2", "--warm", "0"]).await;
        let made = fleet.post("/v1/sessions", json!({})).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let id = made.json()["id"].as_str().unwrap().to_owned();
        fill("filled");
        assert_eq!(fleet.evaluate(&id, "1 + 1").await, 2, "what runs goes on");
        let refused = fleet.post("/v1/sessions", json!({ "queue_timeout_s": 5 })).await;
        assert!([201, 429, 503].contains(&refused.status), "{}", refused.text());
        if refused.status != 201 {
            assert!(!refused.json()["detail"].as_str().unwrap().is_empty(), "{}", refused.text());
        }
        assert_eq!(fleet.get("/healthz").await.status, 200);
        std::fs::remove_file(disk.0.path().join("filled")).unwrap();
        // Its streams refuse to write until it is started anew.
        until("a session on a disk with room again", || async {
            let answer = fleet.post("/v1/sessions", json!({ "queue_timeout_s": 5 })).await;
            if answer.status == 201 { Ok(()) } else { Err(answer.text()) }
        })
        .await;
    }
    fill("filled");
    let mut start = command("up", disk.0.path());
    start.env("ROOKERY_DATA_DIR", disk.0.path().join("new"));
    let (code, said) = failed(start).await;
    assert!(code.is_some_and(|c| c != 0), "{said}");
    assert!(said.contains("No space left") || said.contains("no space left"), "{said}");
    leaves_nothing(disk.0.path());
}
