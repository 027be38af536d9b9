//! How the parts of a worker are put together.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actors::{
    Gate,
    port::Browsers,
    root::{Root, RootArgs, RootMsg, new_worker_id},
};
use bus::Bus;
use bus_schema::{WorkerId, model::time::Timestamp, model::worker::Worker as About};
use ractor::{Actor, ActorRef};
use tokio::{
    sync::watch,
    task::{AbortHandle, JoinHandle},
};
use tracing::info;

use super::{
    bus_port::BusPort,
    config::{Config, Guarding},
    ingress,
    simulated::Simulated,
};
use crate::{
    chromium::{Chromium, SetupError},
    guard::{GuardHandle, Hello},
};

/// Why a worker did not start.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("the bus: {0}")]
    Bus(#[from] bus_schema::Error),
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error("no random numbers: {0}")]
    Random(String),
    #[error("the worker's actors did not start: {0}")]
    Actors(String),
}

/// How a worker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// All sessions had ended.
    Drained,
    /// Its supervision was exhausted: sessions are left to peers.
    Failed,
}

/// A running worker. Dropped, it stops at once, and its guard or its peers clean up as if it had been killed.
#[derive(Debug)]
pub struct Worker {
    pub id: WorkerId,
    root: ActorRef<RootMsg>,
    actors: Option<JoinHandle<()>>,
    drained: Arc<AtomicBool>,
    tasks: Vec<AbortHandle>,
    guard: GuardHandle,
    bus: Bus,
}

/// Starts a worker. `nats` is what its guard needs to reach the bus by itself.
pub async fn run(config: Config, bus: Bus, nats: &bus::Options) -> Result<Worker, RunError> {
    let mut random = [0; 6];
    getrandom::fill(&mut random).map_err(|e| RunError::Random(e.to_string()))?;
    let host = nix::unistd::gethostname().map(|h| h.to_string_lossy().into_owned()).unwrap_or_default();
    let id = new_worker_id(&host, random);
    let gate = Gate::new();
    let (browsers, versions, guard) = browsers(&config, &bus, nats, &id, &gate).await?;
    let about = About { browsers: versions, ..about(&config, &bus, id.clone(), host) };
    let drained = Arc::new(AtomicBool::new(false));
    let (listens, listening) = watch::channel(true);
    let (claims, current_claims) = watch::channel(None);
    let args = RootArgs {
        bus: Arc::new(BusPort { bus: bus.clone(), worker: id.clone() }),
        browsers,
        gate,
        times: config.times,
        about,
        pools: config.pools.clone(),
        weights: config.weights.clone(),
        warm_target: config.warm,
        warm_minimum: config.warm.min(1),
        claims,
        listens,
        drained: Arc::clone(&drained),
    };
    let (root, actors) = Actor::spawn(None, Root, args).await.map_err(|e| RunError::Actors(e.to_string()))?;
    let mut tasks =
        vec![tokio::spawn(ingress::control(bus.clone(), id.clone(), root.clone())).abort_handle()];
    for pool in config.pools {
        tasks.push(
            tokio::spawn(ingress::knocks(bus.clone(), pool, current_claims.clone(), listening.clone()))
                .abort_handle(),
        );
    }
    info!(worker_id = %id, slots = config.slots, "worker ready");
    Ok(Worker { id, root, actors: Some(actors), drained, tasks, guard, bus })
}

fn about(config: &Config, bus: &Bus, id: WorkerId, host: String) -> About {
    let now = Timestamp::now();
    About {
        id,
        region: bus.region().clone(),
        pools: config.pools.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        host,
        pid: std::process::id(),
        slots: config.slots,
        busy: 0,
        warm: 0,
        pressure: 0.0,
        draining: false,
        frozen: true,
        browsers: Vec::new(),
        versions: Vec::new(),
        simulated: config.simulated,
        started_at: now,
        seen_at: now,
    }
}

async fn browsers(
    config: &Config,
    bus: &Bus,
    nats: &bus::Options,
    id: &WorkerId,
    gate: &Gate,
) -> Result<(Arc<dyn Browsers>, Vec<String>, GuardHandle), RunError> {
    let guarding = |homes| match &config.guard {
        Guarding::Program(program) => GuardHandle::start(program, hello(config, nats, id, homes)),
        Guarding::None => GuardHandle::none(),
    };
    if config.simulated {
        return Ok((Arc::new(Simulated::default()), vec!["simulated".into()], guarding(None)));
    }
    let mut guard = GuardHandle::none();
    let chromium = Chromium::set_up(config, bus.clone(), gate.clone(), |homes| {
        guard = guarding(Some(homes));
        guard.clone()
    })
    .await?;
    let versions = chromium.versions();
    Ok((Arc::new(chromium), versions, guard))
}

/// What the guard must know to clean up without its worker.
fn hello(config: &Config, nats: &bus::Options, id: &WorkerId, homes: Option<std::path::PathBuf>) -> Hello {
    Hello {
        worker: id.clone(),
        region: nats.region.clone(),
        root: nats.root.as_str().to_owned(),
        nats_url: nats.url.clone(),
        nats_user: nats.user.clone(),
        nats_password: nats.password.clone(),
        nats_credentials: nats.credentials_file.clone(),
        homes,
        silence_ms: u64::try_from(config.times.valid_for.as_millis()).unwrap_or(u64::MAX),
    }
}

impl Worker {
    /// Claims nothing more, lets sessions end within `grace`, ends the rest. [`Worker::ended`] tells when it is done.
    pub fn drain(&self, grace: Duration) {
        let _ = self.root.cast(RootMsg::Drain { grace });
    }

    /// Waits until it has ended, by a drain or by a failure. May be given up and called again.
    pub async fn ended(&mut self) -> Stop {
        if let Some(actors) = &mut self.actors {
            let _ = actors.await;
            self.actors = None;
        }
        if !self.drained.load(Ordering::Acquire) {
            return Stop::Failed;
        }
        self.leave().await;
        Stop::Drained
    }

    /// Takes itself off the register, so that nobody waits for it to be found dead.
    async fn leave(&self) {
        for task in &self.tasks {
            task.abort();
        }
        let revision = self.bus.leases().revision(&self.id).await;
        if let Ok(Some(revision)) = revision {
            let _ = self.bus.leases().delete(&self.id, revision).await;
        }
        let _ = self.bus.workers().remove(self.bus.region(), &self.id).await;
        self.guard.bye();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        self.root.kill();
    }
}
