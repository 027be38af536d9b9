//! The Chromium in which a person would watch.

use std::{path::Path, time::Duration};

use anyhow::Context;
use serde_json::{Value, json};

use crate::node::Node;

/// Not counted, while capture and pages get going.
const RUN_UP: Duration = Duration::from_secs(2);

pub struct Viewer(Node);

/// Pictures that were to be seen, and in what time.
#[derive(Clone, Copy, Default)]
pub struct Shown {
    pictures: f64,
    seconds: f64,
}

impl Shown {
    pub fn add(&mut self, other: Self) {
        self.pictures += other.pictures;
        self.seconds += other.seconds;
    }

    pub fn rate(self) -> f64 {
        self.pictures / self.seconds
    }
}

impl Viewer {
    pub fn start(browser: &Path) -> anyhow::Result<Self> {
        Ok(Self(Node::start("viewer.mjs", &[&browser.display().to_string()])?))
    }

    async fn ask(&mut self, act: Value) -> anyhow::Result<Value> {
        self.0.ask(&act).await
    }

    /// From the start of the navigation to the session's green picture on the canvas.
    pub async fn open(&mut self, url: &str) -> anyhow::Result<Duration> {
        ms(&self.ask(json!({ "act": "open", "url": url })).await?, "first")
    }

    pub async fn watch(&mut self, url: &str) -> anyhow::Result<()> {
        self.ask(json!({ "act": "watch", "url": url })).await.map(drop)
    }

    /// Shows what the bare relay at `socket` sends, on a page that draws it and does nothing else.
    pub async fn relay(&mut self, url: &str, socket: &str) -> anyhow::Result<()> {
        self.ask(json!({ "act": "relay", "url": url, "socket": socket })).await.map(drop)
    }

    /// Takes control and moves the pointer onto the picture.
    pub async fn drive(&mut self) -> anyhow::Result<()> {
        self.ask(json!({ "act": "drive" })).await.map(drop)
    }

    /// From the press of a button to the changed pixels.
    pub async fn click(&mut self) -> anyhow::Result<Duration> {
        ms(&self.ask(json!({ "act": "click" })).await?, "change")
    }

    pub async fn count(&mut self, round: Duration) -> anyhow::Result<Shown> {
        let (run_up, round) = (RUN_UP.as_millis(), round.as_millis());
        let said = self.ask(json!({ "act": "count", "run_up": run_up, "round": round })).await?;
        let pictures = said["pictures"].as_f64().context("no count of pictures")?;
        Ok(Shown { pictures, seconds: ms(&said, "time")?.as_secs_f64() })
    }

    pub async fn close(&mut self) -> anyhow::Result<()> {
        self.ask(json!({ "act": "close" })).await.map(drop)
    }
}

fn ms(said: &Value, what: &str) -> anyhow::Result<Duration> {
    let ms = said[what].as_f64().with_context(|| format!("the viewer does not say {what}: {said}"))?;
    Ok(Duration::try_from_secs_f64(ms / 1e3)?)
}
