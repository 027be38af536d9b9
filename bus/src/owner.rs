//! Asking the owner of a session.

use std::{pin::pin, time::Duration};

use async_nats::{
    Request,
    client::{RequestError, RequestErrorKind},
};
use bus_schema::{
    Error, ErrorCode, SessionId, Subject, Tenant,
    codec::{Encoding, Message as _, read_result},
    model::{
        rpc::{Attachment, Attempt, OwnerReply, OwnerRequest, Rpc},
        session::{EndReason, State},
    },
};
use bytes::Bytes;
use futures::{FutureExt, StreamExt, future::Fuse, stream::FuturesUnordered};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};
use tracing::Instrument;

use crate::{Bus, connect::Link, js::explain, parts, serve::write_attempt, trace, work::request_headers};

pub(crate) const FIRST_WAIT: Duration = Duration::from_millis(10);
pub(crate) const LONGEST_WAIT: Duration = Duration::from_millis(640);

#[derive(Clone, Debug)]
pub struct Owners {
    bus: Bus,
}

impl Bus {
    pub fn owners(&self) -> Owners {
        Owners { bus: self.clone() }
    }
}

impl Owners {
    /// Asks the owner and waits for its answer until `deadline`.
    ///
    /// While the session is starting or recovering the request is held here. `no responders` alone proves nothing:
    /// the entry is read, and where it and the owner's lease are alive the request is sent again, 10, 20, 40 … ms apart.
    pub async fn call<R: Rpc>(
        &self,
        tenant: &Tenant,
        id: &SessionId,
        request: R,
        deadline: Instant,
    ) -> Result<(R::Reply, Option<Attachment>), Error> {
        let subject = Subject::Command(tenant.clone(), id.clone());
        let span = tracing::debug_span!(
            "publish",
            otel.name = format!("publish {}", subject.template()),
            session_id = %id,
            verb = R::VERB
        );
        async {
            let request: OwnerRequest = request.into();
            let mut wait = FIRST_WAIT;
            loop {
                let reply = self.ask(tenant, id, &subject, &request, deadline).await?;
                match reply.outcome {
                    Ok(bytes) => return Ok((read_result(&bytes)?, reply.attachment)),
                    // The session is on its way to another owner, and the request was left alone.
                    Err(e) if e.is_moved() && Instant::now() + wait < deadline => {
                        self.no_responders(tenant, id).await?;
                        sleep_until(Instant::now() + wait).await;
                        wait = (wait * 2).min(LONGEST_WAIT);
                    }
                    Err(e) => return Err(e),
                }
            }
        }
        .instrument(span)
        .await
    }

    /// An answer can be lost with a connection, and so can a request. So when the connection is back and there is no
    /// answer yet, the request is sent again under the same name, by which its owner knows it; any of the answers will do.
    async fn ask(
        &self,
        tenant: &Tenant,
        id: &SessionId,
        subject: &Subject,
        request: &OwnerRequest,
        deadline: Instant,
    ) -> Result<OwnerReply, Error> {
        let encoding = Encoding::default();
        let payload = request.encode(encoding);
        if payload.len() > self.bus.inner.main.client.max_payload().saturating_sub(4096) {
            return Err(Error::payload_too_large("the request is larger than the bus takes"));
        }
        let subject = self.bus.root().subject(subject);
        let send =
            |attempt: &Attempt, of: u64| self.send(subject.clone(), payload.clone(), attempt, deadline, of);
        let mut attempt = Attempt::random();
        let mut link = self.bus.connection();
        let mut generation = link.borrow_and_update().generation;
        let (mut began, mut wait) = (self.bus.now(), FIRST_WAIT);
        let mut sent = FuturesUnordered::from_iter([send(&attempt, generation)]);
        let mut held = pin!(Fuse::terminated());
        loop {
            tokio::select! {
                Some((of, outcome)) = sent.next() => match outcome {
                    Ok(reply) => return Ok(reply),
                    Err(Unsent::TimedOut) => return Err(self.unanswered(tenant, id).await),
                    // Of a connection that is gone: what was sent after it decides.
                    Err(Unsent::NoResponders | Unsent::Failed(_)) if of != generation => {}
                    Err(Unsent::Failed(e)) => return Err(e),
                    Err(Unsent::NoResponders) => {
                        held.set(self.held(tenant, id, Instant::min(Instant::now() + wait, deadline)).fuse());
                        wait = (wait * 2).min(LONGEST_WAIT);
                    }
                },
                verdict = &mut held => {
                    verdict?;
                    if Instant::now() >= deadline {
                        return Err(match attempt.since {
                            None => late().not_started(),
                            Some(_) => self.unanswered(tenant, id).await,
                        });
                    }
                    if attempt.since.is_none() {
                        // So far it has reached nobody.
                        began = self.bus.now();
                    }
                    sent.push(send(&attempt, generation));
                }
                now = reconnected(&mut link, generation) => {
                    (generation, wait) = (now, FIRST_WAIT);
                    if !sent.is_empty() {
                        attempt.since.get_or_insert(began);
                    }
                    held.set(Fuse::terminated());
                    sent.push(send(&attempt, generation));
                }
            }
        }
    }

