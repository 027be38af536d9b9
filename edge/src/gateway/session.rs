//! One session: reading and changing it.

use std::time::Duration;

use bus_schema::{
    ConnId, Error, SessionId, Tenant,
    model::{
        control::{Control, ControlRequest},
        create::PatchSession,
        rpc::{Inspect, Rpc, SetControl},
        session::{Session, State},
    },
};
use tokio::time::Instant;

use super::Gateway;

/// How long a read waits for the owner before it shows the entry's copy of page and tabs instead.
const FRESH_PATIENCE: Duration = Duration::from_secs(1);
/// The longest note left at a change of control.
const MAX_NOTE: usize = 1_000;
const MAX_HOLDER: usize = 200;

impl Gateway {
    /// The session as it is. Fails with `gone` once its entry has expired, and `not_found` if there never was one.
    pub async fn get(&self, tenant: &Tenant, id: &SessionId) -> Result<Session, Error> {
        let Some(stored) = self.bus().entries().get(tenant, id).await? else {
            return Err(self.bus().owners().absent(tenant, id).await);
        };
        match stored.entry.state {
            State::Queued => Ok(self.with_position(stored.entry.session()).await),
            State::Ready => {
                let until = Instant::now() + FRESH_PATIENCE;
                let fresh = self.bus().owners().call(tenant, id, Inspect {}, until).await;
                Ok(fresh.map_or_else(|_| stored.entry.session(), |(session, _)| session))
            }
            State::Starting | State::Recovering | State::Closing | State::Ended => Ok(stored.entry.session()),
        }
    }

    /// The same, but of a session that has not ended.
    pub async fn must_live(&self, tenant: &Tenant, id: &SessionId) -> Result<Session, Error> {
        let Some(stored) = self.bus().entries().get(tenant, id).await? else {
            return Err(self.bus().owners().absent(tenant, id).await);
        };
        match stored.entry.state {
            State::Ended => Err(bus::owner::gone(stored.entry.end_reason)),
            State::Queued | State::Starting | State::Ready | State::Recovering | State::Closing => {
                Ok(stored.entry.session())
            }
        }
    }

    /// Page, tabs and control as the owner knows them now.
    pub async fn inspect(&self, tenant: &Tenant, id: &SessionId) -> Result<Session, Error> {
        let until = Instant::now() + Inspect::TIMEOUT;
        self.bus().owners().call(tenant, id, Inspect {}, until).await.map(|(session, _)| session)
    }

    pub async fn patch(
        &self,
        tenant: &Tenant,
        id: &SessionId,
        patch: PatchSession,
    ) -> Result<Session, Error> {
        let until = Instant::now() + PatchSession::TIMEOUT;
        self.bus().owners().call(tenant, id, patch, until).await.map(|(session, _)| session)
    }

    /// Asks for a change of control. With `conn`, a view, it lasts as long as that; else it must be repeated.
    pub async fn control(
        &self,
        tenant: &Tenant,
        id: &SessionId,
        request: ControlRequest,
        conn: Option<ConnId>,
    ) -> Result<Control, Error> {
        bounded("holder", request.holder.as_deref(), MAX_HOLDER)?;
        bounded("note", request.note.as_deref(), MAX_NOTE)?;
        let until = Instant::now() + SetControl::TIMEOUT;
        let request = SetControl { request, conn };
        self.bus().owners().call(tenant, id, request, until).await.map(|(control, _)| control)
    }
}

fn bounded(field: &str, text: Option<&str>, max: usize) -> Result<(), Error> {
    match text {
        Some(t) if t.chars().count() > max => {
            Err(Error::invalid_argument(field, format!("at most {max} characters")))
        }
        Some(_) | None => Ok(()),
    }
}
