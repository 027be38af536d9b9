//! One browser's pipe: its reader, its writer and what they share.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::Deserialize;
use tokio::net::unix::pipe;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use super::call::{Answer, CallError, Gone};
use super::envelope::{self, Inbound, Part};
use super::event::{Event, Subscription};
use super::halves;
use super::handle::Cdp;
use super::outbox::{Outbox, WriteEnd};
use super::pipe::{ReadError, Reader};
use super::route::{Outbound, Pending, SessionId, Table, WORKER};
use super::{MAX_INBOUND, MAX_OUTBOUND};

pub(super) type Waiter = oneshot::Sender<Result<Answer, CallError>>;

/// Counters of one browser's pipe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Messages read so far; a change is a sign of life.
    pub received: u64,
    /// Messages that were no CDP message, or events under a session that nobody owns.
    pub unrouted: u64,
    /// Events whose parameters did not fit the type they were asked for as.
    pub undecodable: u64,
    /// Calls that wait for their answer.
    pub waiting: u64,
}

/// What reader, writer and handles share.
pub(super) struct Shared {
    state: Mutex<State>,
    pub outbox: Outbox,
    gone: watch::Sender<Option<Gone>>,
    received: AtomicU64,
    unrouted: AtomicU64,
    undecodable: Arc<AtomicU64>,
    frozen: AtomicBool,
}

#[derive(Default)]
struct State {
    table: Table<Waiter>,
    subscriptions: HashMap<Option<SessionId>, Vec<Subscription>>,
}

/// Owns the pipe. Dropping it closes the pipe, upon which Chromium ends; all handles answer `Closed` from then on.
pub struct Link {
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

impl Link {
    /// Takes the parent's ends of both pipes, already non-blocking. Must be called inside a tokio runtime.
    pub fn open(from_browser: OwnedFd, to_browser: OwnedFd) -> std::io::Result<Self> {
        let reader = Reader::new(pipe::Receiver::from_owned_fd(from_browser)?, MAX_INBOUND);
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            outbox: Outbox::new(pipe::Sender::from_owned_fd(to_browser)?),
            gone: watch::Sender::new(None),
            received: AtomicU64::new(0),
            unrouted: AtomicU64::new(0),
            undecodable: Arc::default(),
            frozen: AtomicBool::new(false),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(read(shared.clone(), reader));
        tasks.spawn(write(shared.clone()));
        Ok(Self { shared, _tasks: tasks })
    }

    /// A handle on the root of the browser.
    pub fn root(&self) -> Cdp {
        Cdp::root(self.shared.clone())
    }

    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    /// While frozen, a write that does not move is not held against the browser.
    pub fn set_frozen(&self, frozen: bool) {
        self.shared.frozen.store(frozen, Relaxed);
    }

    /// Resolves once the browser can no longer be spoken to.
    pub async fn gone(&self) -> Gone {
        self.shared.wait_gone().await
    }

