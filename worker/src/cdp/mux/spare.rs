//! A page that is there before a client asks for one: starting its renderer is most of what a new page takes.
//!
//! It waits for its debuggers as every new page does. What the browser says of it is withheld until a client asks for a
//! blank page, and told then, as if it had been opened just now.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use super::events::{Attached, Detached, Gone, Info, Told, read};
use crate::cdp::route::SessionId;

#[derive(Debug, Default)]
pub(super) struct Spare {
    state: State,
    page: Option<Arc<str>>,
    /// What the page is in, for clients that follow tabs.
    tab: Option<Arc<str>>,
    /// Tabs that were there before.
    others: HashSet<String>,
    context: Option<String>,
    told: Vec<Withheld>,
    /// Roots of clients for whom new pages wait.
    waits: HashSet<SessionId>,
    /// To be closed as soon as it is there.
    unwanted: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    None,
    /// The browser is asked which tabs there are.
    Looking,
    /// The page is being opened.
    Opening,
    /// It is there, and the browser is asked in which tab.
    Finding,
    Ready,
    /// It is somebody's, or is to go, or has gone by itself. There will be no other.
    Over,
}

/// What somebody was not told.
#[derive(Debug)]
struct Withheld {
    /// Under which session it was said: that of the client's root, none for the worker.
    to: Option<SessionId>,
    /// The session on the page that it announces.
    announces: Option<SessionId>,
    text: Bytes,
}

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Nothing,
    AskForTabs,
    Open,
    Close(Arc<str>),
    /// It is none: these are events like others.
    Tell(Vec<Bytes>),
}

/// A request for a page that shows nothing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Blank {
    url: String,
    browser_context_id: Option<String>,
    #[serde(default)]
    new_window: bool,
    #[serde(default)]
    background: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    target_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tabs {
    target_infos: Vec<Made>,
}

impl Spare {
    /// Begins to open one, unless there was one.
    pub(super) fn open(&mut self) -> Next {
        if self.state != State::None {
            return Next::Nothing;
        }
        self.state = State::Looking;
        Next::AskForTabs
    }

    /// The browser has answered; `None`: with an error.
    pub(super) fn answered(&mut self, result: Option<&[u8]>) -> Next {
        match self.state {
            State::Looking => match result.and_then(read::<Tabs>) {
                Some(tabs) => {
                    self.others = tabs.target_infos.into_iter().map(|tab| tab.target_id).collect();
                    self.state = State::Opening;
                    Next::Open
                }
                None => self.fail(),
            },
            State::Opening => {
                let made = result.and_then(read::<Made>).map(|made| made.target_id);
                if made.is_none() || made.as_deref() != self.page.as_deref() {
                    return self.fail();
                }
                self.state = State::Finding;
                Next::AskForTabs
            }
            State::Finding => {
                let Some(tabs) = result.and_then(read::<Tabs>) else { return self.fail() };
                let found = tabs.target_infos.into_iter().find(|tab| !self.others.contains(&tab.target_id));
                self.tab = found.map(|tab| tab.target_id.into());
                self.others.clear();
                self.state = State::Ready;
                if self.unwanted { self.give_up().map_or(Next::Nothing, Next::Close) } else { Next::Nothing }
            }
            State::None | State::Ready | State::Over => Next::Nothing,
        }
    }

    fn fail(&mut self) -> Next {
        self.state = State::Over;
        (self.page, self.tab) = (None, None);
        Next::Tell(self.told.drain(..).map(|withheld| withheld.text).collect())
    }

    /// The page that is to be closed, for nobody will ask for it.
    pub(super) fn give_up(&mut self) -> Option<Arc<str>> {
        match self.state {
            State::None | State::Over => None,
            State::Looking | State::Opening | State::Finding => {
                self.unwanted = true;
                None
            }
            State::Ready => {
                self.state = State::Over;
                self.page.clone()
            }
        }
    }

    /// Whether these parameters ask for a blank page in the default context.
    pub(super) fn is_blank(params: &[u8]) -> bool {
        read::<Blank>(params)
            .is_some_and(|blank| blank.url == "about:blank" && !blank.new_window && !blank.background)
    }

