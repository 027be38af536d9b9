//! Chromium without Rookery: the same binary and flags, driven over its pipe.

use std::{
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use load_tests::cluster::SOON;
use serde_json::{Value, json};
use worker::{
    browser::{Homes, Kind, LaunchOptions, Process, User, find, launch},
    cdp::{Cdp, Interest},
};

/// How raw browsers are started.
pub struct Raw {
    homes: Homes,
    options: LaunchOptions,
    dir: tempfile::TempDir,
}

/// A raw browser with its first page.
pub struct Page {
    pub process: Process,
    pub cdp: Cdp,
}

impl Raw {
    pub async fn new() -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o711))?;
        let places = find::Places { path: std::env::var_os("PATH"), ..find::Places::default() };
        let found = find::find(&places, Kind::HeadlessShell).await?;
        let mut options = LaunchOptions::new(found.path);
        if User::is_needed() {
            options.user = User::named("nobody")?;
        }
        Ok(Self { homes: Homes::open(dir.path())?, options, dir })
    }

    /// The binary that both sides run.
    pub fn browser(&self) -> PathBuf {
        self.options.executable.clone()
    }

    pub async fn launch(&self) -> anyhow::Result<Page> {
        let process = launch(&self.homes, &self.options).await?;
        let targets = process.cdp().call_raw("Target.getTargets", json!({})).await?;
        let targets: Value = serde_json::from_str(targets.get())?;
        let infos = targets["targetInfos"].as_array().context("no list of targets")?;
        let page = infos.iter().find(|info| info["type"] == "page").context("no page")?;
        let id = page["targetId"].as_str().context("a target without id")?.to_owned();
        let cdp = process.cdp().attach(id).await?;
        cdp.call_raw("Page.enable", json!({})).await?;
        Ok(Page { process, cdp })
    }

    /// One that listens on a port of its own besides, and the WebSocket that its clients connect to. A script in front of
    /// the browser asks for the port: the arguments that a session may bring have none.
    pub async fn launch_listening(&self) -> anyhow::Result<(Process, String)> {
        let script = self.dir.path().join("listening");
        let browser = self.options.executable.display();
        std::fs::write(&script, format!("#!/bin/sh\nexec '{browser}' --remote-debugging-port=0 \"$@\"\n"))?;
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755))?;
        let process =
            launch(&self.homes, &LaunchOptions { executable: script, ..self.options.clone() }).await?;
        let said = process.home().join("profile/DevToolsActivePort");
        let deadline = Instant::now() + SOON;
        loop {
            // Two lines, the second without an end; the file is moved into place when it is whole.
            if let Ok(text) = std::fs::read_to_string(&said)
                && let Some((port, path)) = text.split_once('\n')
            {
                let url = format!("ws://127.0.0.1:{port}{}", path.trim_end());
                return Ok((process, url));
            }
            anyhow::ensure!(Instant::now() < deadline, "the raw browser opens no port");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// launch → navigate → evaluate → close.
    pub async fn lifecycle(&self, url: &str) -> anyhow::Result<()> {
        let page = self.launch().await?;
        page.navigate(url).await?;
        page.evaluate("document.title").await?;
        page.process.close().await;
        Ok(())
    }
}

impl Page {
    pub async fn navigate(&self, url: &str) -> anyhow::Result<()> {
        let mut events = self.cdp.events(Interest(&["Page.loadEventFired"]), 4);
        self.cdp.call_raw("Page.navigate", json!({ "url": url })).await?;
        if events.next().await.is_none() {
            bail!("the raw browser ended while it loaded a page");
        }
        Ok(())
    }

    pub async fn evaluate(&self, expression: &str) -> anyhow::Result<Value> {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.cdp.call_raw("Runtime.evaluate", params).await?;
        Ok(serde_json::from_str::<Value>(answer.get())?["result"]["value"].take())
    }
}
