//! What the owner of a session is asked, and its answers.

use std::sync::Arc;

use bus_schema::{
    Error,
    error::Outcome,
    model::{
        command::Command,
        rpc::{OwnerReply, OwnerRequest, Run, SetControl},
    },
};
use ractor::ActorRef;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use super::{
    actor::{Pending, SessionMsg, SessionState, settings},
    finish::over,
    ingress::Admitted,
    state::{Asked, Effect, Input, Ticket},
};
use crate::port::{Responder, patch};

impl SessionState {
    pub(super) async fn on_request(&mut self, myself: &ActorRef<SessionMsg>, admitted: Admitted) {
        let Admitted { incoming, permit } = admitted;
        let (mut responder, mut permit, span) = (incoming.responder, permit, incoming.span);
        if let Some(attempt) = &incoming.attempt {
            let repeatable = incoming.request.is_repeatable();
            let waiting = (responder, permit);
            let Some(left) = self.attempts.admit(attempt, waiting, repeatable, self.bus.now()) else {
                return;
            };
            (responder, permit) = left;
        }
        // Only what never came before: of what did, something may be under way.
        if self.recovers {
            responder.send(OwnerReply::error(Error::moved()));
            return;
        }
        if let Some(reason) = self.ending {
            if let OwnerRequest::End(_) = incoming.request {
                self.end_waiters.push(responder);
            } else {
                responder.send(OwnerReply::error(over(reason, Outcome::NotStarted)));
            }
            return;
        }
        match incoming.request {
            OwnerRequest::Run(run) => self.on_run(myself, run, responder, span, permit),
            OwnerRequest::End(e) => {
                self.end_waiters.push(responder);
                self.begin_end(myself, e.reason, None);
            }
            OwnerRequest::Inspect(_) => {
                self.refresh();
                responder.send(OwnerReply::ok(&self.entry.session(), None));
            }
            OwnerRequest::Patch(p) => {
                patch(&mut self.entry, p);
                let now = Instant::now();
                self.apply(myself, Input::Settings(settings(&self.entry, &*self.bus, now)));
                let reply = OwnerReply::ok(&self.entry.session(), None);
                self.write(myself);
                self.writer.answer_after(responder, reply);
            }
            OwnerRequest::Control(c) => self.on_control(myself, c, responder).await,
            OwnerRequest::Attach(a) => self.on_attach(myself, a, responder).await,
            OwnerRequest::AnswerChooser(a) => self.on_answer_chooser(myself, a, responder, permit),
            OwnerRequest::Files(f) => {
                self.apply(myself, Input::Active { now: Instant::now() });
                let browser = Arc::clone(&self.browser);
                tokio::spawn(async move {
                    let _permit = permit;
                    responder.send(match browser.files(f).await {
                        Ok(reply) => OwnerReply::ok(&reply, None),
                        Err(e) => OwnerReply::error(e),
                    });
                });
            }
        }
    }

    pub(super) fn on_run(
        &mut self,
        myself: &ActorRef<SessionMsg>,
        run: Run,
        responder: Box<dyn Responder>,
        span: tracing::Span,
        permit: OwnedSemaphorePermit,
    ) {
        self.quiet.disturb();
        self.next_ticket += 1;
        let ticket = Ticket(self.next_ticket);
        let now = Instant::now();
        let left = run.deadline.since(self.bus.now()).min(run.request.timeout());
        let deadline = now + left;
        let request = &run.request;
        let asked = Asked {
            class: request.command.class(),
            tab: request.tab.unwrap_or_else(|| self.browser.active_tab()),
            needs_page: needs_page(&request.command),
            key: request.key.clone(),
            on_human: request.on_human_control.unwrap_or_default(),
            conn: run.conn.clone(),
            deadline,
        };
        self.pending.insert(ticket, Pending { run, responder, span, permit, deadline });
        self.apply(myself, Input::Run { ticket, asked, now });
    }

    pub(super) async fn on_control(
        &mut self,
        myself: &ActorRef<SessionMsg>,
        c: SetControl,
        responder: Box<dyn Responder>,
    ) {
        let input = Input::Control { request: c.request, conn: c.conn, now: Instant::now() };
        let before = self.core.control().clone();
        let mut effects = self.core.apply(input);
        let refused = effects.iter().position(|e| matches!(e, Effect::ControlRefused(_)));
        if let Some(Effect::ControlRefused(e)) = refused.map(|i| effects.swap_remove(i)) {
            responder.send(OwnerReply::error(e));
            return;
        }
        let control = self.core.control().clone();
        self.perform_all(myself, effects);
        let reply = OwnerReply::ok(&control, None);
        if control == before {
            responder.send(reply);
        } else {
            // Control is part of the entry: who is told that it has changed finds it so after a recovery too.
            self.writer.answer_after(responder, reply);
        }
    }
}

/// Commands that an open dialog does not keep waiting.
fn needs_page(command: &Command) -> bool {
    !matches!(
        command,
        Command::Dialog(_)
            | Command::Tabs(_)
            | Command::NewTab(_)
            | Command::ActivateTab(_)
            | Command::CloseTab(_)
            | Command::CookiesGet(_)
            | Command::CookiesSet(_)
            | Command::CookiesClear(_)
    )
}
