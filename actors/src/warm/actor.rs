//! The shell around [`WarmPool`].

use std::{sync::Arc, time::Duration};

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};
use tokio::time::Instant;
use tracing::warn;

use super::state::{Quiet, WarmPool};
use crate::{
    gate::Gate,
    metrics::metrics,
    port::{Browser, Browsers, StartError},
    task::caught,
};

const TICK: Duration = Duration::from_millis(100);
/// A claim does not wait longer than this for the pool; it starts a browser itself.
const TAKE: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub struct WarmActor;

pub struct WarmArgs {
    pub browsers: Arc<dyn Browsers>,
    pub gate: Gate,
    pub quiet: Quiet,
    pub target: usize,
    pub minimum: usize,
}

pub enum WarmMsg {
    /// From the timer. The receiver MUST start a browser if one is wanted.
    Tick,
    /// From a start's task. The receiver MUST keep the browser, or wait before the next.
    Started(Result<Arc<dyn Browser>, StartError>),
    /// From a claim. The receiver MUST hand out a living browser, if it has one.
    Take { reply_to: RpcReplyPort<Option<Arc<dyn Browser>>> },
    /// From the root, for the register. The receiver MUST say how many are ready.
    Count { reply_to: RpcReplyPort<usize> },
    /// From the root, before the worker leaves. The receiver MUST start no more and let go of what it has.
    Stop,
}

impl std::fmt::Debug for WarmMsg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            WarmMsg::Tick => "Tick",
            WarmMsg::Started(_) => "Started",
            WarmMsg::Take { .. } => "Take",
            WarmMsg::Count { .. } => "Count",
            WarmMsg::Stop => "Stop",
        })
    }
}

pub struct WarmState {
    pool: WarmPool,
    args: WarmArgs,
    ready: Vec<Arc<dyn Browser>>,
}

impl Drop for WarmState {
    fn drop(&mut self) {
        // Also after a panic: what it held goes with it.
        metrics().warm.sub(i64::try_from(self.ready.len()).unwrap_or(i64::MAX));
    }
}

impl Actor for WarmActor {
    type Msg = WarmMsg;
    type State = WarmState;
    type Arguments = WarmArgs;

    async fn pre_start(
        &self,
        myself: ActorRef<WarmMsg>,
        args: WarmArgs,
    ) -> Result<WarmState, ActorProcessingErr> {
        myself.send_interval(TICK, || WarmMsg::Tick);
        let pool = WarmPool::new(args.target, args.minimum);
        Ok(WarmState { pool, args, ready: Vec::new() })
    }

    async fn handle(
        &self,
        myself: ActorRef<WarmMsg>,
        message: WarmMsg,
        state: &mut WarmState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            WarmMsg::Tick => state.on_tick(&myself),
            WarmMsg::Started(started) => state.on_started(started),
            WarmMsg::Take { reply_to } => {
                let _ = reply_to.send(state.take());
            }
            WarmMsg::Count { reply_to } => {
                let _ = reply_to.send(state.ready.len());
            }
            WarmMsg::Stop => {
                state.pool.stop();
                for browser in state.ready.drain(..) {
                    metrics().warm.dec();
                    tokio::spawn(async move { browser.close().await });
                }
            }
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<WarmMsg>,
        _: SupervisionEvent,
        _: &mut WarmState,
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

impl WarmState {
    fn on_tick(&mut self, myself: &ActorRef<WarmMsg>) {
        self.drop_dead();
        // What is started while frozen would not be stopped.
        if !self.args.gate.may_act() || !self.pool.wants_start(Instant::now(), self.args.quiet.since()) {
            return;
        }
        self.pool.begin();
        let (browsers, myself) = (Arc::clone(&self.args.browsers), myself.clone());
        tokio::spawn(async move {
            // A start that panics is one that failed: the pool goes on, and waits before the next.
            let started = caught(browsers.warm()).await.unwrap_or_else(|e| {
                Err(StartError { detail: format!("the start of a browser died: {e}"), retryable: true })
            });
            let _ = myself.cast(WarmMsg::Started(started));
        });
    }

    fn on_started(&mut self, started: Result<Arc<dyn Browser>, StartError>) {
        match started {
            Ok(browser) => {
                self.pool.started();
                metrics().warm.inc();
                self.ready.push(browser);
            }
            Err(e) => {
                warn!(error = %e, "a warm browser could not be started");
                self.pool.failed(Instant::now());
            }
        }
    }

    fn take(&mut self) -> Option<Arc<dyn Browser>> {
        self.drop_dead();
        if self.ready.is_empty() {
            return None;
        }
        self.pool.left();
        metrics().warm.dec();
        // The oldest: what has lived is known to live.
        Some(self.ready.remove(0))
    }

    fn drop_dead(&mut self) {
        let before = self.ready.len();
        self.ready.retain(|b| b.is_alive());
        for _ in self.ready.len()..before {
            self.pool.left();
            metrics().warm.dec();
        }
    }
}

/// The pool that runs, also after a restart.
pub type CurrentWarm = tokio::sync::watch::Receiver<Option<ActorRef<WarmMsg>>>;

/// A warm browser, if there is one at once.
pub async fn take_warm(pool: &CurrentWarm) -> Option<Arc<dyn Browser>> {
    let pool = pool.borrow().clone()?;
    match pool.call(|reply_to| WarmMsg::Take { reply_to }, Some(TAKE)).await {
        Ok(ractor::rpc::CallResult::Success(browser)) => browser,
        Ok(ractor::rpc::CallResult::Timeout | ractor::rpc::CallResult::SenderError) | Err(_) => None,
    }
}
