//! Decides which command runs, which waits and which is refused; and when a session is over.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::Duration,
};

use bus_schema::{
    ConnId, Error,
    model::{
        command::{CommandClass, DialogKind, OnHumanControl, OpenDialog},
        control::{Control, ControlRequest, Handoff},
        session::EndReason,
    },
};
use tokio::time::Instant;

use super::{
    control::{ControlInput, Controls},
    keys::{Answer, Keys, Known},
};
use crate::port::HandedBack;

/// Acting commands that may wait behind one of the same tab.
const WAITING: usize = 64;

/// Names one command while it is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// What the machine needs to know of a command.
#[derive(Clone, Debug)]
pub struct Asked {
    pub class: CommandClass,
    /// The tab it is for.
    pub tab: u32,
    /// Whether an open dialog would keep it waiting.
    pub needs_page: bool,
    pub key: Option<String>,
    pub on_human: OnHumanControl,
    /// The connection that asks, which may be that of the person in control.
    pub conn: Option<ConnId>,
    pub deadline: Instant,
}

#[derive(Debug)]
pub enum Input {
    Run {
        ticket: Ticket,
        asked: Asked,
        now: Instant,
    },
    /// The command has answered, or could not be started.
    Done {
        ticket: Ticket,
        answer: Option<Answer>,
        not_started: bool,
        now: Instant,
    },
    Control {
        request: ControlRequest,
        conn: Option<ConnId>,
        now: Instant,
    },
    /// So many clients are there now.
    Clients {
        count: usize,
        /// One of them keeps the session from being idle.
        busy: bool,
        now: Instant,
    },
    /// A person's view is followed by another one.
    Resumed {
        from: ConnId,
        to: ConnId,
        now: Instant,
    },
    /// A view or input connection is gone.
    Detached {
        conn: ConnId,
        now: Instant,
    },
    /// The agent wants a person to do something.
    HandOff {
        conn: ConnId,
        handoff: Handoff,
        until: Instant,
        now: Instant,
    },
    /// A CDP client is gone for good.
    Left {
        conn: ConnId,
        now: Instant,
    },
    Dialog {
        tab: u32,
        open: Option<OpenDialog>,
        now: Instant,
    },
    /// Whether clients are told of dialogs, and so answer them.
    DialogsAnswered {
        by_clients: bool,
    },
    /// Something that keeps the session from being idle.
    Active {
        now: Instant,
    },
    Settings(Settings),
    Tick {
        now: Instant,
    },
}

#[derive(Debug)]
pub enum Effect {
    Start(Ticket),
    /// Note the key in the log, then start.
    NoteThenStart(Ticket, String),
    Reject(Ticket, Error),
    Replay(Ticket, Answer),
    /// Answer the request with what control is now.
    ControlIs(Control),
    ControlRefused(Error),
    /// Write it, say it, and release pressed buttons and keys.
    ControlChanged(Control),
    /// Tell the CDP client how its wait for a person ended.
    HandedBack(ConnId, HandedBack),
    AnswerDialog {
        tab: u32,
        accept: bool,
    },
    End(EndReason),
}

/// What of the entry the machine goes by.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub idle_timeout: Duration,
    pub dialog_timeout: Duration,
    /// When its lifetime is over.
    pub expires: Instant,
    /// How long it outlives its last client, where it ends with that.
    pub keep_alive: Option<Duration>,
}

/// A dialog that stays open is not looked at without a pause, although `dialog_timeout_s` may be 0.
const SHORTEST_DIALOG: Duration = Duration::from_millis(50);

impl Settings {
    fn until_dismissed(&self) -> Duration {
        self.dialog_timeout.max(SHORTEST_DIALOG)
    }
}

#[derive(Debug)]
struct Dialog {
    open: OpenDialog,
    since: Instant,
}

#[derive(Debug, Default)]
struct Tab {
    running: Option<Ticket>,
    waiting: VecDeque<Ticket>,
}

