//! The shell around [`Session`]: it owns the browser, the subscription, the tasks and the entry of one session.

use std::{collections::HashMap, sync::Arc};

use bus_schema::{
    ConnId, Error,
    model::{
        control::{Control, ControlMode},
        create::OnDisconnect,
        entry::Entry,
        event::EventType,
        input::InputBatch,
        note::Note,
        rpc::{OwnerReply, Run, ViewBeat},
        session::EndReason,
    },
};
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use tokio::{
    sync::{OwnedSemaphorePermit, oneshot},
    task::{AbortHandle, JoinHandle},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::{
    attempts::SharedAttempts,
    connections::Connections,
    driven::Driven,
    ingress::{self, Admitted},
    journal::Journal,
    keys::{Answer, Keys},
    notes::Teller,
    presence::Presence,
    state::{Effect, Input, Session, Settings, Ticket},
    supervisor::Adopted,
    told::Told,
    viewers::Viewers,
    writer::Writer,
};
use crate::{
    gate::Gate,
    port::{Browser, BrowserEvent, Bus, CdpClient, Guard, Responder, WriteFailure},
    task::{self, Panicked},
    warm::Quiet,
};

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
    /// From the task that let a CDP client in. The receiver MUST answer the client.
    Connected { conn: ConnId, connected: Result<Box<dyn CdpClient>, Error>, responder: Box<dyn Responder> },
    /// From the task that let a CDP client take its connection up. The receiver MUST answer the client.
    Resumed { conn: ConnId, line: ConnId, received: Result<u64, Error>, responder: Box<dyn Responder> },
    /// From a viewer, through the bus.
    Beat(ViewBeat),
    /// Human input, through the bus. The receiver MUST drop it unless its control epoch is current.
    Input {
        batch: InputBatch,
        /// The view of whoever gives it.
        by: Option<ConnId>,
    },
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
    /// From a task that was to say how something went. The receiver MUST fail: it would wait for that for ever.
    Panicked(Panicked),
}

impl std::fmt::Debug for SessionMsg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            SessionMsg::Request(_) => "Request",
            SessionMsg::Done { .. } => "Done",
            SessionMsg::Noted { .. } => "Noted",
            SessionMsg::Browser(_) => "Browser",
            SessionMsg::Connected { .. } => "Connected",
            SessionMsg::Resumed { .. } => "Resumed",
            SessionMsg::Beat(_) => "Beat",
            SessionMsg::Input { .. } => "Input",
            SessionMsg::Tick { .. } => "Tick",
            SessionMsg::Written(_) => "Written",
            SessionMsg::WritePage => "WritePage",
            SessionMsg::End(_) => "End",
            SessionMsg::Compare { .. } => "Compare",
            SessionMsg::Over => "Over",
            SessionMsg::Panicked(_) => "Panicked",
        })
    }
}

/// A command that waits or runs.
pub(super) struct Pending {
    pub(super) run: Run,
    pub(super) responder: Box<dyn Responder>,
    pub(super) span: tracing::Span,
    pub(super) permit: OwnedSemaphorePermit,
    pub(super) deadline: Instant,
}

/// A command that runs.
pub(super) struct Running {
    pub(super) task: AbortHandle,
    /// Ends it with why the session did.
    pub(super) ended: oneshot::Sender<EndReason>,
}

