//! The queue of session requests: publishing, knocks, claims.

use std::{collections::BTreeMap, time::Duration};

use async_nats::{Client, HeaderMap, Message, Request, client::RequestErrorKind};
use bus_schema::{
    Class, Error, Pool, Region, Root, SCHEMA, SessionId, Subject, Tenant,
    codec::{Encoding, Message as _},
    model::{rpc::WorkRequest, time::Timestamp},
    stream,
    subject::{Filter, Queue},
};
use bytes::Bytes;
use futures::StreamExt;
use serde::Deserialize;
use serde_json::json;
use tracing::Instrument;

use crate::{
    Bus,
    js::{API_TIMEOUT, JetStream, PublishError, explain, header_u64},
    metrics, trace,
};

/// Hops a knock has made from one busy worker to the next.
const HOPS: &str = "Rk-Hops";
const MAX_HOPS: u64 = 3;

#[derive(Clone, Debug)]
pub struct Work {
    bus: Bus,
}

impl Bus {
    pub fn work_queue(&self) -> Work {
        Work { bus: self.clone() }
    }
}

impl Work {
    /// Publishes a request into its queue. `first`: the server drops a second one of the same session for 2 minutes.
    pub async fn publish(&self, request: &WorkRequest, queue: &Queue, first: bool) -> Result<(), Error> {
        let subject = Subject::Work(queue.clone());
        let span = tracing::info_span!(
            "publish",
            otel.name = format!("publish {}", subject.template()),
            otel.kind = "producer",
            session_id = %request.session
        );
        publish(&self.bus.js(), self.bus.root(), request, &subject, first).instrument(span).await
    }

    /// Waiting requests of a region by queue, in flight ones included.
    pub async fn waiting(&self, region: &Region) -> Result<BTreeMap<Queue, u64>, Error> {
        #[derive(Deserialize)]
        struct Info {
            state: State,
        }
        #[derive(Deserialize)]
        struct State {
            #[serde(default)]
            subjects: Option<BTreeMap<String, u64>>,
        }
        let root = self.bus.root();
        let call = format!("STREAM.INFO.{}", stream::work(root, region));
        let body = json!({ "subjects_filter": root.filter(&Filter::AllWork(region.clone())) });
        let info = self.bus.js().call::<Info>(region, &call, &body).await?;
        let subjects = info.and_then(|i| i.state.subjects).unwrap_or_default();
        Ok(subjects
            .into_iter()
            .filter_map(|(subject, n)| match root.parse(&subject) {
                Some(Subject::Work(queue)) => Some((queue, n)),
                _ => None,
            })
            .collect())
    }

