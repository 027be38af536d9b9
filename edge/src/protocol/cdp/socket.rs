//! One client's socket: two directions in one task, so that a message costs no hop between tasks.

use std::{
    future::ready,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::Duration,
};

use axum::{
    body::Bytes,
    extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket},
};
use bus::cdp::{Line, Received, Receiver};
use bus_schema::model::{
    cdp::Close,
    event::{Event, EventType},
};
use futures::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    gateway::{cdp::Connection, events::SessionEvents},
    metrics::metrics,
    protocol::ws::error as code,
};

const RESTARTED: u16 = 1012;
/// How long a client may leave the socket full, when all that was kept for it is kept.
const STALL: Duration = Duration::from_secs(30);
/// How long it may then take to read what was sent before, and the close behind it.
const GOODBYE: Duration = Duration::from_secs(5);
/// How much later than the news of an end the last words of its browser may come: they take another way.
const LAST_WORDS: Duration = Duration::from_millis(100);
/// How often a silent client is asked whether it is there, and how often it may leave that unanswered.
const PING: Duration = Duration::from_secs(20);
const MISSED_PINGS: u32 = 3;
/// After so much it is asked what it has, besides: the owner keeps the rest for another socket.
const ASK_BYTES: usize = 1 << 20;

/// How a connection ends.
#[derive(Debug)]
enum End {
    /// The client has said goodbye.
    Left,
    /// Its socket broke: it may come back.
    Lost,
    /// The session is over. What its browser said before is passed on, then the client is told.
    Over(Close),
    /// It is told so.
    Close(Close),
}

/// Serves one socket to its end.
pub async fn run(socket: WebSocket, connection: Connection, stop: CancellationToken) {
    metrics().socket_opened();
    let (mut sink, stream) = socket.split();
    let Connection { line, mut receiver, events, .. } = connection;
    let unanswered = AtomicU32::new(0);
    let end = tokio::select! {
        end = up(stream, &line, &unanswered) => end,
        end = down(&mut receiver, &mut sink, &unanswered) => end,
        end = watch(events) => end,
        () = stop.cancelled() => End::Close(Close::new(code::GOING_AWAY, "the gateway is stopping")),
    };
    tracing::debug!(?end, "closing a CDP socket");
    let close = match end {
        End::Left => {
            line.close(&Close::new(code::NORMAL, "")).await;
            Some(Close::new(code::NORMAL, ""))
        }
        End::Lost => None,
        End::Over(close) => {
            let _ = timeout(LAST_WORDS, down(&mut receiver, &mut sink, &unanswered)).await;
            line.close(&close).await;
            Some(close)
        }
        End::Close(close) => {
            if close.code == code::POLICY {
                metrics().slow_reader("cdp");
            }
            if close.code != code::GOING_AWAY {
                line.close(&close).await;
            }
            Some(close)
        }
    };
    if let Some(close) = close {
        let frame = CloseFrame { code: close.code, reason: close.reason.into() };
        let goodbye = async {
            let _ = sink.send(Message::Close(Some(frame))).await;
            let _ = sink.close().await;
        };
        let _ = timeout(GOODBYE, goodbye).await;
    }
    metrics().socket_closed();
}

/// From the client to the browser. Nothing more is read while what was read waits for credit.
async fn up(mut stream: SplitStream<WebSocket>, line: &Line, unanswered: &AtomicU32) -> End {
    loop {
        let message = stream.next().await;
        unanswered.store(0, Relaxed);
        match message {
            Some(Ok(Message::Text(text))) => {
                if line.send(&Bytes::from(text)).await.is_err() {
                    return End::Close(Close::new(code::TRY_AGAIN, "the session does not take messages"));
                }
            }
            Some(Ok(Message::Binary(_))) => {
                return End::Close(Close::new(code::UNSUPPORTED, "binary messages are not understood"));
            }
            Some(Ok(Message::Pong(payload))) => {
                // What was sent before the ping has been read.
                if let Some(piece) = payload.first_chunk() {
                    line.seen(u64::from_be_bytes(*piece));
                }
            }
            Some(Ok(Message::Ping(_))) => {}
            Some(Ok(Message::Close(_))) => return End::Left,
            None => return End::Lost,
            Some(Err(error)) => {
                tracing::debug!(%error, "a CDP socket cannot be read");
                return if code::is_too_large(&error) {
                    End::Close(Close::new(code::TOO_LARGE, "a message may have at most 64 MB"))
                } else {
                    End::Lost
                };
            }
        }
    }
}

/// From the browser to the client.
async fn down(
    receiver: &mut Receiver,
    sink: &mut SplitSink<WebSocket, Message>,
    unanswered: &AtomicU32,
) -> End {
    let mut ping = interval_at(Instant::now() + PING, PING);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut unasked = 0;
    loop {
        let message = tokio::select! {
            biased;
            () = ready(()), if unasked >= ASK_BYTES => {
                unasked = 0;
                ask(receiver)
            }
            received = receiver.next() => match received {
                Received::Message(text) => match Utf8Bytes::try_from(text) {
                    Ok(text) => {
                        unasked += text.len();
                        Message::Text(text)
                    }
                    Err(_) => return End::Close(Close::new(code::FAILED, "the browser wrote no text")),
                },
                Received::Closed(close) => return End::Close(close),
                Received::Lost(why) => return End::Close(Close::new(code::FAILED, why)),
            },
            _ = ping.tick() => {
                if unanswered.fetch_add(1, Relaxed) >= MISSED_PINGS {
                    return End::Lost;
                }
                ask(receiver)
            }
        };
        match timeout(STALL, sink.send(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return End::Lost,
            Err(_) => return End::Close(Close::new(code::POLICY, "slow_consumer")),
        }
    }
}

/// Asks the client's side of the socket, which answers with what it was asked, what it has read.
fn ask(receiver: &Receiver) -> Message {
    Message::Ping(Bytes::copy_from_slice(&receiver.piece().to_be_bytes()))
}

/// Until the session ends, or goes on in another browser.
async fn watch(mut events: SessionEvents) -> End {
    loop {
        match events.next().await {
            Ok(Some(logged)) => {
                // Anybody on the bus may write to the subject: what is no event is passed over.
                let Ok(event) = serde_json::from_slice::<Event>(&logged.bytes) else { continue };
                if matches!(event.kind, EventType::Recovering | EventType::Recovered) {
                    return End::Over(Close::new(RESTARTED, "browser_replaced"));
                }
                if event.kind == EventType::Ended {
                    let reason = event.end_reason().map_or("unknown", |reason| reason.as_str());
                    return End::Over(Close::new(code::NORMAL, format!("the session has ended: {reason}")));
                }
            }
            Ok(None) => return End::Over(Close::new(code::NORMAL, "the session has ended")),
            Err(error) => {
                tracing::debug!(%error, "events are followed anew");
                if let Err(error) = events.resume().await {
                    return End::Close(Close::new(code::close_code(error.code), ""));
                }
            }
        }
    }
}