pub struct SessionState {
    pub(super) core: Session,
    pub(super) entry: Entry,
    pub(super) revision: u64,
    pub(super) bus: Arc<dyn Bus>,
    pub(super) gate: Gate,
    pub(super) quiet: Quiet,
    pub(super) browser: Arc<dyn Browser>,
    /// Taken when the session ends.
    pub(super) journal: Option<Journal>,
    pub(super) pending: HashMap<Ticket, Pending>,
    pub(super) tasks: HashMap<Ticket, Running>,
    pub(super) next_ticket: u64,
    pub(super) attempts: SharedAttempts,
    pub(super) writer: Writer,
    pub(super) page_write_due: bool,
    pub(super) viewers: Viewers,
    pub(super) teller: Teller,
    pub(super) told: Told,
    /// The cursor under the pointer of whoever drives, for those who come to watch.
    pub(super) cursor: Option<Note>,
    /// There while a person drives.
    pub(super) driven: Option<Driven>,
    pub(super) presence: Presence,
    /// Subscriptions of attached connections.
    pub(super) attached: HashMap<ConnId, Guard>,
    pub(super) connections: Connections<Box<dyn CdpClient>>,
    pub(super) views: Option<Guard>,
    pub(super) generation: u64,
    pub(super) timer_at: Option<Instant>,
    pub(super) ending: Option<EndReason>,
    /// It does not end but goes to whoever claims it next.
    pub(super) recovers: bool,
    pub(super) end_waiters: Vec<Box<dyn Responder>>,
    /// Reads the inbox; ends with the session, or in order when told to leave.
    pub(super) ingress: Option<JoinHandle<()>>,
    pub(super) leave: CancellationToken,
    /// Read the browser's events; end with the session.
    pub(super) feeders: Vec<JoinHandle<()>>,
}

impl Drop for SessionState {
    fn drop(&mut self) {
        // Also after a panic: nothing of the session may go on.
        for task in self.feeders.drain(..).chain(self.ingress.take()) {
            task.abort();
        }
        for (_, running) in self.tasks.drain() {
            running.task.abort();
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
        let leave = CancellationToken::new();
        let reading = ingress::run(inbox, gate.clone(), leave.clone(), myself.clone());
        let ingress = Some(task::spawn(&myself, SessionMsg::Panicked, reading));
        let feeders = vec![tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                if to_session.cast(SessionMsg::Browser(event)).is_err() {
                    return;
                }
            }
        })];
        // Before the first owner there was nobody who could have done anything.
        let attempts = SharedAttempts::new((entry.epoch.0 > 1).then(|| bus.now()));
        let journal = Journal::open(Arc::clone(&bus), entry.tenant.clone(), entry.id.clone(), entry.epoch);
        let teller = Teller::open(Arc::clone(&bus), entry.id.clone());
        let driven = (entry.control.mode == ControlMode::UserControl).then(|| Driven::since(now));
        let mut state = SessionState {
            journal: Some(journal),
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
            attempts,
            writer: Writer::default(),
            page_write_due: false,
            viewers: Viewers::default(),
            teller,
            told: Told::default(),
            cursor: None,
            driven,
            presence: Presence::default(),
            attached: HashMap::new(),
            connections: Connections::default(),
            views: None,
            generation: 0,
            timer_at: None,
            ending: None,
            recovers: false,
            end_waiters: Vec::new(),
            ingress,
            leave,
            feeders,
        };
        if state.entry.epoch.0 > 1 {
            // Those who were connected to the owner before come back, or do not.
            state.apply(&myself, Input::Clients { count: 0, busy: false, now });
        }
        state.browser.drive(!state.core_is_agents());
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
            SessionMsg::Connected { conn, connected, responder } => {
                state.on_connected(&myself, conn, connected, responder);
            }
            SessionMsg::Resumed { conn, line, received, responder } => {
                state.on_resumed(&myself, &conn, line, received, responder);
            }
            SessionMsg::Beat(beat) => state.on_beat(&myself, beat),
            SessionMsg::Input { batch, by } => state.on_input(&myself, batch, by.as_ref()).await,
            SessionMsg::Tick { generation } => state.on_tick(&myself, generation),
            SessionMsg::Written(result) => state.on_written(&myself, result),
            SessionMsg::WritePage => state.on_write_page(&myself),
            SessionMsg::End(reason) => state.begin_end(&myself, reason, None),
            SessionMsg::Compare { must_win, reply_to } => state.on_compare(&myself, must_win, reply_to).await,
            SessionMsg::Over => state.on_over(&myself),
            SessionMsg::Panicked(e) => return Err(e.into()),
        }
        Ok(())
    }
}

pub(super) fn settings(entry: &Entry, bus: &dyn Bus, now: Instant) -> Settings {
    Settings {
        idle_timeout: entry.spec.idle_timeout_s.duration(),
        dialog_timeout: entry.spec.dialog_timeout_s.duration(),
        expires: now + entry.expires_at().since(bus.now()),
        keep_alive: (entry.spec.on_disconnect == OnDisconnect::Close)
            .then(|| entry.spec.keep_alive_s.duration()),
    }
}