    /// Takes one waiting request of a queue, if there is one. The consumer is made on first need.
    pub async fn pull(&self, queue: &Queue) -> Result<Option<Claimed>, Error> {
        let js = self.bus.js();
        let call = format!(
            "CONSUMER.MSG.NEXT.{}.{}",
            stream::work(self.bus.root(), &queue.region),
            stream::consumer(queue)
        );
        let subject = js.api_subject(&queue.region, &call);
        for _ in 0..2 {
            // A message of a stream keeps its own subject, so it must come to an inbox that only this pull reads.
            let request = Request::new()
                .inbox(self.bus.inner.main.client.new_inbox())
                .payload(Bytes::from_static(br#"{"batch":1,"no_wait":true}"#))
                .timeout(Some(API_TIMEOUT));
            match self.bus.inner.main.client.send_request(subject.clone(), request).await {
                Ok(message) => return Ok(self.claimed(queue, message)),
                // There is no such consumer: nobody listens on its subject.
                Err(e) if e.kind() == RequestErrorKind::NoResponders => self.make_consumer(queue).await?,
                Err(e) => {
                    metrics::bus_error("pull");
                    return Err(Error::unavailable(explain(e.kind())));
                }
            }
        }
        Ok(None)
    }

    fn claimed(&self, queue: &Queue, message: Message) -> Option<Claimed> {
        if message.status.is_some() {
            return None;
        }
        let ack = message.reply.clone()?;
        let acker = Acker { client: self.bus.inner.main.client.clone(), subject: ack.to_string() };
        let newer = header_u64(message.headers.as_ref(), "Rk-Schema").is_some_and(|n| n > u64::from(SCHEMA));
        let encoding = encoding_of(message.headers.as_ref());
        let delivery = Delivery::read(&acker.subject);
        let request = WorkRequest::decode(&message.payload, encoding).and_then(|mut request| {
            is_of(&request.session, &request.tenant, queue)?;
            if let (None, Some(stored_at)) = (request.deadline, delivery.stored_at) {
                request.deadline = Some(stored_at.plus(request.spec.queue_timeout_s.duration()));
            }
            Ok(request)
        });
        let mut refused = None;
        if request.is_err() && !newer {
            metrics::noise(Subject::Work(queue.clone()).template());
            let named = WorkRequest::named(&message.payload, encoding);
            refused = named.filter(|(id, tenant)| is_of(id, tenant, queue).is_ok()).map(|(id, _)| id);
        }
        Some(Claimed {
            queue: queue.clone(),
            request,
            refused,
            newer,
            redelivered: delivery.count > 1,
            acker,
            headers: message.headers,
        })
    }

    async fn make_consumer(&self, queue: &Queue) -> Result<(), Error> {
        let root = self.bus.root();
        let name = stream::consumer(queue);
        let stream_name = stream::work(root, &queue.region);
        let config = json!({
            "stream_name": stream_name,
            "config": {
                "durable_name": name,
                "name": name,
                "filter_subject": root.subject(&Subject::Work(queue.clone())),
                "ack_policy": "explicit",
                "ack_wait": nanos(stream::WORK_ACK_WAIT),
                "max_deliver": -1,
                "max_ack_pending": stream::WORK_MAX_ACK_PENDING,
                "inactive_threshold": nanos(stream::CONSUMER_INACTIVE),
                "deliver_policy": "all",
                "replay_policy": "instant",
            }
        });
        let call = format!("CONSUMER.DURABLE.CREATE.{stream_name}.{name}");
        self.bus.js().call::<serde_json::Value>(&queue.region, &call, &config).await.map(drop)
    }

    /// Listens for knocks of a pool. Each knock goes to one of the workers that listen.
    pub async fn knocks(&self, pool: &Pool) -> Result<Knocks, Error> {
        let subject = self.bus.root().filter(&Filter::PoolKnocks(self.bus.region().clone(), pool.clone()));
        let subscription = self
            .bus
            .inner
            .main
            .client
            .queue_subscribe(subject, "idle".into())
            .await
            .map_err(|e| Error::unavailable(e.to_string()))?;
        Ok(Knocks { subscription, bus: self.bus.clone() })
    }
}

/// Stores a request under its queue's subject.
pub(crate) async fn publish(
    js: &JetStream,
    root: &Root,
    request: &WorkRequest,
    subject: &Subject,
    first: bool,
) -> Result<(), Error> {
    let encoding = Encoding::default();
    let mut headers = request_headers(encoding);
    if first {
        headers.insert("Nats-Msg-Id", request.session.to_string());
    }
    trace::inject(&mut headers);
    let subject = root.subject(subject);
    let payload = request.encode(encoding);
    if payload.len() > usize::try_from(stream::WORK_MAX_MESSAGE_BYTES).unwrap_or(usize::MAX) - 4096 {
        return Err(Error::payload_too_large("the request is larger than 512 KiB"));
    }
    match js.publish(subject, headers, payload, API_TIMEOUT).await {
        Ok(_) => Ok(()),
        Err(PublishError::Full) => {
            Err(Error::resource_exhausted("the queue is full").retry_after(Duration::from_secs(5)))
        }
        Err(e) => Err(Error::unavailable(e.to_string())),
    }
}

fn nanos(d: Duration) -> u64 {
    u64::try_from(d.as_nanos()).unwrap_or(u64::MAX)
}

/// Who may write to a queue may ask for sessions of its tenant, in its region, and for no others.
fn is_of(session: &SessionId, tenant: &Tenant, queue: &Queue) -> Result<(), Error> {
    if *tenant != queue.tenant {
        return Err(Error::invalid_argument("tenant", "is not that of the queue"));
    }
    if *session.region() != queue.region {
        return Err(Error::invalid_argument("session", "is not of the region of the queue"));
    }
    Ok(())
}

/// What the subject of its ack says of a delivered message.
#[derive(Debug, PartialEq, Eq)]
struct Delivery {
    count: u64,
    /// In bus time.
    stored_at: Option<Timestamp>,
}

impl Delivery {
    /// `$JS.ACK.<stream>.<consumer>.<delivered>.<seq>.<seq>.<nanoseconds>.<pending>`, with a domain and an account hash
    /// before the stream where there are any.
    fn read(ack: &str) -> Self {
        let tokens: Vec<&str> = ack.split('.').collect();
        let at = if tokens.len() >= 11 { 6 } else { 4 };
        let number = |at: usize| tokens.get(at).and_then(|n| n.parse::<u64>().ok());
        let stored_at = number(at + 3).and_then(|nanos| i64::try_from(nanos / 1_000_000).ok());
        Self { count: number(at).unwrap_or(1), stored_at: stored_at.map(Timestamp) }
    }
}

pub(crate) fn request_headers(encoding: Encoding) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("Rk-Schema", SCHEMA.to_string());
    if let Some(t) = encoding.content_type() {
        headers.insert("Content-Type", t);
    }
    headers
}

pub(crate) fn encoding_of(headers: Option<&HeaderMap>) -> Encoding {
    Encoding::of(headers.and_then(|h| h.get("Content-Type")).map(|v| v.as_str()))
}

/// Wakes a worker. Dropped, it no longer listens.
#[derive(Debug)]
pub struct Knocks {
    subscription: async_nats::Subscriber,
    bus: Bus,
}

/// Something waits in this queue.
#[derive(Debug)]
pub struct Knock {
    pub queue: Queue,
    hops: u64,
    bus: Bus,
}

impl Knocks {
    /// `None`: the connection is closed for good.
    pub async fn next(&mut self) -> Option<Knock> {
        loop {
            let message = self.subscription.next().await?;
            let hops = header_u64(message.headers.as_ref(), HOPS).unwrap_or(0);
            match self.bus.root().parse(&message.subject) {
                Some(Subject::Knock(queue)) => return Some(Knock { queue, hops, bus: self.bus.clone() }),
                _ => metrics::noise("knock"),
            }
        }
    }
}

impl Knock {
    /// Hands it to another worker that listens, at most three times.
    pub async fn pass_on(self) {
        if self.hops >= MAX_HOPS {
            return;
        }
        let mut headers = HeaderMap::new();
        headers.insert(HOPS, (self.hops + 1).to_string());
        let subject = self.bus.root().subject(&Subject::Knock(self.queue));
        if let Err(e) = self.bus.inner.main.client.publish_with_headers(subject, headers, Bytes::new()).await
        {
            tracing::debug!(error = %e, "a knock could not be passed on");
        }
    }
}

/// A request that this worker has taken off its queue and must ack, nak, or keep alive.
#[derive(Debug)]
pub struct Claimed {
    pub queue: Queue,
    /// With a deadline, by its spec's queue time-out from when it was stored unless it has one of its own.
    pub request: Result<WorkRequest, Error>,
    /// Where the request cannot be read: the session of this tenant and region that it asks for, if that can be.
    pub refused: Option<SessionId>,
    /// Of a newer schema: to be left to a newer worker.
    pub newer: bool,
    /// Somebody had it before.
    pub redelivered: bool,
    pub acker: Acker,
    headers: Option<HeaderMap>,
}

impl Claimed {
    /// Makes the publisher's span the parent of `span`.
    pub fn adopt_trace(&self, span: &tracing::Span) {
        trace::adopt(span, self.headers.as_ref());
    }

