//! A service of one tenant that speaks the bus itself, with the rights of a publisher and no others: it asks for
//! sessions, drives its own and reads their events. It reads no entry and calls nothing of JetStream's.

use std::{
    sync::Arc,
    time::{Duration, Instant as Received},
};

use async_nats::{Client, HeaderMap, Request, Subscriber, client::RequestErrorKind};
use bus_schema::{
    Error, Region, Root, SessionId, Subject, Tenant,
    codec::{Encoding, Message as _, read_result},
    model::{
        command::{CommandRequest, CommandResult},
        create::CreateSession,
        event::{Event, EventType},
        rpc::{Attachment, Attempt, End, OwnerReply, OwnerRequest, Rpc, Run, WorkRequest},
        session::{EndReason, Session as Shown},
    },
    subject::{EventKind, Filter, Queue},
};
use bytes::Bytes;
use futures::StreamExt;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use crate::{
    ConnectError, Options,
    clock::{self, Clock},
    connect,
    js::{JetStream, explain},
    metrics,
    owner::{FIRST_WAIT, LONGEST_WAIT, gone, late},
    parts,
    serve::write_attempt,
    trace,
    work::{self, request_headers},
};

/// A tenant's connection. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Service {
    client: Client,
    root: Root,
    region: Region,
    tenant: Tenant,
    clock: Arc<Clock>,
}

impl Service {
    /// Connects as a user who may read answers below `_INBOX.<tenant>` only: see `nats/accounts.conf`.
    pub async fn connect(options: &Options, tenant: Tenant) -> Result<Self, ConnectError> {
        let client = connect::service(options, &format!("_INBOX.{tenant}")).await?;
        let (root, region) = (options.root.clone(), options.region.clone());
        Ok(Self { client, root, region, tenant, clock: Arc::new(Clock::new()) })
    }

    /// Puts a request for a session into the queue of its pool and class. Once this returns it is stored, and what
    /// becomes of it the session's events say, none of which is missed.
    pub async fn request(&self, spec: CreateSession) -> Result<Session, Error> {
        spec.validate()?;
        let region = spec.region.clone().unwrap_or_else(|| self.region.clone());
        let id = SessionId::random(region.clone());
        let subscribe = async |subject| {
            self.client.subscribe(subject).await.map_err(|e| Error::unavailable(e.to_string()))
        };
        let all = Filter::SessionLive(self.tenant.clone(), id.clone());
        let last = Subject::Live(self.tenant.clone(), id.clone(), EventKind::Ended);
        // The server reads one connection in order: these stand before it has the request.
        let events = subscribe(self.root.filter(&all)).await?;
        let ended = until_ended(subscribe(self.root.subject(&last)).await?);
        let queue = Queue {
            region,
            pool: spec.pool.clone().unwrap_or_default(),
            tenant: self.tenant.clone(),
            class: spec.priority,
        };
        let session = id.clone();
        let request = WorkRequest { session, tenant: self.tenant.clone(), spec, deadline: None };
        let js = JetStream::new(self.client.clone(), self.region.clone());
        work::publish(&js, &self.root, &request, &Subject::Work(queue), true).await?;
        Ok(Session { service: self.clone(), id, events, ended })
    }
}

/// Notes the session's end, whether or not anybody reads its events.
fn until_ended(mut last: Subscriber) -> watch::Receiver<Option<Error>> {
    let (tx, rx) = watch::channel(None);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                message = last.next() => {
                    let Some(message) = message else { return };
                    if let Ok(event) = serde_json::from_slice::<Event>(&message.payload) {
                        tx.send_replace(Some(gone(event.end_reason())));
                    }
                }
                () = tx.closed() => return,
            }
        }
    });
    rx
}

/// A session that this service asked for.
#[derive(Debug)]
pub struct Session {
    service: Service,
    id: SessionId,
    events: Subscriber,
    ended: watch::Receiver<Option<Error>>,
}

impl Session {
    pub fn id(&self) -> &SessionId {
        &self.id
    }

    /// Waits until the session is ready. One that ends instead is an error, which says what in the request was at
    /// fault if something was.
    pub async fn ready(&mut self, within: Duration) -> Result<Shown, Error> {
        let deadline = Instant::now() + within;
        loop {
            let event = tokio::time::timeout_at(deadline, self.event());
            let event = event.await.map_err(|_| Error::timeout("the session is not ready yet"))?;
            let Some(event) = event else { return Err(Error::unavailable("the connection is closed")) };
            if event.kind == EventType::Ready {
                return serde_json::from_value(event.data)
                    .map_err(|e| Error::internal(format!("an unreadable session: {e}")));
            }
            if event.kind == EventType::Ended {
                return Err(event.end_error().unwrap_or_else(|| gone(event.end_reason())));
            }
        }
    }