/// Pure: time comes in with the inputs.
#[derive(Debug)]
pub struct Session {
    settings: Settings,
    controls: Controls,
    keys: Keys,
    commands: HashMap<Ticket, Asked>,
    tabs: BTreeMap<u32, Tab>,
    /// Commands that act, held while a person or nobody drives, in order of arrival.
    held: VecDeque<Ticket>,
    dialogs: BTreeMap<u32, Dialog>,
    running: usize,
    active_at: Instant,
    /// When it ends for want of clients.
    leaves_at: Option<Instant>,
    over: bool,
    /// A client is there that keeps it from being idle.
    busy: bool,
    clients_answer_dialogs: bool,
}

impl Session {
    pub fn new(settings: Settings, control: Control, keys: Keys, now: Instant) -> Self {
        Self {
            settings,
            controls: Controls::new(control, now),
            keys,
            commands: HashMap::new(),
            tabs: BTreeMap::new(),
            held: VecDeque::new(),
            dialogs: BTreeMap::new(),
            running: 0,
            active_at: now,
            leaves_at: None,
            over: false,
            busy: false,
            clients_answer_dialogs: false,
        }
    }

    pub fn control(&self) -> &Control {
        self.controls.control()
    }

    /// Whether the person who watches by this connection gives input that counts.
    pub fn takes_input_of(&self, view: Option<&ConnId>) -> bool {
        self.controls.takes_input_of(view)
    }

    /// The connection of the person in control.
    pub fn driver(&self) -> Option<&ConnId> {
        self.controls.driver()
    }

    pub fn apply(&mut self, input: Input) -> Vec<Effect> {
        match input {
            Input::Run { ticket, asked, now } => self.run(ticket, asked, now),
            Input::Done { ticket, answer, not_started, now } => self.done(ticket, answer, not_started, now),
            Input::Control { request, conn, now } => self.control_request(request, conn, now),
            Input::Clients { count, busy, now } => {
                if self.busy != busy {
                    (self.busy, self.active_at) = (busy, now);
                }
                let leaves_at = self.settings.keep_alive.filter(|_| count == 0).map(|d| now + d);
                // The last one left once: counted from then, however often it is said.
                self.leaves_at = leaves_at.map(|at| self.leaves_at.unwrap_or(at));
                Vec::new()
            }
            Input::Resumed { from, to, now } => self.control_input(ControlInput::Resumed { from, to }, now),
            Input::Detached { conn, now } => self.control_input(ControlInput::Detached { conn, now }, now),
            Input::HandOff { conn, handoff, until, now } => {
                self.control_input(ControlInput::HandOff { conn, handoff, until }, now)
            }
            Input::Left { conn, now } => self.control_input(ControlInput::Forget { conn }, now),
            Input::Dialog { tab, open, now } => {
                match open {
                    Some(open) => drop(self.dialogs.insert(tab, Dialog { open, since: now })),
                    None => drop(self.dialogs.remove(&tab)),
                }
                Vec::new()
            }
            Input::DialogsAnswered { by_clients } => {
                self.clients_answer_dialogs = by_clients;
                Vec::new()
            }
            Input::Active { now } => {
                self.active_at = now;
                Vec::new()
            }
            Input::Settings(settings) => {
                self.settings = settings;
                Vec::new()
            }
            Input::Tick { now } => self.tick(now),
        }
    }

    /// When the next `Tick` is due at the latest.
    pub fn deadline(&self) -> Instant {
        let idle = self.active_at + self.settings.idle_timeout;
        let held = self.held.iter().filter_map(|t| self.commands.get(t)).map(|c| c.deadline);
        let waiting = self
            .tabs
            .values()
            .flat_map(|t| &t.waiting)
            .filter_map(|t| self.commands.get(t))
            .map(|c| c.deadline);
        let dialogs = self.dialogs.values().map(|d| d.since + self.settings.until_dismissed());
        let dialogs = dialogs.filter(|_| self.controls.agent_may_act());
        [
            Some(self.settings.expires),
            (self.running == 0 && !self.busy).then_some(idle),
            self.controls.deadline(),
            self.leaves_at,
        ]
        .into_iter()
        .flatten()
        .chain(held)
        .chain(waiting)
        .chain(dialogs)
        .min()
        .unwrap_or(self.settings.expires)
    }

