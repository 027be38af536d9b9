//! The table of methods against the browser that is installed.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::process::Stdio;
use std::time::Duration;

use flate2::{Compression, GzBuilder, read::GzDecoder};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;
use worker::cdp::gate;

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
    let known: BTreeSet<String> = gate::names().map(str::to_owned).collect();
    let new: Vec<_> = offered.difference(&known).collect();
    assert!(new.is_empty(), "to be judged in worker/src/cdp/gate/methods.txt: {new:?}");
    let gone: Vec<_> = known.difference(&offered).collect();
    assert!(gone.is_empty(), "no longer in this browser: {gone:?}");
}

/// What edges tell at `/json/protocol`.
const KEPT: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../edge/src/protocol/cdp/discovery/protocol.json.gz");

#[tokio::test]
async fn the_description_that_is_kept_is_the_browsers_own_without_what_is_refused() {
    let mut description = description().await;
    for domain in description["domains"].as_array_mut().expect("domains") {
        let name = domain["domain"].as_str().expect("a name").to_owned();
        let offered = |command: &Value| {
            let method = format!("{name}.{}", command["name"].as_str().expect("a name"));
            gate::method(&method).is_some_and(|method| method.class != gate::Class::Refused)
        };
        if let Some(commands) = domain["commands"].as_array_mut() {
            commands.retain(offered);
        }
    }
    if std::env::var_os("UPDATE").is_some() {
        let file = std::fs::File::create(KEPT).expect("a file");
        let mut file = GzBuilder::new().write(file, Compression::best());
        file.write_all(description.to_string().as_bytes()).expect("room");
        file.finish().expect("room");
    }
    let mut kept = String::new();
    let file = std::fs::File::open(KEPT).expect("what is kept");
    GzDecoder::new(file).read_to_string(&mut kept).expect("gzip");
    let kept: Value = serde_json::from_str(&kept).expect("JSON");
    assert!(kept == description, "run this test with UPDATE=1 to keep what the browser says now");
}
