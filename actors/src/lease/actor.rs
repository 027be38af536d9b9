//! The shell around [`Lease`].

use std::{sync::Arc, time::Duration};

use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::time::Instant;
use tracing::{info, warn};

use super::state::{Effect, Input, Lease, Phase, Times};
use crate::{
    gate::Gate,
    metrics::metrics,
    port::{Browsers, Bus, LeaseFailure},
    session::SessionsMsg,
    task::{self, Panicked},
};

/// How often the lease is looked at. Effects check the gate themselves; this only stops what acts by itself.
const TICK: Duration = Duration::from_millis(100);
/// How long comparing all sessions may take before the next renewal starts it again.
const COMPARE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct LeaseActor;

pub struct LeaseArgs {
    pub bus: Arc<dyn Bus>,
    pub browsers: Arc<dyn Browsers>,
    pub gate: Gate,
    pub sessions: ActorRef<SessionsMsg>,
    pub times: Times,
}

#[derive(Debug)]
pub enum LeaseMsg {
    /// From the timer. The receiver MUST freeze if the lease has run out, and renew when it is due.
    Tick,
    /// From a task that the actor started. The receiver MUST apply it.
    Happened(Input),
    /// From a task that was to say what happened. The receiver MUST fail: it would wait for that for ever.
    Panicked(Panicked),
}

pub struct LeaseState {
    args: LeaseArgs,
    lease: Lease,
}

impl Actor for LeaseActor {
    type Msg = LeaseMsg;
    type State = LeaseState;
    type Arguments = LeaseArgs;

    async fn pre_start(
        &self,
        myself: ActorRef<LeaseMsg>,
        args: LeaseArgs,
    ) -> Result<LeaseState, ActorProcessingErr> {
        // One that failed may have left browsers that run: nothing does until the lease is renewed and compared.
        args.gate.close();
        args.browsers.freeze_all();
        myself.send_interval(TICK, || LeaseMsg::Tick);
        let lease = Lease::new(args.times);
        myself.cast(LeaseMsg::Tick)?;
        Ok(LeaseState { args, lease })
    }

    async fn handle(
        &self,
        myself: ActorRef<LeaseMsg>,
        message: LeaseMsg,
        state: &mut LeaseState,
    ) -> Result<(), ActorProcessingErr> {
        let input = match message {
            LeaseMsg::Tick => Input::Tick { now: Instant::now() },
            LeaseMsg::Happened(input) => input,
            LeaseMsg::Panicked(e) => return Err(e.into()),
        };
        for effect in state.lease.apply(input) {
            state.perform(&myself, effect);
        }
        Ok(())
    }

    async fn post_stop(
        &self,
        _: ActorRef<LeaseMsg>,
        state: &mut LeaseState,
    ) -> Result<(), ActorProcessingErr> {
        state.args.gate.close();
        Ok(())
    }
}

impl LeaseState {
    fn perform(&self, myself: &ActorRef<LeaseMsg>, effect: Effect) {
        match effect {
            Effect::Renew { n, expected } => self.renew(myself.clone(), n, expected),
            Effect::Extend { until } => self.args.gate.extend(until),
            Effect::Freeze => {
                metrics().freezes.inc();
                warn!("the lease has run out: every browser is stopped until it is renewed");
                self.args.gate.close();
                self.args.browsers.freeze_all();
            }
            Effect::Compare { round, must_win } => self.compare(myself.clone(), round, must_win),
            Effect::Thaw => {
                if self.lease.phase() == Phase::Acting {
                    info!("the lease is valid: sessions run");
                    self.args.browsers.thaw_all();
                    self.args.gate.open();
                }
            }
        }
    }

    fn renew(&self, myself: ActorRef<LeaseMsg>, n: u64, expected: u64) {
        let bus = Arc::clone(&self.args.bus);
        let timeout = self.args.times.valid_for;
        task::spawn(&myself.clone(), LeaseMsg::Panicked, async move {
            let sent = Instant::now();
            let input = match bus.renew_lease(n, expected, timeout).await {
                Ok(revision) => Input::Acked { sent, revision, now: Instant::now() },
                Err(LeaseFailure::Refused { revision, ours }) => Input::Refused { revision, ours },
                Err(LeaseFailure::Unavailable(_)) => Input::Unanswered,
            };
            let _ = myself.cast(LeaseMsg::Happened(input));
        });
    }

    fn compare(&self, myself: ActorRef<LeaseMsg>, round: u64, must_win: bool) {
        let sessions = self.args.sessions.clone();
        task::spawn(&myself.clone(), LeaseMsg::Panicked, async move {
            let asked =
                sessions.call(|reply_to| SessionsMsg::CompareAll { must_win, reply_to }, Some(COMPARE)).await;
            let whole = matches!(asked, Ok(ractor::rpc::CallResult::Success(true)));
            let _ = myself.cast(LeaseMsg::Happened(Input::Compared { round, whole, now: Instant::now() }));
        });
    }
}
