//! A client of the session WebSocket.

use futures::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

use super::{SOON, fleet::Gateway};

pub struct Socket {
    pub stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// What comes unasked.
const PASSED_OVER: [&str; 3] = ["event", "viewers", "cursor"];

/// What a socket ends with.
pub type Closed = (u16, String);

impl Socket {
    /// Connected and greeted.
    pub async fn open(gateway: &Gateway, id: &str) -> Self {
        Self::with(gateway, id, "").await.0
    }

    /// With parameters; with what it is greeted with.
    pub async fn with(gateway: &Gateway, id: &str, query: &str) -> (Self, Value) {
        let url = format!("ws://{}/v1/sessions/{id}/ws?{query}", gateway.address());
        let (stream, _) = connect_async(url).await.unwrap();
        let mut socket = Self { stream };
        let hello = socket.of_type("hello").await;
        assert_eq!(hello["session"]["id"], id);
        (socket, hello)
    }

    pub async fn send(&mut self, message: &Value) {
        self.text(message.to_string()).await;
    }

    pub async fn text(&mut self, text: impl Into<String>) {
        self.stream.send(Message::Text(text.into().into())).await.unwrap();
    }

    /// The next message, or why there is none.
    pub async fn next(&mut self) -> Result<Value, Closed> {
        loop {
            let message = timeout(SOON, self.stream.next()).await.unwrap_or_else(|_| panic!("silence"));
            return match message {
                Some(Ok(Message::Text(text))) => Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(Some(c)))) => Err((c.code.into(), c.reason.to_string())),
                Some(Ok(_)) => continue,
                other => Err((0, format!("{other:?}"))),
            };
        }
    }

    /// The next picture, without its header.
    pub async fn picture(&mut self) -> Vec<u8> {
        loop {
            match timeout(SOON, self.stream.next()).await.unwrap_or_else(|_| panic!("no picture")) {
                Some(Ok(Message::Binary(frame))) => return frame[32..].to_vec(),
                Some(Ok(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next message of a type; events and news of viewers that come between are passed over.
    pub async fn of_type(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next().await.unwrap();
            if message["type"] == kind {
                return message;
            }
            let between = message["type"].as_str().unwrap_or_default();
            assert!(PASSED_OVER.contains(&between), "not {kind}: {message}");
        }
    }

    pub async fn closed(&mut self) -> Closed {
        loop {
            if let Err(closed) = self.next().await {
                return closed;
            }
        }
    }
}
