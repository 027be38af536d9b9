//! JetStream's API as plain requests: one form for every answer and error, a deadline on each.

use std::time::Duration;

use async_nats::{Client, HeaderMap, Message, Request, client::RequestErrorKind};
use bus_schema::{Error, Region, model::time::Timestamp};
use bytes::Bytes;
use futures::StreamExt;
use serde::Deserialize;

use crate::{clock, metrics};

pub(crate) const API_TIMEOUT: Duration = Duration::from_secs(3);

/// Messages of a stream that are read at once.
const BATCH: u64 = 256;

/// Error codes of the server that mean something to us.
pub(crate) mod code {
    /// The expected last sequence of the subject is another.
    pub(crate) const WRONG_LAST_SEQUENCE: u64 = 10071;
    /// The server cannot reserve as much storage as was asked for.
    pub(crate) const INSUFFICIENT_STORAGE: u64 = 10047;
    /// Maximum messages (per subject) exceeded, with discard new.
    pub(crate) const STORE_FAILED: u64 = 10077;
    pub(crate) const STREAM_NOT_FOUND: u64 = 10059;
    pub(crate) const STREAM_NAME_IN_USE: u64 = 10058;
    pub(crate) const CONSUMER_NOT_FOUND: u64 = 10014;
    pub(crate) const NO_MESSAGE_FOUND: u64 = 10037;
    /// A later publish under the same expectation is already being stored (clusters).
    pub(crate) const WRONG_LAST_SEQUENCE_CONSTANT: u64 = 10164;
}

/// What a publish came to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishError {
    #[error("the sequence expected is not the last one")]
    WrongLastSequence,
    #[error("the stream or the subject is full")]
    Full,
    /// No answer, or one that says nothing about whether it was stored.
    #[error("{0}")]
    Unavailable(String),
}

#[derive(Clone, Debug)]
pub(crate) struct JetStream {
    pub(crate) client: Client,
    own: Region,
}

#[derive(Deserialize)]
struct ApiError {
    #[serde(default)]
    err_code: u64,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
struct PubAck {
    #[serde(default)]
    seq: u64,
    #[serde(default)]
    duplicate: bool,
    error: Option<ApiError>,
}

/// Some messages of a stream, in order.
pub(crate) struct Batch {
    pub(crate) messages: Vec<Message>,
    /// Whether there were others behind them.
    pub(crate) more: bool,
}

/// Where a publish was stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored {
    pub(crate) seq: u64,
    pub(crate) duplicate: bool,
}

impl JetStream {
    pub(crate) fn new(client: Client, own: Region) -> Self {
        Self { client, own }
    }

    /// Subject of an API call in a region: another region is its own JetStream domain.
    pub(crate) fn api_subject(&self, region: &Region, call: &str) -> String {
        if *region == self.own { format!("$JS.API.{call}") } else { format!("$JS.{region}.API.{call}") }
    }

    /// Subject of a key. Keys of another region are reached through its domain.
    pub(crate) fn key_subject(&self, region: &Region, bucket: &str, key: &str) -> String {
        if *region == self.own {
            format!("$KV.{bucket}.{key}")
        } else {
            format!("$JS.{region}.API.$KV.{bucket}.{key}")
        }
    }

    /// Publishes and waits for the stream's ack.
    pub(crate) async fn publish(
        &self,
        subject: String,
        headers: HeaderMap,
        payload: Bytes,
        timeout: Duration,
    ) -> Result<Stored, PublishError> {
        let request = Request::new().headers(headers).payload(payload).timeout(Some(timeout));
        let message = self.client.send_request(subject, request).await.map_err(|e| {
            metrics::bus_error("publish");
            PublishError::Unavailable(explain(e.kind()).to_owned())
        })?;
        let ack: PubAck = serde_json::from_slice(&message.payload)
            .map_err(|e| PublishError::Unavailable(format!("an unreadable ack: {e}")))?;
        match ack.error {
            None => Ok(Stored { seq: ack.seq, duplicate: ack.duplicate }),
            Some(e) => Err(match e.err_code {
                code::WRONG_LAST_SEQUENCE | code::WRONG_LAST_SEQUENCE_CONSTANT => {
                    PublishError::WrongLastSequence
                }
                code::STORE_FAILED => PublishError::Full,
                _ => {
                    metrics::bus_error("publish");
                    PublishError::Unavailable(e.description)
                }
            }),
        }
    }

