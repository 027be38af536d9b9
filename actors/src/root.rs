//! The root of a worker's tree: starts the children, restarts them by the table, announces, drains.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bus_schema::{
    Pool, Tenant, WorkerId,
    model::{session::EndReason, worker::Worker},
};
use ractor::{
    Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, MessagingErr, RpcReplyPort, SupervisionEvent,
    rpc::CallResult,
};
use tokio::{sync::watch, time::Instant};
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use crate::{
    claim::{ClaimActor, ClaimArgs, ClaimMsg, Load},
    gate::Gate,
    lease::{LeaseActor, LeaseArgs, Times},
    port::{Browsers, Bus},
    reaper::{ReaperActor, ReaperArgs},
    session::{SessionsActor, SessionsArgs, SessionsMsg},
    supervise::{Child, Restarts},
    warm::{Quiet, WarmActor, WarmArgs, WarmMsg},
};

/// How often a worker says how it is.
const ANNOUNCE: Duration = Duration::from_secs(2);
/// So much above the median a worker still listens: loads are two seconds old and never quite alike.
const MARGIN: f64 = 0.1;
const ASK: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Root;

pub struct RootArgs {
    pub bus: Arc<dyn Bus>,
    pub browsers: Arc<dyn Browsers>,
    pub gate: Gate,
    pub times: Times,
    /// What is announced; its changing parts are filled in.
    pub about: Worker,
    pub pools: Vec<Pool>,
    pub weights: HashMap<Tenant, u32>,
    pub warm_target: usize,
    pub warm_minimum: usize,
    /// Where the ingress of knocks finds the claim loop, also after a restart.
    pub claims: watch::Sender<Option<ActorRef<ClaimMsg>>>,
    /// Whether the worker listens for knocks: one that is busier than most only looks.
    pub listens: watch::Sender<bool>,
    /// Set before it stops in order; if it stops without, its supervision was exhausted.
    pub drained: Arc<std::sync::atomic::AtomicBool>,
}

#[derive(Debug)]
pub enum RootMsg {
    /// From the timer. The receiver MUST announce the worker.
    Announce,
    /// From a restart's timer. The receiver MUST start the child again.
    Start(Child),
    /// From the control subject and the signal handler. The receiver MUST claim nothing more, let sessions end
    /// within `grace`, end the rest, and stop.
    Drain { grace: Duration },
    /// From the drain's timer. The receiver MUST look whether all sessions are gone.
    Draining { until: Instant },
    /// From the control subject.
    Inspect { reply_to: RpcReplyPort<Worker> },
}

pub struct RootState {
    args: RootArgs,
    quiet: Quiet,
    sessions: ActorRef<SessionsMsg>,
    /// Where claims find the warm pool, also after a restart.
    warm: watch::Sender<Option<ActorRef<WarmMsg>>>,
    claims: Option<ActorRef<ClaimMsg>>,
    claims_under_way: TaskTracker,
    load: Load,
    children: HashMap<ActorId, Child>,
    restarts: HashMap<Child, Restarts>,
    draining: bool,
}

impl Actor for Root {
    type Msg = RootMsg;
    type State = RootState;
    type Arguments = RootArgs;

    async fn pre_start(
        &self,
        myself: ActorRef<RootMsg>,
        args: RootArgs,
    ) -> Result<RootState, ActorProcessingErr> {
        let quiet = Quiet::default();
        let sessions_args = SessionsArgs {
            bus: Arc::clone(&args.bus),
            gate: args.gate.clone(),
            quiet: quiet.clone(),
            worker: args.about.id.clone(),
        };
        let (sessions, _) =
            SessionsActor::spawn_linked(None, SessionsActor, sessions_args, myself.get_cell()).await?;
        let mut state = RootState {
            children: HashMap::from([(sessions.get_id(), Child::Sessions)]),
            restarts: Child::ALL.into_iter().map(|c| (c, Restarts::new(c.policy()))).collect(),
            args,
            quiet,
            sessions,
            warm: watch::channel(None).0,
            claims: None,
            claims_under_way: TaskTracker::new(),
            load: Load::default(),
            draining: false,
        };
        for child in [Child::WarmPool, Child::ClaimLoop, Child::Lease, Child::Reaper] {
            state.start(&myself, child).await?;
        }
        myself.cast(RootMsg::Announce)?;
        myself.send_interval(ANNOUNCE, || RootMsg::Announce);
        Ok(state)
    }

