//! Who a message belongs to: several logical clients on one pipe.
//!
//! Each client sees its own ids and its own sessions, and none of another's. Client 0 is the worker itself,
//! which speaks on the root of the pipe; every other client gets a browser session (`Target.attachToBrowserTarget`)
//! as its root: its messages without a session are sent under that one, and it is stripped on the way back.
//! A session announced by `Target.attachedToTarget` belongs to the client under whose session it was announced.
//! Pure: no I/O, no clock.

use std::collections::HashMap;
use std::sync::Arc;

/// A CDP session as the browser names it.
pub type SessionId = Arc<str>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientId(pub u32);

/// The worker's own client.
pub const WORKER: ClientId = ClientId(0);

/// A call on its way, until it is answered, cancelled or its session is gone.
#[derive(Debug, PartialEq, Eq)]
pub struct Pending<W> {
    pub client: ClientId,
    /// The id by which the client knows this call.
    pub client_call: i64,
    /// The session as the browser sees it.
    pub session: Option<SessionId>,
    pub waiter: W,
}

#[derive(Debug)]
struct Session {
    client: ClientId,
    parent: Option<SessionId>,
    target: Arc<str>,
}

/// Where an event goes, and the session its receiver knows it under.
#[derive(Debug, PartialEq, Eq)]
pub struct Delivery {
    pub client: ClientId,
    pub session: Option<SessionId>,
}

/// How a call is written on the pipe.
#[derive(Debug, PartialEq, Eq)]
pub struct Outbound {
    pub id: u64,
    pub session: Option<SessionId>,
}

/// The session named is unknown, or another client's: for the client there is no difference.
#[derive(Debug, PartialEq, Eq)]
pub struct NotYours;

/// `W` is whatever waits for an answer.
#[derive(Debug)]
pub struct Table<W> {
    next_id: u64,
    calls: HashMap<u64, Pending<W>>,
    sessions: HashMap<SessionId, Session>,
    roots: HashMap<ClientId, Option<SessionId>>,
}

impl<W> Default for Table<W> {
    fn default() -> Self {
        Self {
            next_id: 1,
            calls: HashMap::new(),
            sessions: HashMap::new(),
            roots: HashMap::from([(WORKER, None)]),
        }
    }
}

impl<W> Table<W> {
    /// Adds a client whose root is the browser session `root`.
    pub fn add_client(&mut self, client: ClientId, root: SessionId) {
        let session = Session { client, parent: None, target: Arc::from("") };
        self.sessions.insert(root.clone(), session);
        self.roots.insert(client, Some(root));
    }

    /// Another of a client's sessions becomes its root.
    pub fn set_root(&mut self, client: ClientId, root: SessionId) {
        self.roots.insert(client, Some(root));
    }

    /// Forgets a client with its sessions, and hands back the calls that nobody waits for any more.
    pub fn remove_client(&mut self, client: ClientId) -> Vec<Pending<W>> {
        self.roots.remove(&client);
        self.sessions.retain(|_, session| session.client != client);
        self.take_calls(|call| call.client == client)
    }

    /// Registers a call of `client` under an id of its own on the pipe.
    pub fn call(
        &mut self,
        client: ClientId,
        client_call: i64,
        session: Option<&str>,
        waiter: W,
    ) -> Result<Outbound, NotYours> {
        let session = self.wire_session(client, session)?;
        let id = self.next_id;
        self.next_id += 1;
        let outbound = Outbound { id, session: session.clone() };
        self.calls.insert(id, Pending { client, client_call, session, waiter });
        Ok(outbound)
    }

    /// Draws an id for a message whose answer nobody waits for.
    pub fn notify(&mut self, client: ClientId, session: Option<&str>) -> Result<Outbound, NotYours> {
        let session = self.wire_session(client, session)?;
        let id = self.next_id;
        self.next_id += 1;
        Ok(Outbound { id, session })
    }

    /// Draws an id for a message of the table's own under any session that is attached, or under the root.
    pub fn own_call(&mut self, session: Option<SessionId>, waiter: W) -> Outbound {
        let id = self.next_id;
        self.next_id += 1;
        let pending = Pending { client: WORKER, client_call: 0, session: session.clone(), waiter };
        self.calls.insert(id, pending);
        Outbound { id, session }
    }

    /// The same for one whose answer does not matter.
    pub fn own_notice(&mut self, session: Option<SessionId>) -> Outbound {
        let id = self.next_id;
        self.next_id += 1;
        Outbound { id, session }
    }

    /// Whose a session is.
    pub fn owner(&self, session: &str) -> Option<ClientId> {
        self.sessions.get(session).map(|session| session.client)
    }

    /// The root of a client; `None` for one that is not there, and for the worker.
    pub fn root(&self, client: ClientId) -> Option<SessionId> {
        self.roots.get(&client).cloned().flatten()
    }

