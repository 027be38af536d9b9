//! One browser's pipe: its reader, its writer and what they share.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use tokio::net::unix::pipe;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinSet;

use super::call::{Answer, CallError, Gone};
use super::client::{Client, Sink};
use super::envelope::{self, Inbound, Part, ProtocolError};
use super::event::{Event, Subscription};
use super::halves;
use super::handle::Cdp;
use super::mux::{Mux, Naming, Out, Step, Wait};
use super::outbox::{Outbox, WriteEnd};
use super::pipe::{ReadError, Reader};
use super::route::{ClientId, Outbound, SessionId, WORKER};
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
    /// Something is due earlier or later than it was.
    due: Notify,
}

#[derive(Default)]
struct State {
    mux: Mux<Waiter>,
    subscriptions: HashMap<Option<SessionId>, Vec<Subscription>>,
    sinks: HashMap<ClientId, Box<dyn Sink>>,
    /// When the multiplexer is to be told the time.
    due: Option<Instant>,
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
            due: Notify::new(),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(read(shared.clone(), reader));
        tasks.spawn(write(shared.clone()));
        tasks.spawn(tend(shared.clone()));
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
            waiting: self.state().mux.table().waiting() as u64,
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
            state.sinks.clear();
            state.mux.table_mut().drain()
        };
        for call in calls {
            if let Wait::Worker(waiter) = call.waiter {
                // The caller may have left; then nobody needs to know.
                let _ = waiter.send(Err(CallError::Closed(reason)));
            }
        }
    }

    pub fn register(&self, session: Option<&str>, waiter: Waiter) -> Result<Outbound, CallError> {
        let mut state = self.state();
        // Checked under the lock: after the calls were drained nobody would answer this one.
        if let Some(reason) = self.why_gone() {
            return Err(CallError::Closed(reason));
        }
        let table = state.mux.table_mut();
        table.call(WORKER, 0, session, Wait::Worker(waiter)).map_err(|_| CallError::Detached)
    }

    pub fn register_notice(&self, session: Option<&str>) -> Result<Outbound, CallError> {
        self.state().mux.table_mut().notify(WORKER, session).map_err(|_| CallError::Detached)
    }

    pub fn forget_call(&self, id: u64) {
        self.state().mux.table_mut().cancel(id);
    }

    pub fn subscribe(&self, session: Option<SessionId>, subscription: Subscription) {
        let mut state = self.state();
        if self.why_gone().is_none() {
            state.subscriptions.entry(session).or_default().push(subscription);
        }
    }

    /// Whether the session is attached and the worker's own.
    pub fn knows(&self, session: &str) -> bool {
        self.state().mux.table().target(session).is_some()
    }

    pub fn known_session(&self, session: &str) -> SessionId {
        let state = self.state();
        state
            .mux
            .table()
            .event(Some(session))
            .and_then(|delivery| delivery.session)
            .unwrap_or_else(|| Arc::from(session))
    }

    /// Lets a target run, as far as the worker is concerned.
    pub fn resume(&self, session: &SessionId) {
        self.change(|mux| mux.resume(session));
    }

    /// Lets a client in under a browser session that was attached for it.
    pub fn join(self: &Arc<Self>, root: SessionId, sink: Box<dyn Sink>) -> Client {
        let mut state = self.state();
        let id = state.mux.join(root);
        state.sinks.insert(id, sink);
        Client::new(self.clone(), id)
    }

    /// The same for one of a page, which is in when `waiter` has its answer and [`Self::has_entered`] says so. `None`:
    /// there is no such page for it to see.
    pub fn join_page(
        self: &Arc<Self>,
        browser: SessionId,
        target: &str,
        sink: Box<dyn Sink>,
        waiter: Waiter,
    ) -> Option<Client> {
        let mut state = self.state();
        let id = state.mux.join_page(browser, target, waiter);
        if let Some(id) = id {
            state.sinks.insert(id, sink);
        }
        self.perform(&mut state);
        id.map(|id| Client::new(self.clone(), id))
    }

    pub fn has_entered(&self, client: ClientId) -> bool {
        self.state().mux.has_entered(client)
    }

    pub fn leave(&self, client: ClientId) {
        self.change(|mux| mux.leave(client));
        self.state().sinks.remove(&client);
    }

    pub fn request(&self, client: ClientId, text: &Bytes) -> Step {
        self.change(|mux| mux.request(client, text, Instant::now()))
    }

    pub fn named(&self, client: ClientId, naming: &Naming, found: Result<Vec<String>, String>) {
        self.change(|mux| mux.named(client, naming, found, Instant::now()));
    }

    /// What is left to do about messages that were held goes to their clients.
    pub fn drive(&self, person: bool) {
        let steps = self.change(|mux| mux.drive(person, Instant::now()));
        let state = self.state();
        for (client, step) in steps {
            if let Some(sink) = state.sinks.get(&client) {
                sink.step(step);
            }
        }
    }

    /// Changes the multiplexer and writes what comes of it, before anybody else changes it.
    pub fn change<T>(&self, change: impl FnOnce(&mut Mux<Waiter>) -> T) -> T {
        let mut state = self.state();
        let result = change(&mut state.mux);
        self.perform(&mut state);
        result
    }

    fn perform(&self, state: &mut State) {
        self.write_out(state);
        let due = state.mux.deadline();
        if due != state.due {
            state.due = due;
            self.due.notify_one();
        }
    }

    fn write_out(&self, state: &mut State) {
        loop {
            let outs = state.mux.take_out();
            if outs.is_empty() {
                break;
            }
            for out in outs {
                match out {
                    // Callers wait for room before they come here.
                    Out::Pipe(message) => self.outbox.push_over(message),
                    Out::Client(client, text) => {
                        if state.sinks.get(&client).is_some_and(|sink| !sink.push(&text)) {
                            state.sinks.remove(&client);
                            state.mux.leave(client);
                        }
                    }
                    Out::Over(client) => {
                        if let Some(sink) = state.sinks.get(&client) {
                            sink.step(Step::Gone);
                        }
                    }
                    Out::Again(message) => self.hear_again(state, &message),
                }
            }
        }
    }

    /// An event that was withheld. Those who are told of it are told before anything that came to be written after it.
    fn hear_again(&self, state: &mut State, message: &Bytes) {
        if let Some(Inbound::Event { session, method, params }) = envelope::parse(message) {
            let lost = self.hear(state, message, session.as_ref(), method, params);
            debug_assert!(lost.is_empty(), "it announces, and ends nothing");
            self.write_out(state);
        }
    }

    fn receive(&self, message: &Bytes) {
        self.received.fetch_add(1, Relaxed);
        match envelope::parse(message) {
            Some(Inbound::Answer { id, outcome }) => {
                // The lock is released before the caller is woken.
                if let Some((waiter, outcome)) = self.change(|mux| mux.answer(id, outcome)) {
                    let answer =
                        outcome.map(|part| Answer(halves::replaced(part.into_bytes()))).map_err(|error| {
                            let error = ProtocolError::read(&error);
                            CallError::Protocol { code: error.code, message: error.message }
                        });
                    let _ = waiter.send(answer);
                }
            }
            Some(Inbound::Event { session, method, params }) => {
                self.receive_event(message, session, method, params);
            }
            None => {
                self.unrouted.fetch_add(1, Relaxed);
            }
        }
    }

    fn receive_event(&self, message: &Bytes, session: Option<Part>, method: Part, params: Part) {
        let crashed = method.bytes() == b"Inspector.targetCrashed";
        let mut state = self.state();
        let lost = self.hear(&mut state, message, session.as_ref(), method, params);
        self.perform(&mut state);
        drop(state);
        let why = if crashed { CallError::Crashed } else { CallError::Detached };
        for waiter in lost {
            let _ = waiter.send(Err(why.clone()));
        }
    }

    /// Gives an event to whoever of the worker follows it, and back the calls that it leaves without an answer.
    fn hear(
        &self,
        state: &mut State,
        message: &Bytes,
        session: Option<&Part>,
        method: Part,
        params: Part,
    ) -> Vec<Waiter> {
        let session = session.and_then(|session| std::str::from_utf8(session.bytes()).ok());
        let name = std::str::from_utf8(method.bytes()).unwrap_or_default();
        let seen = match state.mux.event(message, session, name, params.bytes(), Instant::now()) {
            Ok(Some(seen)) => seen,
            Ok(None) => return Vec::new(),
            Err(_) => {
                self.unrouted.fetch_add(1, Relaxed);
                return Vec::new();
            }
        };
        let event = Event { session: seen.session, method, params, undecodable: self.undecodable.clone() };
        if let Some(attached) = seen.attached {
            state.inherit(&event, attached);
        }
        if let Some(subscriptions) = state.subscriptions.get_mut(&event.session) {
            subscriptions.retain(|subscription| subscription.offer(&event, event.method()));
        }
        for session in seen.gone {
            state.subscriptions.remove(&Some(session));
        }
        seen.lost
    }
}

