//! Ending sessions.

use std::time::Duration;

use bus_schema::{
    Error, ErrorCode, SessionId, Tenant,
    model::{
        rpc::{End, Rpc},
        session::{EndReason, Session, State},
    },
};
use tokio::time::{Instant, sleep};

use super::Gateway;
use crate::metrics::metrics;

/// A session that is being started or recovered must have an owner before it can be ended.
const OWNER_PATIENCE: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(100);

impl Gateway {
    /// Ends a session and gives it back as it ended. Ended before, it is given back as it is.
    pub async fn end(&self, tenant: &Tenant, id: &SessionId) -> Result<Session, Error> {
        self.end_for(tenant, id, EndReason::Released).await
    }

    /// The same for another reason than that somebody asked for it. One that is still queued is cancelled.
    async fn end_for(&self, tenant: &Tenant, id: &SessionId, reason: EndReason) -> Result<Session, Error> {
        let until = Instant::now() + OWNER_PATIENCE + End::TIMEOUT;
        loop {
            let Some(stored) = self.bus().entries().get(tenant, id).await? else {
                return Err(self.bus().owners().absent(tenant, id).await);
            };
            match stored.entry.state {
                State::Ended => return Ok(stored.entry.session()),
                unowned @ (State::Queued | State::Recovering) => {
                    let queued = unowned == State::Queued;
                    let reason = if queued { EndReason::Cancelled } else { reason };
                    // Lost to a claim, it is looked at again: then it has an owner.
                    if let Some(ended) = self.end_unowned(tenant, id, reason).await? {
                        return Ok(ended.session());
                    }
                }
                State::Starting | State::Ready | State::Closing => {
                    match self.end_by_owner(tenant, id, reason, until).await {
                        Ok(Some(session)) => return Ok(session),
                        Ok(None) => {}
                        // The owner was lost on the way. To end it twice does no harm.
                        Err(e) if e.code == ErrorCode::Unavailable && Instant::now() + PAUSE < until => {
                            sleep(PAUSE).await;
                        }
                        Err(e) => return Err(e),
                    }
                }
            }
        }
    }

    /// `None`: it ended by itself meanwhile.
    async fn end_by_owner(
        &self,
        tenant: &Tenant,
        id: &SessionId,
        reason: EndReason,
        until: Instant,
    ) -> Result<Option<Session>, Error> {
        match self.bus().owners().call(tenant, id, End { reason }, until).await {
            Ok((session, _)) => {
                metrics().ended(reason.as_str());
                Ok(Some(session))
            }
            Err(e) if e.code == ErrorCode::Gone => {
                let stands = self.bus().entries().get_from_leader(tenant, id).await?;
                match stands {
                    Some(stored) if stored.entry.state == State::Ended => Ok(None),
                    Some(_) | None => Err(e),
                }
            }
            Err(e) => Err(e),
        }
    }
}

/// A session that was made for a client. Dropped before it is kept, it is ended.
pub(super) struct Unwanted {
    gateway: Gateway,
    session: Option<(Tenant, SessionId)>,
    reason: EndReason,
}

impl Unwanted {
    pub fn new(gateway: &Gateway, tenant: &Tenant, id: &SessionId, reason: EndReason) -> Self {
        Self { gateway: gateway.clone(), session: Some((tenant.clone(), id.clone())), reason }
    }

    pub fn keep(mut self) {
        self.session = None;
    }
}

impl Drop for Unwanted {
    fn drop(&mut self) {
        let Some((tenant, id)) = self.session.take() else { return };
        // Without a runtime the process is ending, and the session's own limits end it.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (gateway, duties) = (self.gateway.clone(), self.gateway.inner.duties.clone());
        let reason = self.reason;
        let ending = async move {
            if let Err(error) = gateway.end_for(&tenant, &id, reason).await {
                tracing::warn!(session_id = %id, %error, "a session whose client is gone was not ended");
            }
        };
        duties.spawn_on(ending, &runtime);
    }
}