    /// The next event, in order, from the request on; what passes while the connection is lost is not made up for.
    /// `None`: the connection is closed for good.
    pub async fn event(&mut self) -> Option<Event> {
        loop {
            let message = self.events.next().await?;
            if let Some(headers) = &message.headers {
                self.learn_clock(headers);
            }
            match serde_json::from_slice(&message.payload) {
                Ok(event) => return Some(event),
                Err(_) => metrics::noise("live.{region}.{tenant}.{session}.{kind}"),
            }
        }
    }

    /// The server writes its time beside each event that it stores. Deadlines of commands are in this time.
    fn learn_clock(&self, headers: &HeaderMap) {
        let time = headers.get("Nats-Time-Stamp").and_then(|time| clock::parse(time.as_str()));
        if let Some(time) = time {
            self.service.clock.set(time, Received::now());
        }
    }

    /// Runs a command. Bytes that JSON should not carry come beside the result.
    pub async fn run(&self, request: CommandRequest) -> Result<(CommandResult, Option<Attachment>), Error> {
        let timeout = request.timeout();
        let run = Run { request, deadline: self.service.clock.now().plus(timeout), conn: None };
        self.call(run, timeout + Run::TIMEOUT).await
    }

    /// Ends the session and waits until it has ended.
    pub async fn end(&self) -> Result<Shown, Error> {
        Ok(self.call(End { reason: EndReason::Released }, End::TIMEOUT).await?.0)
    }

    /// Asks the session's owner. `no responders` proves nothing, for the session may be moving: it is asked again, 10,
    /// 20, 40 … ms apart, until the time is over or the session's end was told.
    pub async fn call<R: Rpc>(
        &self,
        request: R,
        within: Duration,
    ) -> Result<(R::Reply, Option<Attachment>), Error> {
        let deadline = Instant::now() + within;
        let request: OwnerRequest = request.into();
        let payload = request.encode(Encoding::default());
        if payload.len() > self.service.client.max_payload().saturating_sub(4096) {
            return Err(Error::payload_too_large("the request is larger than the bus takes"));
        }
        let attempt = Attempt::random();
        let mut wait = FIRST_WAIT;
        loop {
            if let Some(reply) = self.ask(&payload, &attempt, deadline).await? {
                match reply.outcome {
                    Ok(bytes) => return Ok((read_result(&bytes)?, reply.attachment)),
                    // On its way to another owner, and the request was left alone.
                    Err(e) if e.is_moved() => {}
                    Err(e) => return Err(e),
                }
            }
            if let Some(gone) = self.ended.borrow().clone() {
                return Err(gone);
            }
            let again = Instant::now() + wait;
            if again >= deadline {
                return Err(late().not_started());
            }
            sleep_until(again).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Sends a request once. `None`: nobody answers for the session at the moment.
    async fn ask(
        &self,
        payload: &Bytes,
        attempt: &Attempt,
        deadline: Instant,
    ) -> Result<Option<OwnerReply>, Error> {
        let Service { client, root, tenant, .. } = &self.service;
        let encoding = Encoding::default();
        let mut headers = request_headers(encoding);
        write_attempt(&mut headers, attempt);
        trace::inject(&mut headers);
        let left = deadline.saturating_duration_since(Instant::now());
        let message = Request::new().headers(headers).payload(payload.clone()).timeout(Some(left));
        let subject = root.subject(&Subject::Command(tenant.clone(), self.id.clone()));
        match client.send_request(subject, message).await {
            Ok(answer) => OwnerReply::decode(&parts::receive(client, answer).await?, encoding).map(Some),
            Err(e) => match e.kind() {
                RequestErrorKind::NoResponders => Ok(None),
                RequestErrorKind::TimedOut => Err(late().outcome_unknown()),
                kind @ (RequestErrorKind::InvalidSubject
                | RequestErrorKind::MaxPayloadExceeded
                | RequestErrorKind::Other) => Err(Error::unavailable(explain(kind)).outcome_unknown()),
            },
        }
    }
}