    pub fn tenant(&self) -> &Tenant {
        &self.queue.tenant
    }

    pub fn class(&self) -> Class {
        self.queue.class
    }
}

/// Tells the stream what became of a request.
#[derive(Clone, Debug)]
pub struct Acker {
    client: Client,
    subject: String,
}

impl Acker {
    /// Done: the message is gone once this returns `Ok`.
    pub async fn ack(&self) -> Result<(), Error> {
        self.tell(Bytes::from_static(b"+ACK")).await
    }

    /// To be delivered again after `delay`.
    pub async fn nak(&self, delay: Duration) -> Result<(), Error> {
        self.tell(Bytes::from(format!("-NAK {{\"delay\":{}}}", nanos(delay)))).await
    }

    /// Never to be delivered again: nobody can read it.
    pub async fn term(&self) -> Result<(), Error> {
        self.tell(Bytes::from_static(b"+TERM")).await
    }

    /// Still at it: the time for the ack starts anew.
    pub async fn progress(&self) -> Result<(), Error> {
        let sent = self.client.publish(self.subject.clone(), Bytes::from_static(b"+WPI")).await;
        sent.map_err(|e| Error::unavailable(e.to_string()))
    }

    async fn tell(&self, verdict: Bytes) -> Result<(), Error> {
        let request = Request::new().payload(verdict).timeout(Some(API_TIMEOUT));
        match self.client.send_request(self.subject.clone(), request).await {
            Ok(_) => Ok(()),
            Err(e) => {
                metrics::bus_error("ack");
                Err(Error::unavailable(explain(e.kind())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_ack_subjects_are_read() {
        let delivery = |count, stored_at| Delivery { count, stored_at };
        let at = Some(Timestamp(1_700_000_000_123));
        assert_eq!(Delivery::read("$JS.ACK.WORK_local.c.3.10.10.1700000000123456789.0"), delivery(3, at));
        let long = "$JS.ACK.hub.hash.WORK_local.c.2.10.10.1700000000123456789.0.rand";
        assert_eq!(Delivery::read(long), delivery(2, at));
        assert_eq!(Delivery::read("nonsense"), delivery(1, None));
    }
}