    /// Sends it once, over the connection that is the `of`th, and waits for the whole answer.
    fn send(
        &self,
        subject: String,
        payload: Bytes,
        attempt: &Attempt,
        deadline: Instant,
        of: u64,
    ) -> impl Future<Output = (u64, Result<OwnerReply, Unsent>)> + Send + use<> {
        let encoding = Encoding::default();
        let mut headers = request_headers(encoding);
        write_attempt(&mut headers, attempt);
        trace::inject(&mut headers);
        let left = deadline.saturating_duration_since(Instant::now());
        let message = Request::new().headers(headers).payload(payload).timeout(Some(left));
        let bus = self.bus.clone();
        async move {
            let answer = bus.inner.main.client.send_request(subject, message).await;
            let reply = async {
                let body = parts::receive(&bus.inner.bulk.client, answer?).await.map_err(Unsent::Failed)?;
                OwnerReply::decode(&body, encoding).map_err(Unsent::Failed)
            };
            (of, reply.await)
        }
    }

    /// Keeps a request that reached nobody until it is worth another try.
    async fn held(&self, tenant: &Tenant, id: &SessionId, until: Instant) -> Result<(), Error> {
        self.no_responders(tenant, id).await?;
        sleep_until(until).await;
        Ok(())
    }

    /// `Ok`: worth asking again.
    async fn no_responders(&self, tenant: &Tenant, id: &SessionId) -> Result<(), Error> {
        match self.bus.entries().get(tenant, id).await {
            Ok(Some(stored)) => match stored.entry.state {
                State::Ended => Err(gone(stored.entry.end_reason)),
                State::Queued | State::Starting | State::Ready | State::Recovering | State::Closing => Ok(()),
            },
            Ok(None) => Err(self.absent(tenant, id).await),
            // A server that is just back answers neither; the deadline decides.
            Err(_) => Ok(()),
        }
    }

    /// The request reached somebody, and no answer came: it may have had its effect.
    async fn unanswered(&self, tenant: &Tenant, id: &SessionId) -> Error {
        match self.bus.entries().get(tenant, id).await {
            Ok(Some(stored)) if stored.entry.state == State::Ended => {
                gone(stored.entry.end_reason).outcome_unknown()
            }
            _ => late().outcome_unknown(),
        }
    }

    /// What to say of a session without an entry: `gone` while the log has its end, else `not_found`.
    pub async fn absent(&self, tenant: &Tenant, id: &SessionId) -> Error {
        match self.bus.events().ended(tenant, id).await {
            Ok(Some(event)) => gone(event.end_reason()),
            Ok(None) => Error::not_found("there is no such session"),
            Err(e) => e,
        }
    }
}

/// Why there is no answer to what was sent.
enum Unsent {
    NoResponders,
    TimedOut,
    Failed(Error),
}

impl From<RequestError> for Unsent {
    fn from(e: RequestError) -> Self {
        match e.kind() {
            RequestErrorKind::NoResponders => Self::NoResponders,
            RequestErrorKind::TimedOut => Self::TimedOut,
            kind @ (RequestErrorKind::InvalidSubject
            | RequestErrorKind::MaxPayloadExceeded
            | RequestErrorKind::Other) => Self::Failed(Error::unavailable(explain(kind)).outcome_unknown()),
        }
    }
}

/// Waits for the next connection after the one that is the `generation`th.
async fn reconnected(link: &mut watch::Receiver<Link>, generation: u64) -> u64 {
    loop {
        let now = link.borrow_and_update().generation;
        if now > generation {
            return now;
        }
        if link.changed().await.is_err() {
            // Closed for good: what is under way ends by its deadline.
            std::future::pending::<()>().await;
        }
    }
}

pub(crate) fn late() -> Error {
    Error::timeout("the owner of the session did not answer in time")
}

/// The session has ended.
pub fn gone(reason: Option<EndReason>) -> Error {
    let reason = reason.map_or("unknown", EndReason::as_str);
    Error::new(ErrorCode::Gone, format!("the session has ended: {reason}"))
        .with_context(serde_json::json!({ "end_reason": reason }))
}
