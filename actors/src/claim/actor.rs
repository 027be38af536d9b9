//! The shell around [`ClaimLoop`].

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use bus_schema::{Tenant, WorkerId, subject::Queue};
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};
use tokio_util::task::TaskTracker;
use tracing::{Instrument, debug, warn};

use super::{
    load::{Load, Slot, Starting},
    process::{Claimer, Start},
    state::{ClaimLoop, Limits},
};
use crate::{
    gate::Gate,
    port::{Browsers, Bus, Claim},
    session::SessionsMsg,
    task::{self, Panicked, caught},
    warm::CurrentWarm,
};

/// The stream is looked at this often besides the knocks, so a lost knock costs a second and no more.
const LOOK: Duration = Duration::from_secs(1);
/// At this pressure a worker takes nothing more.
const FULL: f64 = 0.95;

#[derive(Debug)]
pub struct ClaimActor;

pub struct ClaimArgs {
    pub bus: Arc<dyn Bus>,
    pub browsers: Arc<dyn Browsers>,
    pub gate: Gate,
    pub worker: WorkerId,
    pub pools: Vec<bus_schema::Pool>,
    pub slots: usize,
    /// What the worker has taken on, in this loop or an earlier one.
    pub load: Load,
    pub weights: HashMap<Tenant, u32>,
    pub sessions: ActorRef<SessionsMsg>,
    pub warm: CurrentWarm,
    /// Where claims run: they outlive a claim loop that fails, and a drain waits for them.
    pub under_way: TaskTracker,
}

pub enum ClaimMsg {
    /// From the timer, and from who gave back a slot or a start. The receiver MUST look at the waiting requests if
    /// there is room.
    Look,
    /// From the knock subscription. The receiver MUST take from that queue, or hand `knock` on by dropping it.
    Knock(Queue, Box<dyn PassOn>),
    /// From a look's task. The receiver MUST pull from those queues in turn while there is room.
    Waiting(BTreeMap<Queue, u64>),
    /// From a pull's task. The receiver MUST start a claim of what was pulled, or look on.
    Pulled(Vec<Queue>, Option<Arc<dyn Claim>>),
    /// From the task of a look or a pull. The receiver MUST fail: it would wait for that for ever.
    Panicked(Panicked),
    /// From the root. The receiver MUST claim nothing more.
    Drain,
    /// From the root that drains. The receiver MUST say whether no request is on its way to it.
    IsIdle { reply_to: RpcReplyPort<bool> },
}

impl std::fmt::Debug for ClaimMsg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            ClaimMsg::Look => "Look",
            ClaimMsg::Knock(..) => "Knock",
            ClaimMsg::Waiting(_) => "Waiting",
            ClaimMsg::Pulled(..) => "Pulled",
            ClaimMsg::Panicked(_) => "Panicked",
            ClaimMsg::Drain => "Drain",
            ClaimMsg::IsIdle { .. } => "IsIdle",
        })
    }
}

/// A knock that this worker cannot serve goes on to another.
pub trait PassOn: Send {
    fn pass_on(self: Box<Self>);
}

pub struct ClaimState {
    claims: ClaimLoop,
    claimer: Claimer,
    pools: Vec<bus_schema::Pool>,
    sessions: ActorRef<SessionsMsg>,
    under_way: TaskTracker,
    /// A look or pull is under way: one at a time, so that the order is kept.
    looking: bool,
    /// Something may have come since the last look began.
    again: bool,
}

impl Actor for ClaimActor {
    type Msg = ClaimMsg;
    type State = ClaimState;
    type Arguments = ClaimArgs;

