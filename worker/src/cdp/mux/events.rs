//! What the browser reports, and what each client is told of it.

use std::time::Instant;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Look, Mux, Out, Wait, message};
use crate::cdp::route::{ClientId, Pending, SessionId, WORKER};

/// An event for the worker, and what came with it.
#[derive(Debug)]
pub struct ForWorker<W> {
    /// The session as the worker knows it.
    pub session: Option<SessionId>,
    /// A session of the worker's that this announces.
    pub attached: Option<SessionId>,
    /// Sessions that it ends.
    pub gone: Vec<SessionId>,
    /// Calls that will never be answered.
    pub lost: Vec<W>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attached<'a> {
    pub(super) session_id: &'a str,
    #[serde(borrow)]
    pub(super) target_info: Info<'a>,
    #[serde(default)]
    waiting_for_debugger: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Told<'a> {
    #[serde(borrow)]
    pub(super) target_info: Info<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Info<'a> {
    pub(super) target_id: &'a str,
    #[serde(rename = "type")]
    pub(super) kind: &'a str,
    pub(super) browser_context_id: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Detached<'a> {
    pub(super) session_id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Gone<'a> {
    pub(super) target_id: &'a str,
}

pub(super) fn read<'a, T: Deserialize<'a>>(params: &'a [u8]) -> Option<T> {
    serde_json::from_slice(params).ok()
}

impl<W> Mux<W> {
    /// An event under `session`. Gives it back if it is the worker's; `Err` if it is nobody's.
    pub fn event(
        &mut self,
        text: &Bytes,
        session: Option<&str>,
        method: &str,
        params: &[u8],
        now: Instant,
    ) -> Result<Option<ForWorker<W>>, Unrouted> {
        if self.spare.withholds(text, session, method, params) {
            return Ok(None);
        }
        let Some(delivery) = self.table.event(session) else {
            let hidden =
                session.is_some_and(|id| self.clients.values().any(|client| client.hidden.contains(id)));
            return if hidden { Ok(None) } else { Err(Unrouted) };
        };
        let client = delivery.client;
        let mut event =
            ForWorker { session: delivery.session, attached: None, gone: Vec::new(), lost: Vec::new() };
        let shown = match method {
            "Target.attachedToTarget" => self.on_attached(client, session, params, &mut event, now),
            "Target.detachedFromTarget" => self.on_detached(client, params, &mut event),
            "Target.targetCreated" | "Target.targetInfoChanged" => self.on_told(client, params),
            "Target.targetDestroyed" | "Target.targetCrashed" => self.on_gone(client, method, params),
            "Inspector.targetCrashed" => {
                let calls = session.map(|session| self.table.crashed(session)).unwrap_or_default();
                event.lost = of_worker(calls);
                true
            }
            _ => true,
        };
        if client == WORKER {
            return Ok(shown.then_some(event));
        }
        if shown && !self.is_above_page(client, session) {
            // Under any session but the root the client knows it by the same words.
            let text =
                if event.session.is_none() { message::event(method, params, None) } else { text.clone() };
            self.out.push(Out::Client(client, text));
        }
        Ok(None)
    }

    /// A download as the worker was told of it, for those who asked to be told and see its context.
    pub fn download(&mut self, context: Option<&str>, method: &str, params: &[u8]) {
        let key = context.map(str::to_owned);
        for (client, state) in &self.clients {
            let Some(session) = state.downloads.get(&key) else { continue };
            // One that was detached is told no more.
            if session.as_deref().is_none_or(|session| self.table.owner(session) == Some(*client)) {
                self.out.push(Out::Client(*client, message::event(method, params, session.as_deref())));
            }
        }
    }

    fn on_attached(
        &mut self,
        client: ClientId,
        parent: Option<&str>,
        params: &[u8],
        event: &mut ForWorker<W>,
        now: Instant,
    ) -> bool {
        let Some(attached) = read::<Attached<'_>>(params) else { return false };
        let (target, context) = (attached.target_info.target_id, attached.target_info.browser_context_id);
        self.contexts.seen(target, context);
        let visible =
            client == WORKER || context.is_none_or(|context| self.contexts.sees_context(client, context));
        if !visible {
            self.hide(client, target, attached.session_id, attached.waiting_for_debugger, now);
            return false;
        }
        let Some(session) = self.table.attached(parent, attached.session_id, target) else { return false };
        if attached.waiting_for_debugger {
            self.waiting.told(target, session.clone(), now);
        }
        if self.is_above_page(client, parent) {
            self.enter_page(client, &session, target);
        }
        event.attached = Some(session);
        // Browser sessions are made for clients; the worker has no use for the news.
        client != WORKER || attached.target_info.kind != "browser"
    }

