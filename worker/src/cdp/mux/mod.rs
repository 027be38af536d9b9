//! Several clients on one browser: who is told what, what each may do, and what is the worker's own to do.
//!
//! Pure: messages in, messages out, time comes with the inputs. The link around it writes what comes out to the pipe
//! and to the clients, in this order.

mod contexts;
mod events;
mod held;
pub mod message;
pub mod own;
mod page;
mod requests;
mod spare;
mod waiting;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use serde_json::json;

use self::contexts::Contexts;
use self::held::Held;
use self::page::Page;
use self::spare::{Next, Spare};
use self::waiting::Waiting;
use super::envelope::Part;
use super::link::frame;
use super::route::{ClientId, Outbound, Pending, SessionId, Table};

pub use self::requests::{Naming, OwnCall, Step};

const RESUME: &str = "Runtime.runIfWaitingForDebugger";

/// What an answer is for.
#[derive(Debug)]
pub enum Wait<W> {
    /// A call of the worker's.
    Worker(W),
    /// A client's, and what of it has to be looked at.
    Client(Look),
    /// All who were told that this target waits are known when it comes.
    Fence(Arc<str>),
    /// The context of a client that has left.
    Disposed(Arc<str>),
    /// A page that is to be there before anybody asks for one.
    Spare,
}

/// What a client's answer is looked at for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Nothing,
    /// Targets of others are left out.
    Targets,
    /// Contexts of others are left out.
    Contexts,
    /// It names a context that the client has made.
    NewContext,
}

/// What is to be written, in order.
#[derive(Debug, PartialEq, Eq)]
pub enum Out {
    /// To the browser, with its terminator.
    Pipe(Vec<u8>),
    Client(ClientId, Bytes),
    /// What this client spoke to is gone, after what was said to it so far.
    Over(ClientId),
    /// An event that was withheld, to be taken as if the browser had said it just now.
    Again(Bytes),
}

#[derive(Debug, Default)]
struct Client {
    /// The one page that it is a client of.
    page: Option<Page>,
    /// Sessions that were swallowed, until they are detached.
    hidden: HashSet<SessionId>,
    /// Sessions that intercept requests: those that are paused wait for this client.
    intercepts: HashSet<SessionId>,
    /// Sessions that are told of dialogs.
    pages: HashSet<SessionId>,
    /// Contexts whose downloads it is told of, `None` is the default one, each on the session that asked for it.
    downloads: HashMap<Option<String>, Option<String>>,
}

/// `W` is whatever waits for an answer to the worker.
#[derive(Debug)]
pub struct Mux<W> {
    table: Table<Wait<W>>,
    clients: HashMap<ClientId, Client>,
    last_client: u32,
    contexts: Contexts,
    waiting: Waiting,
    held: Held,
    spare: Spare,
    person_drives: bool,
    /// Where the worker keeps downloads.
    downloads: Option<String>,
    out: Vec<Out>,
}

impl<W> Default for Mux<W> {
    fn default() -> Self {
        Self {
            table: Table::default(),
            clients: HashMap::new(),
            last_client: 0,
            contexts: Contexts::default(),
            waiting: Waiting::default(),
            held: Held::default(),
            spare: Spare::default(),
            person_drives: false,
            downloads: None,
            out: Vec::new(),
        }
    }
}

impl<W> Mux<W> {
    pub fn table(&self) -> &Table<Wait<W>> {
        &self.table
    }

    pub fn table_mut(&mut self) -> &mut Table<Wait<W>> {
        &mut self.table
    }

    /// What is to be written because of the inputs so far.
    pub fn take_out(&mut self) -> Vec<Out> {
        std::mem::take(&mut self.out)
    }

    /// Where downloads are kept, whatever clients ask for.
    pub fn keep_downloads(&mut self, directory: String) {
        self.downloads = Some(directory);
    }

    /// A client comes in under a browser session that was attached for it.
    pub fn join(&mut self, root: SessionId) -> ClientId {
        self.last_client += 1;
        let client = ClientId(self.last_client);
        self.table.add_client(client, root);
        self.clients.insert(client, Client::default());
        client
    }

    /// A client goes: what it holds up is let go, its contexts are disposed of, its sessions end.
    pub fn leave(&mut self, client: ClientId) {
        let top = self.top(client);
        let Some(state) = self.clients.remove(&client) else { return };
        self.held.forget(client);
        if let Some(top) = &top {
            self.spare.left(top);
        }
        for session in state.intercepts {
            self.notice(Some(session), "Fetch.disable", b"{}");
        }
        for session in self.table.sessions_of(client).into_iter().chain(state.hidden) {
            let target = self.waiting.gone(&session);
            self.look_at(target);
        }
        // Its calls need no answer any more.
        drop(self.table.remove_client(client));
        if let Some(top) = top {
            let params = json!({ "sessionId": &*top }).to_string();
            self.notice(None, "Target.detachFromTarget", params.as_bytes());
        }
        for context in self.contexts.of(client) {
            let params = json!({ "browserContextId": &*context }).to_string();
            let call = self.table.own_call(None, Wait::Disposed(context));
            self.write(&call, "Target.disposeBrowserContext", params.as_bytes());
        }
    }

    /// A person drives, or the agent does. What was held goes on when the agent does.
    pub fn drive(&mut self, person: bool, now: Instant) -> Vec<(ClientId, Step)> {
        self.person_drives = person;
        if person {
            return Vec::new();
        }
        let held = self.held.release();
        held.into_iter().map(|held| (held.client, self.request(held.client, &held.text, now))).collect()
    }

