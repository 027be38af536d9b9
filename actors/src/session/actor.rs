//! The shell around [`Session`]: it owns the browser, the subscription, the tasks and the entry of one session.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bus_schema::{
    ConnId, Error,
    model::{
        command::{Command, CommandClass, CommandRequest, CommandResult},
        control::Control,
        entry::Entry,
        event::{Event, EventType},
        rpc::{Attach, AttachKind, Attached, OwnerReply, OwnerRequest, Run, SetControl, ViewBeat},
        session::{EndReason, State},
    },
};
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    task::{AbortHandle, JoinHandle},
    time::Instant,
};
use tracing::{Instrument, debug, warn};

use super::{
    ending::end,
    ingress::{self, Admitted},
    keys::{Answer, Keys},
    state::{Asked, Effect, Input, Session, Settings, Ticket},
    supervisor::Adopted,
    viewers::{HEARTBEAT, Viewers},
    writer::Writer,
};
use crate::{
    gate::Gate,
    port::{Browser, BrowserEvent, Bus, Guard, Responder, Stored, WriteFailure, patch},
    warm::Quiet,
};

/// Page and tabs are written into the entry at most this often.
const PAGE_WRITES: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub struct SessionActor;

pub struct SessionArgs {
    pub adopted: Adopted,
    pub bus: Arc<dyn Bus>,
    pub gate: Gate,
    pub quiet: Quiet,
}

pub enum SessionMsg {
    /// From the ingress. The receiver MUST see to it that it is answered.
    Request(Box<Admitted>),
    /// From a command's task, which has answered. The receiver MUST free its place.
    Done { ticket: Ticket, answer: Option<Answer>, not_started: bool },
    /// From the task that noted a key in the log. The receiver MUST start the command if it was noted.
    Noted { ticket: Ticket, stored: Result<(), Error> },
    /// From the browser. The receiver MUST publish or apply it.
    Browser(BrowserEvent),
    /// From a viewer, through the bus.
    Beat(ViewBeat),
    /// Human input, through the bus. The receiver MUST drop it unless its control epoch is current.
    Input(bus_schema::model::input::InputBatch),
    /// From the timer. Stale if another was set since.
    Tick { generation: u64 },
    /// From the write's task. The receiver MUST write again if the entry changed meanwhile, or go if it is lost.
    Written(Result<u64, WriteFailure>),
    /// From the timer of page writes.
    WritePage,
    /// From Sessions. The receiver MUST end the session for that reason.
    End(EndReason),
    /// From Sessions, after a freeze. The receiver MUST find out whether the session is still ours, and go if not.
    Compare { must_win: bool, reply_to: RpcReplyPort<bool> },
    /// From the task that ended it. The receiver MUST stop.
    Over,
}

impl std::fmt::Debug for SessionMsg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            SessionMsg::Request(_) => "Request",
            SessionMsg::Done { .. } => "Done",
            SessionMsg::Noted { .. } => "Noted",
            SessionMsg::Browser(_) => "Browser",
            SessionMsg::Beat(_) => "Beat",
            SessionMsg::Input(_) => "Input",
            SessionMsg::Tick { .. } => "Tick",
            SessionMsg::Written(_) => "Written",
            SessionMsg::WritePage => "WritePage",
            SessionMsg::End(_) => "End",
            SessionMsg::Compare { .. } => "Compare",
            SessionMsg::Over => "Over",
        })
    }
}

/// A command that waits or runs.
struct Pending {
    run: Run,
    responder: Box<dyn Responder>,
    span: tracing::Span,
    permit: OwnedSemaphorePermit,
    deadline: Instant,
}

pub struct SessionState {
    core: Session,
    entry: Entry,
    revision: u64,
    bus: Arc<dyn Bus>,
    gate: Gate,
    quiet: Quiet,
    browser: Arc<dyn Browser>,
    pending: HashMap<Ticket, Pending>,
    tasks: HashMap<Ticket, AbortHandle>,
    next_ticket: u64,
    writer: Writer,
    page_write_due: bool,
    viewers: Viewers,
    /// Subscriptions of attached connections.
    attached: HashMap<ConnId, Guard>,
    views: Option<Guard>,
    generation: u64,
    timer_at: Option<Instant>,
    ending: Option<EndReason>,
    end_waiters: Vec<Box<dyn Responder>>,
    /// Read the inbox and the browser's events; end with the session.
    feeders: Vec<JoinHandle<()>>,
}

