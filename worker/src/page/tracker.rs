//! Which tabs there are and what they show. Pure: inputs in, effects out.

use std::collections::{BTreeMap, HashMap, VecDeque};

use bus_schema::model::command::OpenDialog;

pub use super::document::Frame;
use super::document::Frames;
use super::download::Downloads;
use super::event::Event;
pub use super::input::Input;
use super::input::{Attached, Dialog, DownloadBegins, FrameInput, TargetInfo};
use crate::cdp::SessionId;

/// Frames that are remembered after they are gone: a download may be reported after the frame that began it.
const FORMER_FRAMES: usize = 256;

/// What the driver must do about an input.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Set a session up and let its target run: a whole page, or a frame in a process of its own.
    SetUp {
        session: SessionId,
        page: bool,
        /// It is in the session's own context.
        own: bool,
    },
    /// Set up a worker that a page has started, and let it run.
    SetUpWorker {
        session: SessionId,
        /// Of a service worker: the URL of its script, which is about to be asked for.
        script: Option<String>,
        own: bool,
    },
    /// Not ours: let it run and leave it.
    Release {
        session: SessionId,
    },
    /// Ask the browser for a target's title: it reports no change of it by itself.
    AskTitle {
        target: String,
    },
    /// A document of this URL was committed in some frame.
    Committed {
        url: String,
    },
    Emit(Event),
}

#[derive(Clone, Debug)]
pub struct Tab {
    pub n: u32,
    pub target: String,
    pub session: SessionId,
    pub url: String,
    pub title: String,
    /// The browser context, where it is not the session's own.
    pub context: Option<String>,
    pub dialog: Option<OpenDialog>,
    /// Where it is on its way to, while the server there has not answered.
    pub leaving: Option<String>,
    pub crashed: bool,
    /// Its emulation and its subscriptions are in place.
    pub ready: bool,
    pub frames: Frames,
}

#[derive(Debug)]
struct Worker {
    /// Its tab; absent where it belongs to no one page.
    n: Option<u32>,
    /// The script of a service worker.
    script: Option<String>,
}

#[derive(Debug, Default)]
pub struct Tracker {
    tabs: BTreeMap<u32, Tab>,
    last: u32,
    /// Tabs in the order of their last activity; the last one is active.
    recent: Vec<u32>,
    /// The tab of each session, its own or one of a frame in it.
    sessions: HashMap<SessionId, u32>,
    workers: HashMap<SessionId, Worker>,
    pub downloads: Downloads,
    /// The session's own browser context: given, or that of the first page.
    context: Option<String>,
    /// Others have contexts of their own in this browser, and their downloads are reported here too.
    shared: bool,
    /// Frames that are gone, with their tabs.
    former: VecDeque<(String, u32)>,
}

/// An address as everybody may see it, in the event log too: without the password that may have been given with it.
fn shown(url: &str, fragment: &str) -> String {
    let whole = format!("{url}{fragment}");
    if !whole.contains('@') {
        return whole;
    }
    let Ok(mut parsed) = url::Url::parse(&whole) else { return whole };
    if parsed.username().is_empty() && parsed.password().is_none() {
        return whole;
    }
    // Neither fails where there was one before.
    let _ = parsed.set_username("");
    let _ = parsed.set_password(None);
    parsed.into()
}

impl Tracker {
    pub fn in_context(context: Option<String>) -> Self {
        Self { shared: context.is_some(), context, ..Self::default() }
    }

    pub fn tabs(&self) -> impl Iterator<Item = &Tab> {
        self.tabs.values()
    }

    pub fn tab(&self, n: u32) -> Option<&Tab> {
        self.tabs.get(&n)
    }

    pub fn tab_of_target(&self, target: &str) -> Option<&Tab> {
        self.tabs.values().find(|tab| tab.target == target)
    }

    /// The tab last opened by a page, activated, navigated or given input.
    pub fn active(&self) -> Option<u32> {
        self.recent.last().copied()
    }

    /// The sessions of the session's own context, each with whether it speaks for a whole page. What other contexts
    /// of the browser pretend to be is the affair of the clients that made them.
    pub fn sessions(&self) -> Vec<(SessionId, bool)> {
        let own = |n: &u32| self.tabs.get(n).is_some_and(|tab| tab.context.is_none());
        self.sessions
            .iter()
            .filter(|(_, n)| own(n))
            .map(|(session, n)| {
                (session.clone(), self.tabs.get(n).is_some_and(|tab| &tab.session == session))
            })
            .collect()
    }