    fn run(&mut self, ticket: Ticket, asked: Asked, now: Instant) -> Vec<Effect> {
        self.active_at = now;
        if asked.deadline <= now {
            return vec![Effect::Reject(ticket, late())];
        }
        if let Some(effect) = self.used_key(ticket, &asked) {
            return vec![effect];
        }
        if let Some(dialog) = self.dialogs.get(&asked.tab).filter(|_| asked.needs_page) {
            let context = serde_json::json!({ "dialog": dialog.open });
            let e = Error::conflict("a dialog is open: answer it with the command `dialog`").not_started();
            return vec![Effect::Reject(ticket, e.with_context(context))];
        }
        if asked.class != CommandClass::Read && !self.controls.may_act(&asked) {
            return self.hold(ticket, asked);
        }
        self.admit(ticket, asked)
    }

    fn used_key(&self, ticket: Ticket, asked: &Asked) -> Option<Effect> {
        let known = self.keys.get(asked.key.as_ref()?)?;
        Some(match known {
            Known::Answered(answer) => Effect::Replay(ticket, answer.clone()),
            Known::Running => Effect::Reject(ticket, Error::conflict("a command with this key is running")),
            Known::Unknown => {
                let e =
                    Error::conflict("a command with this key was run, and its answer is not known any more");
                Effect::Reject(ticket, e.outcome_unknown())
            }
        })
    }

    fn hold(&mut self, ticket: Ticket, asked: Asked) -> Vec<Effect> {
        if asked.on_human == OnHumanControl::Fail || asked.class == CommandClass::Dialog {
            let e = Error::conflict(self.controls.driven()).not_started();
            return vec![Effect::Reject(ticket, e)];
        }
        if self.held.len() >= WAITING {
            return vec![Effect::Reject(ticket, too_many())];
        }
        self.held.push_back(ticket);
        self.commands.insert(ticket, asked);
        Vec::new()
    }

    fn admit(&mut self, ticket: Ticket, asked: Asked) -> Vec<Effect> {
        if asked.class == CommandClass::Act {
            let tab = self.tabs.entry(asked.tab).or_default();
            if tab.running.is_some() {
                if tab.waiting.len() >= WAITING {
                    return vec![Effect::Reject(ticket, too_many())];
                }
                tab.waiting.push_back(ticket);
                self.commands.insert(ticket, asked);
                return Vec::new();
            }
            tab.running = Some(ticket);
        }
        self.start(ticket, asked)
    }

    fn start(&mut self, ticket: Ticket, asked: Asked) -> Vec<Effect> {
        self.running += 1;
        let key = asked.key.clone();
        self.commands.insert(ticket, asked);
        match key {
            Some(key) => {
                self.keys.begin(key.clone());
                vec![Effect::NoteThenStart(ticket, key)]
            }
            None => vec![Effect::Start(ticket)],
        }
    }

    fn done(
        &mut self,
        ticket: Ticket,
        answer: Option<Answer>,
        not_started: bool,
        now: Instant,
    ) -> Vec<Effect> {
        let Some(asked) = self.commands.remove(&ticket) else { return Vec::new() };
        self.active_at = now;
        self.running = self.running.saturating_sub(1);
        if let Some(key) = &asked.key {
            if not_started { self.keys.forget(key) } else { self.keys.finish(key, answer) }
        }
        let Some(tab) = self.tabs.get_mut(&asked.tab).filter(|t| t.running == Some(ticket)) else {
            return Vec::new();
        };
        tab.running = None;
        self.next_of(asked.tab, now)
    }

    /// Starts the next command of a tab that is still in time and still allowed.
    fn next_of(&mut self, n: u32, now: Instant) -> Vec<Effect> {
        let mut effects = Vec::new();
        while let Some(tab) = self.tabs.get_mut(&n) {
            let Some(ticket) = tab.waiting.pop_front() else {
                self.tabs.remove(&n);
                return effects;
            };
            let Some(asked) = self.commands.remove(&ticket) else { continue };
            // Judged anew: a dialog may have opened and a person may have taken over since it came.
            effects.extend(self.run(ticket, asked, now));
            if self.tabs.get(&n).is_some_and(|t| t.running.is_some()) {
                return effects;
            }
        }
        effects
    }