    /// All sessions of a client.
    pub fn sessions_of(&self, client: ClientId) -> Vec<SessionId> {
        let of = self.sessions.iter().filter(|(_, session)| session.client == client);
        of.map(|(id, _)| id.clone()).collect()
    }

    fn wire_session(&self, client: ClientId, session: Option<&str>) -> Result<Option<SessionId>, NotYours> {
        match session {
            None => self.roots.get(&client).cloned().ok_or(NotYours),
            Some(id) => match self.sessions.get_key_value(id) {
                Some((id, session)) if session.client == client => Ok(Some(id.clone())),
                Some(_) | None => Err(NotYours),
            },
        }
    }

    /// The call that an answer with this id is for.
    pub fn answer(&mut self, id: u64) -> Option<Pending<W>> {
        self.calls.remove(&id)
    }

    /// Forgets a call whose caller is gone.
    pub fn cancel(&mut self, id: u64) -> Option<Pending<W>> {
        self.calls.remove(&id)
    }

    /// Whom an event under `session` is for; `None` when the session is unknown.
    pub fn event(&self, session: Option<&str>) -> Option<Delivery> {
        let Some(id) = session else { return Some(Delivery { client: WORKER, session: None }) };
        let (id, known) = self.sessions.get_key_value(id)?;
        Some(Delivery { client: known.client, session: self.shown(known.client, id) })
    }

    /// The session as its client knows it: its root has no name there.
    pub fn shown(&self, client: ClientId, session: &SessionId) -> Option<SessionId> {
        match self.roots.get(&client) {
            Some(Some(root)) if root == session => None,
            Some(_) | None => Some(session.clone()),
        }
    }

    /// Takes note of `Target.attachedToTarget` under `parent`. `None` when nobody owns the parent.
    pub fn attached(&mut self, parent: Option<&str>, session: &str, target: &str) -> Option<SessionId> {
        let (client, parent) = match parent {
            None => (WORKER, None),
            Some(id) => {
                let (id, known) = self.sessions.get_key_value(id)?;
                (known.client, Some(id.clone()))
            }
        };
        let id: SessionId = Arc::from(session);
        self.sessions.insert(id.clone(), Session { client, parent, target: Arc::from(target) });
        Some(id)
    }

    /// Takes note of `Target.detachedFromTarget`: forgets the session with those under it, and hands back
    /// the calls on them, which the browser will never answer.
    pub fn detached(&mut self, session: &str) -> Detached<W> {
        let mut gone: Vec<SessionId> = Vec::new();
        if let Some((id, _)) = self.sessions.remove_entry(session) {
            gone.push(id);
        }
        let mut seen = 0;
        while seen < gone.len() {
            let parent = gone[seen].clone();
            let children: Vec<SessionId> = self
                .sessions
                .iter()
                .filter(|(_, child)| child.parent.as_ref() == Some(&parent))
                .map(|(id, _)| id.clone())
                .collect();
            for child in children {
                self.sessions.remove(&child);
                gone.push(child);
            }
            seen += 1;
        }
        let calls = self.take_calls(|call| call.session.as_ref().is_some_and(|id| gone.contains(id)));
        Detached { sessions: gone, calls }
    }

    /// Takes the calls on a session whose renderer crashed: nobody will answer them, though the session lives.
    pub fn crashed(&mut self, session: &str) -> Vec<Pending<W>> {
        self.take_calls(|call| call.session.as_deref() == Some(session))
    }

    /// The target a session is attached to.
    pub fn target(&self, session: &str) -> Option<Arc<str>> {
        self.sessions.get(session).map(|session| session.target.clone())
    }

    /// Takes all calls, for when the browser is gone.
    pub fn drain(&mut self) -> Vec<Pending<W>> {
        self.take_calls(|_| true)
    }

    pub fn waiting(&self) -> usize {
        self.calls.len()
    }

    fn take_calls(&mut self, mut which: impl FnMut(&Pending<W>) -> bool) -> Vec<Pending<W>> {
        self.calls.extract_if(|_, call| which(call)).map(|(_, call)| call).collect()
    }
}

/// What went with a session: itself and the sessions under it, and their unanswered calls.
#[derive(Debug)]
pub struct Detached<W> {
    pub sessions: Vec<SessionId>,
    pub calls: Vec<Pending<W>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: ClientId = ClientId(1);
    const BOB: ClientId = ClientId(2);

