//! A bucket: values under keys, written by compare-and-swap.

use std::{collections::HashMap, time::Duration};

use async_nats::HeaderMap;
use bus_schema::{Error, Region};
use bytes::Bytes;
use serde::Deserialize;
use tokio::time::Instant;

use crate::js::{API_TIMEOUT, JetStream, PublishError, header_u64};

/// How long reading a whole bucket may take.
const SCAN: Duration = Duration::from_secs(10);

/// A value with the revision that the next write must expect.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) key: String,
    pub(crate) bytes: Bytes,
    pub(crate) revision: u64,
    /// A deletion or an expiry: no value, but its revision counts for the next write.
    pub(crate) is_marker: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    pub(crate) js: JetStream,
    pub(crate) region: Region,
    pub(crate) name: String,
}

impl Bucket {
    fn stream(&self) -> String {
        format!("KV_{}", self.name)
    }

    /// Reads a key where it is quickest. On a cluster this may be a moment old: never decide ownership on it.
    pub(crate) async fn get(&self, key: &str) -> Result<Option<Value>, Error> {
        let call = format!("DIRECT.GET.{}.$KV.{}.{key}", self.stream(), self.name);
        let message = crate::js::api(&self.js.client, &self.js.api_subject(&self.region, &call), "").await?;
        if let Some(status) = message.status {
            return match status.as_u16() {
                404 => Ok(None),
                other => Err(Error::unavailable(format!("JetStream answered {other} to a read"))),
            };
        }
        let Some(revision) = header_u64(message.headers.as_ref(), "Nats-Sequence") else {
            return Err(Error::internal("a read without its sequence"));
        };
        let is_marker = is_marker(message.headers.as_ref());
        Ok(Some(Value { key: key.to_owned(), bytes: message.payload, revision, is_marker }))
    }

    /// Reads a key from the leader: what it says now is what the next write is judged against.
    pub(crate) async fn get_from_leader(&self, key: &str) -> Result<Option<Value>, Error> {
        #[derive(Deserialize)]
        struct Answer {
            message: Raw,
        }
        #[derive(Deserialize)]
        struct Raw {
            seq: u64,
            #[serde(default)]
            data: String,
            #[serde(default)]
            hdrs: String,
        }
        let call = format!("STREAM.MSG.GET.{}", self.stream());
        let body = serde_json::json!({ "last_by_subj": format!("$KV.{}.{key}", self.name) });
        let Some(answer) = self.js.call::<Answer>(&self.region, &call, &body).await? else { return Ok(None) };
        let decode = |s: &str| {
            use base64::Engine;
            base64::engine::general_purpose::STANDARD
                .decode(s)
                .map_err(|e| Error::internal(format!("an unreadable message of JetStream: {e}")))
        };
        let headers = String::from_utf8_lossy(&decode(&answer.message.hdrs)?).into_owned();
        let is_marker = headers.contains("KV-Operation") || headers.contains("Nats-Marker-Reason");
        let bytes = decode(&answer.message.data)?.into();
        Ok(Some(Value { key: key.to_owned(), bytes, revision: answer.message.seq, is_marker }))
    }

    /// Writes if the key's last revision is `expected` (0: it never had one, or its marker is gone).
    pub(crate) async fn put(
        &self,
        key: &str,
        bytes: Bytes,
        expected: u64,
        ttl: Option<Duration>,
        timeout: Duration,
    ) -> Result<u64, PublishError> {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Expected-Last-Subject-Sequence", expected.to_string());
        if let Some(ttl) = ttl {
            headers.insert("Nats-TTL", format!("{}s", ttl.as_secs().max(1)));
        }
        let subject = self.js.key_subject(&self.region, &self.name, key);
        self.js.publish(subject, headers, bytes, timeout).await.map(|s| s.seq)
    }

    /// Puts without expecting anything: for values that only their one writer writes.
    pub(crate) async fn overwrite(&self, key: &str, bytes: Bytes) -> Result<u64, PublishError> {
        let subject = self.js.key_subject(&self.region, &self.name, key);
        self.js.publish(subject, HeaderMap::new(), bytes, API_TIMEOUT).await.map(|s| s.seq)
    }

    /// Deletes if the key's last revision is `expected`. The marker goes by itself.
    pub(crate) async fn delete(&self, key: &str, expected: u64) -> Result<(), PublishError> {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Expected-Last-Subject-Sequence", expected.to_string());
        headers.insert("KV-Operation", "DEL");
        headers.insert("Nats-TTL", format!("{}s", bus_schema::stream::LIMIT_MARKER.as_secs()));
        let subject = self.js.key_subject(&self.region, &self.name, key);
        self.js.publish(subject, headers, Bytes::new(), API_TIMEOUT).await.map(drop)
    }

    /// Every value whose key matches `filter` (`>` for all), as of now.
    pub(crate) async fn list(&self, filter: &str) -> Result<Vec<Value>, Error> {
        let (stream, prefix) = (self.stream(), format!("$KV.{}.", self.name));
        let filter = format!("{prefix}{filter}");
        // A key that is written meanwhile moves behind the rest and is read again: its later value stands.
        let mut last = HashMap::new();
        let mut from = 1;
        let until = Instant::now() + SCAN;
        loop {
            let batch = self.js.read_batch(&self.region, &stream, &filter, from).await?;
            for message in batch.messages {
                let headers = message.headers.as_ref();
                let subject = headers.and_then(|h| h.get("Nats-Subject")).map_or("", |s| s.as_str());
                let Some(key) = subject.strip_prefix(&prefix).map(str::to_owned) else { continue };
                let Some(revision) = header_u64(headers, "Nats-Sequence") else { continue };
                let is_marker = is_marker(headers);
                from = revision + 1;
                last.insert(key.clone(), Value { key, bytes: message.payload, revision, is_marker });
            }
            if !batch.more {
                return Ok(last.into_values().filter(|value| !value.is_marker).collect());
            }
            if Instant::now() > until {
                return Err(Error::unavailable(format!("{}: the scan takes too long", self.name)));
            }
        }
    }
}

fn is_marker(headers: Option<&HeaderMap>) -> bool {
    headers.is_some_and(|h| h.get("KV-Operation").is_some() || h.get("Nats-Marker-Reason").is_some())
}
