//! Clients of one page: what such a client says without a session goes to a session on that page, as at a browser's
//! `/devtools/page/<target>`. It may do there what any client may on a session of its own; of the browser session above,
//! which it needs to be let go by, it sees nothing.

use std::sync::Arc;

use serde_json::json;

use super::message::{self, Request};
use super::{Client, Mux, Out, Wait};
use crate::cdp::route::{ClientId, SessionId};

/// What the browser says to whom it stops talking of a page, in the browser's words.
const DETACHED: (&str, &[u8]) = ("Inspector.detached", br#"{"reason":"target_closed"}"#);

#[derive(Debug)]
pub struct Page {
    browser: SessionId,
    target: Arc<str>,
    /// Its session was announced.
    pub(super) entered: bool,
}

impl<W> Mux<W> {
    /// A client of one target comes in under a browser session that was attached for it. `waiter` gets the answer; the
    /// client is in if [`Self::has_entered`] is true then. `None`: there is no such target for it to see.
    pub fn join_page(&mut self, browser: SessionId, target: &str, waiter: W) -> Option<ClientId> {
        let client = self.join(browser.clone());
        if !self.contexts.sees_target(client, target) {
            self.leave(client);
            return None;
        }
        let page = Page { browser: browser.clone(), target: target.into(), entered: false };
        self.clients.insert(client, Client { page: Some(page), ..Client::default() });
        let params = json!({ "targetId": target, "flatten": true }).to_string();
        let call = self.table.own_call(Some(browser), Wait::Worker(waiter));
        self.write(&call, "Target.attachToTarget", params.as_bytes());
        Some(client)
    }

    pub fn has_entered(&self, client: ClientId) -> bool {
        self.page(client).is_some_and(|page| page.entered)
    }

    pub(super) fn page(&self, client: ClientId) -> Option<&Page> {
        self.clients.get(&client)?.page.as_ref()
    }

    /// What ends everything of a client: its root, or the browser session above its page.
    pub(super) fn top(&self, client: ClientId) -> Option<SessionId> {
        match self.page(client) {
            Some(page) => Some(page.browser.clone()),
            None => self.table.root(client),
        }
    }

    /// Whether something was said above a client's page, which is not for it to hear.
    pub(super) fn is_above_page(&self, client: ClientId, session: Option<&str>) -> bool {
        self.page(client).is_some_and(|page| session == Some(&*page.browser))
    }

    /// A session was announced above the page of a client: the one that becomes its root.
    pub(super) fn enter_page(&mut self, client: ClientId, session: &SessionId, target: &str) {
        let page = self.clients.get_mut(&client).and_then(|client| client.page.as_mut());
        if let Some(page) = page.filter(|page| !page.entered && *page.target == *target) {
            page.entered = true;
            self.table.set_root(client, session.clone());
        }
    }

    /// A session ended above the page of a client: if it was the page's, this client has nothing left to speak to.
    pub(super) fn page_gone(&mut self, client: ClientId, sessions: &[SessionId]) {
        let root = self.table.root(client);
        if self.has_entered(client) && root.is_some_and(|root| sessions.contains(&root)) {
            let (method, params) = DETACHED;
            self.out.push(Out::Client(client, message::event(method, params, None)));
            self.out.push(Out::Over(client));
        }
    }

    /// The session that a message is about: the page's own where a client of a page names none.
    pub(super) fn session_of(&self, client: ClientId, request: &Request<'_>) -> Option<SessionId> {
        match &request.session {
            Some(session) => Some(session.as_ref().into()),
            None => self.page(client).and_then(|_| self.table.root(client)),
        }
    }
}