    async fn pre_start(
        &self,
        myself: ActorRef<ClaimMsg>,
        args: ClaimArgs,
    ) -> Result<ClaimState, ActorProcessingErr> {
        myself.send_interval(LOOK, || ClaimMsg::Look);
        let limits = Limits { slots: args.slots, starts: args.browsers.start_limit() };
        let claimer = Claimer {
            bus: args.bus,
            browsers: args.browsers,
            gate: args.gate,
            worker: args.worker,
            warm: args.warm,
        };
        Ok(ClaimState {
            claims: ClaimLoop::new(limits, args.load, args.weights),
            claimer,
            pools: args.pools,
            sessions: args.sessions,
            under_way: args.under_way,
            looking: false,
            again: false,
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<ClaimMsg>,
        message: ClaimMsg,
        state: &mut ClaimState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ClaimMsg::Look => state.on_look(&myself),
            ClaimMsg::Knock(queue, knock) => state.on_knock(&myself, queue, knock),
            ClaimMsg::Waiting(waiting) => state.on_waiting(&myself, &waiting),
            ClaimMsg::Pulled(rest, claim) => state.on_pulled(&myself, rest, claim),
            ClaimMsg::Panicked(e) => return Err(e.into()),
            ClaimMsg::Drain => state.claims.drain(),
            ClaimMsg::IsIdle { reply_to } => drop(reply_to.send(!state.looking)),
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<ClaimMsg>,
        _: SupervisionEvent,
        _: &mut ClaimState,
    ) -> Result<(), ActorProcessingErr> {
        // It has no children; ractor's default would stop it for a stranger's end.
        Ok(())
    }
}

impl ClaimState {
    fn may_take(&self) -> bool {
        self.claims.has_room() && self.claimer.gate.may_act() && self.claimer.browsers.pressure() < FULL
    }

    fn on_look(&mut self, myself: &ActorRef<ClaimMsg>) {
        if !self.may_take() {
            return;
        }
        if self.looking {
            self.again = true;
            return;
        }
        self.looking = true;
        let (bus, to_loop) = (Arc::clone(&self.claimer.bus), myself.clone());
        let pools = self.pools.clone();
        task::spawn(myself, ClaimMsg::Panicked, async move {
            let waiting = bus.waiting().await.unwrap_or_else(|e| {
                debug!(error = %e, "the waiting requests could not be read");
                Default::default()
            });
            let queues = waiting.into_iter().filter(|(q, _)| pools.contains(&q.pool)).collect();
            let _ = to_loop.cast(ClaimMsg::Waiting(queues));
        });
    }

    fn on_waiting(&mut self, myself: &ActorRef<ClaimMsg>, waiting: &BTreeMap<Queue, u64>) {
        self.looking = false;
        let queues = self.claims.order(waiting);
        if !queues.is_empty() && self.may_take() {
            self.pull(myself, queues);
        } else if std::mem::take(&mut self.again) && self.may_take() && queues.is_empty() {
            self.on_look(myself);
        }
    }

    fn on_knock(&mut self, myself: &ActorRef<ClaimMsg>, queue: Queue, knock: Box<dyn PassOn>) {
        if !self.may_take() || !self.pools.contains(&queue.pool) {
            knock.pass_on();
            return;
        }
        if self.looking {
            self.again = true;
            return;
        }
        self.pull(myself, vec![queue]);
    }

    /// Asks the queues in order until one yields.
    fn pull(&mut self, myself: &ActorRef<ClaimMsg>, queues: Vec<Queue>) {
        self.looking = true;
        let (bus, to_loop) = (Arc::clone(&self.claimer.bus), myself.clone());
        task::spawn(myself, ClaimMsg::Panicked, async move {
            let mut rest = queues.into_iter();
            while let Some(queue) = rest.next() {
                match bus.pull(queue.clone()).await {
                    Ok(Some(claim)) => {
                        let mut left = vec![queue];
                        left.extend(rest);
                        let _ = to_loop.cast(ClaimMsg::Pulled(left, Some(claim)));
                        return;
                    }
                    Ok(None) => {}
                    Err(e) => debug!(error = %e, "a pull failed"),
                }
            }
            let _ = to_loop.cast(ClaimMsg::Pulled(Vec::new(), None));
        });
    }

    fn on_pulled(&mut self, myself: &ActorRef<ClaimMsg>, rest: Vec<Queue>, claim: Option<Arc<dyn Claim>>) {
        self.looking = false;
        if let Some(claim) = claim {
            if self.claims.is_draining() {
                self.under_way.spawn(async move { claim.nak(Duration::ZERO).await });
                return;
            }
            let (slot, starting) = self.claims.took(&claim.queue().tenant);
            self.begin(myself, claim, slot, starting);
            if self.may_take() {
                // More may wait in the same queues; whose turn it is decides a fresh look.
                if rest.len() > 1 { self.on_look(myself) } else { self.pull(myself, rest) }
            }
        } else if std::mem::take(&mut self.again) {
            self.on_look(myself);
        }
    }

    fn begin(&self, myself: &ActorRef<ClaimMsg>, claim: Arc<dyn Claim>, slot: Slot, starting: Starting) {
        let (claimer, sessions, myself) = (self.claimer.clone(), self.sessions.clone(), myself.clone());
        let span = claim.span();
        let start = Start::new(starting, myself.clone());
        self.under_way.spawn(async move {
            let claiming = async move {
                if let Some(adopted) = claimer.claim(&*claim, start).await {
                    // Straight to the sessions: a claim loop that fails meanwhile takes nobody's session with it.
                    let _ = sessions.cast(SessionsMsg::Adopt(Box::new(adopted), slot));
                }
            };
            if let Err(e) = caught(claiming.instrument(span)).await {
                warn!(error = %e, "a claim died: the request is delivered again");
            }
            let _ = myself.cast(ClaimMsg::Look);
        });
    }
}
