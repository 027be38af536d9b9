//! Leases: a worker acts only while its own is renewed.

use std::time::Duration;

use bus_schema::{Error, Region, WorkerId, model::worker::Lease, stream};

use crate::{Bus, js::PublishError, kv::Bucket, metrics};

/// Why a lease was not written.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Deleted or overwritten by a reaper: the sessions may be others' by now.
    #[error("the lease was taken away")]
    Lost,
    #[error("{0}")]
    Unavailable(String),
}

impl From<PublishError> for LeaseError {
    fn from(e: PublishError) -> Self {
        match e {
            PublishError::WrongLastSequence => {
                metrics::cas_loss();
                LeaseError::Lost
            }
            PublishError::Full | PublishError::Unavailable(_) => LeaseError::Unavailable(e.to_string()),
        }
    }
}

/// What stands under a worker's key.
#[derive(Clone, Debug)]
pub struct Found {
    pub revision: u64,
    /// `None`: deleted or expired.
    pub lease: Option<Lease>,
}

/// The leases of the own region.
#[derive(Clone, Debug)]
pub struct Leases {
    bucket: Bucket,
}

impl Bus {
    pub fn leases(&self) -> Leases {
        self.leases_in(self.region())
    }

    fn leases_in(&self, region: &Region) -> Leases {
        let name = stream::leases_bucket(self.root(), region);
        Leases { bucket: Bucket { js: self.js(), region: region.clone(), name } }
    }

    /// Whether a worker of `region` holds a lease at all. It may be old: only a reaper judges that.
    pub async fn has_lease(&self, region: &Region, worker: &WorkerId) -> Result<bool, Error> {
        Ok(self.leases_in(region).revision(worker).await?.is_some())
    }
}

impl Leases {
    /// Writes the lease if its last revision is `expected` (0 for the first), and gives the new one.
    pub async fn renew(&self, lease: &Lease, expected: u64, timeout: Duration) -> Result<u64, LeaseError> {
        let bytes = serde_json::to_vec(lease).map_err(|e| LeaseError::Unavailable(e.to_string()))?;
        let ttl = Some(stream::LEASE_TTL);
        Ok(self.bucket.put(lease.worker.as_str(), bytes.into(), expected, ttl, timeout).await?)
    }

    /// What stands under a worker's key, read from the leader. `None`: nothing ever did, or its mark is gone too.
    pub async fn read(&self, worker: &WorkerId) -> Result<Option<Found>, Error> {
        let value = self.bucket.get_from_leader(worker.as_str()).await?;
        Ok(value.map(|v| Found {
            revision: v.revision,
            lease: if v.is_marker { None } else { serde_json::from_slice(&v.bytes).ok() },
        }))
    }

    /// The revision of a worker's lease, read from the leader. `None`: deleted or expired.
    pub async fn revision(&self, worker: &WorkerId) -> Result<Option<u64>, Error> {
        let value = self.bucket.get_from_leader(worker.as_str()).await?;
        Ok(value.filter(|v| !v.is_marker).map(|v| v.revision))
    }

    /// Deletes the lease if nobody has written it since `seen`. Who wins this reaps.
    pub async fn delete(&self, worker: &WorkerId, seen: u64) -> Result<(), LeaseError> {
        Ok(self.bucket.delete(worker.as_str(), seen).await?)
    }

    /// Every worker that holds a lease, with its revision.
    pub async fn list(&self) -> Result<Vec<(WorkerId, u64)>, Error> {
        let values = self.bucket.list(">").await?;
        Ok(values.into_iter().filter_map(|v| Some((WorkerId::new(&v.key).ok()?, v.revision))).collect())
    }
}
