//! The clients that people have, at pinned versions, run by Node.js.

use std::{path::PathBuf, process::Stdio, time::Duration};

use tokio::{process::Command, time::timeout};

/// A whole program of a client.
const PATIENCE: Duration = Duration::from_secs(90);

fn directory() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "clients"].iter().collect()
}

/// Installs what the lock file names, once for all tests, whichever process is first.
fn install() {
    let lock =
        std::fs::File::create(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("clients.lock")).unwrap();
    lock.lock().unwrap();
    let wanted = std::fs::read(directory().join("package-lock.json")).unwrap();
    let marker = directory().join("node_modules/.installed");
    if std::fs::read(&marker).is_ok_and(|installed| installed == wanted) {
        return;
    }
    let npm = std::process::Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
        .current_dir(directory())
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|e| panic!("npm cannot be started ({e}): run scripts/setup test"));
    assert!(npm.status.success(), "npm ci: {}", String::from_utf8_lossy(&npm.stderr));
    std::fs::write(marker, wanted).unwrap();
}

/// Runs a program of `tests/clients` to its end, which must be a good one.
pub async fn run(program: &str, arguments: &[&str]) {
    tokio::task::spawn_blocking(install).await.unwrap();
    let child = Command::new("node")
        .arg(program)
        .args(arguments)
        .current_dir(directory())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(PATIENCE, child).await.unwrap_or_else(|_| panic!("{program} does not end")).unwrap();
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program}: {}\n{said}\n{complained}", output.status);
}
