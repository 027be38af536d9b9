//! Speaking CDP with a session's browser.

use std::time::Duration;

use bus::cdp::{Line, Receiver};
use bus_schema::{Error, SessionId, Tenant, model::rpc::AttachKind, model::session::Session};
use tokio::time::timeout;

use super::{
    Gateway,
    create::{Created, Request},
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
        let unwanted =
            Unwanted { gateway: self.clone(), session: Some((tenant.clone(), session.id.clone())) };
        let connection = self.connect(&tenant, &session.id).await?;
        unwanted.keep();
        Ok((session, connection))
    }
}

/// A session that was made for a client and that nobody has connected to. Dropped, it is ended.
struct Unwanted {
    gateway: Gateway,
    session: Option<(Tenant, SessionId)>,
}

impl Unwanted {
    fn keep(mut self) {
        self.session = None;
    }
}

impl Drop for Unwanted {
    fn drop(&mut self) {
        let Some((tenant, id)) = self.session.take() else { return };
        // Without a runtime the process is ending, and the session's own limits end it.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (gateway, duties) = (self.gateway.clone(), self.gateway.inner.duties.clone());
        let ending = async move {
            if let Err(error) = gateway.end(&tenant, &id).await {
                tracing::warn!(session_id = %id, %error, "a session that nobody connected to was not ended");
            }
        };
        duties.spawn_on(ending, &runtime);
    }
}
