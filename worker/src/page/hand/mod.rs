//! What pages need while a person drives them by hand: lists that are part of the page, pickers and file choosers that
//! open with the person instead of with the browser, and word of what is copied.
//!
//! A script in a world of its own does it in each document, from the moment a person drives until they do not. The
//! agent's pages have nothing of it.

mod choosers;
mod install;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::choosers::Open;
pub use self::choosers::{ChooserError, Chosen, answer};
use self::install::Installed;
use super::event::{Chooser, Event, Picker};
use super::tabs::Inner;
use crate::cdp::{self, CallError, EventSink, Events, Interest, SessionId, channel};

/// The world of the script in each document.
const WORLD: &str = "rookery hand";

/// Events that may wait. A document says one thing at a time, and what does not fit is lost to the person alone.
const INBOX: usize = 256;

const HEARD: Interest = Interest(&[
    "Page.fileChooserOpened",
    "Runtime.bindingCalled",
    "Runtime.executionContextDestroyed",
    "Runtime.executionContextsCleared",
]);

pub(super) struct Hand {
    /// The names by which the scripts find each other and this worker. No page can guess them.
    channel: String,
    binding: String,
    sink: EventSink,
    /// Whether a person drives.
    wanted: watch::Sender<bool>,
    sessions: Mutex<HashMap<SessionId, Arc<tokio::sync::Mutex<Installed>>>>,
    open: Mutex<Option<Open>>,
    /// Counts the choosers.
    count: Mutex<u64>,
    /// The cursor that was told last.
    cursor: Mutex<String>,
}

impl Hand {
    pub fn open() -> Result<(Self, Events), CallError> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| CallError::Decode(format!("no randomness: {error}")))?;
        let name = format!("{:032x}", u128::from_ne_bytes(random));
        let (sink, events) = channel(INBOX);
        let hand = Self {
            channel: format!("hand{name}"),
            binding: format!("rookeryHand{name}"),
            sink,
            wanted: watch::Sender::new(false),
            sessions: Mutex::default(),
            open: Mutex::default(),
            count: Mutex::default(),
            cursor: Mutex::default(),
        };
        Ok((hand, events))
    }

    pub fn drive(&self, person: bool) {
        self.wanted.send_if_modified(|wanted| std::mem::replace(wanted, person) != person);
    }

    pub fn watch(&self) -> watch::Receiver<bool> {
        self.wanted.subscribe()
    }

    pub fn is_wanted(&self) -> bool {
        *self.wanted.borrow()
    }

    pub fn chooser(&self) -> Option<Chooser> {
        self.opened().as_ref().map(|open| open.chooser.clone())
    }

    fn opened(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_id(&self) -> String {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        *count += 1;
        format!("c{count}")
    }

    /// Whether this cursor is another than before.
    fn points(&self, cursor: &str) -> bool {
        let mut before = self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
        let differs = *before != cursor;
        cursor.clone_into(&mut before);
        differs
    }

    /// The record of a session; those of sessions that are gone are dropped.
    fn installed(&self, inner: &Inner, session: &SessionId) -> Arc<tokio::sync::Mutex<Installed>> {
        let known = inner.tracker().all_sessions();
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|of, _| of == session || known.contains(of));
        Arc::clone(sessions.entry(session.clone()).or_default())
    }

    /// Brings a session to what is wanted now. For a new one this is before its first script.
    pub async fn arrange(&self, inner: &Inner, session: &SessionId) {
        let installed = self.installed(inner, session);
        let mut installed = installed.lock().await;
        let wanted = self.is_wanted();
        if installed.is_on() == wanted {
            return;
        }
        let cdp = inner.root.on_session(session).with_timeout(super::setup::ROUND);
        match wanted {
            true => installed.begin(self, inner, &cdp).await,
            false => installed.end(self, inner, &cdp).await,
        }
    }
}

/// What the script in a document says.
#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Said {
    Open {
        id: u64,
        #[serde(flatten)]
        picker: Picker,
    },
    Over {
        id: u64,
    },
    Copied {
        text: String,
        #[serde(default)]
        truncated: bool,
    },
    Cursor {
        cursor: String,
    },
    Touched {
        label: String,
        kind: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Called {
    name: String,
    payload: String,
    execution_context_id: i64,
}

/// Follows who drives and what the documents say.
pub(super) async fn keep(inner: Arc<Inner>, mut events: Events) {
    let mut wanted = inner.hand.wanted.subscribe();
    let mut changed = inner.changed.subscribe();
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            turned = wanted.changed() => {
                if turned.is_err() {
                    return;
                }
                if !*wanted.borrow_and_update() {
                    choosers::close(&inner, |_| true).await;
                    // The next person is told anew.
                    inner.hand.points("");
                }
                let sessions = inner.tracker().all_sessions();
                for session in sessions {
                    let inner = Arc::clone(&inner);
                    tasks.spawn(async move { inner.hand.arrange(&inner, &session).await });
                }
            }
            event = events.next() => match event {
                Some(event) => hear(&inner, &event).await,
                None => return,
            },
            _ = changed.changed() => choosers::close_of_gone_tabs(&inner).await,
            Some(_) = tasks.join_next() => {}
        }
    }
}

async fn hear(inner: &Arc<Inner>, event: &cdp::Event) {
    let Some(session) = event.session().cloned() else { return };
    match event.method() {
        "Runtime.bindingCalled" => {
            let Some(called) = event.decode::<Called>().filter(|called| called.name == inner.hand.binding)
            else {
                return;
            };
            if !inner.hand.is_wanted() {
                // A document that was made when the script went, and has it still.
                install::end_document(&inner.root.on_session(&session), called.execution_context_id);
                return;
            }
            if let Ok(said) = serde_json::from_str::<Said>(&called.payload) {
                told(inner, session, called.execution_context_id, said).await;
            }
        }
        "Page.fileChooserOpened" if inner.hand.is_wanted() => {
            choosers::open_files(inner, &session, event).await;
        }
        "Runtime.executionContextDestroyed" => {
            #[derive(Deserialize)]
            #[serde(rename_all = "camelCase")]
            struct Destroyed {
                execution_context_id: i64,
            }
            if let Some(Destroyed { execution_context_id: context }) = event.decode() {
                choosers::close(inner, |open| open.is_in(&session, Some(context))).await;
            }
        }
        "Runtime.executionContextsCleared" => {
            choosers::close(inner, |open| open.is_in(&session, None)).await;
        }
        _ => {}
    }
}

async fn told(inner: &Arc<Inner>, session: SessionId, context: i64, said: Said) {
    match said {
        Said::Open { id, picker } => choosers::open_picker(inner, session, context, id, picker).await,
        Said::Over { id } => choosers::close(inner, |open| open.is_picker(&session, context, id)).await,
        Said::Copied { text, truncated } => {
            let _ = inner.events.send(Event::Copied { text, truncated }).await;
        }
        Said::Cursor { cursor } => {
            // Each document knows of itself alone.
            if inner.hand.points(&cursor) {
                let _ = inner.events.send(Event::Cursor { cursor }).await;
            }
        }
        Said::Touched { label, kind } => {
            let n = inner.tracker().tab_of_session(&session).map(|tab| tab.n);
            if let Some(n) = n {
                let _ = inner.events.send(Event::Touched { n, label, kind }).await;
            }
        }
    }
}