impl SessionState {
    pub(super) async fn on_browser(&mut self, myself: &ActorRef<SessionMsg>, event: BrowserEvent) {
        match event {
            BrowserEvent::Say { kind, data } => {
                if kind == EventType::Navigated
                    && let Some(driven) = &mut self.driven
                {
                    driven.navigated(&data);
                }
                self.say(kind, data);
            }
            BrowserEvent::Note(note) => self.on_note(note),
            BrowserEvent::Touched { tab, label, kind } => {
                if let Some(driven) = &mut self.driven {
                    driven.touched(tab, &label, &kind);
                }
            }
            BrowserEvent::Changed => self.write_page_soon(myself),
            BrowserEvent::Dialog { tab, open } => self.on_dialog(myself, tab, open),
            BrowserEvent::Viewport(viewport) => {
                self.entry.spec.viewport = viewport;
                self.write(myself);
            }
            BrowserEvent::HandOff { conn, instructions, patience } => {
                self.on_hand_off(myself, conn, instructions, patience);
            }
            BrowserEvent::KeepAlive { patience } => self.on_keep_alive(myself, patience),
            BrowserEvent::Left { conn } => self.on_left(myself, &conn),
            BrowserEvent::Close => self.begin_end(myself, EndReason::Released, None),
            BrowserEvent::Gone { reason, detail } => self.on_gone(myself, reason, detail),
        }
    }

    pub(super) fn on_tick(&mut self, myself: &ActorRef<SessionMsg>, generation: u64) {
        if generation != self.generation {
            return;
        }
        self.timer_at = None;
        let now = Instant::now();
        let mut silent = self.viewers.expire(now);
        if !silent.is_empty() {
            self.browser.watch(self.viewers.wish());
            self.tell_viewers();
        }
        silent.extend(self.presence.expire(now));
        for conn in silent {
            self.detached(myself, conn);
        }
        let expired = self.connections.expire(now);
        if !expired.is_empty() {
            self.count_clients(myself);
        }
        for (conn, _) in expired {
            self.apply(myself, Input::Left { conn, now });
        }
        let by_clients = self.browser.answers_dialogs();
        self.apply(myself, Input::DialogsAnswered { by_clients });
        self.apply(myself, Input::Tick { now });
    }

    pub(super) fn apply(&mut self, myself: &ActorRef<SessionMsg>, input: Input) {
        let effects = self.core.apply(input);
        self.perform_all(myself, effects);
    }

    pub(super) fn perform_all(&mut self, myself: &ActorRef<SessionMsg>, effects: Vec<Effect>) {
        for effect in effects {
            self.perform(myself, effect);
        }
        self.set_timer(myself);
    }

    pub(super) fn perform(&mut self, myself: &ActorRef<SessionMsg>, effect: Effect) {
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
            Effect::HandedBack(conn, how) => {
                if let Some(client) = self.connections.get(&conn) {
                    client.handed_back(how);
                }
            }
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

    pub(super) fn control_changed(&mut self, myself: &ActorRef<SessionMsg>, control: Control) {
        let data = self.hand_over(&control);
        self.say(EventType::ControlChanged, data);
        self.entry.control = control;
        self.browser.drive(!self.core_is_agents());
        self.write(myself);
        let browser = Arc::clone(&self.browser);
        tokio::spawn(async move { browser.release_input().await });
    }

    pub(super) fn say(&self, kind: EventType, data: serde_json::Value) {
        if let Some(journal) = &self.journal {
            journal.say(kind, data);
        }
    }

    /// One timer for all that is due; an older one is stale.
    pub(super) fn set_timer(&mut self, myself: &ActorRef<SessionMsg>) {
        if self.ending.is_some() {
            return;
        }
        let silence = [self.viewers.deadline(), self.presence.deadline(), self.connections.deadline()];
        let silence = silence.into_iter().flatten();
        let at = silence.fold(self.core.deadline(), Instant::min);
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
