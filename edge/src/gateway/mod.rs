//! What every client protocol asks for, in terms of none: the only part of this crate that speaks the bus.

pub mod cdp;
pub mod census;
pub mod command;
pub mod create;
pub mod end;
pub mod events;
pub mod files;
mod ids;
pub mod lend;
pub mod list;
pub mod pressure;
pub mod queue;
mod resume;
pub mod session;
pub mod view;
pub mod vnc;
pub mod wait;
pub mod workers;

use std::{sync::Arc, time::Duration};

use bus::Bus;
use bus_schema::{Error, ErrorCode, Region};
use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::config::Config;

/// How long another region may take to answer for a list.
const REGION_PATIENCE: Duration = Duration::from_secs(1);

/// Commands under way at once, whoever's.
const HELD: usize = 8_192;

/// A cheap clone. Holds no session: what it knows of one can be read again on any other gateway.
#[derive(Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
}

struct Inner {
    bus: Bus,
    ids: ids::Deriver,
    passwords: vnc::Passwords,
    resumes: resume::Resumes,
    session_defaults: Map<String, Value>,
    census: census::Census,
    workers: workers::Register,
    /// Commands under way.
    held: Semaphore,
    /// What must be finished before the process ends.
    duties: TaskTracker,
    stop: CancellationToken,
}

impl Gateway {
    pub fn new(bus: Bus, config: &Config, stop: CancellationToken) -> Self {
        Self {
            inner: Arc::new(Inner {
                ids: ids::Deriver::new(&config.secret),
                passwords: vnc::Passwords::new(&config.secret),
                resumes: resume::Resumes::new(&config.secret),
                session_defaults: config.session_defaults.clone(),
                census: census::Census::default(),
                workers: workers::Register::default(),
                held: Semaphore::new(HELD),
                duties: TaskTracker::new(),
                stop,
                bus,
            }),
        }
    }

    /// Whether a region is one of this fleet, within reach or not.
    pub fn knows(&self, region: &Region) -> bool {
        self.bus().regions().contains(region)
    }

    fn bus(&self) -> &Bus {
        &self.inner.bus
    }

    /// Waits until what was begun for clients that are gone is done, at most `patience`.
    pub async fn finish(&self, patience: Duration) {
        self.inner.duties.close();
        if tokio::time::timeout(patience, self.inner.duties.wait()).await.is_err() {
            tracing::warn!(left = self.inner.duties.len(), "stopped before everything was cleaned up");
        }
    }

    /// Asks every region at once; those that fail or take too long are named. Fails if the own one does.
    async fn every_region<T, F>(&self, ask: impl Fn(Region) -> F) -> Result<(Vec<T>, Vec<Region>), Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let asked = self.bus().regions().iter().map(|region| {
            let answer = ask(region.clone());
            async move {
                let answer = tokio::time::timeout(REGION_PATIENCE, answer).await;
                (
                    region.clone(),
                    answer.unwrap_or_else(|_| Err(Error::unavailable("the region did not answer"))),
                )
            }
        });
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for (region, answer) in futures::future::join_all(asked).await {
            match answer {
                Ok(value) => found.push(value),
                // What was asked for is wrong, and not the region.
                Err(error) if error.code == ErrorCode::InvalidArgument => return Err(error),
                Err(error) if region == *self.bus().region() => return Err(error),
                Err(error) => {
                    tracing::warn!(%region, %error, "a region is missing from an answer");
                    missing.push(region);
                }
            }
        }
        Ok((found, missing))
    }
}

/// Makes a client's span the parent of `span`. `parent` and `state` are the values of `traceparent` and `tracestate`.
pub fn adopt_trace(span: &tracing::Span, parent: &str, state: Option<&str>) {
    bus::trace::adopt_w3c(span, parent, state);
}