    /// Swallows a session on what is another's. It must hold nothing up.
    fn hide(&mut self, client: ClientId, target: &str, session: &str, waits: bool, now: Instant) {
        let session: SessionId = session.into();
        if let Some(client) = self.clients.get_mut(&client) {
            client.hidden.insert(session.clone());
        }
        if waits {
            // Let run with the others, and detached then: the first to let it run does so for all.
            self.waiting.told(target, session.clone(), now);
            let target = self.waiting.asked(&session);
            self.look_at(target);
        } else {
            self.detach(&session);
        }
    }

    fn on_detached(&mut self, client: ClientId, params: &[u8], event: &mut ForWorker<W>) -> bool {
        let Some(detached) = read::<Detached<'_>>(params) else { return false };
        let target = self.waiting.gone(detached.session_id);
        self.look_at(target);
        if let Some(client) = self.clients.get_mut(&client)
            && client.hidden.remove(detached.session_id)
        {
            return false;
        }
        let gone = self.table.detached(detached.session_id);
        for session in &gone.sessions {
            let target = self.waiting.gone(session);
            self.look_at(target);
            if let Some(client) = self.clients.get_mut(&client) {
                client.intercepts.remove(session);
                client.pages.remove(session);
            }
        }
        self.page_gone(client, &gone.sessions);
        event.gone = gone.sessions;
        event.lost = of_worker(gone.calls);
        true
    }

    fn on_told(&mut self, client: ClientId, params: &[u8]) -> bool {
        let Some(told) = read::<Told<'_>>(params) else { return false };
        let context = told.target_info.browser_context_id;
        self.contexts.seen(told.target_info.target_id, context);
        client == WORKER || context.is_none_or(|context| self.contexts.sees_context(client, context))
    }

    fn on_gone(&mut self, client: ClientId, method: &str, params: &[u8]) -> bool {
        let Some(gone) = read::<Gone<'_>>(params) else { return false };
        let visible = client == WORKER || self.contexts.sees_target(client, gone.target_id);
        if method == "Target.targetDestroyed" {
            self.contexts.target_gone(gone.target_id);
        }
        visible
    }

    /// A result that a client may not have as it is; `None`: it may.
    pub(super) fn looked_at(&mut self, client: ClientId, look: Look, result: &[u8]) -> Option<Vec<u8>> {
        match look {
            Look::Nothing => None,
            Look::NewContext => {
                #[derive(Deserialize)]
                #[serde(rename_all = "camelCase")]
                struct Made<'a> {
                    browser_context_id: &'a str,
                }
                if let Some(made) = read::<Made<'_>>(result) {
                    self.contexts.made(made.browser_context_id, client);
                    self.set_downloads(made.browser_context_id, "allowAndName");
                }
                None
            }
            Look::Targets => Some(self.without(result, "targetInfos", |mux, info| {
                let is_spare = info["targetId"].as_str().is_some_and(|target| mux.spare.is_it(target));
                let context = info["browserContextId"].as_str();
                !is_spare && context.is_none_or(|context| mux.contexts.sees_context(client, context))
            })),
            Look::Contexts => Some(self.without(result, "browserContextIds", |mux, context| {
                context.as_str().is_none_or(|context| mux.contexts.sees_context(client, context))
            })),
        }
    }

    fn without(&self, result: &[u8], list: &str, keep: impl Fn(&Self, &Value) -> bool) -> Vec<u8> {
        let mut result: Value = serde_json::from_slice(result).unwrap_or_else(|_| json!({ list: [] }));
        if let Some(items) = result[list].as_array_mut() {
            items.retain(|item| keep(self, item));
        }
        result.to_string().into_bytes()
    }
}

/// Nobody owns the session.
#[derive(Debug, PartialEq, Eq)]
pub struct Unrouted;

/// Those of the worker's calls that nobody will answer. Clients are told of the session's end and need no more.
fn of_worker<W>(calls: Vec<Pending<Wait<W>>>) -> Vec<W> {
    let worker = |call: Pending<Wait<W>>| match call.waiter {
        Wait::Worker(waiter) => Some(waiter),
        Wait::Client(_) | Wait::Fence(_) | Wait::Disposed(_) | Wait::Spare => None,
    };
    calls.into_iter().filter_map(worker).collect()
}
