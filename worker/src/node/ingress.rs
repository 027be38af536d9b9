//! What reaches a worker from the bus besides its sessions' requests: knocks and control.

use std::time::Duration;

use actors::{
    claim::{ClaimMsg, PassOn},
    root::RootMsg,
};
use bus::{Bus, work::Knocks};
use bus_schema::{
    Error, Pool, WorkerId,
    model::rpc::{WorkerReply, WorkerRequest},
};
use ractor::ActorRef;
use tokio::sync::watch;
use tracing::warn;

const INSPECT: Duration = Duration::from_secs(2);

struct Knocked(bus::work::Knock);

impl PassOn for Knocked {
    fn pass_on(self: Box<Self>) {
        tokio::spawn(self.0.pass_on());
    }
}

/// Hands the knocks of a pool to the claim loop, whichever is running, while the worker listens at all.
pub(super) async fn knocks(
    bus: Bus,
    pool: Pool,
    claims: watch::Receiver<Option<ActorRef<ClaimMsg>>>,
    mut listens: watch::Receiver<bool>,
) {
    loop {
        if listens.wait_for(|listens| *listens).await.is_err() {
            return;
        }
        match bus.work_queue().knocks(&pool).await {
            Ok(knocks) => {
                let listening = hear(knocks, &claims);
                tokio::select! {
                    () = listening => return,
                    // Dropped, the subscription leaves the queue group.
                    quiet = listens.wait_for(|listens| !*listens) => if quiet.is_err() { return },
                }
            }
            Err(e) => {
                warn!(error = %e, "knocks are not heard: requests are found by looking only");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// Returns when the connection is closed for good.
async fn hear(mut knocks: Knocks, claims: &watch::Receiver<Option<ActorRef<ClaimMsg>>>) {
    while let Some(knock) = knocks.next().await {
        let queue = knock.queue.clone();
        let knock = Box::new(Knocked(knock));
        match claims.borrow().as_ref() {
            Some(claims) => drop(claims.cast(ClaimMsg::Knock(queue, knock))),
            None => knock.pass_on(),
        }
    }
}

/// Answers on the worker's control subject.
pub(super) async fn control(bus: Bus, worker: WorkerId, root: ActorRef<RootMsg>) {
    loop {
        if let Ok(mut inbox) = bus.serve_worker(&worker).await {
            while inbox.answer_next(async |request| answer(&root, request).await).await.is_some() {}
            return;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn answer(root: &ActorRef<RootMsg>, request: WorkerRequest) -> WorkerReply {
    let inspect = async || match root.call(|reply_to| RootMsg::Inspect { reply_to }, Some(INSPECT)).await {
        Ok(ractor::rpc::CallResult::Success(about)) => WorkerReply::Worker(about),
        Ok(ractor::rpc::CallResult::Timeout | ractor::rpc::CallResult::SenderError) | Err(_) => {
            WorkerReply::Error(Error::unavailable("the worker is leaving"))
        }
    };
    match request {
        WorkerRequest::Ping => WorkerReply::Pong,
        WorkerRequest::Inspect => inspect().await,
        WorkerRequest::Drain { grace_s } => {
            let _ = root.cast(RootMsg::Drain { grace: Duration::from_secs(u64::from(grace_s)) });
            inspect().await
        }
    }
}