    fn two_clients() -> Table<&'static str> {
        let mut table = Table::default();
        table.add_client(ALICE, Arc::from("root-a"));
        table.add_client(BOB, Arc::from("root-b"));
        table
    }

    #[test]
    fn sessionless_messages_go_under_the_clients_root() {
        let mut table = two_clients();
        for (client, root) in [(WORKER, None), (ALICE, Some("root-a")), (BOB, Some("root-b"))] {
            let outbound = table.call(client, 1, None, "w").unwrap();
            assert_eq!(outbound.session.as_deref(), root);
        }
    }

    #[test]
    fn ids_are_mapped_both_ways() {
        let mut table = two_clients();
        let first = table.call(ALICE, 7, None, "alice").unwrap();
        let second = table.call(BOB, 7, None, "bob").unwrap();
        assert_ne!(first.id, second.id);
        let answered = table.answer(second.id).unwrap();
        assert_eq!((answered.client, answered.client_call, answered.waiter), (BOB, 7, "bob"));
        assert!(table.answer(second.id).is_none(), "an answer is delivered once");
        assert_eq!(table.answer(first.id).unwrap().waiter, "alice");
    }

    #[test]
    fn a_session_belongs_to_whoever_it_was_announced_to() {
        let mut table = two_clients();
        table.attached(Some("root-a"), "page-a", "T");
        table.attached(Some("page-a"), "frame-a", "F");
        table.attached(None, "page-w", "T");
        let cases = [
            (Some("page-a"), Some((ALICE, Some("page-a")))),
            (Some("frame-a"), Some((ALICE, Some("frame-a")))),
            (Some("root-a"), Some((ALICE, None))),
            (Some("page-w"), Some((WORKER, Some("page-w")))),
            (None, Some((WORKER, None))),
            (Some("nobody"), None),
        ];
        for (session, expected) in cases {
            let expected =
                expected.map(|(client, session)| Delivery { client, session: session.map(Arc::from) });
            assert_eq!(table.event(session), expected, "{session:?}");
        }
    }

    #[test]
    fn a_client_cannot_speak_on_a_session_of_another() {
        let mut table = two_clients();
        table.attached(Some("root-a"), "page-a", "T");
        table.attached(None, "page-w", "T");
        assert!(table.call(ALICE, 1, Some("page-a"), "w").is_ok());
        for (client, session) in
            [(BOB, "page-a"), (BOB, "page-w"), (BOB, "root-a"), (WORKER, "page-a"), (BOB, "?")]
        {
            assert_eq!(table.call(client, 1, Some(session), "w"), Err(NotYours), "{client:?} {session}");
            assert_eq!(table.notify(client, Some(session)), Err(NotYours));
        }
    }

    #[test]
    fn what_is_announced_under_an_unknown_session_belongs_to_nobody() {
        let mut table = two_clients();
        assert!(table.attached(Some("gone"), "child", "T").is_none());
        assert!(table.event(Some("child")).is_none());
    }

    #[test]
    fn detaching_takes_children_and_unanswered_calls_along() {
        let mut table = two_clients();
        table.attached(Some("root-a"), "page", "T");
        table.attached(Some("page"), "frame", "F");
        table.attached(Some("frame"), "inner", "G");
        table.call(ALICE, 1, Some("inner"), "lost").unwrap();
        table.call(ALICE, 2, None, "kept").unwrap();
        let detached = table.detached("page");
        assert_eq!(detached.sessions.len(), 3);
        assert_eq!(detached.calls.iter().map(|call| call.waiter).collect::<Vec<_>>(), ["lost"]);
        assert_eq!(table.waiting(), 1);
        assert!(table.event(Some("inner")).is_none());
        assert!(table.detached("page").sessions.is_empty());
    }

    #[test]
    fn a_crash_ends_the_calls_of_its_session_alone() {
        let mut table = two_clients();
        table.attached(Some("root-a"), "page", "T");
        table.call(ALICE, 1, Some("page"), "lost").unwrap();
        table.call(ALICE, 2, None, "kept").unwrap();
        assert_eq!(table.crashed("page").iter().map(|call| call.waiter).collect::<Vec<_>>(), ["lost"]);
        assert!(table.call(ALICE, 3, Some("page"), "after").is_ok(), "the session can be navigated again");
    }

    #[test]
    fn a_removed_client_leaves_nothing() {
        let mut table = two_clients();
        table.attached(Some("root-a"), "page", "T");
        table.call(ALICE, 1, Some("page"), "alice").unwrap();
        table.call(BOB, 1, None, "bob").unwrap();
        let lost = table.remove_client(ALICE);
        assert_eq!(lost.len(), 1);
        assert_eq!(table.call(ALICE, 2, None, "w"), Err(NotYours));
        assert!(table.event(Some("page")).is_none());
        assert_eq!(table.waiting(), 1);
    }

    #[test]
    fn a_cancelled_call_is_forgotten() {
        let mut table: Table<&str> = Table::default();
        let outbound = table.call(WORKER, 0, None, "w").unwrap();
        table.cancel(outbound.id);
        assert!(table.answer(outbound.id).is_none());
        assert_eq!(table.waiting(), 0);
    }
}
