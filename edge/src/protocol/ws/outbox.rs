//! Sending to a client that may not read.

use std::time::Duration;

use axum::{
    Error as SocketError,
    extract::ws::{CloseFrame, Message, WebSocket},
};
use bus_schema::model::cdp::Close;
use futures::{SinkExt, stream::SplitSink};
use serde::Serialize;
use tokio::time::timeout;

use super::error;

/// How long a client may leave the socket full.
const STALL: Duration = Duration::from_secs(10);
/// How long it may then take to read what was sent before, and the close behind it.
const GOODBYE: Duration = Duration::from_secs(30);

/// The client left: there is nobody to tell.
pub fn gone() -> Close {
    Close::new(error::NORMAL, "")
}

pub struct Outbox {
    sink: SplitSink<WebSocket, Message>,
}

impl Outbox {
    pub fn new(sink: SplitSink<WebSocket, Message>) -> Self {
        Self { sink }
    }

    pub async fn json(&mut self, message: &impl Serialize) -> Result<(), Close> {
        match serde_json::to_string(message) {
            Ok(text) => self.send(Message::Text(text.into())).await,
            Err(error) => {
                tracing::error!(%error, "an unwritable message");
                Err(Close::new(error::FAILED, "internal error"))
            }
        }
    }

    /// Fails once the client has left the socket full for too long.
    pub async fn send(&mut self, message: Message) -> Result<(), Close> {
        match timeout(STALL, self.sink.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.broken(&error)),
            Err(_) => Err(Close::new(error::TRY_AGAIN, "")),
        }
    }

    fn broken(&self, error: &SocketError) -> Close {
        tracing::debug!(%error, "a socket broke");
        gone()
    }

    /// Says why, behind whatever the client has not read yet.
    pub async fn close(mut self, close: Close) {
        let frame = CloseFrame { code: close.code, reason: close.reason.into() };
        let goodbye = async {
            let _ = self.sink.send(Message::Close(Some(frame))).await;
            let _ = self.sink.close().await;
        };
        let _ = timeout(GOODBYE, goodbye).await;
    }
}
