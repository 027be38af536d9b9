//! Waiting for a session to be ready, and what becomes of it when nobody waits any more.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use bus::{entry::WriteError, follow::Follower};
use bus_schema::{
    Error, SessionId, Tenant,
    model::{
        entry::Entry,
        event::{Event, EventType},
        rpc::End,
        session::{EndReason, Session, State},
        time::Timestamp,
    },
};
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::Gateway;
use crate::metrics::metrics;

/// Events can be lost with a connection; the entry cannot.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long a start that was begun in time may take beyond the queue's time-out.
const START_PATIENCE: Duration = Duration::from_secs(120);
/// When a client that was refused may come again.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// How long a session that nobody wants may take to end.
const END_PATIENCE: Duration = Duration::from_secs(30);

/// Whether the entry says that the wait is over: ready, or ended.
pub fn verdict(entry: &Entry) -> Result<Option<Session>, Error> {
    match entry.state {
        State::Queued | State::Starting => Ok(None),
        State::Ready | State::Recovering | State::Closing => Ok(Some(entry.session())),
        State::Ended => {
            let detail = entry.end_detail.as_deref();
            Err(not_made(&entry.id, entry.end_reason, detail, entry.end_error.clone()))
        }
    }
}

/// Why there is no session, to whoever asked for one.
fn not_made(id: &SessionId, reason: Option<EndReason>, detail: Option<&str>, error: Option<Error>) -> Error {
    if let Some(error) = error {
        // It was the request that could not be had: said as if it had been found out here.
        return error;
    }
    let error = match reason {
        Some(EndReason::QueueTimeout) => {
            Error::resource_exhausted("no slot became free in `queue_timeout_s`").retry_after(RETRY_AFTER)
        }
        Some(EndReason::Cancelled) => Error::cancelled("the request was cancelled while it was queued"),
        Some(EndReason::StartFailed) => {
            let why = detail.unwrap_or("the browser did not start");
            Error::unavailable(format!("the session could not be started: {why}")).retry_after(RETRY_AFTER)
        }
        other => return bus::owner::gone(other),
    };
    error.with_context(json!({ "session": id, "end_reason": reason }))
}

impl Gateway {
    /// Waits until the session of `entry` is ready. Fails when it has ended, or had no slot in time.
    pub(super) async fn until_ready(&self, entry: Entry, mut follower: Follower) -> Result<Session, Error> {
        let (tenant, id) = (&entry.tenant, &entry.id);
        let left = entry.queue_deadline.since(self.bus().now());
        let queue_deadline = Instant::now() + left;
        let mut look = interval_at(Instant::now() + LOOK_AGAIN.min(left), LOOK_AGAIN);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut followed = true;
        loop {
            tokio::select! {
                event = follower.next(), if followed => match event.map(|logged| logged.read()) {
                    Ok(Ok(event)) => if let Some(seen) = read_event(&event)? {
                        return match seen {
                            Seen::Session(session) => Ok(*session),
                            Seen::Unreadable => self.get(tenant, id).await,
                        };
                    },
                    // Noise on the subject says nothing.
                    Ok(Err(_)) => {}
                    // The entry, looked at every second, tells as well.
                    Err(_) => followed = false,
                },
                _ = look.tick() => if let Some(session) = self.look(&entry, queue_deadline).await? {
                    return Ok(session);
                },
            }
        }
    }

    async fn look(&self, entry: &Entry, queue_deadline: Instant) -> Result<Option<Session>, Error> {
        let late = Instant::now().saturating_duration_since(queue_deadline);
        if late > START_PATIENCE {
            return Err(Error::timeout("the session did not start in time").retry_after(RETRY_AFTER));
        }
        let stored = match self.bus().entries().get(&entry.tenant, &entry.id).await {
            Ok(stored) => stored,
            // A bus that is gone for a moment may be back before the deadline.
            Err(_) if late.is_zero() => return Ok(None),
            Err(e) => return Err(e),
        };
        let Some(stored) = stored else {
            return Err(not_made(&entry.id, Some(EndReason::QueueTimeout), None, None));
        };
        if let Some(session) = verdict(&stored.entry)? {
            return Ok(Some(session));
        }
        if Instant::now() >= queue_deadline && stored.entry.state == State::Queued {
            self.end_unowned(&entry.tenant, &entry.id, EndReason::QueueTimeout).await?;
        }
        Ok(None)
    }

