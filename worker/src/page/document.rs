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
    /// The CDP session that speaks for it: the tab's, or one of its own when it runs in another process.
    pub session: SessionId,
    /// The execution context of the page's own scripts in it.
    pub world: Option<i64>,
    /// Counts its documents.
    pub document: u64,
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

impl Frame {
    fn new(id: &str, parent: Option<String>, session: SessionId) -> Self {
        Self {
            id: id.to_owned(),
            parent,
            name: String::new(),
            url: String::new(),
            session,
            world: None,
            document: 0,
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

    fn begin(&mut self, loader: &str) {
        if self.loader != loader {
            loader.clone_into(&mut self.loader);
            self.document += 1;
            if self.shown.len() as u64 == REMEMBERED {
                self.shown.pop_front();
            }
            self.shown.push_back(loader.to_owned());
            self.progress = Progress::default();
        }
    }
}

/// All frames of a tab, those in other processes included.
#[derive(Clone, Debug)]
pub struct Frames {
    main: String,
    frames: BTreeMap<String, Frame>,
    /// Counts navigations within the main document.
    pub within: u64,
}

impl Frames {
    /// A page's main frame has the id of its target.
    pub fn new(main: &str, session: SessionId) -> Self {
        let frame = Frame::new(main, None, session);
        Self { main: main.to_owned(), frames: BTreeMap::from([(main.to_owned(), frame)]), within: 0 }
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
            order.extend(self.frames.values().filter(|frame| frame.parent.as_deref() == Some(parent)));
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
        self.frames
            .entry(frame.to_owned())
            .and_modify(|frame| frame.session = session.clone())
            .or_insert_with(|| Frame::new(frame, Some(parent.to_owned()), session.clone()));
    }

    pub fn navigated(&mut self, session: &SessionId, navigated: &input::Frame) {
        let parent = navigated.parent_id.clone();
        let frame = self
            .frames
            .entry(navigated.id.clone())
            .or_insert_with(|| Frame::new(&navigated.id, parent, session.clone()));
        frame.begin(&navigated.loader_id);
        frame.session = session.clone();
        frame.url = format!("{}{}", navigated.url, navigated.url_fragment);
        frame.name.clone_from(&navigated.name);
        frame.progress.commit = true;
        frame.navigated = true;
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
        let mut gone = vec![frame.to_owned()];
        let mut next = 0;
        while let Some(parent) = gone.get(next).cloned() {
            self.frames.remove(&parent);
            let children = self.frames.values().filter(|child| child.parent.as_ref() == Some(&parent));
            gone.extend(children.map(|child| child.id.clone()));
            next += 1;
        }
        gone
    }

    pub fn lifecycle(&mut self, frame: &str, loader: &str, name: &str) {
        let Some(frame) = self.frames.get_mut(frame) else { return };
        if matches!(name, "init" | "commit") {
            frame.begin(loader);
        }
        if frame.loader != loader {
            return;
        }
        match name {
            "commit" => frame.progress.commit = true,
            "DOMContentLoaded" => frame.progress.dom_content_loaded = true,
            "load" => frame.progress.load = true,
            "networkIdle" => frame.progress.network_idle = true,
            _ => {}
        }
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
            WaitUntil::Networkidle => {
                progress.load
                    && self
                        .frames
                        .values()
                        .filter(|frame| frame.navigated || frame.id == self.main)
                        .all(|frame| frame.progress.network_idle)
            }
        }
    }
}