impl Drop for SessionState {
    fn drop(&mut self) {
        // Also after a panic: nothing of the session may go on.
        for task in self.feeders.drain(..) {
            task.abort();
        }
        for (_, task) in self.tasks.drain() {
            task.abort();
        }
    }
}

impl Actor for SessionActor {
    type Msg = SessionMsg;
    type State = SessionState;
    type Arguments = SessionArgs;

    async fn pre_start(
        &self,
        myself: ActorRef<SessionMsg>,
        args: SessionArgs,
    ) -> Result<SessionState, ActorProcessingErr> {
        let SessionArgs { adopted, bus, gate, quiet } = args;
        let Adopted { entry, revision, browser, mut events, inbox, noted } = adopted;
        let now = Instant::now();
        let settings = settings(&entry, &*bus, now);
        let core = Session::new(settings, entry.control.clone(), Keys::noted(noted), now);
        let to_session = myself.clone();
        let feeders = vec![
            tokio::spawn(ingress::run(inbox, gate.clone(), myself.clone())),
            tokio::spawn(async move {
                while let Some(event) = events.recv().await {
                    if to_session.cast(SessionMsg::Browser(event)).is_err() {
                        return;
                    }
                }
            }),
        ];
        let mut state = SessionState {
            core,
            entry,
            revision,
            bus,
            gate,
            quiet,
            browser,
            pending: HashMap::new(),
            tasks: HashMap::new(),
            next_ticket: 0,
            writer: Writer::default(),
            page_write_due: false,
            viewers: Viewers::default(),
            attached: HashMap::new(),
            views: None,
            generation: 0,
            timer_at: None,
            ending: None,
            end_waiters: Vec::new(),
            feeders,
        };
        state.set_timer(&myself);
        Ok(state)
    }

    async fn handle(
        &self,
        myself: ActorRef<SessionMsg>,
        message: SessionMsg,
        state: &mut SessionState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            SessionMsg::Request(admitted) => state.on_request(&myself, *admitted).await,
            SessionMsg::Done { ticket, answer, not_started } => {
                state.tasks.remove(&ticket);
                state.apply(&myself, Input::Done { ticket, answer, not_started, now: Instant::now() });
            }
            SessionMsg::Noted { ticket, stored } => state.on_noted(&myself, ticket, stored),
            SessionMsg::Browser(event) => state.on_browser(&myself, event).await,
            SessionMsg::Beat(beat) => state.on_beat(&myself, beat),
            SessionMsg::Input(batch) => state.on_input(&myself, batch).await,
            SessionMsg::Tick { generation } => state.on_tick(&myself, generation),
            SessionMsg::Written(result) => state.on_written(&myself, result),
            SessionMsg::WritePage => state.on_write_page(&myself),
            SessionMsg::End(reason) => state.begin_end(&myself, reason, None),
            SessionMsg::Compare { must_win, reply_to } => state.on_compare(&myself, must_win, reply_to).await,
            SessionMsg::Over => myself.stop(None),
        }
        Ok(())
    }
}