    /// Ends a session that nobody owns: queued, or waiting to be recovered. `None`: it has an owner, or has ended.
    pub(super) async fn end_unowned(
        &self,
        tenant: &Tenant,
        id: &SessionId,
        reason: EndReason,
    ) -> Result<Option<Entry>, Error> {
        loop {
            let Some(stored) = self.bus().entries().get_from_leader(tenant, id).await? else {
                return Ok(None);
            };
            if !stored.entry.state.is_claimable() {
                return Ok(None);
            }
            let entry = stored.entry.ended(reason, None, self.bus().now());
            match self.bus().entries().write(&entry, stored.revision).await {
                Ok(_) => {
                    let event = Event::ended(id.clone(), entry.epoch, reason, None);
                    self.bus().events().publish_ended(tenant, &event).await?;
                    metrics().ended(reason.as_str());
                    return Ok(Some(entry));
                }
                // Claimed, or ended by another: look again.
                Err(WriteError::Lost(_)) => {}
                Err(e @ WriteError::Unavailable(_)) => return Err(e.into()),
            }
        }
    }

    /// Ends a session that nobody waits for any more, whatever has become of it since.
    async fn give_up(&self, tenant: &Tenant, id: &SessionId) -> Result<(), Error> {
        let until = Instant::now() + END_PATIENCE;
        loop {
            if self.end_unowned(tenant, id, EndReason::Cancelled).await?.is_some() {
                return Ok(());
            }
            match self.bus().entries().get_from_leader(tenant, id).await? {
                Some(stored) if stored.entry.state == State::Ended => return Ok(()),
                Some(stored) if stored.entry.state != State::Queued => {
                    let end = End { reason: EndReason::Cancelled };
                    return self.bus().owners().call(tenant, id, end, until).await.map(drop);
                }
                Some(_) => {}
                // The write of the entry may still be on its way.
                None if until.saturating_duration_since(Instant::now()) > END_PATIENCE - LOOK_AGAIN => {
                    sleep(Duration::from_millis(50)).await;
                }
                None => return Ok(()),
            }
        }
    }

    /// Ends the session at its deadline if it is still queued then.
    async fn expire(&self, tenant: &Tenant, id: &SessionId, deadline: Timestamp) {
        let left = deadline.since(self.bus().now());
        tokio::select! {
            () = sleep(left) => {}
            // A reaper ends it instead.
            () = self.inner.stop.cancelled() => return,
        }
        if let Err(error) = self.end_unowned(tenant, id, EndReason::QueueTimeout).await {
            tracing::warn!(session_id = %id, %error, "a request could not be ended at its deadline");
        }
    }
}

enum Seen {
    Session(Box<Session>),
    Unreadable,
}

/// `None`: the event does not end the wait.
fn read_event(event: &Event) -> Result<Option<Seen>, Error> {
    match event.kind {
        EventType::Ready => Ok(Some(match serde_json::from_value(event.data.clone()) {
            Ok(session) => Seen::Session(Box::new(session)),
            // Of a newer worker, perhaps: the entry has it too.
            Err(_) => Seen::Unreadable,
        })),
        EventType::Ended => {
            let detail = event.data.get("detail").and_then(|d| d.as_str());
            Err(not_made(&event.session, event.end_reason(), detail, event.end_error()))
        }
        EventType::Created
        | EventType::Queued
        | EventType::Step
        | EventType::Navigated
        | EventType::Tab
        | EventType::Download
        | EventType::Dialog
        | EventType::ControlChanged
        | EventType::Recovering
        | EventType::Recovered
        | EventType::Error
        | EventType::Console
        | EventType::Network => Ok(None),
    }
}

/// Stands for a client that waits. Dropped before it is disarmed, the client has gone away: then the session is ended,
/// or, where a retry may come for it, ended only at its deadline.
pub(super) struct Abandoned {
    gateway: Gateway,
    tenant: Tenant,
    id: SessionId,
    deadline: Timestamp,
    may_come_back: bool,
    armed: AtomicBool,
    /// A gateway that stops waits for this too: the connection it belongs to may be dropped after the listener.
    _duty: TaskTrackerToken,
}

impl Abandoned {
    pub(super) fn new(gateway: Gateway, entry: &Entry, may_come_back: bool) -> Self {
        Self {
            tenant: entry.tenant.clone(),
            id: entry.id.clone(),
            deadline: entry.queue_deadline,
            may_come_back,
            armed: AtomicBool::new(true),
            _duty: gateway.inner.duties.token(),
            gateway,
        }
    }

    pub(super) fn disarm(&self) {
        self.armed.store(false, Ordering::Relaxed);
    }
}

impl Drop for Abandoned {
    fn drop(&mut self) {
        if !*self.armed.get_mut() {
            return;
        }
        // Without a runtime the process is ending, and a reaper cleans up.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (gateway, tenant, id, deadline) =
            (self.gateway.clone(), self.tenant.clone(), self.id.clone(), self.deadline);
        if self.may_come_back {
            runtime.spawn(async move { gateway.expire(&tenant, &id, deadline).await });
            return;
        }
        let duty = self.gateway.inner.duties.clone();
        duty.spawn_on(
            async move {
                if let Err(error) = gateway.give_up(&tenant, &id).await {
                    tracing::warn!(session_id = %id, %error, "a session that nobody waits for was not ended");
                }
            },
            &runtime,
        );
    }
}