    /// All sessions, whosever context they are in.
    pub fn all_sessions(&self) -> Vec<SessionId> {
        self.sessions.keys().cloned().collect()
    }

    /// The tab that a session speaks for, or for a frame of.
    pub fn tab_of_session(&self, session: &str) -> Option<&Tab> {
        self.tabs.get(self.sessions.get(session)?)
    }

    pub fn apply(&mut self, input: Input) -> Vec<Effect> {
        match input {
            Input::Attached { parent, attached } => self.on_attached(parent, attached),
            Input::Detached { session } => self.on_detached(&session),
            Input::Info(info) => self.on_title(&info.target_id, info.shown_title()),
            Input::Titled { target, title } => self.on_title(&target, &title),
            Input::Ready { session } => self.on_ready(&session),
            Input::DialogOpening { session, dialog } => self.on_dialog(&session, dialog),
            Input::DialogClosed { session, accepted } => self.on_dialog_closed(&session, accepted),
            Input::Crashed { session } => self.on_crashed(&session),
            Input::DownloadBegins(download) => self.on_download(download),
            Input::DownloadMoves(moved) => {
                self.downloads.moves(&moved).map(Effect::Emit).into_iter().collect()
            }
            Input::Touched { n } => self.make_active(n),
            Input::Note { session, note } => match self.sessions.get(&session) {
                Some(n) => vec![Effect::Emit(Event::Note { n: *n, note })],
                None => Vec::new(),
            },
            Input::Reloaded { session } => {
                if let Some(tab) = self.by_session(&session) {
                    tab.crashed = false;
                }
                Vec::new()
            }
            Input::Frame(input) => self.on_frame(input),
        }
    }

    fn by_session(&mut self, session: &SessionId) -> Option<&mut Tab> {
        self.tabs.get_mut(self.sessions.get(session)?)
    }

    fn by_frame(&mut self, frame: &str) -> Option<&mut Tab> {
        self.tabs.values_mut().find(|tab| tab.frames.get(frame).is_some())
    }

    fn on_attached(&mut self, parent: Option<SessionId>, attached: Attached) -> Vec<Effect> {
        let session: SessionId = attached.session_id.into();
        let info = attached.target_info;
        if info.kind == "iframe" {
            let n = parent.and_then(|parent| self.sessions.get(&parent).copied());
            return match n {
                Some(n) => {
                    self.sessions.insert(session.clone(), n);
                    vec![Effect::SetUp { session, page: false, own: self.is_own(n) }]
                }
                None => vec![Effect::Release { session }],
            };
        }
        if matches!(info.kind.as_str(), "worker" | "shared_worker" | "service_worker") {
            return self.on_worker(parent, session, info);
        }
        // A further session of a page that is known is somebody's own affair.
        if self.tab_of_target(&info.target_id).is_some() {
            return Vec::new();
        }
        if info.kind != "page" {
            return vec![Effect::Release { session }];
        }
        self.open(session, info)
    }

    fn on_worker(&mut self, parent: Option<SessionId>, session: SessionId, info: TargetInfo) -> Vec<Effect> {
        let n = match &parent {
            // One that belongs to no one page is announced at the root, whoever started it.
            None => (info.kind != "worker").then_some(None),
            // Workers start workers.
            Some(parent) => {
                let of_tab = self.sessions.get(parent).map(|n| Some(*n));
                of_tab.or_else(|| self.workers.get(parent).map(|worker| worker.n))
            }
        };
        let Some(n) = n else { return vec![Effect::Release { session }] };
        let script = (info.kind == "service_worker").then_some(info.url);
        self.workers.insert(session.clone(), Worker { n, script: script.clone() });
        let own =
            info.browser_context_id.is_none_or(|context| self.context.as_ref().is_none_or(|c| *c == context));
        vec![Effect::SetUpWorker { session, script, own }]
    }

    /// The script that the service worker of a session is made of.
    pub fn worker_script(&self, session: &str) -> Option<&str> {
        self.workers.get(session)?.script.as_deref()
    }