impl State {
    /// A session under another inherits the subscriptions that cover children, before its first event.
    fn inherit(&mut self, event: &Event, session: SessionId) {
        if let Some(inherited) = self.subscriptions.get(&event.session) {
            let inherited: Vec<_> = inherited.iter().filter(|sub| sub.with_children).cloned().collect();
            self.subscriptions.insert(Some(session), inherited);
        }
    }
}

/// Tells the multiplexer the time when it asked to be told.
async fn tend(shared: Arc<Shared>) {
    loop {
        let due = shared.state().due;
        let sleep = async {
            match due {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = sleep => shared.change(|mux| mux.tick(Instant::now())),
            () = shared.due.notified() => {}
        }
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
    // What is around the parameters does not count: it is another here than where the message was measured first.
    let bytes = params.len();
    if bytes > MAX_OUTBOUND {
        return Err(CallError::Oversized { bytes, limit: MAX_OUTBOUND });
    }
    let mut message = Vec::with_capacity(bytes + method.len() + 128);
    // Writing to a Vec cannot fail; method names and session ids hold nothing that JSON would escape.
    let _ = write!(message, r#"{{"id":{},"method":"{method}","params":"#, outbound.id);
    message.extend_from_slice(params);
    if let Some(session) = &outbound.session {
        let _ = write!(message, r#","sessionId":"{session}""#);
    }
    message.extend_from_slice(b"}\0");
    Ok(message)
}
