//! Publishing what happens to sessions.

use std::time::Duration;

use async_nats::HeaderMap;
use bus_schema::{Error, Subject, Tenant, model::event::Event, stream, subject::EventKind};
use bytes::Bytes;
use tracing::warn;

use crate::{
    Bus,
    js::{API_TIMEOUT, PublishError},
    metrics,
};

/// An event that NATS did not ack is sent again this often, so far apart: a restart takes about that long.
const RETRIES: u32 = 8;
const RETRY_AFTER: Duration = Duration::from_secs(1);

// Whatever was stored without our hearing of it is still remembered when the last try arrives.
const _: () = assert!(
    API_TIMEOUT.as_secs() + RETRIES as u64 * (RETRY_AFTER.as_secs() + API_TIMEOUT.as_secs())
        < stream::EVENTS_DEDUP.as_secs()
);

/// The server stores one message under it within the stream's window.
const MSG_ID: &str = "Nats-Msg-Id";

#[derive(Clone, Debug)]
pub struct Events {
    pub(crate) bus: Bus,
}

impl Bus {
    pub fn events(&self) -> Events {
        Events { bus: self.clone() }
    }
}

impl Events {
    /// Publishes an event. Its ack is collected in the background; what is live only has none.
    pub async fn publish(&self, tenant: &Tenant, event: &Event) -> Result<(), Error> {
        let (subject, headers, payload) = self.message(tenant, event)?;
        if event.kind.kind() == EventKind::Live {
            let client = &self.bus.inner.main.client;
            let sent = client.publish_with_headers(subject, headers, payload).await;
            return sent.map_err(|e| Error::unavailable(e.to_string()));
        }
        let js = self.bus.js();
        // Sent here and now, so that events of one session keep their order; only the ack is waited for elsewhere.
        let inbox = js.client.new_inbox();
        let mut acks =
            js.client.subscribe(inbox.clone()).await.map_err(|e| Error::unavailable(e.to_string()))?;
        let _ = acks.unsubscribe_after(1).await;
        js.client
            .publish_with_reply_and_headers(subject.clone(), inbox, headers.clone(), payload.clone())
            .await
            .map_err(|e| Error::unavailable(e.to_string()))?;
        tokio::spawn(async move {
            use futures::StreamExt;
            let first = tokio::time::timeout(API_TIMEOUT, acks.next()).await;
            if matches!(&first, Ok(Some(m)) if m.status.is_none() && !contains_error(&m.payload)) {
                metrics::event("stored");
                return;
            }
            for _ in 0..RETRIES {
                tokio::time::sleep(RETRY_AFTER).await;
                if js.publish(subject.clone(), headers.clone(), payload.clone(), API_TIMEOUT).await.is_ok() {
                    metrics::event("stored_late");
                    return;
                }
            }
            metrics::event("lost");
            warn!(subject, "an event could not be stored");
        });
        Ok(())
    }

    /// Publishes an event and waits until it is stored.
    pub async fn publish_stored(&self, tenant: &Tenant, event: &Event) -> Result<(), Error> {
        let (subject, headers, payload) = self.message(tenant, event)?;
        let stored = self.bus.js().publish(subject, headers, payload, API_TIMEOUT).await;
        stored.map(|_| metrics::event("stored")).map_err(|e| Error::unavailable(e.to_string()))
    }

    /// Publishes `session:ended` and waits until it is stored. `Ok(false)`: it had been said before.
    pub async fn publish_ended(&self, tenant: &Tenant, event: &Event) -> Result<bool, Error> {
        let (subject, mut headers, payload) = self.message(tenant, event)?;
        headers.insert("Nats-Expected-Last-Subject-Sequence", "0");
        headers.insert(MSG_ID, format!("{}-ended", event.session));
        match self.bus.js().publish(subject, headers, payload, API_TIMEOUT).await {
            Ok(stored) => {
                metrics::event("stored");
                Ok(!stored.duplicate)
            }
            Err(PublishError::WrongLastSequence) => Ok(false),
            Err(e) => Err(Error::unavailable(e.to_string())),
        }
    }

    /// A name for an event, under which it is stored once however often it is sent. No other event has it, of this or
    /// any other process.
    fn name(&self) -> String {
        let inbox = self.bus.inner.main.client.new_inbox();
        inbox.rsplit('.').next().unwrap_or(&inbox).to_owned()
    }

    fn message(&self, tenant: &Tenant, event: &Event) -> Result<(String, HeaderMap, Bytes), Error> {
        let (tenant, session) = (tenant.clone(), event.session.clone());
        let subject = match event.kind.kind() {
            EventKind::Live => Subject::Live(tenant, session, EventKind::Live),
            kind @ (EventKind::Log | EventKind::Ended) => Subject::Event(tenant, session, kind),
        };
        let mut headers = HeaderMap::new();
        headers.insert("Rk-Event", event.kind.as_str());
        if event.kind.kind() == EventKind::Log {
            headers.insert(MSG_ID, self.name());
        }
        let payload =
            serde_json::to_vec(event).map_err(|e| Error::internal(format!("an unwritable event: {e}")))?;
        Ok((self.bus.root().subject(&subject), headers, payload.into()))
    }
}

fn contains_error(ack: &[u8]) -> bool {
    ack.windows(7).any(|w| w == b"\"error\"")
}