fn settings(entry: &Entry, bus: &dyn Bus, now: Instant) -> Settings {
    Settings {
        idle_timeout: entry.spec.idle_timeout_s.duration(),
        dialog_timeout: entry.spec.dialog_timeout_s.duration(),
        expires: now + entry.expires_at().since(bus.now()),
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

impl SessionState {
    async fn on_request(&mut self, myself: &ActorRef<SessionMsg>, admitted: Admitted) {
        let Admitted { incoming, permit } = admitted;
        let (responder, span) = (incoming.responder, incoming.span);
        if let Some(reason) = self.ending {
            if let OwnerRequest::End(_) = incoming.request {
                self.end_waiters.push(responder);
            } else {
                responder.send(OwnerReply::error(over(reason)));
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

    fn on_run(
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
            deadline,
        };
        self.pending.insert(ticket, Pending { run, responder, span, permit, deadline });
        self.apply(myself, Input::Run { ticket, asked, now });
    }

    async fn on_control(
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

    async fn on_attach(
        &mut self,
        myself: &ActorRef<SessionMsg>,
        attach: Attach,
        responder: Box<dyn Responder>,
    ) {
        let attached = match attach.kind {
            AttachKind::Input => self.attach_input(myself, &attach.conn).await,
            AttachKind::View => self.attach_view(myself, &attach).await,
        };
        let heartbeat_ms = u32::try_from(HEARTBEAT.as_millis() / 3).unwrap_or(u32::MAX);
        responder.send(match attached {
            Ok(()) => OwnerReply::ok(&Attached { control: self.core.control().clone(), heartbeat_ms }, None),
            Err(e) => OwnerReply::error(e),
        });
        self.set_timer(myself);
    }

    async fn attach_input(&mut self, myself: &ActorRef<SessionMsg>, conn: &ConnId) -> Result<(), Error> {
        if self.attached.contains_key(conn) {
            return Ok(());
        }
        if self.attached.len() >= 64 {
            return Err(Error::resource_exhausted("64 connections send input already"));
        }
        // Else one that never watched could not say that it is gone, and 64 of them would shut everybody out.
        self.hear_beats(myself).await?;
        let (sink, mut batches) = mpsc::channel(64);
        let guard = self.bus.inputs(self.entry.id.clone(), conn.clone(), sink).await?;
        let myself = myself.clone();
        tokio::spawn(async move {
            while let Some(batch) = batches.recv().await {
                if myself.cast(SessionMsg::Input(batch)).is_err() {
                    return;
                }
            }
        });
        self.attached.insert(conn.clone(), guard);
        Ok(())
    }

    /// Viewers say on one subject that they are there, and whoever sends input that they have gone.
    async fn hear_beats(&mut self, myself: &ActorRef<SessionMsg>) -> Result<(), Error> {
        if self.views.is_some() {
            return Ok(());
        }
        let (sink, mut beats) = mpsc::channel(256);
        self.views = Some(self.bus.beats(self.entry.id.clone(), sink).await?);
        let myself = myself.clone();
        tokio::spawn(async move {
            while let Some(beat) = beats.recv().await {
                if myself.cast(SessionMsg::Beat(beat)).is_err() {
                    return;
                }
            }
        });
        Ok(())
    }

    async fn attach_view(&mut self, myself: &ActorRef<SessionMsg>, attach: &Attach) -> Result<(), Error> {
        self.hear_beats(myself).await?;
        if !self.viewers.beat(attach.conn.clone(), attach.wish, false, Instant::now()) {
            return Err(Error::resource_exhausted("too many viewers"));
        }
        self.browser.watch(self.viewers.wish());
        Ok(())
    }

    fn on_beat(&mut self, myself: &ActorRef<SessionMsg>, beat: ViewBeat) {
        if beat.gone {
            self.viewers.leave(&beat.conn);
            self.detached(myself, beat.conn);
        } else {
            self.viewers.beat(beat.conn, beat.wish, beat.slow, Instant::now());
        }
        self.browser.watch(self.viewers.wish());
        self.set_timer(myself);
    }

    fn detached(&mut self, myself: &ActorRef<SessionMsg>, conn: ConnId) {
        self.attached.remove(&conn);
        self.apply(myself, Input::Detached { conn, now: Instant::now() });
    }

    async fn on_input(&mut self, myself: &ActorRef<SessionMsg>, batch: bus_schema::model::input::InputBatch) {
        let control = self.core.control();
        let current = batch.epoch == control.epoch && !self.core_is_agents();
        if !current || self.ending.is_some() || !self.gate.may_act() {
            return;
        }
        self.quiet.disturb();
        self.apply(myself, Input::Active { now: Instant::now() });
        if let Err(e) = self.browser.input(batch).await {
            debug!(session_id = %self.entry.id, error = %e, "input was not taken");
        }
    }

    fn core_is_agents(&self) -> bool {
        self.core.control().mode == bus_schema::model::control::ControlMode::AiControl
    }

    fn on_noted(&mut self, myself: &ActorRef<SessionMsg>, ticket: Ticket, stored: Result<(), Error>) {
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

    async fn on_browser(&mut self, myself: &ActorRef<SessionMsg>, event: BrowserEvent) {
        match event {
            BrowserEvent::Say { kind, data } => self.say(kind, data),
            BrowserEvent::Changed => self.write_page_soon(myself),
            BrowserEvent::Dialog { tab, open } => {
                if let Some(open) = &open {
                    self.say(EventType::Dialog, serde_json::json!({ "opened": open }));
                } else {
                    self.say(EventType::Dialog, serde_json::json!({ "closed": { "tab": tab } }));
                }
                self.apply(myself, Input::Dialog { tab, open, now: Instant::now() });
            }
            BrowserEvent::Gone { reason, detail } => self.begin_end(myself, reason, Some(detail)),
        }
    }

    fn on_tick(&mut self, myself: &ActorRef<SessionMsg>, generation: u64) {
        if generation != self.generation {
            return;
        }
        self.timer_at = None;
        let now = Instant::now();
        let silent = self.viewers.expire(now);
        if !silent.is_empty() {
            self.browser.watch(self.viewers.wish());
            for conn in silent {
                self.detached(myself, conn);
            }
        }
        self.apply(myself, Input::Tick { now });
    }

    fn apply(&mut self, myself: &ActorRef<SessionMsg>, input: Input) {
        let effects = self.core.apply(input);
        self.perform_all(myself, effects);
    }

    fn perform_all(&mut self, myself: &ActorRef<SessionMsg>, effects: Vec<Effect>) {
        for effect in effects {
            self.perform(myself, effect);
        }
        self.set_timer(myself);
    }

    fn perform(&mut self, myself: &ActorRef<SessionMsg>, effect: Effect) {
        match effect {
            Effect::Start(ticket) => self.start(myself, ticket),
            Effect::NoteThenStart(ticket, key) => self.note(myself, ticket, &key),
            Effect::Reject(ticket, error) => {
                if let Some(p) = self.pending.remove(&ticket) {
                    p.responder.send(OwnerReply::error(error));
                }
            }
            Effect::Replay(ticket, answer) => {
                if let Some(p) = self.pending.remove(&ticket) {
                    p.responder.send(answer.reply());
                }
            }
            Effect::ControlIs(_) | Effect::ControlRefused(_) => {}
            Effect::ControlChanged(control) => self.control_changed(myself, control),
            Effect::AnswerDialog { tab, accept } => {
                let browser = Arc::clone(&self.browser);
                tokio::spawn(async move {
                    if let Err(e) = browser.answer_dialog(tab, accept).await {
                        debug!(error = %e, "a dialog was not answered");
                    }
                });
            }
            Effect::End(reason) => self.begin_end(myself, reason, None),
        }
    }

    fn control_changed(&mut self, myself: &ActorRef<SessionMsg>, control: Control) {
        self.say(EventType::ControlChanged, serde_json::to_value(&control).unwrap_or_default());
        self.entry.control = control;
        self.write(myself);
        let browser = Arc::clone(&self.browser);
        tokio::spawn(async move { browser.release_input().await });
    }

    /// A key is in the log, acked, before its command acts: a new owner reads it back.
    fn note(&mut self, myself: &ActorRef<SessionMsg>, ticket: Ticket, key: &str) {
        let action = self.pending.get(&ticket).map_or("", |p| p.run.request.command.action());
        let data = serde_json::json!({ "action": action, "key": key, "begun": true });
        let event = Event::new(EventType::Step, self.entry.id.clone(), self.entry.epoch, data);
        let (bus, tenant, myself) = (Arc::clone(&self.bus), self.entry.tenant.clone(), myself.clone());
        tokio::spawn(async move {
            let stored = bus.publish_stored(tenant, event).await;
            let _ = myself.cast(SessionMsg::Noted { ticket, stored });
        });
    }

    fn start(&mut self, myself: &ActorRef<SessionMsg>, ticket: Ticket) {
        let Some(pending) = self.pending.remove(&ticket) else { return };
        if self.ending.is_some() || !self.gate.may_act() {
            // Between the decision and now the lease ran out: nothing acts without it.
            let e = Error::unavailable("the worker cannot act right now").not_started();
            pending.responder.send(OwnerReply::error(e));
            let done = Input::Done { ticket, answer: None, not_started: true, now: Instant::now() };
            self.apply(myself, done);
            return;
        }
        let (browser, to_session) = (Arc::clone(&self.browser), myself.clone());
        let log = Log {
            bus: Arc::clone(&self.bus),
            entry: (self.entry.id.clone(), self.entry.tenant.clone(), self.entry.epoch),
        };
        let span = pending.span.clone();
        let task = tokio::spawn(
            async move {
                let Pending { run, responder, permit: _permit, deadline, .. } = pending;
                let began = Instant::now();
                let action = run.request.command.action();
                let class = run.request.command.class();
                let has_key = run.request.key.is_some();
                let (reply, error) = match execute(&*browser, run.request, deadline, began).await {
                    Ok(reply) => (reply, None),
                    Err(e) => (OwnerReply::error(e.clone()), Some(e)),
                };
                let answer = if has_key { Answer::of(&reply) } else { None };
                let not_started =
                    error.as_ref().is_some_and(|e| e.outcome == Some(bus_schema::error::Outcome::NotStarted));
                responder.send(reply);
                let _ = to_session.cast(SessionMsg::Done { ticket, answer, not_started });
                if class != CommandClass::Read {
                    log.step(action, began, error.as_ref()).await;
                }
            }
            .instrument(span),
        );
        self.tasks.insert(ticket, task.abort_handle());
    }

    fn say(&self, kind: EventType, data: serde_json::Value) {
        let event = Event::new(kind, self.entry.id.clone(), self.entry.epoch, data);
        let (bus, tenant) = (Arc::clone(&self.bus), self.entry.tenant.clone());
        tokio::spawn(async move {
            if let Err(e) = bus.publish(tenant, event).await {
                debug!(error = %e, "an event was not published");
            }
        });
    }

    fn refresh(&mut self) {
        self.entry.page = self.browser.page();
        self.entry.tabs = self.browser.tabs();
    }

    fn write_page_soon(&mut self, myself: &ActorRef<SessionMsg>) {
        if !std::mem::replace(&mut self.page_write_due, true) {
            myself.send_after(PAGE_WRITES, || SessionMsg::WritePage);
        }
    }

    fn on_write_page(&mut self, myself: &ActorRef<SessionMsg>) {
        self.page_write_due = false;
        let before = (self.entry.page.clone(), self.entry.tabs.clone());
        self.refresh();
        if before != (self.entry.page.clone(), self.entry.tabs.clone()) {
            self.write(myself);
        }
    }

    fn write(&mut self, myself: &ActorRef<SessionMsg>) {
        if self.ending.is_none() && self.writer.changed() {
            self.send_write(myself);
        }
    }

    fn send_write(&self, myself: &ActorRef<SessionMsg>) {
        let (bus, gate, myself) = (Arc::clone(&self.bus), self.gate.clone(), myself.clone());
        let (entry, revision) = (self.entry.clone(), self.revision);
        tokio::spawn(async move {
            let written = loop {
                gate.wait().await;
                match bus.write(entry.clone(), revision).await {
                    Err(WriteFailure::Unavailable(_)) => {}
                    done => break done,
                }
            };
            let _ = myself.cast(SessionMsg::Written(written));
        });
    }

    fn on_written(&mut self, myself: &ActorRef<SessionMsg>, result: Result<u64, WriteFailure>) {
        match result {
            Ok(revision) => {
                self.revision = revision;
                let again = self.writer.written();
                if self.ending.is_some() {
                    self.finish(myself);
                } else if again {
                    self.send_write(myself);
                }
            }
            Err(WriteFailure::Lost(_)) => self.lose(myself),
            Err(WriteFailure::Unavailable(_)) => self.send_write(myself),
        }
    }

    /// Another owner has it, or it has ended: what is here goes without a word on the bus.
    fn lose(&mut self, myself: &ActorRef<SessionMsg>) {
        warn!(session_id = %self.entry.id, epoch = %self.entry.epoch, "the session is another owner's: its browser is ended");
        self.drop_commands(None);
        let (browser, myself) = (Arc::clone(&self.browser), myself.clone());
        self.ending = Some(EndReason::WorkerLost);
        tokio::spawn(async move {
            browser.close().await;
            let _ = myself.cast(SessionMsg::Over);
        });
    }

    async fn on_compare(
        &mut self,
        myself: &ActorRef<SessionMsg>,
        must_win: bool,
        reply_to: RpcReplyPort<bool>,
    ) {
        if self.ending.is_some() {
            let _ = reply_to.send(true);
            return;
        }
        let ours = if must_win { self.win().await } else { self.still_ours().await };
        match ours {
            Ok(true) => drop(reply_to.send(true)),
            Ok(false) => {
                self.lose(myself);
                let _ = reply_to.send(true);
            }
            Err(e) => {
                debug!(session_id = %self.entry.id, error = %e, "the entry could not be compared");
                let _ = reply_to.send(false);
            }
        }
    }

    async fn still_ours(&self) -> Result<bool, Error> {
        let stored = self.bus.entry_from_leader(self.entry.tenant.clone(), self.entry.id.clone()).await?;
        Ok(stored.is_some_and(|s| {
            s.entry.owner == self.entry.owner
                && s.entry.epoch == self.entry.epoch
                && s.entry.state != State::Ended
        }))
    }

    async fn win(&mut self) -> Result<bool, Error> {
        // A write may be under way with the same entry: the rule for unanswered writes sorts them out.
        match self.bus.write(self.entry.clone(), self.revision).await {
            Ok(revision) => {
                self.revision = revision;
                Ok(true)
            }
            Err(WriteFailure::Lost(_)) => Ok(false),
            Err(WriteFailure::Unavailable(e)) => Err(e),
        }
    }

    fn drop_commands(&mut self, reason: Option<EndReason>) {
        for (_, task) in self.tasks.drain() {
            task.abort();
        }
        for (_, p) in self.pending.drain() {
            let e = match reason {
                Some(reason) => over(reason),
                None => Error::unavailable("the session moved to another worker").not_started(),
            };
            p.responder.send(OwnerReply::error(e));
        }
    }

    fn begin_end(&mut self, myself: &ActorRef<SessionMsg>, reason: EndReason, detail: Option<String>) {
        if self.ending.is_some() {
            return;
        }
        self.ending = Some(reason);
        self.entry.end_detail = detail;
        self.refresh();
        self.drop_commands(Some(reason));
        self.browser.watch(None);
        if self.writer.is_idle() {
            self.finish(myself);
        }
    }

    /// The entry, the event, the answer; the browser goes meanwhile.
    fn finish(&mut self, myself: &ActorRef<SessionMsg>) {
        let Some(reason) = self.ending else { return };
        let detail = self.entry.end_detail.clone();
        let stored = Stored { entry: self.entry.clone(), revision: self.revision };
        let waiters = std::mem::take(&mut self.end_waiters);
        let (bus, gate, browser, myself) =
            (Arc::clone(&self.bus), self.gate.clone(), Arc::clone(&self.browser), myself.clone());
        tokio::spawn(async move {
            let closing = tokio::spawn(async move { browser.close().await });
            loop {
                gate.wait().await;
                match end(&*bus, &stored, reason, detail.clone()).await {
                    Err(WriteFailure::Unavailable(e)) => debug!(error = %e, "the end is not written yet"),
                    Ok(_) | Err(WriteFailure::Lost(_)) => break,
                }
            }
            let session = stored.entry.ended(reason, detail, bus.now()).session();
            for responder in waiters {
                responder.send(OwnerReply::ok(&session, None));
            }
            if let Err(e) = closing.await {
                warn!(error = %e, "closing a browser died");
            }
            let _ = myself.cast(SessionMsg::Over);
        });
    }

    /// One timer for all that is due; an older one is stale.
    fn set_timer(&mut self, myself: &ActorRef<SessionMsg>) {
        if self.ending.is_some() {
            return;
        }
        let at = self.viewers.deadline().map_or(self.core.deadline(), |v| v.min(self.core.deadline()));
        // An earlier one that is set will look again by itself.
        if self.timer_at.is_some_and(|set| set <= at) {
            return;
        }
        self.generation += 1;
        self.timer_at = Some(at);
        let generation = self.generation;
        myself.send_after(at.saturating_duration_since(Instant::now()), move || SessionMsg::Tick {
            generation,
        });
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
        page: browser.page(),
        dialog: output.dialog,
        duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    Ok(OwnerReply::ok(&result, output.attachment))
}

/// Says that a command has run, without what it was about.
struct Log {
    bus: Arc<dyn Bus>,
    entry: (bus_schema::SessionId, bus_schema::Tenant, bus_schema::Epoch),
}

impl Log {
    async fn step(self, action: &'static str, began: Instant, error: Option<&Error>) {
        let (id, tenant, epoch) = self.entry;
        let mut data = serde_json::json!({
            "action": action,
            "ok": error.is_none(),
            "duration_ms": u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
        if let Some(e) = error {
            data["code"] = e.code.as_str().into();
        }
        if let Err(e) = self.bus.publish(tenant, Event::new(EventType::Step, id, epoch, data)).await {
            debug!(error = %e, "an event was not published");
        }
    }
}

fn over(reason: EndReason) -> Error {
    Error::gone(format!("the session has ended: {reason}"))
        .with_context(serde_json::json!({ "end_reason": reason }))
        .not_started()
}