    fn open(&mut self, session: SessionId, info: TargetInfo) -> Vec<Effect> {
        if self.context.is_none() {
            self.context.clone_from(&info.browser_context_id);
        }
        let context = info.browser_context_id.filter(|context| self.context.as_ref() != Some(context));
        let opener = info.opener_id.as_deref().and_then(|opener| self.tab_of_target(opener)).map(|tab| tab.n);
        self.last += 1;
        let n = self.last;
        let own = context.is_none();
        let tab = Tab {
            n,
            frames: Frames::new(&info.target_id, session.clone()),
            target: info.target_id,
            session: session.clone(),
            url: info.url.clone(),
            title: String::new(),
            context,
            dialog: None,
            leaving: None,
            crashed: false,
            ready: false,
        };
        self.tabs.insert(n, tab);
        self.sessions.insert(session.clone(), n);
        let mut effects = vec![
            Effect::SetUp { session, page: true, own },
            Effect::Emit(Event::TabOpened { n, url: info.url, opener }),
        ];
        // What a page opens comes to the front; what a client opens stays behind until it is used.
        if opener.is_some() || self.recent.is_empty() {
            effects.extend(self.make_active(n));
        } else {
            self.recent.insert(0, n);
        }
        effects
    }

    fn is_own(&self, n: u32) -> bool {
        self.tabs.get(&n).is_some_and(|tab| tab.context.is_none())
    }

    fn make_active(&mut self, n: u32) -> Vec<Effect> {
        if self.active() == Some(n) || !self.tabs.contains_key(&n) {
            return Vec::new();
        }
        self.recent.retain(|other| *other != n);
        self.recent.push(n);
        vec![Effect::Emit(Event::TabActivated { n })]
    }

    fn on_detached(&mut self, session: &str) -> Vec<Effect> {
        self.workers.remove(session);
        let Some((session, n)) = self.sessions.remove_entry(session) else { return Vec::new() };
        if self.tabs.get(&n).is_none_or(|tab| tab.session != session) {
            return Vec::new();
        }
        if let Some(tab) = self.tabs.remove(&n) {
            self.frames_gone(n, tab.frames.ids());
        }
        self.sessions.retain(|_, of| *of != n);
        self.workers.retain(|_, worker| worker.n != Some(n));
        let was_active = self.active() == Some(n);
        self.recent.retain(|other| *other != n);
        let mut effects = vec![Effect::Emit(Event::TabClosed { n })];
        if was_active && let Some(n) = self.active() {
            effects.push(Effect::Emit(Event::TabActivated { n }));
        }
        effects
    }

    fn on_title(&mut self, target: &str, title: &str) -> Vec<Effect> {
        let Some(tab) = self.tabs.values_mut().find(|tab| tab.target == target) else {
            return Vec::new();
        };
        if tab.title == title {
            return Vec::new();
        }
        title.clone_into(&mut tab.title);
        vec![Effect::Emit(Event::Titled { n: tab.n, title: title.to_owned() })]
    }

    fn on_ready(&mut self, session: &SessionId) -> Vec<Effect> {
        if let Some(tab) = self.by_session(session)
            && &tab.session == session
        {
            tab.ready = true;
        }
        Vec::new()
    }

    fn on_frame(&mut self, input: FrameInput) -> Vec<Effect> {
        match input {
            FrameInput::Found { session, frames } => {
                let Some(tab) = self.by_session(&session) else { return Vec::new() };
                for frame in &frames {
                    tab.frames.found(&session, frame);
                    if tab.frames.is_main(&frame.id) && tab.frames.shows(frame) {
                        tab.url = shown(&frame.url, &frame.url_fragment);
                    }
                }
            }
            FrameInput::Attached { session, frame, parent } => {
                if let Some(tab) = self.by_session(&session) {
                    tab.frames.attached(&session, &frame, &parent);
                }
            }
            FrameInput::Navigated { session, frame } => return self.on_navigated(&session, &frame),
            FrameInput::NavigatedWithin { frame, url } => return self.on_navigated_within(&frame, &url),
            FrameInput::Detached { session, frame, swap } => {
                if let Some(tab) = self.by_session(&session) {
                    let (n, gone) = (tab.n, tab.frames.detached(&frame, swap));
                    self.frames_gone(n, gone);
                }
            }
            FrameInput::Leaving { frame, url } => {
                if let Some(tab) = self.by_frame(&frame)
                    && tab.frames.is_main(&frame)
                {
                    tab.leaving = Some(url);
                }
            }
            FrameInput::Stopped { frame } => {
                if let Some(tab) = self.by_frame(&frame) {
                    tab.frames.stopped(&frame);
                    if tab.frames.is_main(&frame) {
                        tab.leaving = None;
                    }
                }
            }
            FrameInput::Lifecycle { frame, loader, name } => {
                let Some(tab) = self.by_frame(&frame) else { return Vec::new() };
                let (n, gone) = (tab.n, tab.frames.lifecycle(&frame, &loader, &name));
                let parsed = matches!(name.as_str(), "DOMContentLoaded" | "load");
                let ask = parsed && tab.frames.is_main(&frame);
                let ask = ask.then(|| Effect::AskTitle { target: tab.target.clone() });
                self.frames_gone(n, gone);
                return ask.into_iter().collect();
            }
            FrameInput::World { session, id, frame } => {
                if let Some(tab) = self.by_session(&session) {
                    tab.frames.world(&session, &frame, id);
                }
            }
            FrameInput::WorldGone { session, id } => self.worlds_gone(&session, Some(id)),
            FrameInput::WorldsGone { session } => self.worlds_gone(&session, None),
        }
        Vec::new()
    }