    /// Ends it: every waiting and later call gets `Closed` with this reason.
    pub fn close(&self, reason: Gone) {
        self.shared.close(reason);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.close(Gone::Closed);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn stats(&self) -> Stats {
        Stats {
            received: self.received.load(Relaxed),
            unrouted: self.unrouted.load(Relaxed),
            undecodable: self.undecodable.load(Relaxed),
            waiting: self.state().table.waiting() as u64,
        }
    }

    pub fn why_gone(&self) -> Option<Gone> {
        *self.gone.borrow()
    }

    pub async fn wait_gone(&self) -> Gone {
        let mut gone = self.gone.subscribe();
        match gone.wait_for(Option::is_some).await {
            Ok(reason) => reason.unwrap_or(Gone::Closed),
            Err(_) => Gone::Closed,
        }
    }

    pub fn close(&self, reason: Gone) {
        let first = self.gone.send_if_modified(|gone| {
            let first = gone.is_none();
            gone.get_or_insert(reason);
            first
        });
        if !first {
            return;
        }
        self.outbox.close();
        let calls = {
            let mut state = self.state();
            state.subscriptions.clear();
            state.table.drain()
        };
        for call in calls {
            // The caller may have left; then nobody needs to know.
            let _ = call.waiter.send(Err(CallError::Closed(reason)));
        }
    }

    pub fn register(&self, session: Option<&str>, waiter: Waiter) -> Result<Outbound, CallError> {
        let mut state = self.state();
        // Checked under the lock: after the calls were drained nobody would answer this one.
        if let Some(reason) = self.why_gone() {
            return Err(CallError::Closed(reason));
        }
        state.table.call(WORKER, 0, session, waiter).map_err(|_| CallError::Detached)
    }

    pub fn register_notice(&self, session: Option<&str>) -> Result<Outbound, CallError> {
        self.state().table.notify(WORKER, session).map_err(|_| CallError::Detached)
    }

    pub fn forget_call(&self, id: u64) {
        self.state().table.cancel(id);
    }

    pub fn subscribe(&self, session: Option<SessionId>, subscription: Subscription) {
        let mut state = self.state();
        if self.why_gone().is_none() {
            state.subscriptions.entry(session).or_default().push(subscription);
        }
    }

    /// Whether the session is attached and the worker's own.
    pub fn knows(&self, session: &str) -> bool {
        self.state().table.target(session).is_some()
    }

    pub fn known_session(&self, session: &str) -> SessionId {
        let state = self.state();
        state
            .table
            .event(Some(session))
            .and_then(|delivery| delivery.session)
            .unwrap_or_else(|| Arc::from(session))
    }

    fn receive(&self, message: &Bytes) {
        self.received.fetch_add(1, Relaxed);
        match envelope::parse(message) {
            Some(Inbound::Answer { id, outcome }) => {
                // Bound to a name, so that the lock is released before the caller is woken.
                let pending = self.state().table.answer(id);
                if let Some(pending) = pending {
                    let answer = outcome
                        .map(|part| Answer(halves::replaced(part.into_bytes())))
                        .map_err(|error| CallError::Protocol { code: error.code, message: error.message });
                    let _ = pending.waiter.send(answer);
                }
            }
            Some(Inbound::Event { session, method, params }) => self.receive_event(session, method, params),
            None => {
                self.unrouted.fetch_add(1, Relaxed);
            }
        }
    }

    fn receive_event(&self, session: Option<Part>, method: Part, params: Part) {
        let session = session.as_ref().and_then(|session| std::str::from_utf8(session.bytes()).ok());
        let mut state = self.state();
        let Some(delivery) = state.table.event(session) else {
            self.unrouted.fetch_add(1, Relaxed);
            return;
        };
        if delivery.client != WORKER {
            return;
        }
        let event =
            Event { session: delivery.session, method, params, undecodable: self.undecodable.clone() };
        if event.method() == "Target.attachedToTarget" {
            state.attached(&event);
        }
        if let Some(subscriptions) = state.subscriptions.get_mut(&event.session) {
            subscriptions.retain(|subscription| subscription.offer(&event, event.method()));
        }
        let (lost, why) = match (event.method(), &event.session) {
            ("Target.detachedFromTarget", _) => (state.detached(&event), CallError::Detached),
            ("Inspector.targetCrashed", Some(session)) => (state.table.crashed(session), CallError::Crashed),
            _ => return,
        };
        drop(state);
        for call in lost {
            let _ = call.waiter.send(Err(why.clone()));
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attached<'a> {
    session_id: &'a str,
    #[serde(borrow)]
    target_info: TargetId<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TargetId<'a> {
    target_id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DetachedFrom<'a> {
    session_id: &'a str,
}

impl State {
    /// A session under another inherits the subscriptions that cover children, before its first event.
    fn attached(&mut self, event: &Event) {
        let Ok(attached) = serde_json::from_slice::<Attached<'_>>(event.params()) else { return };
        let parent = event.session.as_deref();
        let Some(id) = self.table.attached(parent, attached.session_id, attached.target_info.target_id)
        else {
            return;
        };
        if let Some(inherited) = self.subscriptions.get(&event.session) {
            let inherited: Vec<_> = inherited.iter().filter(|sub| sub.with_children).cloned().collect();
            self.subscriptions.insert(Some(id), inherited);
        }
    }

    fn detached(&mut self, event: &Event) -> Vec<Pending<Waiter>> {
        let Ok(detached) = serde_json::from_slice::<DetachedFrom<'_>>(event.params()) else {
            return Vec::new();
        };
        let gone = self.table.detached(detached.session_id);
        for session in gone.sessions {
            self.subscriptions.remove(&Some(session));
        }
        gone.calls
    }
}

async fn read(shared: Arc<Shared>, mut reader: Reader<pipe::Receiver>) {
    let reason = loop {
        match reader.next().await {
            Ok(message) => shared.receive(&message),
            Err(ReadError::Closed) => break Gone::PipeClosed,
            Err(ReadError::Oversized) => break Gone::OversizedMessage,
        }
    };
    shared.close(reason);
}

async fn write(shared: Arc<Shared>) {
    let reason = match shared.outbox.run(|| shared.frozen.load(Relaxed)).await {
        WriteEnd::Broken => Gone::PipeClosed,
        WriteEnd::Stalled => Gone::WriteStalled,
    };
    shared.close(reason);
}

/// Writes the envelope of a call around its already serialised parameters.
pub(super) fn frame(outbound: &Outbound, method: &str, params: &[u8]) -> Result<Vec<u8>, CallError> {
    use std::io::Write;
    let bytes = params.len() + method.len() + 128;
    if bytes > MAX_OUTBOUND {
        return Err(CallError::Oversized { bytes, limit: MAX_OUTBOUND });
    }
    let mut message = Vec::with_capacity(bytes);
    // Writing to a Vec cannot fail; method names and session ids hold nothing that JSON would escape.
    let _ = write!(message, r#"{{"id":{},"method":"{method}","params":"#, outbound.id);
    message.extend_from_slice(params);
    if let Some(session) = &outbound.session {
        let _ = write!(message, r#","sessionId":"{session}""#);
    }
    message.extend_from_slice(b"}\0");
    Ok(message)
}
