//! Speaking CDP with a session's browser.

use std::time::Duration;

use bus::cdp::{Line, Receiver};
use bus_schema::{
    Error, SessionId, Tenant,
    model::{
        rpc::AttachKind,
        session::{EndReason, Session},
    },
};
use tokio::time::timeout;

use super::{
    Gateway,
    create::{Created, Request},
    end::Unwanted,
    view::{Seat, connection_id},
};

/// How long a client waits for a browser: those that are common give an upgrade up after 30 s.
const PATIENCE: Duration = Duration::from_secs(25);

/// A client's connection to the browser. Dropped without a goodbye, it may be taken up again for a while.
pub struct Connection {
    pub line: Line,
    pub receiver: Receiver,
    _seat: Seat,
}

impl Gateway {
    /// Opens the way to a session's browser.
    pub async fn connect(&self, tenant: &Tenant, id: &SessionId) -> Result<Connection, Error> {
        let conn = connection_id()?;
        // Before the owner hears of it, so that nothing it says is missed.
        let (line, receiver) = self.bus().cdp().client(id, &conn).await?;
        let seat = self.sit_down(tenant, id, AttachKind::Cdp, conn).await?;
        Ok(Connection { line, receiver, _seat: seat })
    }

    /// Makes a session and opens the way to its browser. Whoever stops waiting leaves no session behind.
    pub async fn create_and_connect(&self, request: Request) -> Result<(Session, Connection), Error> {
        let tenant = request.tenant.clone();
        let created = timeout(PATIENCE, self.create(request)).await.map_err(|_| {
            Error::timeout(format!("no browser was ready within {} s", PATIENCE.as_secs()))
                .retry_after(Duration::from_secs(5))
        })?;
        let (Created::Ready(session) | Created::Waiting(session)) = created?;
        let unwanted = Unwanted::new(self, &tenant, &session.id, EndReason::Released);
        let connection = self.connect(&tenant, &session.id).await?;
        unwanted.keep();
        Ok((session, connection))
    }
}
