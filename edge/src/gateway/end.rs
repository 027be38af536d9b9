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
        let until = Instant::now() + OWNER_PATIENCE + End::TIMEOUT;
        loop {
            let Some(stored) = self.bus().entries().get(tenant, id).await? else {
                return Err(self.bus().owners().absent(tenant, id).await);
            };
            match stored.entry.state {
                State::Ended => return Ok(stored.entry.session()),
                unowned @ (State::Queued | State::Recovering) => {
                    let queued = unowned == State::Queued;
                    let reason = if queued { EndReason::Cancelled } else { EndReason::Released };
                    // Lost to a claim, it is looked at again: then it has an owner.
                    if let Some(ended) = self.end_unowned(tenant, id, reason).await? {
                        return Ok(ended.session());
                    }
                }
                State::Starting | State::Ready | State::Closing => {
                    match self.end_by_owner(tenant, id, until).await {
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
        until: Instant,
    ) -> Result<Option<Session>, Error> {
        match self.bus().owners().call(tenant, id, End { reason: EndReason::Released }, until).await {
            Ok((session, _)) => {
                metrics().ended(EndReason::Released.as_str());
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
