//! Entries: the truth about each session, written by compare-and-swap only.

use std::time::Duration;

use bus_schema::{
    Error, Region, SessionId, Tenant,
    model::{
        entry::{self, Entry},
        session::State,
    },
    stream,
};
use tokio::time::Instant;
use tracing::warn;

use crate::{
    Bus,
    js::PublishError,
    kv::{Bucket, Value},
    metrics,
};

/// How long one attempt to write waits for the server.
const ATTEMPT: Duration = Duration::from_secs(2);
/// How long a write is repeated while the server does not answer.
const PATIENCE: Duration = Duration::from_secs(6);

/// An entry with the revision that the next write must expect.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    pub entry: Entry,
    pub revision: u64,
}

/// Why an entry was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Somebody else's write stands. `None`: the entry is gone.
    #[error("another writer was first")]
    Lost(Option<Box<Stored>>),
    /// The server did not answer: whether it is written is not known.
    #[error("{0}")]
    Unavailable(Error),
}

impl From<WriteError> for Error {
    fn from(e: WriteError) -> Self {
        match e {
            WriteError::Lost(_) => Error::conflict("the session has changed meanwhile"),
            WriteError::Unavailable(e) => e,
        }
    }
}

/// Reads and writes the entries of all regions.
#[derive(Clone, Debug)]
pub struct Entries {
    bus: Bus,
}

impl Bus {
    pub fn entries(&self) -> Entries {
        Entries { bus: self.clone() }
    }
}

impl Entries {
    fn bucket(&self, region: &Region) -> Bucket {
        let name = stream::sessions_bucket(self.bus.root(), region);
        Bucket { js: self.bus.js(), region: region.clone(), name }
    }

    /// Reads an entry. On a cluster it may be a moment old.
    pub async fn get(&self, tenant: &Tenant, id: &SessionId) -> Result<Option<Stored>, Error> {
        let value = self.bucket(id.region()).get(&entry::key(tenant, id)).await?;
        value.map_or(Ok(None), read)
    }

    /// Reads an entry from the leader.
    pub async fn get_from_leader(&self, tenant: &Tenant, id: &SessionId) -> Result<Option<Stored>, Error> {
        let value = self.bucket(id.region()).get_from_leader(&entry::key(tenant, id)).await?;
        value.map_or(Ok(None), read)
    }

    /// Whether a session of another tenant has this id. What travels under the id alone, as frames and input do, would be
    /// both sessions'.
    pub async fn is_anothers(&self, tenant: &Tenant, id: &SessionId) -> Result<bool, Error> {
        let own = entry::key(tenant, id);
        let all = self.bucket(id.region()).list(&format!("*.{id}")).await?;
        let found = all.iter().any(|value| value.key != own);
        if found {
            metrics::noise("work.{region}.{pool}.{tenant}.{class}");
        }
        Ok(found)
    }

    /// Every entry of a region, or those of one tenant.
    pub async fn list(&self, region: &Region, tenant: Option<&Tenant>) -> Result<Vec<Stored>, Error> {
        let filter = tenant.map_or_else(|| ">".to_owned(), |t| format!("{t}.*"));
        let values = self.bucket(region).list(&filter).await?;
        Ok(values
            .into_iter()
            .filter_map(|v| {
                let key = v.key.clone();
                // One unreadable entry must not hide all others from the reaper.
                read(v).inspect_err(|e| warn!(key, error = %e, "an unreadable entry")).ok().flatten()
            })
            .collect())
    }

    /// Writes a new entry. `Lost` shows the one that stands there, also where its owner and epoch are the same: two
    /// edges under one idempotency key have neither.
    pub async fn create(&self, entry: &Entry) -> Result<u64, WriteError> {
        let until = Instant::now() + PATIENCE;
        self.write_as(entry, 0, until, |_, _| false).await
    }

    /// Takes a new entry back whose request no queue took, so that its id can be used again.
    pub async fn withdraw(&self, entry: &Entry, revision: u64) -> Result<(), Error> {
        let bucket = self.bucket(entry.id.region());
        bucket.delete(&entry.key(), revision).await.map_err(|e| Error::unavailable(e.to_string()))
    }

