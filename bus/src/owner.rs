//! Asking the owner of a session.

use std::time::Duration;

use async_nats::{Request, client::RequestErrorKind};
use bus_schema::{
    Error, ErrorCode, SessionId, Subject, Tenant,
    codec::{Encoding, Message as _, read_result},
    model::{
        rpc::{Attachment, OwnerReply, OwnerRequest, Rpc},
        session::{EndReason, State},
    },
};
use tokio::time::{Instant, sleep};
use tracing::Instrument;

use crate::{Bus, js::explain, parts, trace, work::request_headers};

const FIRST_WAIT: Duration = Duration::from_millis(10);
const LONGEST_WAIT: Duration = Duration::from_millis(640);

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
            let reply = self.ask(tenant, id, &subject, &request, deadline).await?;
            let bytes = reply.outcome?;
            Ok((read_result(&bytes)?, reply.attachment))
        }
        .instrument(span)
        .await
    }

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
        let mut wait = FIRST_WAIT;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::timeout("the owner of the session did not answer in time").not_started());
            }
            let mut headers = request_headers(encoding);
            trace::inject(&mut headers);
            let message = Request::new().headers(headers).payload(payload.clone()).timeout(Some(left));
            match self.bus.inner.main.client.send_request(subject.clone(), message).await {
                Ok(first) => {
                    let body = parts::receive(&self.bus.inner.bulk.client, first).await?;
                    return OwnerReply::decode(&body, encoding);
                }
                Err(e) if e.kind() == RequestErrorKind::NoResponders => {
                    self.no_responders(tenant, id).await?;
                    sleep(wait.min(deadline.saturating_duration_since(Instant::now()))).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
                Err(e) if e.kind() == RequestErrorKind::TimedOut => {
                    return Err(self.unanswered(tenant, id).await);
                }
                Err(e) => return Err(Error::unavailable(explain(e.kind())).outcome_unknown()),
            }
        }
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
            _ => Error::timeout("the owner of the session did not answer in time").outcome_unknown(),
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

/// The session has ended.
pub fn gone(reason: Option<EndReason>) -> Error {
    let reason = reason.map_or("unknown", EndReason::as_str);
    Error::new(ErrorCode::Gone, format!("the session has ended: {reason}"))
        .with_context(serde_json::json!({ "end_reason": reason }))
}
