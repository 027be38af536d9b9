//! Server-sent events. A client that does not read is let go, so that it comes back with its last id.

use std::{convert::Infallible, time::Duration};

use crate::gateway::events::Logged;
use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use bus_schema::{Error, model::event::EventType};
use futures::Stream;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::metrics::metrics;

/// Events kept for a client that is slow for a moment.
const AHEAD: usize = 256;
/// How long a client may leave them all unread.
const STALL: Duration = Duration::from_secs(15);
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Where events come from: the next one with its id, `None` at the end.
pub trait Source: Send + 'static {
    fn next(&mut self) -> impl Future<Output = Result<Option<(Logged, Option<String>)>, Error>> + Send;
}

/// Sends what `source` gives until it ends, fails, the client does not read, or the gateway stops.
pub fn respond(mut source: impl Source, protocol: &'static str, stop: CancellationToken) -> Response {
    let (tx, rx) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        loop {
            let next = tokio::select! {
                next = source.next() => next,
                () = tx.closed() => return,
                () = stop.cancelled() => return,
            };
            let event = match next {
                Ok(Some((logged, id))) => event(&logged, id),
                Ok(None) => return,
                Err(error) => {
                    // The client reconnects with the last id it has seen, and misses nothing.
                    tracing::debug!(%error, protocol, "an event stream was cut");
                    return;
                }
            };
            let Some(event) = event else { continue };
            match tx.send_timeout(event, STALL).await {
                Ok(()) => {}
                Err(mpsc::error::SendTimeoutError::Timeout(_)) => {
                    metrics().slow_reader(protocol);
                    return;
                }
                Err(mpsc::error::SendTimeoutError::Closed(_)) => return,
            }
        }
    });
    let keep_alive = KeepAlive::new().interval(HEARTBEAT).text("alive");
    let mut response = Sse::new(received(rx)).keep_alive(keep_alive).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies must not collect events before they pass them on.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

fn received(rx: mpsc::Receiver<Event>) -> impl Stream<Item = Result<Event, Infallible>> {
    futures::stream::unfold(rx, |mut rx| async move { rx.recv().await.map(|event| (Ok(event), rx)) })
}

#[derive(Deserialize)]
struct Typed {
    #[serde(rename = "type")]
    kind: EventType,
}

/// `None` for noise on the subject.
fn event(logged: &Logged, id: Option<String>) -> Option<Event> {
    let kind = serde_json::from_slice::<Typed>(&logged.bytes).ok()?.kind;
    let data = std::str::from_utf8(&logged.bytes).ok()?;
    let event = Event::default().event(kind.as_str()).data(data);
    Some(match id {
        Some(id) => event.id(id),
        None => event,
    })
}

/// The id of the last event a reconnecting client has seen.
pub fn last_event_id(headers: &HeaderMap) -> Option<&str> {
    headers.get("last-event-id").and_then(|v| v.to_str().ok()).filter(|v| !v.is_empty())
}