    /// Writes `entry` over revision `expected`.
    ///
    /// A write that fails or stays unanswered proves nothing, so the entry is read back from the leader: if it is
    /// what was to be written, it is done; if it still stands as it did, or has this owner and epoch, its revision is
    /// taken and the write repeated; anything else is lost.
    pub async fn write(&self, entry: &Entry, expected: u64) -> Result<u64, WriteError> {
        self.write_until(entry, expected, Instant::now() + PATIENCE).await
    }

    /// The same with a deadline of the caller's.
    pub async fn write_until(&self, entry: &Entry, expected: u64, until: Instant) -> Result<u64, WriteError> {
        self.write_as(entry, expected, until, is_ours).await
    }

    /// `is_ours` tells whether what stands may be written over.
    async fn write_as(
        &self,
        entry: &Entry,
        mut expected: u64,
        until: Instant,
        is_ours: fn(&Entry, &Entry) -> bool,
    ) -> Result<u64, WriteError> {
        let bucket = self.bucket(entry.id.region());
        let bytes = serde_json::to_vec(entry).map_err(|e| {
            WriteError::Unavailable(Error::internal(format!("the entry cannot be written: {e}")))
        })?;
        let bytes = bytes::Bytes::from(bytes);
        let key = entry.key();
        loop {
            let timeout = ATTEMPT.min(until.saturating_duration_since(Instant::now()));
            let failure = match bucket.put(&key, bytes.clone(), expected, self.ttl(entry), timeout).await {
                Ok(revision) => return Ok(revision),
                Err(e) => e,
            };
            match self.judge(&bucket, entry, expected, failure, is_ours).await? {
                Verdict::Written(revision) => return Ok(revision),
                Verdict::Again(revision) if Instant::now() < until => expected = revision,
                Verdict::Again(_) => {
                    return Err(WriteError::Unavailable(Error::unavailable(
                        "the entry could not be written in time",
                    )));
                }
            }
        }
    }

    async fn judge(
        &self,
        bucket: &Bucket,
        entry: &Entry,
        expected: u64,
        failure: PublishError,
        is_ours: fn(&Entry, &Entry) -> bool,
    ) -> Result<Verdict, WriteError> {
        let refused = matches!(failure, PublishError::WrongLastSequence);
        let found = bucket.get_from_leader(&entry.key()).await.map_err(WriteError::Unavailable)?;
        let (value, revision) = match found {
            None => (None, 0),
            Some(v) => {
                let revision = v.revision;
                (read(v).map_err(WriteError::Unavailable)?, revision)
            }
        };
        match value {
            Some(stored) if stored.entry == *entry => Ok(Verdict::Written(stored.revision)),
            // Nobody has written since: this write never arrived, or still will, and then the next one finds it.
            Some(stored) if stored.revision == expected => Ok(Verdict::Again(expected)),
            Some(stored) if is_ours(&stored.entry, entry) => Ok(Verdict::Again(stored.revision)),
            // Nothing stands there, or only the mark of something that expired: a first write may go on from it.
            None if entry.owner.is_none() && entry.state == State::Queued => Ok(Verdict::Again(revision)),
            None if entry.epoch.0 == 1 && entry.state != State::Ended => Ok(Verdict::Again(revision)),
            found => {
                if refused {
                    metrics::cas_loss();
                }
                Err(WriteError::Lost(found.map(Box::new)))
            }
        }
    }

    /// How long the server keeps an entry that nobody writes any more.
    fn ttl(&self, entry: &Entry) -> Option<Duration> {
        match entry.state {
            State::Queued => {
                let left = entry.queue_deadline.since(self.bus.now());
                Some(left + stream::QUEUED_ENTRY_GRACE)
            }
            State::Ended => Some(stream::ENDED_ENTRY),
            State::Starting | State::Ready | State::Recovering | State::Closing => None,
        }
    }
}

enum Verdict {
    Written(u64),
    Again(u64),
}

/// Only another owner, another epoch, or an end means that the write is lost.
fn is_ours(stored: &Entry, entry: &Entry) -> bool {
    stored.owner == entry.owner && stored.epoch == entry.epoch && stored.state != State::Ended
}

fn read(value: Value) -> Result<Option<Stored>, Error> {
    if value.is_marker {
        return Ok(None);
    }
    let entry = serde_json::from_slice(&value.bytes)
        .map_err(|e| Error::internal(format!("an unreadable entry at {}: {e}", value.key)))?;
    Ok(Some(Stored { entry, revision: value.revision }))
}