    /// Whether a client is told of dialogs, and so has to answer them.
    pub fn answers_dialogs(&self) -> bool {
        self.clients.values().any(|client| !client.pages.is_empty())
    }

    /// Opens a page for the first client that asks for one. Nobody may be there yet who could open another.
    pub fn open_spare(&mut self) {
        if self.clients.is_empty() {
            let next = self.spare.open();
            self.prepare(next);
        }
    }

    fn prepare(&mut self, next: Next) {
        let (method, params) = match next {
            Next::Nothing => return,
            Next::AskForTabs => ("Target.getTargets", &br#"{"filter":[{"type":"tab"}]}"#[..]),
            Next::Open => ("Target.createTarget", &br#"{"url":"about:blank"}"#[..]),
            Next::Close(target) => return self.close_target(&target),
            Next::Tell(events) => return self.out.extend(events.into_iter().map(Out::Again)),
        };
        let call = self.table.own_call(None, Wait::Spare);
        self.write(&call, method, params);
    }

    /// Nobody has asked for it.
    pub fn close_spare(&mut self) {
        if let Some(target) = self.spare.give_up() {
            self.close_target(&target);
        }
    }

    fn close_target(&mut self, target: &str) {
        let params = json!({ "targetId": target }).to_string();
        self.notice(None, "Target.closeTarget", params.as_bytes());
    }

    /// The worker lets a target run.
    pub fn resume(&mut self, session: &SessionId) {
        match self.waiting.asked(session) {
            Some(target) => self.look_at(Some(target)),
            // Nobody was told that it waits. Where there are no clients that cannot do harm.
            None if self.clients.is_empty() => self.notice(Some(session.clone()), RESUME, b"{}"),
            None => {}
        }
    }

    pub fn tick(&mut self, now: Instant) {
        for target in self.waiting.overdue(now) {
            self.release(&target);
        }
        for held in self.held.overdue(now) {
            let why = "A person drives this session, and did so for as long as this could wait";
            self.refuse_message(held.client, &held.text, why);
        }
    }

    /// When the next `tick` is due.
    pub fn deadline(&self) -> Option<Instant> {
        self.waiting.deadline().into_iter().chain(self.held.deadline()).min()
    }

    /// What an answer of the browser comes to. A call of the worker's is given back.
    pub(in crate::cdp) fn answer(
        &mut self,
        id: u64,
        outcome: Result<Part, Part>,
    ) -> Option<(W, Result<Part, Part>)> {
        let Pending { client, client_call, session, waiter } = self.table.answer(id)?;
        match waiter {
            Wait::Worker(waiter) => return Some((waiter, outcome)),
            Wait::Client(look) => {
                let shown = session.and_then(|session| self.table.shown(client, &session));
                let text = match outcome {
                    Ok(result) => {
                        let seen = self.looked_at(client, look, result.bytes());
                        let result = seen.as_deref().unwrap_or(result.bytes());
                        message::answer(client_call, "result", result, shown.as_deref())
                    }
                    Err(error) => message::answer(client_call, "error", error.bytes(), shown.as_deref()),
                };
                self.out.push(Out::Client(client, text));
            }
            Wait::Fence(target) => {
                self.waiting.fenced(&target);
                if self.waiting.is_ready(&target) {
                    self.release(&target);
                }
            }
            Wait::Disposed(context) => self.contexts.disposed(&context),
            Wait::Spare => {
                let next = self.spare.answered(outcome.ok().as_ref().map(Part::bytes));
                self.prepare(next);
            }
        }
        None
    }

    /// A target's waiting may be over.
    fn look_at(&mut self, target: Option<Arc<str>>) {
        let Some(target) = target.filter(|target| self.waiting.is_ready(target)) else { return };
        if self.clients.is_empty() {
            self.release(&target);
        } else if self.waiting.fence(&target) {
            // Others may have been told just now. The pipe keeps the order: with the answer they are known.
            let call = self.table.own_call(None, Wait::Fence(target));
            self.write(&call, "Browser.getVersion", b"{}");
        }
    }

    fn release(&mut self, target: &str) {
        for session in self.waiting.release(target) {
            let hides = self.clients.values().any(|client| client.hidden.contains(&session));
            self.notice(Some(session.clone()), RESUME, b"{}");
            if hides {
                self.detach(&session);
            }
        }
    }

    /// Ends a session that a client is not to know of.
    fn detach(&mut self, session: &SessionId) {
        let of = self.clients.iter().find(|(_, client)| client.hidden.contains(session));
        let Some(root) = of.and_then(|(client, _)| self.table.root(*client)) else { return };
        let params = json!({ "sessionId": &**session }).to_string();
        self.notice(Some(root), "Target.detachFromTarget", params.as_bytes());
    }

    /// Writes a message whose answer does not matter.
    fn notice(&mut self, session: Option<SessionId>, method: &str, params: &[u8]) {
        let outbound = self.table.own_notice(session);
        self.write(&outbound, method, params);
    }

    fn write(&mut self, outbound: &Outbound, method: &str, params: &[u8]) {
        // Larger than the browser takes is refused where it comes in.
        if let Ok(text) = frame(outbound, method, params) {
            self.out.push(Out::Pipe(text));
        }
    }
}

#[cfg(test)]
mod tests;
