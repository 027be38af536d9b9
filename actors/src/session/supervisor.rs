//! All sessions of a worker: one actor each, none touching another's.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bus_schema::{
    Error, SessionId, Tenant, WorkerId,
    model::{
        entry::Entry,
        session::{EndReason, State},
    },
};
use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};
use tokio::sync::mpsc;
use tracing::{error, warn};

use super::{
    actor::{SessionActor, SessionArgs, SessionMsg},
    ending::end,
};
use crate::{
    claim::{ClaimMsg, Slot},
    gate::Gate,
    metrics::metrics,
    port::{Browser, BrowserEvent, Bus, Inbox, Stored, WriteFailure},
    task::caught,
    warm::Quiet,
};

const COMPARE: Duration = Duration::from_secs(4);
/// Between two tries to end a session whose actor is dead.
const ABANDON_AGAIN: Duration = Duration::from_secs(1);

/// A session that a claim has made ready, with all that belongs to it.
pub struct Adopted {
    pub entry: Entry,
    pub revision: u64,
    pub browser: Arc<dyn Browser>,
    pub events: mpsc::Receiver<BrowserEvent>,
    pub inbox: Box<dyn Inbox>,
    /// Keys that earlier owners noted.
    pub noted: Vec<String>,
}

#[derive(Debug)]
pub struct SessionsActor;

pub struct SessionsArgs {
    pub bus: Arc<dyn Bus>,
    pub gate: Gate,
    pub quiet: Quiet,
    pub worker: WorkerId,
}

pub enum SessionsMsg {
    /// From the root, for each claim loop that it starts. Whom to tell that a session is over.
    ReportTo(ActorRef<ClaimMsg>),
    /// From a claim's task. The receiver MUST give the session an actor of its own, and keep the slot while that lives.
    Adopt(Box<Adopted>, Slot),
    /// From the lease, after a freeze. The receiver MUST have every session compared with its entry, and answer
    /// `true` only if all were.
    CompareAll { must_win: bool, reply_to: RpcReplyPort<bool> },
    /// From the root. The receiver MUST end every session for that reason.
    EndAll(EndReason),
    /// From the root. The receiver MUST say how many there are.
    Count { reply_to: RpcReplyPort<usize> },
}

impl std::fmt::Debug for SessionsMsg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            SessionsMsg::ReportTo(_) => "ReportTo",
            SessionsMsg::Adopt(..) => "Adopt",
            SessionsMsg::CompareAll { .. } => "CompareAll",
            SessionsMsg::EndAll(_) => "EndAll",
            SessionsMsg::Count { .. } => "Count",
        })
    }
}

struct Held {
    session: ActorRef<SessionMsg>,
    id: SessionId,
    tenant: Tenant,
    _slot: Slot,
}

pub struct SessionsState {
    args: SessionsArgs,
    held: HashMap<ActorId, Held>,
    claims: Option<ActorRef<ClaimMsg>>,
}

impl Actor for SessionsActor {
    type Msg = SessionsMsg;
    type State = SessionsState;
    type Arguments = SessionsArgs;

    async fn pre_start(
        &self,
        _: ActorRef<SessionsMsg>,
        args: SessionsArgs,
    ) -> Result<SessionsState, ActorProcessingErr> {
        Ok(SessionsState { args, held: HashMap::new(), claims: None })
    }

    async fn handle(
        &self,
        myself: ActorRef<SessionsMsg>,
        message: SessionsMsg,
        state: &mut SessionsState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            SessionsMsg::ReportTo(claims) => state.claims = Some(claims),
            SessionsMsg::Adopt(adopted, slot) => state.on_adopt(&myself, *adopted, slot).await,
            SessionsMsg::CompareAll { must_win, reply_to } => state.on_compare_all(must_win, reply_to),
            SessionsMsg::EndAll(reason) => {
                for held in state.held.values() {
                    let _ = held.session.cast(SessionMsg::End(reason));
                }
            }
            SessionsMsg::Count { reply_to } => {
                let _ = reply_to.send(state.held.len());
            }
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<SessionsMsg>,
        event: SupervisionEvent,
        state: &mut SessionsState,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorTerminated(cell, ..) => state.on_gone(&cell, None),
            SupervisionEvent::ActorFailed(cell, why) => state.on_gone(&cell, Some(why.to_string())),
            SupervisionEvent::ActorStarted(_) | SupervisionEvent::ProcessGroupChanged(_) => {}
        }
        Ok(())
    }
}

