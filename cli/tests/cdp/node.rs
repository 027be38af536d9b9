//! The clients that people have, at pinned versions, run by Node.js.

use std::{path::PathBuf, process::Stdio, time::Duration};

use nix::sys::signal::Signal;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use super::support::fleet::signal;

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

async fn spawn(program: &str, arguments: &[&str]) -> Child {
    tokio::task::spawn_blocking(install).await.unwrap();
    Command::new("node")
        .arg(program)
        .args(arguments)
        .current_dir(directory())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// A program that has said a line, and runs until it is dropped.
pub struct Running(Child);

impl Running {
    pub async fn start(program: &str, arguments: &[&str], line: &str) -> Self {
        let mut child = spawn(program, arguments).await;
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while let heard = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap()
            && heard.as_deref() != Some(line)
        {
            assert!(heard.is_some(), "{program} has ended");
        }
        Self(child)
    }

    pub fn signal(&self, with: Signal) {
        signal(self.0.id().unwrap().try_into().unwrap(), with);
    }
}

/// Runs a program of `tests/clients` to its end, which must be a good one.
pub async fn run(program: &str, arguments: &[&str]) {
    run_and(program, arguments, "", async {}).await;
}

/// The same, and does something once the program has said a line.
pub async fn run_and(program: &str, arguments: &[&str], line: &str, then: impl Future<Output = ()>) {
    let mut child = spawn(program, arguments).await;
    let (mut lines, mut complaints) =
        (BufReader::new(child.stdout.take().unwrap()).lines(), child.stderr.take().unwrap());
    let (mut said, mut complained) = (String::new(), String::new());
    let hearing = async {
        let mut then = Some(then);
        while let Some(heard) = lines.next_line().await.unwrap() {
            if heard == line
                && let Some(then) = then.take()
            {
                then.await;
            }
            said += &heard;
            said.push('\n');
        }
    };
    let whole = async { tokio::join!(hearing, complaints.read_to_string(&mut complained), child.wait()).2 };
    let ended = timeout(PATIENCE, whole).await;
    match ended {
        Ok(status) => {
            let status = status.unwrap();
            assert!(status.success(), "{program}: {status}\n{said}\n{complained}");
        }
        Err(_) => panic!("{program} does not end\n{said}\n{complained}"),
    }
}
