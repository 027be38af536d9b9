//! The frames of one tab and how far their documents are.

use std::collections::{BTreeMap, VecDeque};

use bus_schema::model::command::WaitUntil;

use super::input;
use crate::cdp::SessionId;

/// How many of a frame's documents are remembered, the present one included.
pub const REMEMBERED: u64 = 16;

/// One frame. Its document is replaced at each navigation that is not within the document.
#[derive(Clone, Debug)]
pub struct Frame {
    pub id: String,
    pub parent: Option<String>,
    pub name: String,
    pub url: String,
    /// The address that could not be had, where the document says so.
    pub unreachable: Option<String>,
    /// The CDP session that speaks for it: the tab's, or one of its own when it runs in another process.
    pub session: SessionId,
    /// The execution context of the page's own scripts in it.
    pub world: Option<i64>,
    /// Counts its documents.
    pub document: u64,
    /// Counts the frames of a tab as they come, which is mostly their order in the page.
    place: u64,
    loader: String,
    /// The loaders of its last documents.
    shown: VecDeque<String>,
    progress: Progress,
    /// Whether it ever showed a document that was navigated to.
    navigated: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Progress {
    commit: bool,
    dom_content_loaded: bool,
    load: bool,
    network_idle: bool,
    /// Nothing more comes.
    stopped: bool,
}

impl Progress {
    const WHOLE: Self =
        Self { commit: true, dom_content_loaded: true, load: true, network_idle: true, stopped: true };
}

impl Frame {
    fn new(id: &str, parent: Option<String>, session: SessionId) -> Self {
        Self {
            id: id.to_owned(),
            parent,
            name: String::new(),
            url: String::new(),
            unreachable: None,
            session,
            world: None,
            document: 0,
            place: 0,
            loader: String::new(),
            shown: VecDeque::new(),
            progress: Progress::default(),
            navigated: false,
        }
    }

    /// Whether this document is, or was lately, the one that it shows.
    pub fn has_shown(&self, loader: &str) -> bool {
        self.shown.iter().any(|shown| shown == loader)
    }

    /// Says whether another document was there before.
    fn begin(&mut self, loader: &str) -> bool {
        if self.loader == loader {
            return false;
        }
        let replaces = !self.loader.is_empty();
        loader.clone_into(&mut self.loader);
        self.document += 1;
        if self.shown.len() as u64 == REMEMBERED {
            self.shown.pop_front();
        }
        self.shown.push_back(loader.to_owned());
        self.progress = Progress::default();
        self.unreachable = None;
        replaces
    }
}

/// All frames of a tab, those in other processes included.
#[derive(Clone, Debug)]
pub struct Frames {
    main: String,
    frames: BTreeMap<String, Frame>,
    /// How many there have been.
    came: u64,
    /// Counts navigations within the main document.
    pub within: u64,
}

impl Frames {
    /// A page's main frame has the id of its target.
    pub fn new(main: &str, session: SessionId) -> Self {
        let frame = Frame::new(main, None, session);
        Self { main: main.to_owned(), frames: BTreeMap::from([(main.to_owned(), frame)]), came: 0, within: 0 }
    }

    pub fn main(&self) -> Option<&Frame> {
        self.frames.get(&self.main)
    }

    pub fn is_main(&self, frame: &str) -> bool {
        self.main == frame
    }

    pub fn get(&self, frame: &str) -> Option<&Frame> {
        self.frames.get(frame)
    }

    /// The main frame first, then the others by depth in the tree.
    pub fn in_order(&self) -> Vec<&Frame> {
        let mut order: Vec<&Frame> = self.main().into_iter().collect();
        let mut next = 0;
        while next < order.len() {
            let parent = order[next].id.as_str();
            let inside = order.len();
            order.extend(self.frames.values().filter(|frame| frame.parent.as_deref() == Some(parent)));
            order[inside..].sort_by_key(|frame| frame.place);
            next += 1;
        }
        order
    }

    /// A frame was there already when its session was set up. This is told late: what has happened to the
    /// frame since stands.
    pub fn found(&mut self, session: &SessionId, found: &input::Frame) {
        match self.frames.get(&found.id) {
            Some(known) if known.navigated => {}
            Some(known) if known.loader.is_empty() || known.loader == found.loader_id => {
                self.navigated(session, found);
            }
            Some(_) => {}
            None => {
                self.navigated(session, found);
                // It may be gone already, and nothing more be heard of it: nobody waits for it.
                if let Some(frame) = self.frames.get_mut(&found.id) {
                    frame.navigated = false;
                }
            }
        }
    }

    /// Whether this is the document that the frame shows.
    pub fn shows(&self, found: &input::Frame) -> bool {
        self.frames.get(&found.id).is_some_and(|frame| frame.loader == found.loader_id)
    }

    pub fn attached(&mut self, session: &SessionId, frame: &str, parent: &str) {
        // A frame that comes back into its parent's process is announced again.
        self.entry(session, frame, Some(parent.to_owned())).session = session.clone();
    }

