//! Chromium without Rookery: the same binary and flags, driven over its pipe.

use std::{os::unix::fs::PermissionsExt, path::PathBuf};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use worker::{
    browser::{Homes, Kind, LaunchOptions, Process, User, find, launch},
    cdp::{Cdp, Interest},
};

/// How raw browsers are started.
pub struct Raw {
    homes: Homes,
    options: LaunchOptions,
    _dir: tempfile::TempDir,
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
        Ok(Self { homes: Homes::open(dir.path())?, options, _dir: dir })
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
