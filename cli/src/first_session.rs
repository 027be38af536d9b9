//! The session that `make up` shows: it speaks to the edge as any client would, by HTTP.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

/// What came of it.
#[derive(Debug)]
pub struct Shown {
    pub id: String,
    pub picture: PathBuf,
    pub took: Duration,
}

/// Long enough for a first browser start on a machine that is still busy compiling.
const PATIENCE: Duration = Duration::from_secs(60);

/// Opens the demo page in a session, fills in its form, waits for its answer and saves a picture of it.
pub async fn show(base: &str, token: Option<&str>, data_dir: &Path) -> anyhow::Result<Shown> {
    let started = Instant::now();
    let api = Api { base, token, http: Client::builder().timeout(PATIENCE).no_proxy().build()? };
    let id = api.create(&format!("{base}/demo")).await?;
    for command in walk() {
        api.run(&id, &command).await?;
    }
    let picture = data_dir.join("first-session.png");
    let bytes = api.screenshot(&id).await?;
    tokio::fs::write(&picture, bytes).await.with_context(|| picture.display().to_string())?;
    Ok(Shown { id, picture, took: started.elapsed() })
}

/// A little of everything: type, choose, check, click, wait.
fn walk() -> Vec<Value> {
    let label = |text: &str| json!({ "label": text });
    let button = |name: &str| json!({ "role": "button", "name": name });
    vec![
        json!({ "action": "type", "target": label("Name"), "text": "Ada Lovelace" }),
        json!({ "action": "type", "target": label("Email"), "text": "ada@example.org" }),
        json!({ "action": "type", "target": label("Message"), "text": "Hello, 世界! 🐦" }),
        json!({ "action": "select_option", "target": label("Country"), "labels": ["Japan"] }),
        json!({ "action": "check", "target": label("I agree to the terms") }),
        json!({ "action": "click", "target": button("Create account") }),
        json!({ "action": "wait_for", "target": { "text": "Welcome, Ada Lovelace!" } }),
        json!({ "action": "click", "target": button("Load answer") }),
        json!({ "action": "wait_for", "target": { "text": "The answer is 42." } }),
    ]
}

struct Api<'a> {
    base: &'a str,
    token: Option<&'a str>,
    http: Client,
}

impl Api<'_> {
    async fn create(&self, url: &str) -> anyhow::Result<String> {
        let spec =
            json!({ "name": "first session", "url": url, "viewport": { "width": 1280, "height": 800 } });
        let answer = self.ask("create a session", self.post("/v1/sessions").json(&spec)).await?;
        let session: Value = answer.json().await?;
        let id = session["id"].as_str().context("the new session has no id")?;
        Ok(id.to_owned())
    }

    async fn run(&self, id: &str, command: &Value) -> anyhow::Result<()> {
        let request = self.post(&format!("/v1/sessions/{id}/commands")).json(command);
        self.ask(&format!("run {command}"), request).await.map(drop)
    }

    async fn screenshot(&self, id: &str) -> anyhow::Result<Vec<u8>> {
        let url = format!("{}/v1/sessions/{id}/screenshot", self.base);
        let answer = self.ask("take a screenshot", self.with_token(self.http.get(url))).await?;
        Ok(answer.bytes().await?.to_vec())
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.with_token(self.http.post(format!("{}{path}", self.base)))
    }

    fn with_token(&self, request: RequestBuilder) -> RequestBuilder {
        match self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Errors of the edge say what is wrong in their body.
    async fn ask(&self, what: &str, request: RequestBuilder) -> anyhow::Result<Response> {
        let answer = request.send().await.with_context(|| format!("could not {what}"))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let (status, problem) = (answer.status(), answer.text().await.unwrap_or_default());
        bail!("could not {what}: {status} {problem}")
    }
}