    fn entry(&mut self, session: &SessionId, frame: &str, parent: Option<String>) -> &mut Frame {
        self.frames.entry(frame.to_owned()).or_insert_with(|| {
            self.came += 1;
            Frame { place: self.came, ..Frame::new(frame, parent, session.clone()) }
        })
    }

    /// A frame shows a document. Gives the ids of the frames that went with the one before.
    pub fn navigated(&mut self, session: &SessionId, navigated: &input::Frame) -> Vec<String> {
        let frame = self.entry(session, &navigated.id, navigated.parent_id.clone());
        let replaces = frame.begin(&navigated.loader_id);
        frame.session = session.clone();
        frame.url = format!("{}{}", navigated.url, navigated.url_fragment);
        frame.unreachable.clone_from(&navigated.unreachable_url);
        frame.name.clone_from(&navigated.name);
        frame.progress.commit = true;
        if navigated.restored {
            // It is as it was left, and says nothing of how it became so.
            frame.progress = Progress::WHOLE;
        }
        frame.navigated = true;
        if replaces { self.forget_inside(&navigated.id) } else { Vec::new() }
    }

    pub fn navigated_within(&mut self, frame: &str, url: &str) {
        if let Some(found) = self.frames.get_mut(frame) {
            url.clone_into(&mut found.url);
            if frame == self.main {
                self.within += 1;
            }
        }
    }

    pub fn ids(&self) -> Vec<String> {
        self.frames.keys().cloned().collect()
    }

    /// Forgets a frame with those in it, unless it only moved to another process. Gives the ids of those
    /// forgotten.
    pub fn detached(&mut self, frame: &str, swap: bool) -> Vec<String> {
        if swap || frame == self.main {
            return Vec::new();
        }
        let mut gone = self.forget_inside(frame);
        if self.frames.remove(frame).is_some() {
            gone.push(frame.to_owned());
        }
        gone
    }

    /// Forgets the frames inside one. Chromium does not report each that goes with its document: where the next
    /// document is in another process, none.
    fn forget_inside(&mut self, frame: &str) -> Vec<String> {
        let mut gone = vec![frame.to_owned()];
        let mut next = 0;
        while let Some(parent) = gone.get(next).cloned() {
            let children = self.frames.values().filter(|child| child.parent.as_ref() == Some(&parent));
            gone.extend(children.map(|child| child.id.clone()));
            next += 1;
        }
        gone.remove(0);
        gone.iter().for_each(|frame| drop(self.frames.remove(frame)));
        gone
    }

    /// Gives the ids of the frames that went with the document before, as [`Self::navigated`].
    pub fn lifecycle(&mut self, id: &str, loader: &str, name: &str) -> Vec<String> {
        let Some(frame) = self.frames.get_mut(id) else { return Vec::new() };
        let replaces = matches!(name, "init" | "commit") && frame.begin(loader);
        if frame.loader != loader {
            return Vec::new();
        }
        match name {
            "commit" => frame.progress.commit = true,
            "DOMContentLoaded" => frame.progress.dom_content_loaded = true,
            "load" => frame.progress.load = true,
            "networkIdle" => frame.progress.network_idle = true,
            _ => {}
        }
        if replaces { self.forget_inside(id) } else { Vec::new() }
    }

    pub fn stopped(&mut self, frame: &str) {
        if let Some(frame) = self.frames.get_mut(frame) {
            frame.progress.stopped = true;
        }
    }

    /// Whether the current document broke off: what came of it is shown, and it will never be loaded.
    pub fn is_broken_off(&self) -> bool {
        let progress = self.main().map(|main| main.progress).unwrap_or_default();
        progress.commit && progress.stopped && !progress.load
    }

    pub fn world(&mut self, session: &SessionId, frame: &str, id: i64) {
        if let Some(frame) = self.frames.get_mut(frame) {
            frame.session = session.clone();
            frame.world = Some(id);
        }
    }

    /// One world of a session is gone, or all of them.
    pub fn worlds_gone(&mut self, session: &SessionId, id: Option<i64>) {
        for frame in self.frames.values_mut().filter(|frame| &frame.session == session) {
            if id.is_none() || frame.world == id {
                frame.world = None;
            }
        }
    }

    /// The process of a session crashed: its frames show nothing until they are navigated again.
    pub fn crashed(&mut self, session: &SessionId) {
        for frame in self.frames.values_mut().filter(|frame| &frame.session == session) {
            frame.world = None;
            frame.navigated = false;
        }
    }

    /// Whether the current document is as far as asked.
    pub fn is_at(&self, until: WaitUntil) -> bool {
        let Some(main) = self.main() else { return false };
        let progress = main.progress;
        match until {
            WaitUntil::Commit => progress.commit,
            WaitUntil::Domcontentloaded => progress.dom_content_loaded,
            WaitUntil::Load => progress.load,
            WaitUntil::Networkidle => progress.load && self.restless().next().is_none(),
        }
    }

    /// The frames whose documents have requests under way, or had lately.
    pub fn restless(&self) -> impl Iterator<Item = &Frame> {
        let meant = self.frames.values().filter(|frame| frame.navigated || frame.id == self.main);
        meant.filter(|frame| !frame.progress.network_idle)
    }
}
