//! The WebSocket of a session.

use anyhow::{Context, bail};
use futures::{SinkExt, StreamExt};
use load_tests::cluster::Client;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async,
    tungstenite::{Bytes, Message},
};

pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

pub enum Got {
    Json(Value),
    Frame(Bytes),
}

impl Socket {
    pub async fn open(client: &Client, id: &str) -> anyhow::Result<Self> {
        let base = client.base().replacen("http", "ws", 1);
        Self::connect(&format!("{base}/v1/sessions/{id}/ws")).await
    }

    pub async fn connect(url: &str) -> anyhow::Result<Self> {
        let address = url.split('/').nth(2).context("no address in the URL")?;
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self(client_async(url, MaybeTlsStream::Plain(stream)).await?.0))
    }

    pub async fn send(&mut self, message: &Value) -> anyhow::Result<()> {
        Ok(self.0.send(Message::Text(message.to_string().into())).await?)
    }

    pub async fn send_bytes(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        Ok(self.0.send(Message::Binary(Bytes::copy_from_slice(bytes))).await?)
    }

    pub async fn next(&mut self) -> anyhow::Result<Got> {
        loop {
            match self.0.next().await.context("the WebSocket ended")?? {
                Message::Text(text) => return Ok(Got::Json(serde_json::from_str(&text)?)),
                Message::Binary(bytes) => return Ok(Got::Frame(bytes)),
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
                Message::Close(frame) => bail!("the WebSocket was closed: {frame:?}"),
            }
        }
    }

    /// Evaluates an expression; events in between are passed over.
    pub async fn evaluate(&mut self, n: u32, expression: &str) -> anyhow::Result<Value> {
        let command = json!({ "type": "command", "id": n, "action": "evaluate", "expression": expression });
        self.send(&command).await?;
        loop {
            let Got::Json(mut message) = self.next().await? else { continue };
            if message["id"] == n {
                if message["type"] != "result" {
                    bail!("the command failed: {message}");
                }
                return Ok(message["result"]["value"].take());
            }
        }
    }
}
