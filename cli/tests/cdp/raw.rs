//! A client that speaks CDP by hand.

use std::collections::HashMap;

use futures::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{
        Message,
        http::{HeaderName, HeaderValue},
        protocol::WebSocketConfig,
    },
};

use super::support::{SOON, fleet::Gateway};

/// Somebody takes, returns or pauses control over REST.
pub async fn control(gateway: &Gateway, id: &str, body: Value) {
    gateway.send(Method::PUT, &format!("/v1/sessions/{id}/control"), Some(body)).await.ok();
}

pub struct Raw {
    pub stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    last: i64,
    /// Events that came while an answer was waited for.
    pub events: Vec<Value>,
    /// Of the answer to the upgrade.
    pub headers: HashMap<String, String>,
    /// How many messages have come.
    pub received: u64,
}

impl Raw {
    pub async fn attach(gateway: &Gateway, id: &str) -> Self {
        Self::open(&format!("ws://{}/v1/sessions/{id}/cdp", gateway.address())).await
    }

    pub async fn open(url: &str) -> Self {
        let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        let (stream, response) = connect_async_with_config(url, Some(config), true).await.unwrap();
        let named = |(name, value): (&HeaderName, &HeaderValue)| {
            (name.to_string(), value.to_str().unwrap_or_default().to_owned())
        };
        let headers = response.headers().iter().map(named).collect();
        Self { stream, last: 0, events: Vec::new(), headers, received: 0 }
    }

    /// The socket breaks: no goodbye, and what was not read yet is lost. Gives what the query of the next one says.
    pub fn breaks(self) -> String {
        format!("resume={}&after={}", self.headers["rookery-conn"], self.received)
    }

    pub async fn text(&mut self, text: impl Into<String>) {
        self.stream.send(Message::Text(text.into().into())).await.unwrap();
    }

    /// Sends without waiting for the answer. Gives the id.
    pub async fn send(&mut self, session: Option<&str>, method: &str, params: Value) -> i64 {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        self.text(message.to_string()).await;
        self.last
    }

    /// The next message, or the close code and reason.
    pub async fn next(&mut self) -> Result<Value, (u16, String)> {
        loop {
            return match timeout(SOON, self.stream.next()).await.unwrap_or_else(|_| panic!("silence")) {
                Some(Ok(Message::Text(text))) => {
                    self.received += 1;
                    Ok(serde_json::from_str(&text).unwrap())
                }
                Some(Ok(Message::Close(Some(close)))) => Err((close.code.into(), close.reason.to_string())),
                Some(Ok(_)) => continue,
                other => Err((0, format!("{other:?}"))),
            };
        }
    }

    /// The answer to a message, `result` and `error` alike.
    pub async fn answer(&mut self, id: i64) -> Value {
        loop {
            let message = self.next().await.unwrap();
            if message["id"] == id {
                return message;
            }
            self.events.push(message);
        }
    }

    pub async fn ask(&mut self, session: Option<&str>, method: &str, params: Value) -> Value {
        let id = self.send(session, method, params).await;
        self.answer(id).await
    }

    pub async fn result(&mut self, session: Option<&str>, method: &str, params: Value) -> Value {
        let answer = self.ask(session, method, params).await;
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// The code and the words of a refusal.
    pub async fn refused(&mut self, session: Option<&str>, method: &str, params: Value) -> (i64, String) {
        let answer = self.ask(session, method, params).await;
        let error = &answer["error"];
        (error["code"].as_i64().unwrap_or_else(|| panic!("{method}: {answer}")), error["message"].to_string())
    }

    /// The next event of this name, or one that came before.
    pub async fn event(&mut self, method: &str) -> Value {
        if let Some(at) = self.events.iter().position(|event| event["method"] == method) {
            return self.events.remove(at);
        }
        loop {
            let message = self.next().await.unwrap();
            if message["method"] == method {
                return message;
            }
            self.events.push(message);
        }
    }

    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Err(closed) = self.next().await {
                return closed;
            }
        }
    }

    /// A session on the first page there is.
    pub async fn page(&mut self) -> String {
        let targets = self.result(None, "Target.getTargets", json!({})).await;
        let page = targets["targetInfos"].as_array().unwrap().iter().find(|info| info["type"] == "page");
        let target = page.unwrap_or_else(|| panic!("no page: {targets}"))["targetId"].clone();
        let attach = json!({ "targetId": target, "flatten": true });
        self.result(None, "Target.attachToTarget", attach).await["sessionId"].as_str().unwrap().to_owned()
    }

    pub async fn evaluate(&mut self, session: &str, expression: &str) -> Value {
        let params = json!({ "expression": expression, "returnByValue": true });
        self.result(Some(session), "Runtime.evaluate", params).await["result"]["value"].clone()
    }
}
