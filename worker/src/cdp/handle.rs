//! A handle on one CDP session.

use std::sync::Arc;
use std::time::Duration;

use chromiumoxide_cdp::cdp::browser_protocol::target::{
    AttachToTargetParams, DetachFromTargetParams, TargetId,
};
use chromiumoxide_types::{Command, Method};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::oneshot;
use tracing::Instrument;

use super::call::{Answer, CallError, Gone};
use super::client::{Client, Sink};
use super::event::{EventSink, Events, Interest, Subscription, channel};
use super::link::{Shared, frame};
use super::mux::Mux;
use super::outbox::Push;
use super::route::SessionId;

/// How long a call may take unless [`Cdp::with_timeout`] says otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// A cheap handle bound to one CDP session, or to the root of the browser.
///
/// Calls are written in the order in which their futures are first polled, so several can be on their way at
/// once. Dropping a call's future forgets the call; whether the browser acts on it is then unknown.
#[derive(Clone)]
pub struct Cdp {
    shared: Arc<Shared>,
    session: Option<SessionId>,
    timeout: Duration,
    /// Detaches when the last clone is gone; absent for sessions that Chromium attached by itself.
    _attachment: Option<Arc<Attachment>>,
}

struct Attachment {
    root: Cdp,
    session: SessionId,
}

impl Drop for Attachment {
    fn drop(&mut self) {
        let params = DetachFromTargetParams::builder().session_id(self.session.to_string()).build();
        self.root.notify(params);
    }
}

impl Cdp {
    pub(super) fn root(shared: Arc<Shared>) -> Self {
        Self { shared, session: None, timeout: DEFAULT_TIMEOUT, _attachment: None }
    }

    /// The CDP session this handle speaks on; `None` at the root.
    pub fn session(&self) -> Option<&SessionId> {
        self.session.as_ref()
    }

