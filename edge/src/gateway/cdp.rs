//! Speaking CDP with a session's browser.

use std::time::Duration;

use bus::cdp::{Line, Receiver};
use bus_schema::{
    ConnId, Error, SessionId, Tenant,
    model::{
        rpc::{Attach, AttachKind, Links, Resume},
        session::{EndReason, Session},
    },
};
use tokio::time::timeout;

use super::{
    Gateway,
    create::{Created, Request},
    end::Unwanted,
    events::SessionEvents,
    view::{Seat, connection_id},
};

/// How long a client waits for a browser: those that are common give an upgrade up after 30 s.
const PATIENCE: Duration = Duration::from_secs(25);

/// A client's connection to the browser. Dropped without a goodbye, it may be taken up again for a while.
pub struct Connection {
    pub line: Line,
    pub receiver: Receiver,
    /// Of the session, from an event on that was there before the connection.
    pub events: SessionEvents,
    /// The name by which it may be taken up again.
    pub conn: ConnId,
    /// When it was taken up: how many of the client's messages have reached the browser.
    pub received: Option<u64>,
    _seat: Seat,
}

/// Where a client wants to get to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    Browser,
    /// The page that is this target.
    Page(String),
    /// What it was connected to when its socket broke.
    Back(Resume),
}

/// What the client of a new session speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    Browser,
    FirstPage,
}

impl Gateway {
    /// Opens the way to a session's browser, to one of its pages, or takes up the one that was there.
    pub async fn connect(
        &self,
        tenant: &Tenant,
        id: &SessionId,
        to: To,
        links: Links,
    ) -> Result<Connection, Error> {
        let (target, resume) = match to {
            To::Browser => (None, None),
            To::Page(target) => (Some(target), None),
            To::Back(resume) => (None, Some(resume)),
        };
        let after = self.newest_event(tenant, id).await?;
        let line_name = connection_id()?;
        let conn = resume.as_ref().map_or(&line_name, |resume| &resume.conn).clone();
        let attach = Attach { resume, target, links: Some(links), ..Attach::new(AttachKind::Cdp, line_name) };
        let attaching = async {
            // Before the owner hears of it, so that nothing it says is missed.
            let (line, receiver) = self.bus().cdp().client(id, &attach.conn).await?;
            Ok((line, receiver, self.sit_down(tenant, id, attach).await?))
        };
        // What happens from `after` on is in the log, whichever of the two is first.
        let following = self.session_events(tenant, id, Some(after));
        let ((line, receiver, (seat, attached)), events) = tokio::try_join!(attaching, following)?;
        Ok(Connection { line, receiver, events, conn, received: attached.received, _seat: seat })
    }

    /// Makes a session and opens the way to its browser. Whoever stops waiting leaves no session behind.
    pub async fn create_and_connect(
        &self,
        request: Request,
        root: Root,
        links: impl FnOnce(&SessionId) -> Links,
    ) -> Result<(Session, Connection), Error> {
        let tenant = request.tenant.clone();
        let created = timeout(PATIENCE, self.create(request)).await.map_err(|_| {
            Error::timeout(format!("no browser was ready within {} s", PATIENCE.as_secs()))
                .retry_after(Duration::from_secs(5))
        })?;
        let (Created::Ready(session) | Created::Waiting(session)) = created?;
        let unwanted = Unwanted::new(self, &tenant, &session.id, EndReason::Released);
        let to = match root {
            Root::Browser => To::Browser,
            Root::FirstPage => To::Page(self.first_page(&tenant, &session.id).await?),
        };
        let connection = self.connect(&tenant, &session.id, to, links(&session.id)).await?;
        unwanted.keep();
        Ok((session, connection))
    }

    async fn first_page(&self, tenant: &Tenant, id: &SessionId) -> Result<String, Error> {
        let tabs = self.inspect(tenant, id).await?.tabs;
        let first = tabs.into_iter().find_map(|tab| tab.target);
        first.ok_or_else(|| Error::unavailable("the new session has no page"))
    }
}