    fn control_request(
        &mut self,
        request: ControlRequest,
        conn: Option<ConnId>,
        now: Instant,
    ) -> Vec<Effect> {
        self.active_at = now;
        match self.controls.apply(ControlInput::Request { request, conn, now }) {
            Err(e) => vec![Effect::ControlRefused(e)],
            Ok(changed) => {
                let mut effects = vec![Effect::ControlIs(self.controls.control().clone())];
                if changed {
                    effects.extend(self.control_changed(now));
                }
                effects
            }
        }
    }

    fn control_input(&mut self, input: ControlInput, now: Instant) -> Vec<Effect> {
        match self.controls.apply(input) {
            Ok(true) => self.control_changed(now),
            Ok(false) => self.handed_back().into_iter().collect(),
            Err(_) => Vec::new(),
        }
    }

    fn handed_back(&mut self) -> Option<Effect> {
        self.controls.take_handed_back().map(|(conn, how)| Effect::HandedBack(conn, how))
    }

    fn control_changed(&mut self, now: Instant) -> Vec<Effect> {
        let mut effects = vec![Effect::ControlChanged(self.controls.control().clone())];
        effects.extend(self.handed_back());
        if self.controls.agent_may_act() {
            for ticket in std::mem::take(&mut self.held) {
                if let Some(asked) = self.commands.remove(&ticket) {
                    effects.extend(self.run(ticket, asked, now));
                }
            }
        }
        effects
    }

    fn tick(&mut self, now: Instant) -> Vec<Effect> {
        let mut effects = self.control_input(ControlInput::Tick { now }, now);
        effects.extend(self.reject_late(now));
        effects.extend(self.overdue_dialogs(now));
        if self.over {
            return effects;
        }
        let idle = self.running == 0 && !self.busy && now >= self.active_at + self.settings.idle_timeout;
        if now >= self.settings.expires {
            self.over = true;
            effects.push(Effect::End(EndReason::Lifetime));
        } else if self.leaves_at.is_some_and(|at| now >= at) {
            self.over = true;
            effects.push(Effect::End(EndReason::ClientGone));
        } else if idle {
            self.over = true;
            effects.push(Effect::End(EndReason::IdleTimeout));
        }
        effects
    }

    fn reject_late(&mut self, now: Instant) -> Vec<Effect> {
        let is_late = |t: &Ticket| self.commands.get(t).is_some_and(|c| c.deadline <= now);
        let held_by_person: Vec<Ticket> = self.held.iter().copied().filter(is_late).collect();
        let behind_another: Vec<Ticket> =
            self.tabs.values().flat_map(|t| &t.waiting).copied().filter(is_late).collect();
        self.held.retain(|t| !held_by_person.contains(t));
        for tab in self.tabs.values_mut() {
            tab.waiting.retain(|t| !behind_another.contains(t));
        }
        let mut effects = Vec::new();
        for ticket in held_by_person {
            self.commands.remove(&ticket);
            let e = Error::timeout(format!("{} until the deadline", self.controls.driven())).not_started();
            effects.push(Effect::Reject(ticket, e));
        }
        for ticket in behind_another {
            self.commands.remove(&ticket);
            effects.push(Effect::Reject(ticket, late()));
        }
        effects
    }

    /// A dialog that nobody has answered. A person in control has all the time there is.
    fn overdue_dialogs(&mut self, now: Instant) -> Vec<Effect> {
        if !self.controls.agent_may_act() {
            return Vec::new();
        }
        let timeout = self.settings.until_dismissed();
        let mut effects = Vec::new();
        for (tab, dialog) in &mut self.dialogs {
            if now >= dialog.since + timeout {
                if self.clients_answer_dialogs {
                    dialog.since = now;
                    continue;
                }
                // Tried again after the same time, should the browser not have closed it.
                dialog.since = now;
                let accept = dialog.open.kind == DialogKind::Beforeunload;
                effects.push(Effect::AnswerDialog { tab: *tab, accept });
            }
        }
        effects
    }
}

fn late() -> Error {
    Error::timeout("the deadline passed before the command could start").not_started()
}

fn too_many() -> Error {
    Error::resource_exhausted(format!("{WAITING} commands are waiting already"))
        .not_started()
        .retry_after(Duration::from_secs(1))
}