    fn worlds_gone(&mut self, session: &SessionId, id: Option<i64>) {
        if let Some(tab) = self.by_session(session) {
            tab.frames.worlds_gone(session, id);
        }
    }

    fn on_navigated(&mut self, session: &SessionId, frame: &super::input::Frame) -> Vec<Effect> {
        let Some(tab) = self.by_session(session) else { return Vec::new() };
        let gone = tab.frames.navigated(session, frame);
        let n = tab.n;
        let mut effects = vec![Effect::Committed { url: frame.url.clone() }];
        if tab.frames.is_main(&frame.id) {
            tab.url = shown(&frame.url, &frame.url_fragment);
            tab.crashed = false;
            tab.leaving = None;
            let url = tab.url.clone();
            effects.push(Effect::Emit(Event::Navigated { n, url, same_document: false }));
        }
        self.frames_gone(n, gone);
        effects
    }

    fn on_navigated_within(&mut self, frame: &str, url: &str) -> Vec<Effect> {
        let Some(tab) = self.by_frame(frame) else { return Vec::new() };
        tab.frames.navigated_within(frame, url);
        if !tab.frames.is_main(frame) {
            return Vec::new();
        }
        url.clone_into(&mut tab.url);
        vec![Effect::Emit(Event::Navigated { n: tab.n, url: url.to_owned(), same_document: true })]
    }

    fn on_dialog(&mut self, session: &SessionId, dialog: Dialog) -> Vec<Effect> {
        let Some(tab) = self.by_session(session) else { return Vec::new() };
        let dialog = OpenDialog {
            tab: tab.n,
            kind: dialog.kind,
            message: dialog.message,
            default_value: dialog.default_prompt,
            url: dialog.url,
        };
        tab.dialog = Some(dialog.clone());
        vec![Effect::Emit(Event::DialogOpened(dialog))]
    }

    fn on_dialog_closed(&mut self, session: &SessionId, accepted: bool) -> Vec<Effect> {
        let Some(tab) = self.by_session(session) else { return Vec::new() };
        match tab.dialog.take() {
            Some(_) => vec![Effect::Emit(Event::DialogClosed { n: tab.n, accepted })],
            None => Vec::new(),
        }
    }

    fn on_crashed(&mut self, session: &SessionId) -> Vec<Effect> {
        let Some(tab) = self.by_session(session) else { return Vec::new() };
        // A frame's own process may crash alone; the page lives on with a hole, for which nobody waits.
        if &tab.session != session {
            tab.frames.crashed(session);
            return Vec::new();
        }
        if tab.crashed {
            return Vec::new();
        }
        tab.crashed = true;
        tab.dialog = None;
        tab.leaving = None;
        tab.frames.worlds_gone(session, None);
        vec![Effect::Emit(Event::Crashed { n: tab.n })]
    }

    fn frames_gone(&mut self, n: u32, gone: Vec<String>) {
        self.former.extend(gone.into_iter().map(|frame| (frame, n)));
        let surplus = self.former.len().saturating_sub(FORMER_FRAMES);
        self.former.drain(..surplus);
    }

    /// The tab of a frame that is there or was.
    fn tab_of_frame(&mut self, frame: &str) -> Option<u32> {
        let there = self.by_frame(frame).map(|tab| tab.n);
        there.or_else(|| self.former.iter().find(|(former, _)| former == frame).map(|(_, n)| *n))
    }

    fn on_download(&mut self, download: DownloadBegins) -> Vec<Effect> {
        let n = self.tab_of_frame(&download.frame_id);
        if self.shared && n.is_none() {
            return Vec::new();
        }
        let context = n.and_then(|n| self.tabs.get(&n)?.context.clone());
        self.downloads.begins(n, context, download).map(Effect::Emit).into_iter().collect()
    }
}

#[cfg(test)]
#[path = "tracker_tests.rs"]
mod tests;
