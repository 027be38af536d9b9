//! Sessions that last as long as a connection.

use bus_schema::{
    Error, SessionId, Tenant,
    model::{
        create::{KeepAlive, OnDisconnect, PatchSession},
        event::{Event, EventType},
        session::{EndReason, Session},
    },
};

use super::{
    Gateway,
    create::{Created, Request},
    end::Unwanted,
    events::SessionEvents,
    view::Seat,
};

/// Ends a session whose gateway died before the client had joined it.
const UNJOINED_S: u32 = 10;
/// The most that can be asked for. A client that is there is not idle, however long it thinks.
const JOINED_S: u32 = 86_400;

/// A session made for one connection. Dropped, it is ended; should this process die, its owner ends it.
pub struct Lent {
    gateway: Gateway,
    tenant: Tenant,
    pub session: Session,
    events: SessionEvents,
    /// Tells the owner that the client is there.
    seat: Seat,
    _unwanted: Unwanted,
}

impl Gateway {
    /// Makes a session for a connection. Dropped while it waits, it cancels the request.
    pub async fn lend(&self, mut request: Request) -> Result<Lent, Error> {
        request.spec.on_disconnect = OnDisconnect::Close;
        request.spec.keep_alive_s = KeepAlive(0);
        request.spec.idle_timeout_s.0 = UNJOINED_S;
        let tenant = request.tenant.clone();
        let (Created::Ready(session) | Created::Waiting(session)) = self.create(request).await?;
        let unwanted = Unwanted::new(self, &tenant, &session.id, EndReason::ClientGone);
        let seat = self.take_seat(&tenant, &session.id).await?;
        let joined = PatchSession { idle_timeout_s: Some(JOINED_S), ..PatchSession::default() };
        self.patch(&tenant, &session.id, joined).await?;
        let events = self.follow_newer(&tenant, &session.id).await?;
        Ok(Lent { gateway: self.clone(), tenant, session, events, seat, _unwanted: unwanted })
    }

    async fn follow_newer(&self, tenant: &Tenant, id: &SessionId) -> Result<SessionEvents, Error> {
        let after = self.newest_event(tenant, id).await?;
        self.session_events(tenant, id, Some(after)).await
    }
}

impl Lent {
    /// Keeps the place at the owner's until the session has ended, and says why it did.
    pub async fn ended(&mut self) -> Result<Option<EndReason>, Error> {
        loop {
            match self.events.next().await {
                Ok(Some(logged)) => {
                    // Anybody on the bus may write to the subject: what is no event is passed over.
                    let Ok(event) = serde_json::from_slice::<Event>(&logged.bytes) else { continue };
                    match event.kind {
                        EventType::Ended => return Ok(event.end_reason()),
                        // A new owner knows nothing of the clients of the old one.
                        EventType::Recovered => self.sit_down_again().await,
                        EventType::Created
                        | EventType::Queued
                        | EventType::Ready
                        | EventType::Step
                        | EventType::Navigated
                        | EventType::Tab
                        | EventType::Download
                        | EventType::Dialog
                        | EventType::ControlChanged
                        | EventType::Recovering
                        | EventType::Error
                        | EventType::Console
                        | EventType::Network => {}
                    }
                }
                Ok(None) => return Ok(None),
                Err(error) => {
                    tracing::debug!(%error, "events are followed anew");
                    self.events.resume().await?;
                }
            }
        }
    }

    async fn sit_down_again(&mut self) {
        match self.gateway.take_seat(&self.tenant, &self.session.id).await {
            Ok(seat) => self.seat = seat,
            Err(error) => tracing::debug!(%error, "the new owner was not told of its client"),
        }
    }
}