    /// The same session with another deadline for each call.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { timeout, ..self.clone() }
    }

    /// A handle on a session that Chromium attached by itself (`Target.setAutoAttach`).
    #[must_use]
    pub fn on_session(&self, session: &str) -> Self {
        let session = self.shared.known_session(session);
        Self { session: Some(session), _attachment: None, ..self.clone() }
    }

    /// The root of the same browser.
    #[must_use]
    pub fn browser(&self) -> Self {
        Self { session: None, _attachment: None, ..self.clone() }
    }

    /// Attaches to a target. The session ends when the last clone of the handle is dropped.
    pub async fn attach(&self, target: impl Into<TargetId>) -> Result<Self, CallError> {
        let mut params = AttachToTargetParams::new(target);
        params.flatten = Some(true);
        let attached = self.browser().call(params).await?;
        let mut cdp = self.on_session(attached.session_id.as_ref());
        cdp._attachment =
            cdp.session.clone().map(|session| Arc::new(Attachment { root: self.browser(), session }));
        Ok(cdp)
    }

    /// Calls a typed command and waits for its typed response.
    pub async fn call<C: Command + Method>(&self, command: C) -> Result<C::Response, CallError> {
        let method = command.identifier();
        self.call_answer(&method, &command).await?.decode()
    }

    /// Calls a method by name, for what the protocol crate does not know.
    pub async fn call_raw(&self, method: &str, params: impl Serialize) -> Result<Box<RawValue>, CallError> {
        self.call_answer(method, &params).await?.decode()
    }

    /// Calls a method and leaves its result unparsed, without copying it.
    pub async fn call_answer(&self, method: &str, params: &impl Serialize) -> Result<Answer, CallError> {
        // What a worker does for itself is part of no trace.
        let span = match tracing::Span::current().is_none() {
            true => tracing::Span::none(),
            false => tracing::debug_span!(
                "cdp.call",
                otel.name = format_args!("cdp.{method}"),
                otel.kind = "client",
                error.code = tracing::field::Empty,
            ),
        };
        let recorder = span.clone();
        async move {
            let outcome = match tokio::time::timeout(self.timeout, self.exchange(method, params)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(CallError::Timeout(self.timeout)),
            };
            if let Err(error) = &outcome {
                recorder.record("error.code", error.code());
            }
            outcome
        }
        .instrument(span)
        .await
    }

    async fn exchange(&self, method: &str, params: &impl Serialize) -> Result<Answer, CallError> {
        let params = encode(params)?;
        let (waiter, answer) = oneshot::channel();
        let outbound = self.shared.register(self.session.as_deref(), waiter)?;
        let _forget = Forget { shared: &self.shared, id: outbound.id };
        let mut message = frame(&outbound, method, &params)?;
        drop(params);
        loop {
            let room = self.shared.outbox.room();
            tokio::pin!(room);
            room.as_mut().enable();
            match self.shared.outbox.push(message) {
                Push::Done => break,
                Push::Broken => return Err(self.closed()),
                Push::Full(back) => message = back,
            }
            room.await;
        }
        answer.await.unwrap_or_else(|_| Err(self.closed()))
    }

    /// Sends a command whose answer nobody needs. It is dropped if the browser is gone or does not read.
    pub fn notify<C: Command + Method>(&self, command: C) {
        self.notify_raw(&command.identifier(), &command);
    }

    /// Like [`Self::notify`], by name.
    pub fn notify_raw(&self, method: &str, params: &impl Serialize) {
        let sent = encode(params).and_then(|params| {
            let outbound = self.shared.register_notice(self.session.as_deref())?;
            frame(&outbound, method, &params)
        });
        if let Ok(message) = sent {
            self.shared.outbox.push(message);
        }
    }

    /// Lets a target run that waits for its debugger. The only place that does so: a target with several
    /// clients must wait until each of them is done with it.
    pub fn resume(&self) {
        if let Some(session) = &self.session {
            self.shared.resume(session);
        }
    }

    /// Lets a client in: it speaks to the browser in its own words and is told what is its own to know.
    pub async fn join(&self, sink: Box<dyn Sink>) -> Result<Client, CallError> {
        Ok(self.shared.join(self.browser_session().await?, sink))
    }

    /// Lets a client in whose root is a page. `None`: there is no such page, or none that it may see.
    pub async fn join_page(&self, target: &str, sink: Box<dyn Sink>) -> Result<Option<Client>, CallError> {
        let browser = self.browser_session().await?;
        let (waiter, answer) = oneshot::channel();
        let Some(client) = self.shared.join_page(browser, target, sink, waiter) else { return Ok(None) };
        let answer = tokio::time::timeout(self.timeout, answer).await;
        match answer.map_err(|_| CallError::Timeout(self.timeout))?.unwrap_or_else(|_| Err(self.closed())) {
            Ok(_) => Ok(client.has_entered().then_some(client)),
            Err(CallError::Protocol { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn browser_session(&self) -> Result<SessionId, CallError> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Attached {
            session_id: String,
        }
        let answer = self.browser().call_answer("Target.attachToBrowserTarget", &()).await?;
        Ok(answer.decode::<Attached>()?.session_id.into())
    }

    /// A person drives, or the agent does: what clients send to act waits for the agent.
    pub fn drive(&self, person: bool) {
        self.shared.drive(person);
    }

    /// Whether a client is told of dialogs, and so has to answer them.
    pub fn answers_dialogs(&self) -> bool {
        self.shared.change(|mux| mux.answers_dialogs())
    }

    /// Opens a page that is kept for the first client that asks for a blank one.
    pub fn open_spare(&self) {
        self.shared.change(Mux::open_spare);
    }

    /// Closes it, if nobody has asked.
    pub fn close_spare(&self) {
        self.shared.change(Mux::close_spare);
    }

    /// Where downloads go, whatever clients ask for.
    pub fn keep_downloads(&self, directory: String) {
        self.shared.change(|mux| mux.keep_downloads(directory));
    }

    /// Passes the news of a download on to the clients that want it; `context` is absent for the default one.
    pub fn tell_download(&self, context: Option<&str>, method: &str, params: &[u8]) {
        self.shared.change(|mux| mux.download(context, method, params));
    }

    fn closed(&self) -> CallError {
        CallError::Closed(self.shared.why_gone().unwrap_or(Gone::PipeClosed))
    }

    /// Subscribes to events of this session in a channel of its own.
    pub fn events(&self, interest: Interest, capacity: usize) -> Events {
        let (sink, events) = channel(capacity);
        self.subscribe(&sink, interest);
        events
    }

    /// Feeds events of this session into `sink`, which may be fed by several sessions.
    pub fn subscribe(&self, sink: &EventSink, interest: Interest) {
        self.add(sink, interest, false);
    }

    /// Feeds events of this session and of every session attached under it from now on into `sink`.
    pub fn subscribe_tree(&self, sink: &EventSink, interest: Interest) {
        self.add(sink, interest, true);
    }

    fn add(&self, sink: &EventSink, interest: Interest, with_children: bool) {
        let subscription = Subscription { sink: sink.clone(), interest, with_children };
        self.shared.subscribe(self.session.clone(), subscription);
    }

    /// Whether this handle can still reach its target.
    pub fn is_attached(&self) -> bool {
        self.shared.why_gone().is_none() && self.session.as_deref().is_none_or(|id| self.shared.knows(id))
    }

    /// Resolves once the browser can no longer be spoken to.
    pub async fn gone(&self) -> Gone {
        self.shared.wait_gone().await
    }
}

impl std::fmt::Debug for Cdp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cdp").field("session", &self.session).finish_non_exhaustive()
    }
}

/// Removes a call from the table however its future ends.
struct Forget<'a> {
    shared: &'a Shared,
    id: u64,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.shared.forget_call(self.id);
    }
}

fn encode(params: &impl Serialize) -> Result<Vec<u8>, CallError> {
    let mut text = serde_json::to_vec(params).map_err(|error| CallError::Decode(error.to_string()))?;
    // Commands without parameters are unit-like: CDP wants an object.
    if text == b"null" {
        text = b"{}".to_vec();
    }
    Ok(text)
}
