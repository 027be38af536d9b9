//! One client's socket: what it sends is read while it waits for a browser, and answered in order.

use std::{collections::VecDeque, time::Duration};

use axum::{
    body::Bytes,
    extract::ws::{CloseFrame, Message, WebSocket},
};
use bus_schema::{Error, Tenant, model::cdp::Close};
use futures::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::{LIMIT, act::Page, answer::Answer};
use crate::{
    gateway::{Gateway, create::Request, lend::Lent},
    metrics::metrics,
    protocol::ws::error as code,
};

/// Bytes of requests that are read ahead. What a client sends beyond them waits in its own buffers and the network's.
const AHEAD: usize = 1 << 20;
/// What a request weighs beside its bytes, so that small ones have an end too.
const WEIGHT: usize = 64;
/// How often each side is asked whether it is there, and how long the answer may take.
const PING: Duration = Duration::from_secs(20);
/// How long a client may leave the socket full.
const STALL: Duration = Duration::from_secs(30);
/// How long it may take to read the goodbye, and what was sent before.
const GOODBYE: Duration = Duration::from_secs(5);

/// How a connection ends.
#[derive(Debug)]
enum End {
    /// The client has said goodbye, or is not there any more.
    Gone,
    /// It is told so.
    Close(Close),
}

impl End {
    fn of(error: Error) -> Self {
        let code = code::close_code(error.code);
        Self::Close(Close::new(code, code::shown(error).detail))
    }
}

/// Serves one socket to its end, and ends its session with it.
pub async fn run(socket: WebSocket, gateway: Gateway, request: Request, stop: CancellationToken) {
    metrics().socket_opened();
    let mut wire = Wire::new(socket);
    let end = tokio::select! {
        end = serve(&mut wire, gateway, request) => end,
        () = stop.cancelled() => End::Close(Close::new(code::GOING_AWAY, "the gateway is stopping")),
    };
    tracing::debug!(?end, "closing a tzafonwright socket");
    wire.close(end).await;
    metrics().socket_closed();
}

async fn serve(wire: &mut Wire, gateway: Gateway, request: Request) -> End {
    let tenant = request.tenant.clone();
    // Dropped with this, the request is cancelled.
    let lent = tokio::select! {
        lent = gateway.lend(request) => lent,
        end = wire.attend() => return end,
    };
    let mut lent = match lent {
        Ok(lent) => lent,
        Err(error) => return End::of(error),
    };
    tracing::Span::current().record("session_id", tracing::field::display(&lent.session.id));
    converse(wire, gateway, tenant, &mut lent).await
}

async fn converse(wire: &mut Wire, gateway: Gateway, tenant: Tenant, lent: &mut Lent) -> End {
    let mut page = Page::of(gateway, tenant, &lent.session);
    let answering = async {
        loop {
            if let Err(end) = answer_next(wire, &mut page).await {
                return end;
            }
        }
    };
    tokio::select! {
        end = answering => end,
        ended = lent.ended() => match ended {
            Ok(reason) => {
                let reason = reason.map_or("unknown", |reason| reason.as_str());
                End::Close(Close::new(code::NORMAL, format!("the session has ended: {reason}")))
            }
            Err(error) => End::of(error),
        },
    }
}

async fn answer_next(wire: &mut Wire, page: &mut Page) -> Result<(), End> {
    let message = wire.next().await?;
    let answer = tokio::select! {
        answer = page.answer(&message) => answer,
        end = wire.attend() => return Err(end),
    };
    wire.answer(&answer).await
}

/// A socket with what was read of it and is not answered yet.
struct Wire {
    stream: SplitStream<WebSocket>,
    sink: SplitSink<WebSocket, Message>,
    waiting: VecDeque<Bytes>,
    /// What `waiting` weighs.
    weight: usize,
    ping_at: Instant,
    /// The client was asked whether it is there, and nothing has come since.
    asked: bool,
}

impl Wire {
    fn new(socket: WebSocket) -> Self {
        let (sink, stream) = socket.split();
        let (waiting, ping_at) = (VecDeque::new(), Instant::now() + PING);
        Self { stream, sink, waiting, weight: 0, ping_at, asked: false }
    }

    /// The next request. Cancel safe.
    async fn next(&mut self) -> Result<Bytes, End> {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                self.weight -= message.len() + WEIGHT;
                return Ok(message);
            }
            self.turn().await?;
        }
    }

    /// Reads ahead and asks whether the client is there, until it is not. Cancel safe.
    async fn attend(&mut self) -> End {
        loop {
            if let Err(end) = self.turn().await {
                return end;
            }
        }
    }

    async fn turn(&mut self) -> Result<(), End> {
        let has_room = self.weight < AHEAD;
        tokio::select! {
            // In this order, so that an answer which has arrived counts.
            biased;
            message = self.stream.next(), if has_room => self.on_message(message),
            () = sleep_until(self.ping_at) => {
                // An answer to be read behind requests that have no room is not missed.
                if self.asked && has_room {
                    tracing::debug!("a client does not answer pings");
                    return Err(End::Gone);
                }
                self.asked = true;
                self.ping_at = Instant::now() + PING;
                self.send(Message::Ping(Bytes::new())).await
            }
        }
    }

    fn on_message(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        self.asked = false;
        let request = match message {
            Some(Ok(Message::Binary(bytes))) => bytes,
            Some(Ok(Message::Text(text))) => text.into(),
            // Pings are answered below us.
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(()),
            Some(Ok(Message::Close(_))) | None => return Err(End::Gone),
            Some(Err(error)) => {
                tracing::debug!(%error, "a tzafonwright socket cannot be read");
                return Err(if code::is_too_large(&error) { too_large() } else { End::Gone });
            }
        };
        if request.len() > LIMIT {
            return Err(too_large());
        }
        self.weight += request.len() + WEIGHT;
        self.waiting.push_back(request);
        Ok(())
    }

    async fn answer(&mut self, answer: &Answer) -> Result<(), End> {
        let json = answer.message().map_err(|error| End::of(Error::internal(error.to_string())))?;
        self.send(Message::Binary(json.into())).await
    }

    /// Fails once the client has left the socket full for too long.
    async fn send(&mut self, message: Message) -> Result<(), End> {
        match timeout(STALL, self.sink.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a tzafonwright socket broke");
                Err(End::Gone)
            }
            Err(_) => {
                metrics().slow_reader("tzafonwright");
                Err(End::Close(Close::new(code::POLICY, "slow_consumer")))
            }
        }
    }

    async fn close(mut self, end: End) {
        let goodbye = async {
            if let End::Close(close) = end {
                let frame = CloseFrame { code: close.code, reason: close.reason.into() };
                let _ = self.sink.send(Message::Close(Some(frame))).await;
            }
            let _ = self.sink.close().await;
        };
        let _ = timeout(GOODBYE, goodbye).await;
    }
}

fn too_large() -> End {
    End::Close(Close::new(code::TOO_LARGE, "a message may have at most 16 MiB"))
}
