//! A page of a browser, over a WebSocket that speaks CDP.

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::socket::{Got, Socket};

pub struct Page {
    socket: Socket,
    session: String,
    last: u64,
}

impl Page {
    /// Attaches to a new page of the browser at `url`.
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        let mut page = Self { socket: Socket::connect(url).await?, session: String::new(), last: 0 };
        let target = page.call("Target.createTarget", json!({ "url": "about:blank" })).await?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = page.call("Target.attachToTarget", attach).await?;
        page.session = attached["sessionId"].as_str().context("attached without a session")?.to_owned();
        Ok(page)
    }

    /// The answer's result; events in between are passed over.
    pub async fn call(&mut self, method: &str, params: Value) -> anyhow::Result<Value> {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = self.session.as_str().into();
        }
        self.socket.send(&message).await?;
        loop {
            let Got::Json(mut message) = self.socket.next().await? else { continue };
            if message["id"] == self.last {
                if !message["error"].is_null() {
                    bail!("{method} failed: {}", message["error"]);
                }
                return Ok(message["result"].take());
            }
        }
    }

    /// Reads what comes, which answers pings, until the socket ends.
    pub async fn idle(mut self) {
        while self.socket.next().await.is_ok() {}
    }
}
