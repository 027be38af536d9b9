//! The table of methods against the browser that is installed.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;

use super::support::options;

const SOON: Duration = Duration::from_secs(20);

/// What the browser itself says of its protocol. It does so on its debugging port only.
async fn description() -> Value {
    let profile = tempfile::tempdir().expect("a directory");
    let mut browser = Command::new(options().await.executable)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("a browser");
    let ask = async {
        let port = loop {
            let found = std::fs::read_to_string(profile.path().join("DevToolsActivePort"));
            match found.ok().and_then(|text| text.lines().next()?.parse::<u16>().ok()) {
                Some(port) => break port,
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("its port");
        let request = "GET /json/protocol HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await.expect("a request");
        // It leaves the connection open, so the end is where the head says.
        let mut answer = Vec::new();
        loop {
            if let Some(body) = body(&answer) {
                return serde_json::from_slice(body).expect("JSON");
            }
            assert!(stream.read_buf(&mut answer).await.expect("an answer") > 0, "cut short");
        }
    };
    let description = tokio::time::timeout(SOON, ask).await.expect("an answer in time");
    browser.kill().await.expect("its end");
    description
}

/// The body of an answer, once it is whole.
fn body(answer: &[u8]) -> Option<&[u8]> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"))?.trim().parse().ok()?;
    answer[end + 4..].get(..length)
}

#[tokio::test]
async fn every_method_of_the_browser_is_judged_and_none_is_that_it_does_not_have() {
    let description = description().await;
    let mut offered = BTreeSet::new();
    for domain in description["domains"].as_array().expect("domains") {
        for command in domain["commands"].as_array().into_iter().flatten() {
            let text = |value: &Value| value.as_str().expect("a name").to_owned();
            offered.insert(format!("{}.{}", text(&domain["domain"]), text(&command["name"])));
        }
    }
    let known: BTreeSet<String> = worker::cdp::gate::names().map(str::to_owned).collect();
    let new: Vec<_> = offered.difference(&known).collect();
    assert!(new.is_empty(), "to be judged in worker/src/cdp/gate/methods.txt: {new:?}");
    let gone: Vec<_> = known.difference(&offered).collect();
    assert!(gone.is_empty(), "no longer in this browser: {gone:?}");
}
