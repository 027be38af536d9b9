//! The fleet's workers.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bus::control::AskError;
use bus_schema::{
    Error, Region, WorkerId,
    model::{
        create::BrowserKind,
        rpc::{WorkerReply, WorkerRequest},
        worker::{BrowserVersion, Worker},
    },
};
use tokio::time::Instant;

use super::Gateway;

/// Probes come often, and workers change slowly.
const MAX_AGE: Duration = Duration::from_secs(1);
const ASK_TIMEOUT: Duration = Duration::from_secs(2);
/// A worker that has not been heard of for this long is not counted on.
const SILENCE: Duration = Duration::from_secs(30);

type Snapshot = Option<(Instant, Arc<Vec<Worker>>)>;

/// The workers of the own region as last read.
#[derive(Default)]
pub struct Register(Mutex<Snapshot>);

impl Gateway {
    /// The workers of every region, and the regions that did not answer.
    pub async fn workers(&self) -> Result<(Vec<Worker>, Vec<Region>), Error> {
        let workers = self.bus().workers();
        let ask = |region: Region| {
            let workers = workers.clone();
            async move { workers.list(&region).await }
        };
        let (found, missing) = self.every_region(ask).await?;
        Ok((found.into_iter().flatten().collect(), missing))
    }

    /// The workers of the own region that have been heard of lately.
    pub(super) async fn live_workers(&self) -> Result<Vec<Worker>, Error> {
        let lock = || self.inner.workers.0.lock().unwrap_or_else(PoisonError::into_inner);
        // That there is none is not kept: the first one to come makes the gateway ready.
        let cached = lock().clone().filter(|(at, workers)| at.elapsed() < MAX_AGE && !workers.is_empty());
        let workers = match cached {
            Some((_, workers)) => workers,
            None => {
                let workers = Arc::new(self.bus().workers().list(self.bus().region()).await?);
                *lock() = Some((Instant::now(), Arc::clone(&workers)));
                workers
            }
        };
        let now = self.bus().now();
        Ok(workers.iter().filter(|w| now.since(w.seen_at) < SILENCE).cloned().collect())
    }

    /// What a browser of this kind says of itself, at a worker or at any of the own region; `None`: none has run yet.
    pub async fn browser_version(&self, kind: BrowserKind, at: Option<&WorkerId>) -> Option<BrowserVersion> {
        let workers = match at {
            None => self.live_workers().await,
            Some(_) => self.workers().await.map(|(workers, _)| workers),
        };
        let workers = workers.unwrap_or_default();
        let versions = || {
            let asked = workers.iter().filter(|worker| at.is_none_or(|at| worker.id == *at));
            asked.flat_map(|worker| &worker.versions)
        };
        let exact = versions().find(|version| version.kind == kind);
        // The full browser runs where there is no other.
        exact.or_else(|| versions().next()).cloned()
    }

    /// Fails unless a session could be created here.
    pub async fn must_be_ready(&self) -> Result<(), Error> {
        if !self.bus().connected() {
            return Err(Error::unavailable("the bus is not reachable"));
        }
        if self.live_workers().await?.is_empty() {
            return Err(Error::unavailable("no live worker is known"));
        }
        Ok(())
    }

    /// Tells a worker to drain. Answers with what it says of itself then.
    pub async fn drain(&self, id: &WorkerId, grace_s: u32) -> Result<Worker, Error> {
        let (workers, _) = self.workers().await?;
        let Some(worker) = workers.into_iter().find(|w| w.id == *id) else {
            return Err(Error::not_found("there is no such worker"));
        };
        let request = WorkerRequest::Drain { grace_s };
        match self.bus().ask_worker(&worker.region, id, request, ASK_TIMEOUT).await {
            Ok(WorkerReply::Worker(worker)) => Ok(worker),
            Ok(WorkerReply::Pong) => Ok(Worker { draining: true, ..worker }),
            Ok(WorkerReply::Error(e)) => Err(e),
            Err(AskError::Unavailable(e)) => Err(e),
            Err(e @ (AskError::NoResponders | AskError::TimedOut)) => Err(Error::unavailable(e.to_string())),
        }
    }
}
