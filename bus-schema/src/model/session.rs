//! A session as clients see it.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    id::{Epoch, Pool, Region, SessionId, Tenant, WorkerId},
    model::{
        control::Control,
        create::{BrowserKind, Isolation, Labels, Viewport},
        time::Timestamp,
    },
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waits for a worker.
    Queued,
    /// Claimed; its browser is being started.
    Starting,
    Ready,
    /// Its worker was lost or its browser died; waits for another.
    Recovering,
    Closing,
    Ended,
}

impl State {
    pub const ALL: [State; 6] =
        [State::Queued, State::Starting, State::Ready, State::Recovering, State::Closing, State::Ended];

    pub fn as_str(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Starting => "starting",
            State::Ready => "ready",
            State::Recovering => "recovering",
            State::Closing => "closing",
            State::Ended => "ended",
        }
    }

    /// Whether an owner is named in the entry and acts for it.
    pub fn is_owned(self) -> bool {
        match self {
            State::Starting | State::Ready | State::Closing => true,
            State::Queued | State::Recovering | State::Ended => false,
        }
    }

    /// Whether a worker may claim it.
    pub fn is_claimable(self) -> bool {
        match self {
            State::Queued | State::Recovering => true,
            State::Starting | State::Ready | State::Closing | State::Ended => false,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// A client ended it.
    Released,
    /// A client gave up while it was queued.
    Cancelled,
    QueueTimeout,
    IdleTimeout,
    /// `max_lifetime_s` was over.
    Lifetime,
    /// The last client left and `on_disconnect` is `close`.
    ClientGone,
    /// Its worker was drained and it could not move.
    Drained,
    /// The browser crashed or stopped answering.
    Crashed,
    /// It went over its memory quota.
    Oom,
    /// It went over its disk quota, or the machine had to make room.
    Evicted,
    WorkerLost,
    RegionLost,
    /// Three attempts to start it failed.
    StartFailed,
}

impl EndReason {
    pub const ALL: [EndReason; 13] = [
        EndReason::Released,
        EndReason::Cancelled,
        EndReason::QueueTimeout,
        EndReason::IdleTimeout,
        EndReason::Lifetime,
        EndReason::ClientGone,
        EndReason::Drained,
        EndReason::Crashed,
        EndReason::Oom,
        EndReason::Evicted,
        EndReason::WorkerLost,
        EndReason::RegionLost,
        EndReason::StartFailed,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            EndReason::Released => "released",
            EndReason::Cancelled => "cancelled",
            EndReason::QueueTimeout => "queue_timeout",
            EndReason::IdleTimeout => "idle_timeout",
            EndReason::Lifetime => "lifetime",
            EndReason::ClientGone => "client_gone",
            EndReason::Drained => "drained",
            EndReason::Crashed => "crashed",
            EndReason::Oom => "oom",
            EndReason::Evicted => "evicted",
            EndReason::WorkerLost => "worker_lost",
            EndReason::RegionLost => "region_lost",
            EndReason::StartFailed => "start_failed",
        }
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the active tab shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page {
    pub url: String,
    pub title: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tab {
    /// Counts up from 1 within the session and is never used again.
    pub n: u32,
    pub url: String,
    pub title: String,
    pub active: bool,
    /// Browser context; absent for the session's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The page's name in CDP, `targetId` there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Timings {
    /// From the request to the claim.
    pub queued_ms: u64,
    /// From the claim to ready.
    pub start_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueuePosition {
    /// Counted from 1, over all tenants of the pool.
    pub position: u32,
    /// Requests of the same tenant before this one.
    pub ahead_of_tenant: u32,
}

/// Where to reach the session. Absolute, as seen by whoever asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Urls {
    pub cdp: String,
    pub ws: String,
    pub events: String,
    pub view: String,
    pub vnc: String,
}

/// A session as `GET /v1/sessions/{id}` shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    pub id: SessionId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub labels: Labels,
    pub state: State,
    pub end_reason: Option<EndReason>,
    /// More about how it ended, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_detail: Option<String>,
    pub control: Control,
    pub tenant: Tenant,
    pub region: Region,
    pub pool: Pool,
    pub worker: Option<WorkerId>,
    pub epoch: Epoch,
    pub browser: BrowserKind,
    pub isolation: Isolation,
    pub viewport: Viewport,
    pub page: Page,
    pub tabs: Vec<Tab>,
    pub created_at: Timestamp,
    pub ready_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// When `max_lifetime_s`, or `queue_timeout_s` while it is queued, is over.
    pub expires_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueuePosition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urls: Option<Urls>,
    pub timings: Timings,
}