    async fn handle(
        &self,
        myself: ActorRef<RootMsg>,
        message: RootMsg,
        state: &mut RootState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            RootMsg::Announce => state.on_announce().await,
            RootMsg::Start(child) => {
                if let Err(e) = state.start(&myself, child).await {
                    error!(child = ?child, error = %e, "a child could not be started again");
                    state.on_failed(&myself, child)?;
                }
            }
            RootMsg::Drain { grace } => state.on_drain(&myself, grace),
            RootMsg::Draining { until } => state.on_draining(&myself, until).await,
            RootMsg::Inspect { reply_to } => {
                let about = state.about().await;
                let _ = reply_to.send(about);
            }
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<RootMsg>,
        event: SupervisionEvent,
        state: &mut RootState,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(cell, why) => state.on_child_gone(&myself, &cell, &why.to_string()),
            SupervisionEvent::ActorTerminated(cell, _, why) => {
                state.on_child_gone(&myself, &cell, why.as_deref().unwrap_or("it stopped"))
            }
            SupervisionEvent::ActorStarted(_) | SupervisionEvent::ProcessGroupChanged(_) => Ok(()),
        }
    }
}

impl RootState {
    async fn start(&mut self, myself: &ActorRef<RootMsg>, child: Child) -> Result<(), ActorProcessingErr> {
        let parent = myself.get_cell();
        let (bus, browsers) = (Arc::clone(&self.args.bus), Arc::clone(&self.args.browsers));
        let gate = self.args.gate.clone();
        let id = match child {
            Child::Sessions => return Err("the sessions cannot be started again".into()),
            Child::Lease => {
                let args = LeaseArgs {
                    bus,
                    browsers,
                    gate,
                    sessions: self.sessions.clone(),
                    times: self.args.times,
                };
                LeaseActor::spawn_linked(None, LeaseActor, args, parent).await?.0.get_id()
            }
            Child::Reaper => {
                let (worker, dead_after) = (self.args.about.id.clone(), self.args.times.dead_after);
                let args = ReaperArgs { bus, gate, worker, dead_after };
                ReaperActor::spawn_linked(None, ReaperActor, args, parent).await?.0.get_id()
            }
            Child::WarmPool => {
                let args = WarmArgs {
                    browsers,
                    gate,
                    quiet: self.quiet.clone(),
                    target: self.args.warm_target,
                    minimum: self.args.warm_minimum,
                };
                let (warm, _) = WarmActor::spawn_linked(None, WarmActor, args, parent).await?;
                if self.draining {
                    warm.cast(WarmMsg::Stop)?;
                }
                self.warm.send_replace(Some(warm.clone()));
                warm.get_id()
            }
            Child::ClaimLoop => self.start_claims(parent).await?,
        };
        self.children.insert(id, child);
        Ok(())
    }

    async fn start_claims(&mut self, parent: ActorCell) -> Result<ActorId, ActorProcessingErr> {
        let args = ClaimArgs {
            bus: Arc::clone(&self.args.bus),
            browsers: Arc::clone(&self.args.browsers),
            gate: self.args.gate.clone(),
            worker: self.args.about.id.clone(),
            pools: self.args.pools.clone(),
            slots: usize::try_from(self.args.about.slots).unwrap_or(usize::MAX),
            load: self.load.clone(),
            weights: self.args.weights.clone(),
            sessions: self.sessions.clone(),
            warm: self.warm.subscribe(),
            under_way: self.claims_under_way.clone(),
        };
        let (claims, _) = ClaimActor::spawn_linked(None, ClaimActor, args, parent).await?;
        self.sessions.cast(SessionsMsg::ReportTo(claims.clone()))?;
        if self.draining {
            claims.cast(ClaimMsg::Drain)?;
        }
        self.args.claims.send_replace(Some(claims.clone()));
        let id = claims.get_id();
        self.claims = Some(claims);
        Ok(id)
    }

    fn on_child_gone(
        &mut self,
        myself: &ActorRef<RootMsg>,
        cell: &ActorCell,
        why: &str,
    ) -> Result<(), ActorProcessingErr> {
        let Some(child) = self.children.remove(&cell.get_id()) else { return Ok(()) };
        warn!(child = ?child, error = why, "a child of the worker failed");
        self.on_failed(myself, child)
    }

    fn on_failed(&mut self, myself: &ActorRef<RootMsg>, child: Child) -> Result<(), ActorProcessingErr> {
        let again = self.restarts.get_mut(&child).and_then(|r| r.failed(Instant::now()));
        match again {
            Some(after) => {
                myself.send_after(after, move || RootMsg::Start(child));
                Ok(())
            }
            None => Err(format!("{child:?} failed and may not be restarted again").into()),
        }
    }

    async fn session_count(&self) -> Option<usize> {
        answer(self.sessions.call(|reply_to| SessionsMsg::Count { reply_to }, Some(ASK)).await)
    }

    async fn warm_count(&self) -> Option<usize> {
        let warm = self.warm.borrow().clone()?;
        answer(warm.call(|reply_to| WarmMsg::Count { reply_to }, Some(ASK)).await)
    }

    /// Whether no request is on its way to becoming a session here. What is not known is not so.
    async fn claims_nothing(&self) -> bool {
        let Some(claims) = &self.claims else { return self.claims_under_way.is_empty() };
        // In this order: a pull ends as a claim's task, a claim's task as a session.
        let idle = answer(claims.call(|reply_to| ClaimMsg::IsIdle { reply_to }, Some(ASK)).await);
        idle == Some(true) && self.claims_under_way.is_empty()
    }

