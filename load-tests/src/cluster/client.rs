//! What a client of the REST interface does, in few words.

use std::time::{Duration, Instant};

use anyhow::bail;
use reqwest::Method;
use serde_json::{Value, json};

use super::SOON;

/// An answer that is not a success, as its problem document says it.
#[derive(Clone, Debug)]
pub struct Refused {
    /// 0 where there was no answer at all.
    pub status: u16,
    pub problem: Value,
}

impl Refused {
    pub fn code(&self) -> &str {
        self.problem["code"].as_str().unwrap_or_default()
    }

    fn unanswered(error: &reqwest::Error) -> Self {
        Self { status: 0, problem: json!({ "code": "unavailable", "detail": format!("{error:?}") }) }
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, self.problem)
    }
}

impl std::error::Error for Refused {}

/// Speaks to one edge.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
}

impl Client {
    /// `address` is `host:port`.
    pub fn new(address: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(90)).no_proxy().build()?;
        Ok(Self { http, base: format!("http://{address}") })
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, Refused> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(|error| Refused::unanswered(&error))?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| Refused::unanswered(&error))?;
        let value = serde_json::from_str(&text).unwrap_or(Value::Null);
        if status.is_success() { Ok(value) } else { Err(Refused { status: status.as_u16(), problem: value }) }
    }

    /// Creates a session and waits until it is ready.
    pub async fn create(&self, spec: &Value) -> Result<Value, Refused> {
        self.send(Method::POST, "/v1/sessions", &[], Some(spec)).await
    }

    pub async fn create_once(&self, key: &str, spec: &Value) -> Result<Value, Refused> {
        self.send(Method::POST, "/v1/sessions", &[("Idempotency-Key", key)], Some(spec)).await
    }

    pub async fn session(&self, id: &str) -> Result<Value, Refused> {
        self.send(Method::GET, &format!("/v1/sessions/{id}"), &[], None).await
    }

    pub async fn end(&self, id: &str) -> Result<Value, Refused> {
        self.send(Method::DELETE, &format!("/v1/sessions/{id}"), &[], None).await
    }

    pub async fn command(&self, id: &str, command: &Value) -> Result<Value, Refused> {
        self.send(Method::POST, &format!("/v1/sessions/{id}/commands"), &[], Some(command)).await
    }

    /// The value of an expression in the page.
    pub async fn evaluate(&self, id: &str, expression: &str) -> Result<Value, Refused> {
        self.evaluate_within(id, expression, Duration::from_secs(20)).await
    }

    pub async fn evaluate_within(
        &self,
        id: &str,
        expression: &str,
        time: Duration,
    ) -> Result<Value, Refused> {
        let timeout_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let command = json!({ "action": "evaluate", "expression": expression, "timeout_ms": timeout_ms });
        Ok(self.command(id, &command).await?["result"]["value"].take())
    }

    pub async fn workers(&self) -> Result<Vec<Value>, Refused> {
        let mut list = self.send(Method::GET, "/v1/workers", &[], None).await?;
        match list["workers"].take() {
            Value::Array(workers) => Ok(workers),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                Ok(Vec::new())
            }
        }
    }

    /// Waits until the edge knows so many live workers, each with so many warm browsers.
    pub async fn until_workers(&self, count: usize, warm: u64) -> anyhow::Result<()> {
        let deadline = Instant::now() + SOON;
        loop {
            let workers = self.workers().await;
            let fit = |worker: &Value| worker["warm"].as_u64() >= Some(warm) && worker["frozen"] == false;
            if workers.as_ref().is_ok_and(|all| all.len() == count && all.iter().all(fit)) {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("no {count} workers with {warm} warm browsers each: {workers:?}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until a lone worker is idle with a full pool, by what it says from now on: it says so every 2 s.
    pub async fn until_refilled(&self, warm: u64) -> anyhow::Result<()> {
        let before = self.workers().await?;
        let said = before.first().map(|worker| worker["seen_at"].clone());
        let deadline = Instant::now() + SOON;
        loop {
            let workers = self.workers().await?;
            if let [worker] = workers.as_slice()
                && Some(&worker["seen_at"]) != said.as_ref()
                && worker["warm"].as_u64() >= Some(warm)
                && worker["busy"] == 0
            {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("the pool is not full again: {workers:?}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until the session is as wanted, and says what it was last if it never is.
    pub async fn session_until(&self, id: &str, wanted: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let deadline = Instant::now() + SOON;
        loop {
            let session = self.session(id).await;
            match &session {
                Ok(session) if wanted(session) => return Ok(session.clone()),
                last if Instant::now() > deadline => bail!("{id} is not as waited for: {last:?}"),
                Ok(_) | Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// The id of a session as an answer shows it.
    pub fn id(session: &Value) -> &str {
        session["id"].as_str().unwrap_or_default()
    }
}