    /// Hands it out: its name, and what all are to be told now.
    pub(super) fn take(&mut self, params: &[u8]) -> Option<(Arc<str>, Vec<Bytes>)> {
        if self.state != State::Ready {
            return None;
        }
        let asked = read::<Blank>(params)?.browser_context_id;
        if asked.is_some() && asked != self.context {
            return None;
        }
        let page = self.page.take()?;
        (self.state, self.tab) = (State::Over, None);
        let waits = &self.waits;
        let told = self.told.drain(..).map(|withheld| match &withheld.to {
            Some(root) if withheld.announces.is_some() && waits.contains(root) => waiting(withheld.text),
            Some(_) | None => withheld.text,
        });
        Some((page, told.collect()))
    }

    /// Whether an event is about it, and so for nobody's ears.
    pub(super) fn withholds(&mut self, text: &Bytes, to: Option<&str>, method: &str, params: &[u8]) -> bool {
        if self.state == State::None {
            return false;
        }
        match method {
            "Target.attachedToTarget" => {
                let Some(attached) = read::<Attached<'_>>(params) else { return false };
                self.keeps(&attached.target_info, to, Some(attached.session_id), text)
            }
            "Target.targetCreated" => {
                read::<Told<'_>>(params).is_some_and(|told| self.keeps(&told.target_info, to, None, text))
            }
            "Target.targetInfoChanged" => {
                read::<Told<'_>>(params).is_some_and(|told| self.is_it(told.target_info.target_id))
            }
            "Target.targetDestroyed" | "Target.targetCrashed" => {
                let is_it = read::<Gone<'_>>(params).is_some_and(|gone| self.is_it(gone.target_id));
                if is_it {
                    let _ = self.give_up();
                }
                is_it
            }
            "Target.detachedFromTarget" => {
                let Some(detached) = read::<Detached<'_>>(params) else { return false };
                let before = self.told.len();
                self.told.retain(|withheld| withheld.announces.as_deref() != Some(detached.session_id));
                before != self.told.len()
            }
            _ => to
                .is_some_and(|to| self.told.iter().any(|withheld| withheld.announces.as_deref() == Some(to))),
        }
    }

    /// Keeps an event that announces it.
    fn keeps(&mut self, info: &Info<'_>, to: Option<&str>, announces: Option<&str>, text: &Bytes) -> bool {
        match (self.state, info.kind) {
            // While it is being opened nobody else opens any, so the first page is it.
            (State::Opening, "page") if self.page.is_none() => {
                self.page = Some(info.target_id.into());
                self.context = info.browser_context_id.map(str::to_owned);
            }
            (State::Opening | State::Finding, "tab") if !self.others.contains(info.target_id) => {
                self.tab = Some(info.target_id.into());
            }
            _ => {}
        }
        let is_it = self.is_it(info.target_id);
        if is_it {
            let (to, announces) = (to.map(SessionId::from), announces.map(SessionId::from));
            self.told.push(Withheld { to, announces, text: text.clone() });
        }
        is_it
    }

    pub(super) fn is_it(&self, target: &str) -> bool {
        [&self.page, &self.tab].into_iter().flatten().any(|name| **name == *target)
    }

    /// Whether new pages wait for the client with this root.
    pub(super) fn attaches(&mut self, root: SessionId, waits: bool) {
        match waits {
            true => drop(self.waits.insert(root)),
            false => drop(self.waits.remove(&root)),
        }
    }

    /// A client wants to hear no more of targets that come and go.
    pub(super) fn hears_no_more(&mut self, root: &str) {
        self.told.retain(|withheld| withheld.announces.is_some() || withheld.to.as_deref() != Some(root));
    }

    pub(super) fn left(&mut self, root: &str) {
        self.waits.remove(root);
        self.told.retain(|withheld| withheld.to.as_deref() != Some(root));
    }
}

/// To those who came later the browser does not say that it waits.
fn waiting(text: Bytes) -> Bytes {
    let Ok(mut message) = serde_json::from_slice::<Value>(&text) else { return text };
    message["params"]["waitingForDebugger"] = true.into();
    message.to_string().into()
}
