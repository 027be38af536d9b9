//! The entry: the one truth about a session, a value of the bucket `rk_sessions_<region>`.

use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    id::{Class, Epoch, Pool, SessionId, Tenant, WorkerId},
    model::{
        control::Control,
        create::CreateSession,
        event::Event,
        session::{EndReason, Page, Session, State, Tab, Timings},
        time::Timestamp,
    },
    subject::Queue,
};

/// A start that failed this often ends the session.
pub const MAX_ATTEMPTS: u32 = 3;

/// Unknown fields are kept out and not refused: a newer release may have written them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub schema: u32,
    pub id: SessionId,
    pub tenant: Tenant,
    pub pool: Pool,
    pub class: Class,
    pub state: State,
    pub epoch: Epoch,
    /// Failed starts so far.
    #[serde(default)]
    pub attempts: u32,
    pub owner: Option<WorkerId>,
    /// When its browser died under it and it was given back, the latest last. As many as decide on the next time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crashes: Vec<Timestamp>,
    pub spec: CreateSession,
    /// SHA-256 of the request under its idempotency key, so that another body is found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_digest: Option<String>,
    #[serde(default)]
    pub control: Control,
    #[serde(default)]
    pub page: Page,
    #[serde(default)]
    pub tabs: Vec<Tab>,
    pub created_at: Timestamp,
    /// When it came into its state, in bus time.
    pub since: Timestamp,
    /// When it stops waiting, in bus time.
    pub queue_deadline: Timestamp,
    #[serde(default)]
    pub ready_at: Option<Timestamp>,
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    #[serde(default)]
    pub end_reason: Option<EndReason>,
    #[serde(default)]
    pub end_detail: Option<String>,
    /// What the request itself asked for and could not have: tells the asker more than a reason does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_error: Option<Error>,
    #[serde(default)]
    pub timings: Timings,
}

impl Entry {
    /// A new request, not yet claimed by anybody.
    pub fn queued(id: SessionId, tenant: Tenant, spec: CreateSession, now: Timestamp) -> Self {
        Self {
            schema: crate::SCHEMA,
            pool: spec.pool.clone().unwrap_or_default(),
            class: spec.priority,
            state: State::Queued,
            epoch: Epoch(0),
            attempts: 0,
            owner: None,
            crashes: Vec::new(),
            request_digest: None,
            control: Control::default(),
            page: Page::default(),
            tabs: Vec::new(),
            created_at: now,
            since: now,
            queue_deadline: now.plus(spec.queue_timeout_s.duration()),
            ready_at: None,
            ended_at: None,
            end_reason: None,
            end_detail: None,
            end_error: None,
            timings: Timings::default(),
            id,
            tenant,
            spec,
        }
    }

    /// The entry in another state, as of `now`.
    #[must_use]
    pub fn in_state(&self, state: State, now: Timestamp) -> Self {
        Self { state, since: now, ..self.clone() }
    }

    /// The entry as it ends.
    #[must_use]
    pub fn ended(&self, reason: EndReason, detail: Option<String>, now: Timestamp) -> Self {
        Self {
            end_reason: Some(reason),
            end_detail: detail,
            ended_at: Some(now),
            ..self.in_state(State::Ended, now)
        }
    }

    /// The terminal event of an ended entry; `None` while it has not ended.
    pub fn ended_event(&self) -> Option<Event> {
        let reason = self.end_reason.filter(|_| self.state == State::Ended)?;
        let mut event = Event::ended(self.id.clone(), self.epoch, reason, self.end_detail.as_deref());
        if let Some(error) = &self.end_error {
            event.data["error"] = serde_json::to_value(error).unwrap_or_default();
        }
        Some(event)
    }

    /// The key in the bucket.
    pub fn key(&self) -> String {
        key(&self.tenant, &self.id)
    }

    /// The queue where its requests wait.
    pub fn queue(&self) -> Queue {
        Queue {
            region: self.id.region().clone(),
            pool: self.pool.clone(),
            tenant: self.tenant.clone(),
            class: self.class,
        }
    }

    /// When it ends at the latest: the lifetime counts from `ready`, the queue's time-out before that.
    pub fn expires_at(&self) -> Timestamp {
        match self.ready_at {
            Some(ready) => ready.plus(self.spec.max_lifetime_s.duration()),
            None => self.queue_deadline,
        }
    }

    /// The entry as clients see it. Queue position and URLs are the asked edge's to add.
    pub fn session(&self) -> Session {
        Session {
            id: self.id.clone(),
            name: self.spec.name.clone(),
            labels: self.spec.labels.clone(),
            state: self.state,
            end_reason: self.end_reason,
            end_detail: self.end_detail.clone(),
            control: self.control.clone(),
            tenant: self.tenant.clone(),
            region: self.id.region().clone(),
            pool: self.pool.clone(),
            worker: self.owner.clone(),
            epoch: self.epoch,
            browser: self.spec.browser,
            isolation: self.spec.isolation,
            viewport: self.spec.viewport,
            page: self.page.clone(),
            tabs: self.tabs.clone(),
            created_at: self.created_at,
            ready_at: self.ready_at,
            ended_at: self.ended_at,
            expires_at: self.expires_at(),
            queue: None,
            urls: None,
            timings: self.timings,
        }
    }
}

/// Key of a session's entry.
pub fn key(tenant: &Tenant, id: &SessionId) -> String {
    format!("{tenant}.{id}")
}
