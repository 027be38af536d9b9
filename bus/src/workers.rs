//! What workers say of themselves.

use bus_schema::{Error, Region, WorkerId, model::worker::Worker, stream};
use tracing::warn;

use crate::{Bus, kv::Bucket};

/// The register of workers.
#[derive(Clone, Debug)]
pub struct Workers {
    bus: Bus,
}

impl Bus {
    pub fn workers(&self) -> Workers {
        Workers { bus: self.clone() }
    }
}

impl Workers {
    fn bucket(&self, region: &Region) -> Bucket {
        let name = stream::workers_bucket(self.bus.root(), region);
        Bucket { js: self.bus.js(), region: region.clone(), name }
    }

    /// A worker's word about itself; nobody else writes it.
    pub async fn announce(&self, worker: &Worker) -> Result<(), Error> {
        let bytes = serde_json::to_vec(worker).map_err(|e| Error::internal(e.to_string()))?;
        let bucket = self.bucket(&worker.region);
        bucket
            .overwrite(worker.id.as_str(), bytes.into())
            .await
            .map(drop)
            .map_err(|e| Error::unavailable(e.to_string()))
    }

    /// Takes a worker off the register, because it left or is dead.
    pub async fn remove(&self, region: &Region, worker: &WorkerId) -> Result<(), Error> {
        let bucket = self.bucket(region);
        let Some(value) = bucket.get_from_leader(worker.as_str()).await? else { return Ok(()) };
        if value.is_marker {
            return Ok(());
        }
        bucket.delete(worker.as_str(), value.revision).await.map_err(|e| Error::unavailable(e.to_string()))
    }

    pub async fn get(&self, region: &Region, worker: &WorkerId) -> Result<Option<Worker>, Error> {
        let value = self.bucket(region).get(worker.as_str()).await?;
        Ok(value.filter(|v| !v.is_marker).and_then(|v| serde_json::from_slice(&v.bytes).ok()))
    }

    /// All of a region, ordered by id.
    pub async fn list(&self, region: &Region) -> Result<Vec<Worker>, Error> {
        let values = self.bucket(region).list(">").await?;
        let mut workers: Vec<Worker> = values
            .into_iter()
            .filter_map(|v| {
                let read = serde_json::from_slice(&v.bytes);
                read.inspect_err(|e| warn!(key = v.key, error = %e, "an unreadable worker")).ok()
            })
            .collect();
        workers.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(workers)
    }
}
