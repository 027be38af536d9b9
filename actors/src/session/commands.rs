//! Running commands: each in a task of its own, noted first where it has a key.

use std::sync::Arc;

use bus_schema::{
    Error,
    error::Outcome,
    model::{
        command::{CommandClass, CommandRequest, CommandResult},
        event::{Event, EventType},
        rpc::OwnerReply,
        session::EndReason,
    },
};
use ractor::ActorRef;
use tokio::{sync::oneshot, time::Instant};
use tracing::{Instrument, error};

use super::{
    actor::{Pending, Running, SessionMsg, SessionState},
    finish::over,
    journal::Journal,
    keys::Answer,
    state::{Input, Ticket},
};
use crate::{
    metrics::metrics,
    port::Browser,
    task::{self, caught},
};

impl SessionState {
    /// A key is in the log, acked, before its command acts: a new owner reads it back.
    pub(super) fn note(&mut self, myself: &ActorRef<SessionMsg>, ticket: Ticket, key: &str) {
        let action = self.pending.get(&ticket).map_or("", |p| p.run.request.command.action());
        let data = serde_json::json!({ "action": action, "key": key, "begun": true });
        let event = Event::new(EventType::Step, self.entry.id.clone(), self.entry.epoch, data);
        let (bus, tenant, to_session) = (Arc::clone(&self.bus), self.entry.tenant.clone(), myself.clone());
        task::spawn(myself, SessionMsg::Panicked, async move {
            let stored = bus.publish_stored(tenant, event).await;
            let _ = to_session.cast(SessionMsg::Noted { ticket, stored });
        });
    }

    pub(super) fn on_noted(
        &mut self,
        myself: &ActorRef<SessionMsg>,
        ticket: Ticket,
        stored: Result<(), Error>,
    ) {
        match stored {
            Ok(()) => self.start(myself, ticket),
            Err(e) => {
                if let Some(p) = self.pending.remove(&ticket) {
                    p.responder.send(OwnerReply::error(e.not_started()));
                }
                self.apply(
                    myself,
                    Input::Done { ticket, answer: None, not_started: true, now: Instant::now() },
                );
            }
        }
    }

    pub(super) fn start(&mut self, myself: &ActorRef<SessionMsg>, ticket: Ticket) {
        let Some(pending) = self.pending.remove(&ticket) else { return };
        if self.ending.is_some() || !self.gate.may_act() || !self.browser.is_alive() {
            let e = if self.browser.is_alive() {
                // Between the decision and now the lease ran out: nothing acts without it.
                Error::unavailable("the worker cannot act right now").not_started()
            } else {
                // What becomes of the session is known when the browser is gone altogether.
                Error::moved()
            };
            pending.responder.send(OwnerReply::error(e));
            let done = Input::Done { ticket, answer: None, not_started: true, now: Instant::now() };
            self.apply(myself, done);
            return;
        }
        let (browser, to_session) = (Arc::clone(&self.browser), myself.clone());
        let pen = self.journal.as_ref().map(Journal::pen);
        let span = pending.span.clone();
        let (ended, mut ends) = oneshot::channel();
        let task = tokio::spawn(
            async move {
                let Pending { run, responder, permit: _permit, deadline, .. } = pending;
                let began = Instant::now();
                let action = run.request.command.action();
                let class = run.request.command.class();
                let has_key = run.request.key.is_some();
                let executed = tokio::select! {
                    biased;
                    Ok(reason) = &mut ends => Err(over(reason, Outcome::Unknown)),
                    executed = caught(execute(&*browser, run.request, deadline, began)) => {
                        // What it had done by then nobody knows; the session goes on, and its place is free.
                        executed.unwrap_or_else(|e| {
                            error!(action, error = %e, "a command died");
                            Err(Error::internal("the command failed inside the worker").outcome_unknown())
                        })
                    }
                };
                let (reply, error) = match executed {
                    Ok(reply) => (reply, None),
                    Err(e) => (OwnerReply::error(e.clone()), Some(e)),
                };
                let outcome = error.as_ref().map_or("ok", |e| e.code.as_str());
                metrics().command(action, outcome, began.elapsed());
                let answer = if has_key { Answer::of(&reply) } else { None };
                let not_started = error.as_ref().is_some_and(|e| e.outcome == Some(Outcome::NotStarted));
                responder.send(reply);
                let _ = to_session.cast(SessionMsg::Done { ticket, answer, not_started });
                if let Some(pen) = pen.filter(|_| class != CommandClass::Read) {
                    pen.say(EventType::Step, step(action, began, error.as_ref()));
                }
            }
            .instrument(span),
        );
        self.tasks.insert(ticket, Running { task: task.abort_handle(), ended });
    }

    pub(super) fn drop_commands(&mut self, reason: Option<EndReason>) {
        for (_, running) in self.tasks.drain() {
            match reason {
                // It drops the command, and tells who waits for it why.
                Some(reason) => drop(running.ended.send(reason)),
                None => running.task.abort(),
            }
        }
        for (_, p) in self.pending.drain() {
            let e = match reason {
                Some(reason) => over(reason, Outcome::NotStarted),
                None => Error::moved(),
            };
            p.responder.send(OwnerReply::error(e));
        }
    }
}

async fn execute(
    browser: &dyn Browser,
    request: CommandRequest,
    deadline: Instant,
    began: Instant,
) -> Result<OwnerReply, Error> {
    let action = request.command.action().to_owned();
    let output = browser.run(request, deadline).await?;
    let result = CommandResult {
        action,
        result: output.result,
        page: output.page,
        dialog: output.dialog,
        duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    Ok(OwnerReply::ok(&result, output.attachment))
}

/// That a command has run, without what it was about.
fn step(action: &'static str, began: Instant, error: Option<&Error>) -> serde_json::Value {
    let mut data = serde_json::json!({
        "action": action,
        "ok": error.is_none(),
        "duration_ms": u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
    if let Some(e) = error {
        data["code"] = e.code.as_str().into();
    }
    data
}
