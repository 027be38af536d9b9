//! What keeps a fleet from starting is said, with what to do about it.

use std::{
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use super::support::{
    SOON,
    fleet::{command, passable_dir, processes_in},
    nats::pretender,
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
    assert_eq!(code, Some(69), "{said}");
    assert!(said.contains("URL is invalid"), "{said}");
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