    async fn about(&self) -> Worker {
        let busy = self.session_count().await.unwrap_or_default();
        let warm = self.warm_count().await.unwrap_or_default();
        let slots = self.args.about.slots.max(1);
        #[expect(clippy::cast_precision_loss, reason = "a share of a few thousand slots")]
        let share = busy as f64 / f64::from(slots);
        Worker {
            busy: u32::try_from(busy).unwrap_or(u32::MAX),
            warm: u32::try_from(warm).unwrap_or(u32::MAX),
            pressure: share.max(self.args.browsers.pressure()).min(1.0),
            versions: self.args.browsers.versions(),
            draining: self.draining,
            frozen: !self.args.gate.may_act(),
            seen_at: self.args.bus.now(),
            ..self.args.about.clone()
        }
    }

    async fn on_announce(&self) {
        let about = self.about().await;
        let (bus, listens) = (Arc::clone(&self.args.bus), self.args.listens.clone());
        tokio::spawn(async move {
            let (me, own) = (about.id.clone(), about.pressure);
            if let Err(e) = bus.announce(about).await {
                tracing::debug!(error = %e, "the worker could not announce itself");
            }
            if let Ok(fleet) = bus.workers().await {
                let others = fleet.into_iter().filter(|w| w.id != me && !w.draining && !w.frozen);
                let listen = own <= median(others.map(|w| w.pressure)).unwrap_or(1.0) + MARGIN;
                listens.send_if_modified(|now| std::mem::replace(now, listen) != listen);
            }
        });
    }

    fn on_drain(&mut self, myself: &ActorRef<RootMsg>, grace: Duration) {
        if self.draining {
            return;
        }
        info!(grace_s = grace.as_secs(), "draining: nothing new is claimed");
        self.draining = true;
        if let Some(claims) = &self.claims {
            let _ = claims.cast(ClaimMsg::Drain);
        }
        if let Some(warm) = &*self.warm.borrow() {
            let _ = warm.cast(WarmMsg::Stop);
        }
        let until = Instant::now() + grace;
        let _ = myself.cast(RootMsg::Announce);
        let _ = myself.cast(RootMsg::Draining { until });
    }

    async fn on_draining(&mut self, myself: &ActorRef<RootMsg>, until: Instant) {
        if self.claims_nothing().await && self.session_count().await == Some(0) {
            info!("drained");
            self.args.drained.store(true, std::sync::atomic::Ordering::Release);
            myself.stop(Some("drained".into()));
            return;
        }
        // Each time: a claim that was under way may have become a session since.
        if Instant::now() >= until {
            let _ = self.sessions.cast(SessionsMsg::EndAll(EndReason::Drained));
        }
        myself.send_after(Duration::from_millis(50), move || RootMsg::Draining { until });
    }
}

fn answer<T, M>(called: Result<CallResult<T>, MessagingErr<M>>) -> Option<T> {
    match called {
        Ok(CallResult::Success(answer)) => Some(answer),
        Ok(CallResult::Timeout | CallResult::SenderError) | Err(_) => None,
    }
}

/// The middle of the others' loads; `None` where there are none.
fn median(loads: impl Iterator<Item = f64>) -> Option<f64> {
    let mut loads: Vec<f64> = loads.collect();
    loads.sort_by(f64::total_cmp);
    loads.get(loads.len() / 2).copied()
}

/// The id of a worker is only known to itself: new with each start.
pub fn new_worker_id(host: &str, random: [u8; 6]) -> WorkerId {
    let host: String = host
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c.to_ascii_lowercase() } else { '-' })
        .take(40)
        .collect();
    let random: String = random.iter().map(|b| format!("{b:02x}")).collect();
    let name = if host.is_empty() { random.clone() } else { format!("{host}-{random}") };
    // Both parts are of the alphabet and short enough by construction.
    WorkerId::new(&name).or_else(|_| WorkerId::new(&random)).unwrap_or_else(|_| unreachable_id())
}

#[expect(clippy::unreachable, reason = "twelve hex digits are an id")]
fn unreachable_id() -> WorkerId {
    unreachable!("twelve hex digits are an id")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_that_of_the_others() {
        assert_eq!(median([].into_iter()), None);
        assert_eq!(median([0.5].into_iter()), Some(0.5));
        assert_eq!(median([0.9, 0.1, 0.4].into_iter()), Some(0.4));
    }

    #[test]
    fn ids_are_of_the_alphabet_whatever_the_host_is_called() {
        assert_eq!(new_worker_id("Näme.local", [1, 2, 3, 4, 5, 255]).as_str(), "n-me-local-0102030405ff");
        assert_eq!(new_worker_id("", [0; 6]).as_str(), "000000000000");
    }
}
