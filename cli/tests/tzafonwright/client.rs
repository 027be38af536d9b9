//! A client of the port that does nothing but what it is told.

use base64::{Engine, engine::general_purpose::STANDARD};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

use super::support::{SOON, fleet::Gateway, until};

pub const LISTEN: [&str; 2] = ["--tzafonwright-listen", "127.0.0.1:0"];

pub struct Client {
    pub stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    pub async fn open(gateway: &Gateway) -> Self {
        Self::at(&format!("ws://{}/", address(gateway))).await
    }

    pub async fn at(url: &str) -> Self {
        let (stream, _) = connect_async(url).await.unwrap();
        Self { stream }
    }

    pub async fn send(&mut self, request: &Value) {
        self.bytes(request.to_string().into_bytes()).await;
    }

    pub async fn bytes(&mut self, bytes: Vec<u8>) {
        self.stream.send(Message::Binary(bytes.into())).await.unwrap();
    }

    /// The next answer, or close code and reason.
    pub async fn next(&mut self) -> Result<Value, (u16, String)> {
        loop {
            return match timeout(SOON, self.stream.next()).await.unwrap_or_else(|_| panic!("silence")) {
                Some(Ok(Message::Binary(answer))) => Ok(serde_json::from_slice(&answer).unwrap()),
                Some(Ok(Message::Close(Some(close)))) => Err((close.code.into(), close.reason.to_string())),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                other => Err((0, format!("{other:?}"))),
            };
        }
    }

    pub async fn ask(&mut self, request: Value) -> Value {
        self.send(&request).await;
        self.next().await.unwrap()
    }

    /// Asks for what must succeed, and gives the whole answer.
    pub async fn must(&mut self, request: Value) -> Value {
        let answer = self.ask(request.clone()).await;
        assert_eq!(answer["success"], true, "{request}: {answer}");
        assert!(answer.get("error_message").is_none(), "{answer}");
        answer
    }

    pub async fn goto(&mut self, url: &str) {
        let answer = self.must(json!({ "action_type": "goto", "url": url, "timeout": 30_000 })).await;
        assert_eq!(answer, json!({ "success": true }));
    }

    /// Width and height of a screenshot.
    pub async fn picture(&mut self) -> (u16, u16) {
        let answer = self.must(json!({ "action_type": "screenshot" })).await;
        size(&STANDARD.decode(answer["image"].as_str().unwrap()).unwrap())
    }

    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Err(closed) = self.next().await {
                return closed;
            }
        }
    }
}

pub fn address(gateway: &Gateway) -> &str {
    gateway.tzafonwright.as_deref().unwrap()
}

/// Sessions in this state, the newest first.
pub async fn sessions(gateway: &Gateway, state: &str) -> Vec<Value> {
    let list = gateway.get(&format!("/v1/sessions?state={state}")).await.ok();
    list["sessions"].as_array().unwrap().clone()
}

/// The id of the only session in this state.
pub async fn only(gateway: &Gateway, state: &str) -> String {
    until(&format!("one session that is {state}"), || async {
        match &sessions(gateway, state).await[..] {
            [one] => Ok(one["id"].as_str().unwrap().to_owned()),
            other => Err(format!("{other:?}")),
        }
    })
    .await
}

/// Of a JPEG: what stands in its frame header.
fn size(jpeg: &[u8]) -> (u16, u16) {
    assert_eq!(jpeg[..2], [0xff, 0xd8], "no JPEG");
    let mut at = 2;
    loop {
        let number = |i: usize| u16::from_be_bytes([jpeg[at + i], jpeg[at + i + 1]]);
        assert_eq!(jpeg[at], 0xff);
        if (0xc0..=0xc2).contains(&jpeg[at + 1]) {
            return (number(7), number(5));
        }
        at += 2 + usize::from(number(2));
    }
}