impl SessionsState {
    async fn on_adopt(&mut self, myself: &ActorRef<SessionsMsg>, adopted: Adopted, slot: Slot) {
        let (id, tenant) = (adopted.entry.id.clone(), adopted.entry.tenant.clone());
        let args = SessionArgs {
            adopted,
            bus: Arc::clone(&self.args.bus),
            gate: self.args.gate.clone(),
            quiet: self.args.quiet.clone(),
        };
        self.args.quiet.disturb();
        match SessionActor::spawn_linked(None, SessionActor, args, myself.get_cell()).await {
            Ok((session, _)) => {
                self.held.insert(session.get_id(), Held { session, id, tenant, _slot: slot });
                metrics().sessions.inc();
            }
            Err(e) => {
                error!(session_id = %id, error = %e, "a session's actor did not start");
                self.abandon(id, tenant, e.to_string());
                drop(slot);
                self.report();
            }
        }
    }

    fn on_compare_all(&self, must_win: bool, reply_to: RpcReplyPort<bool>) {
        let sessions: Vec<_> = self.held.values().map(|h| h.session.clone()).collect();
        tokio::spawn(async move {
            let mut asked = tokio::task::JoinSet::new();
            for session in sessions {
                asked.spawn(async move {
                    let called = session
                        .call(|reply_to| SessionMsg::Compare { must_win, reply_to }, Some(COMPARE))
                        .await;
                    // One that is gone needs no comparing.
                    matches!(called, Ok(ractor::rpc::CallResult::Success(true)) | Err(_))
                });
            }
            let mut all = true;
            while let Some(compared) = asked.join_next().await {
                all &= compared.unwrap_or(false);
            }
            let _ = reply_to.send(all);
        });
    }

    fn on_gone(&mut self, cell: &ActorCell, failure: Option<String>) {
        let Some(held) = self.held.remove(&cell.get_id()) else { return };
        metrics().sessions.dec();
        if let Some(why) = failure {
            error!(session_id = %held.id, error = %why, "a session's actor failed: the session is ended");
            self.abandon(held.id.clone(), held.tenant.clone(), why);
        }
        drop(held);
        self.report();
    }

    fn report(&self) {
        if let Some(claims) = &self.claims {
            let _ = claims.cast(ClaimMsg::Look);
        }
    }

    /// Ends a session whose actor is dead: its state is unknown, so it is not given to anybody. Nobody else ends it while
    /// this worker lives, so this goes on until it is known to have ended.
    fn abandon(&self, id: SessionId, tenant: Tenant, why: String) {
        let (bus, gate, me) = (Arc::clone(&self.args.bus), self.args.gate.clone(), self.args.worker.clone());
        tokio::spawn(async move {
            loop {
                gate.wait().await;
                let ended = caught(abandoned(&*bus, &me, &tenant, &id, &why)).await;
                match ended.unwrap_or_else(|e| Err(Error::internal(e.to_string()))) {
                    Ok(()) => return,
                    Err(e) => warn!(session_id = %id, error = %e, "an abandoned session is not ended yet"),
                }
                tokio::time::sleep(ABANDON_AGAIN).await;
            }
        });
    }
}

/// Ends what is still `me`'s. An error: whether it is is not known.
async fn abandoned(
    bus: &dyn Bus,
    me: &WorkerId,
    tenant: &Tenant,
    id: &SessionId,
    why: &str,
) -> Result<(), Error> {
    loop {
        let stored = bus.entry_from_leader(tenant.clone(), id.clone()).await?;
        let ours = |s: &Stored| s.entry.owner.as_ref() == Some(me) && s.entry.state != State::Ended;
        let Some(stored) = stored.filter(ours) else { return Ok(()) };
        match end(bus, &stored, EndReason::Crashed, Some(why.to_owned())).await {
            Ok(_) => return Ok(()),
            // A write of the session itself that was under way.
            Err(WriteFailure::Lost(_)) => {}
            Err(WriteFailure::Unavailable(e)) => return Err(e),
        }
    }
}
