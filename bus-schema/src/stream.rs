//! Names and limits of streams and buckets. What makes them is in the crate `bus`.

use std::time::Duration;

use crate::{
    id::{Region, SessionId, Tenant},
    subject::{Queue, Root},
};

/// JetStream allows one namespace of streams per account, so a root other than the default is part of the names.
fn prefix(root: &Root) -> String {
    if *root == Root::default() { String::new() } else { format!("{}_", root.as_str()) }
}

pub fn work(root: &Root, region: &Region) -> String {
    format!("{}WORK_{region}", prefix(root))
}

pub fn events(root: &Root, region: &Region) -> String {
    format!("{}EVENTS_{region}", prefix(root))
}

/// Bucket of the entries, keyed `<tenant>.<session>`.
pub fn sessions_bucket(root: &Root, region: &Region) -> String {
    format!("{}_sessions_{region}", root.as_str())
}

/// Bucket of what workers say of themselves, keyed by worker id.
pub fn workers_bucket(root: &Root, region: &Region) -> String {
    format!("{}_workers_{region}", root.as_str())
}

/// Bucket of the leases, keyed by worker id.
pub fn leases_bucket(root: &Root, region: &Region) -> String {
    format!("{}_leases_{region}", root.as_str())
}

/// Object store of what belongs to sessions: uploads, downloads, recordings.
pub fn artifacts(root: &Root, region: &Region) -> String {
    format!("{}_artifacts_{region}", root.as_str())
}

/// Object store of profiles, which outlive the sessions that wrote them.
pub fn profiles(root: &Root, region: &Region) -> String {
    format!("{}_profiles_{region}", root.as_str())
}

/// Name in [`artifacts`] of a part of a session's recording. They are numbered from 0 on and follow each other in the
/// file.
pub fn recording_part(tenant: &Tenant, session: &SessionId, n: u32) -> String {
    format!("{tenant}/{session}/recording/{n}")
}

/// Durable consumer of one queue. Dots are not allowed in a name, and no id holds one.
pub fn consumer(queue: &Queue) -> String {
    format!("{}~{}~{}", queue.pool, queue.tenant, queue.class)
}

pub const WORK_MAX_MESSAGES: i64 = 100_000;
pub const WORK_MAX_AGE: Duration = Duration::from_secs(600);
pub const WORK_MAX_MESSAGE_BYTES: i32 = 512 * 1024;
pub const WORK_DEDUP: Duration = Duration::from_secs(120);
pub const WORK_ACK_WAIT: Duration = Duration::from_secs(10);
/// How often the claim of a slow start tells the server that it is still at it.
pub const WORK_PROGRESS: Duration = Duration::from_secs(3);
pub const WORK_MAX_ACK_PENDING: i64 = 20_000;
pub const CONSUMER_INACTIVE: Duration = Duration::from_secs(3600);
pub const EVENTS_MAX_AGE: Duration = Duration::from_secs(24 * 3600);
pub const EVENTS_MAX_BYTES: i64 = 4 << 30;
pub const EVENTS_PER_SUBJECT: i64 = 1_000;
/// As long as the events of a session.
pub const ARTIFACTS_MAX_AGE: Duration = EVENTS_MAX_AGE;
pub const ARTIFACTS_MAX_BYTES: i64 = 16 << 30;
pub const PROFILES_MAX_BYTES: i64 = 512 << 20;
/// How long the server remembers an event's name: as long as one is sent again whose ack was lost, and no longer, for
/// names cost. Measured on nats-server 2.15: 175 B and 2 µs of CPU each, so 35 MB and a hundredth of a core at 5 000 events/s.
pub const EVENTS_DEDUP: Duration = Duration::from_secs(40);
/// How long a deletion or expiry in a bucket leaves its mark.
pub const LIMIT_MARKER: Duration = Duration::from_secs(60);
/// How long an ended entry stands, so that `GET` shows it.
pub const ENDED_ENTRY: Duration = Duration::from_secs(15 * 60);
/// What the entry of a queued session outlives its time-out by.
pub const QUEUED_ENTRY_GRACE: Duration = Duration::from_secs(60);
/// Expiry of a lease: only collects rubbish, death is decided by the reaper.
pub const LEASE_TTL: Duration = Duration::from_secs(30);
/// An answer above this comes in parts on the bulk connection.
pub const INLINE_ANSWER_BYTES: usize = 512 * 1024;
/// The largest answer of one command.
pub const MAX_ANSWER_BYTES: usize = 256 << 20;
