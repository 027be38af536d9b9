//! Answering as the owner of a session.

use async_nats::{Client, HeaderMap, Message, Subscriber};
use bus_schema::{
    Error, SCHEMA, SessionId, Subject, Tenant,
    codec::{Encoding, Message as _},
    model::{
        rpc::{Attempt, OwnerReply, OwnerRequest},
        time::Timestamp,
    },
};
use futures::{FutureExt, StreamExt};
use tracing::debug;

use crate::{
    Bus,
    js::header_u64,
    metrics, parts, trace,
    work::{encoding_of, request_headers},
};

/// The one standing subscription of a session. Dropped, nobody answers for it here any more.
#[derive(Debug)]
pub struct Inbox {
    subscription: Subscriber,
    main: Client,
    bulk: Client,
    template: &'static str,
}

/// A request to the owner with the duty to answer it.
#[derive(Debug)]
pub struct Incoming {
    pub request: OwnerRequest,
    /// `None`: of an asker that never sends a request twice.
    pub attempt: Option<Attempt>,
    pub responder: Responder,
    headers: Option<HeaderMap>,
}

impl Incoming {
    /// Makes the asker's span the parent of `span`.
    pub fn adopt_trace(&self, span: &tracing::Span) {
        trace::adopt(span, self.headers.as_ref());
    }
}

impl Bus {
    /// Subscribes as the owner of a session, on the connection that also publishes its events.
    pub async fn serve(&self, tenant: &Tenant, id: &SessionId) -> Result<Inbox, Error> {
        let subject = Subject::Command(tenant.clone(), id.clone());
        let main = self.inner.main.client.clone();
        let subscription = main
            .subscribe(self.root().subject(&subject))
            .await
            .map_err(|e| Error::unavailable(e.to_string()))?;
        Ok(Inbox { subscription, main, bulk: self.inner.bulk.client.clone(), template: subject.template() })
    }
}

impl Inbox {
    /// The next readable request. Noise is answered and counted here. `None`: the connection is closed for good.
    pub async fn next(&mut self) -> Option<Incoming> {
        loop {
            let message = self.subscription.next().await?;
            if let Some(incoming) = self.read(message) {
                return Some(incoming);
            }
        }
    }

    /// Unsubscribes. What the server has sent by then still comes, and then nothing more.
    pub async fn leave(&mut self) {
        if let Err(error) = self.subscription.drain().await {
            tracing::debug!(%error, "the connection is closed for good");
        }
    }

    fn read(&self, message: Message) -> Option<Incoming> {
        let encoding = encoding_of(message.headers.as_ref());
        let Some(reply) = message.reply.filter(|r| parts::is_inbox(r)) else {
            // Nobody could hear the answer, or somebody wants it written where it does not belong.
            metrics::noise(self.template);
            return None;
        };
        let responder = Responder {
            main: self.main.clone(),
            bulk: self.bulk.clone(),
            inbox: Some(reply.to_string()),
            encoding,
        };
        let schema = header_u64(message.headers.as_ref(), "Rk-Schema").unwrap_or(u64::from(SCHEMA));
        if schema > u64::from(SCHEMA) {
            responder.send_later(OwnerReply::error(
                Error::unavailable(format!("this worker reads schema {SCHEMA}, the request has {schema}"))
                    .not_started(),
            ));
            return None;
        }
        match OwnerRequest::decode(&message.payload, encoding) {
            Ok(request) => {
                let attempt = attempt_of(message.headers.as_ref());
                Some(Incoming { request, attempt, responder, headers: message.headers })
            }
            Err(e) => {
                metrics::noise(self.template);
                responder.send_later(OwnerReply::error(e.not_started()));
                None
            }
        }
    }
}

const ATTEMPT: &str = "Rk-Attempt";
const SINCE: &str = "Rk-Attempt-Since";

pub(crate) fn write_attempt(headers: &mut HeaderMap, attempt: &Attempt) {
    headers.insert(ATTEMPT, attempt.id.as_str());
    if let Some(since) = attempt.since {
        headers.insert(SINCE, since.0.to_string());
    }
}

fn attempt_of(headers: Option<&HeaderMap>) -> Option<Attempt> {
    let since = headers?.get(SINCE).and_then(|v| v.as_str().parse().ok()).map(Timestamp);
    Attempt::read(headers?.get(ATTEMPT)?.as_str(), since)
}

/// Answers one request. Dropped without an answer, it says that the outcome is unknown.
#[derive(Debug)]
pub struct Responder {
    main: Client,
    bulk: Client,
    inbox: Option<String>,
    encoding: Encoding,
}

impl Responder {
    pub async fn send(mut self, reply: OwnerReply) {
        if let Some(inbox) = self.inbox.take() {
            deliver(self.main.clone(), self.bulk.clone(), inbox, self.encoding, reply).await;
        }
    }

    /// The same without waiting.
    pub fn send_later(mut self, reply: OwnerReply) {
        self.spawn(reply);
    }

    fn spawn(&mut self, reply: OwnerReply) {
        let Some(inbox) = self.inbox.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let mut sending =
            Box::pin(deliver(self.main.clone(), self.bulk.clone(), inbox, self.encoding, reply));
        // Nearly always there is room and it is done at once; only what has to wait needs a task.
        if sending.as_mut().now_or_never().is_none() {
            runtime.spawn(sending);
        }
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        let error = Error::unavailable("the session's owner gave the request up").outcome_unknown();
        self.spawn(OwnerReply::error(error));
    }
}

async fn deliver(main: Client, bulk: Client, inbox: String, encoding: Encoding, reply: OwnerReply) {
    let body = reply.encode(encoding);
    let sent = parts::send(&main, &bulk, &inbox, request_headers(encoding), body).await;
    let Err(e) = sent else { return };
    debug!(error = %e, "an answer was not delivered");
    if e.code == bus_schema::ErrorCode::PayloadTooLarge {
        let body = OwnerReply::error(e).encode(encoding);
        let _ = main.publish_with_headers(inbox, request_headers(encoding), body).await;
    }
}