    /// Calls the API of a region and reads its answer as `T`. `Ok(None)`: there is no such stream, consumer or message.
    pub(crate) async fn call<T: serde::de::DeserializeOwned>(
        &self,
        region: &Region,
        call: &str,
        body: &serde_json::Value,
    ) -> Result<Option<T>, Error> {
        #[derive(Deserialize)]
        struct Answer {
            error: Option<ApiError>,
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let message = api(&self.client, &self.api_subject(region, call), &body).await?;
        let answer: Answer = read(&message.payload)?;
        match answer.error {
            None => read(&message.payload).map(Some),
            Some(e) => match e.err_code {
                code::STREAM_NOT_FOUND | code::CONSUMER_NOT_FOUND | code::NO_MESSAGE_FOUND => Ok(None),
                _ => Err(Error::unavailable(format!("JetStream: {}", e.description))),
            },
        }
    }
}

impl JetStream {
    /// Reads up to [`BATCH`] messages of a stream whose subject matches `filter`, from sequence `from` on. It costs
    /// the server no consumer.
    pub(crate) async fn read_batch(
        &self,
        region: &Region,
        stream: &str,
        filter: &str,
        from: u64,
    ) -> Result<Batch, Error> {
        let call = self.api_subject(region, &format!("DIRECT.GET.{stream}"));
        let body = serde_json::json!({ "seq": from, "next_by_subj": filter, "batch": BATCH });
        let unavailable = |e: &dyn std::fmt::Display| Error::unavailable(format!("reading {stream}: {e}"));
        let inbox = self.client.new_inbox();
        let mut answers = self.client.subscribe(inbox.clone()).await.map_err(|e| unavailable(&e))?;
        let asked = self.client.publish_with_reply(call, inbox, Bytes::from(body.to_string())).await;
        asked.map_err(|e| unavailable(&e))?;
        let mut messages = Vec::new();
        let more = loop {
            let next =
                tokio::time::timeout(API_TIMEOUT, answers.next()).await.map_err(|e| unavailable(&e))?;
            let Some(message) = next else { return Err(unavailable(&"the connection is closed")) };
            match message.status.map(|s| s.as_u16()) {
                None => messages.push(message),
                // End of the batch.
                Some(204) => break header_u64(message.headers.as_ref(), "Nats-Num-Pending").unwrap_or(0) > 0,
                // Nothing behind that sequence.
                Some(404) => break false,
                Some(503) => return Err(unavailable(&explain(RequestErrorKind::NoResponders))),
                Some(other) => return Err(unavailable(&format!("JetStream answered {other}"))),
            }
        };
        Ok(Batch { more: more && !messages.is_empty(), messages })
    }
}

fn read<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes)
        .map_err(|e| Error::internal(format!("an unreadable answer of JetStream: {e}")))
}

pub(crate) fn explain(kind: RequestErrorKind) -> &'static str {
    match kind {
        RequestErrorKind::TimedOut => "NATS did not answer in time",
        RequestErrorKind::NoResponders => "nobody answers: JetStream is not there, or permission lacks",
        RequestErrorKind::InvalidSubject => "an invalid subject",
        RequestErrorKind::MaxPayloadExceeded => "the message is larger than the server allows",
        RequestErrorKind::Other => "the connection to NATS failed",
    }
}

/// One API request with the usual deadline.
pub(crate) async fn api(client: &Client, subject: &str, body: &str) -> Result<Message, Error> {
    let request = Request::new().payload(Bytes::copy_from_slice(body.as_bytes())).timeout(Some(API_TIMEOUT));
    client.send_request(subject.to_owned(), request).await.map_err(|e| {
        metrics::bus_error("api");
        Error::unavailable(explain(e.kind()))
    })
}

/// A request that the server itself answers at once, so everything sent before it has arrived.
pub(crate) async fn round_trip(client: &Client) -> Result<(), Error> {
    api(client, "$JS.API.INFO", "").await.map(drop)
}

/// The time stamp `ts` of an API answer.
pub(crate) fn server_time(message: &Message) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Ts {
        ts: Option<String>,
    }
    clock::parse(&serde_json::from_slice::<Ts>(&message.payload).ok()?.ts?)
}

/// Reads a numeric header.
pub(crate) fn header_u64(headers: Option<&HeaderMap>, name: &str) -> Option<u64> {
    headers?.get(name)?.as_str().parse().ok()
}
