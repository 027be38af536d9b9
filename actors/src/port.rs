//! What the actors need of the world, as traits. The crate `worker` implements them.

use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc, time::Duration};

use bus_schema::{
    ConnId, Error, SessionId, Tenant, WorkerId,
    model::{
        command::{CommandRequest, OpenDialog},
        create::{PatchSession, Viewport},
        entry::Entry,
        event::{Event, EventType},
        input::InputBatch,
        note::{ChooserAnswer, Note},
        rpc::{
            Attach, Attachment, Attempt, Files, FilesReply, OwnerReply, OwnerRequest, ViewBeat, WorkRequest,
        },
        session::{EndReason, Page, Tab},
        time::Timestamp,
        worker::{BrowserVersion, Worker},
        ws::FramesWish,
    },
    subject::Queue,
};
use serde_json::value::RawValue;
use tokio::{sync::mpsc, time::Instant};

/// What a port gives back later.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An entry with the revision that the next write must expect.
#[derive(Clone, Debug)]
pub struct Stored {
    pub entry: Entry,
    pub revision: u64,
}

/// Why an entry was not written.
#[derive(Debug)]
pub enum WriteFailure {
    /// Somebody else's write stands.
    Lost(Option<Box<Stored>>),
    /// Whether it stands is not known.
    Unavailable(Error),
}

/// What became of a renewal.
#[derive(Debug)]
pub enum LeaseFailure {
    /// Another revision stands. `ours`: our own value, written by a renewal whose answer was lost.
    Refused {
        revision: u64,
        ours: bool,
    },
    Unavailable(Error),
}

/// A worker's lease as a reaper sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub worker: WorkerId,
    /// `None`: deleted or expired.
    pub revision: Option<u64>,
}

/// The bus.
pub trait Bus: Send + Sync + 'static {
    fn now(&self) -> Timestamp;

    /// `expected`: the revision that stands, 0 if nothing ever did.
    fn renew_lease(&self, n: u64, expected: u64, timeout: Duration)
    -> Pending<'_, Result<u64, LeaseFailure>>;
    /// `Ok(false)`: somebody was first, or it was renewed after all.
    fn delete_lease(&self, worker: WorkerId, seen: u64) -> Pending<'_, Result<bool, Error>>;
    fn leases(&self) -> Pending<'_, Result<Vec<Seen>, Error>>;
    fn lease_of(&self, worker: WorkerId) -> Pending<'_, Result<Seen, Error>>;
    /// Whether a worker answers on its control subject.
    fn ping(&self, worker: WorkerId, timeout: Duration) -> Pending<'_, bool>;
    fn announce(&self, worker: Worker) -> Pending<'_, Result<(), Error>>;
    fn forget(&self, worker: WorkerId) -> Pending<'_, Result<(), Error>>;
    fn workers(&self) -> Pending<'_, Result<Vec<Worker>, Error>>;

    fn entry(&self, tenant: Tenant, id: SessionId) -> Pending<'_, Result<Option<Stored>, Error>>;
    /// Whether a session of another tenant has this id.
    fn is_anothers(&self, tenant: Tenant, id: SessionId) -> Pending<'_, Result<bool, Error>>;
    fn entry_from_leader(&self, tenant: Tenant, id: SessionId) -> Pending<'_, Result<Option<Stored>, Error>>;
    fn entries(&self) -> Pending<'_, Result<Vec<Stored>, Error>>;
    fn write(&self, entry: Entry, expected: u64) -> Pending<'_, Result<u64, WriteFailure>>;

    fn waiting(&self) -> Pending<'_, Result<BTreeMap<Queue, u64>, Error>>;
    fn pull(&self, queue: Queue) -> Pending<'_, Result<Option<Arc<dyn Claim>>, Error>>;
    /// Puts a request for the session of `entry` into its queue again.
    fn requeue(&self, entry: Entry) -> Pending<'_, Result<(), Error>>;

    fn publish(&self, tenant: Tenant, event: Event) -> Pending<'_, Result<(), Error>>;
    /// Publishes and waits until it is stored.
    fn publish_stored(&self, tenant: Tenant, event: Event) -> Pending<'_, Result<(), Error>>;
    fn publish_ended(&self, tenant: Tenant, event: Event) -> Pending<'_, Result<bool, Error>>;
    /// Keys that earlier owners noted in the log.
    fn noted_keys(&self, tenant: Tenant, id: SessionId) -> Pending<'_, Result<Vec<String>, Error>>;

    fn serve(&self, tenant: Tenant, id: SessionId) -> Pending<'_, Result<Box<dyn Inbox>, Error>>;
    /// Opens input of one connection. What comes is handed to `sink`; the subscription goes with the guard.
    fn inputs(
        &self,
        id: SessionId,
        conn: ConnId,
        sink: mpsc::Sender<InputBatch>,
    ) -> Pending<'_, Result<Guard, Error>>;
    /// Opens the heartbeats of a session's viewers, in the same way.
    fn beats(&self, id: SessionId, sink: mpsc::Sender<ViewBeat>) -> Pending<'_, Result<Guard, Error>>;
    /// Tells all who watch, or one of them. It is not stored and may be lost.
    fn tell(&self, id: SessionId, to: Option<ConnId>, note: Note) -> Pending<'_, Result<(), Error>>;
}

/// Ends something when dropped.
pub type Guard = Box<dyn Send + Sync>;

/// A request taken off its queue.
pub trait Claim: Send + Sync {
    fn queue(&self) -> &Queue;
    /// It is for the tenant and region of its queue, and has a deadline.
    fn request(&self) -> &Result<WorkRequest, Error>;
    /// Where the request cannot be read: the session of this tenant and region that it asks for, if that can be.
    fn refused(&self) -> Option<&SessionId>;
    /// Of a schema that this worker does not read.
    fn is_newer(&self) -> bool;
    fn ack(&self) -> Pending<'_, Result<(), Error>>;
    fn nak(&self, delay: Duration) -> Pending<'_, Result<(), Error>>;
    fn term(&self) -> Pending<'_, Result<(), Error>>;
    fn progress(&self) -> Pending<'_, Result<(), Error>>;
    /// A span under the publisher's, for what the claim does.
    fn span(&self) -> tracing::Span;
}

/// The subscription of an owner.
pub trait Inbox: Send {
    /// `None`: closed for good.
    fn next(&mut self) -> Pending<'_, Option<Incoming>>;
    /// Has nothing more sent here. What is on its way still comes, and then `None`.
    fn leave(&mut self) -> Pending<'_, ()>;
}

/// A request to the owner, with the duty to answer it.
pub struct Incoming {
    pub request: OwnerRequest,
    /// `None`: of an asker that never sends a request twice.
    pub attempt: Option<Attempt>,
    pub responder: Box<dyn Responder>,
    /// Under the asker's.
    pub span: tracing::Span,
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Incoming").field("verb", &self.request.verb()).finish_non_exhaustive()
    }
}

/// Answers one request. Dropped without an answer, it says that the outcome is unknown.
pub trait Responder: Send + Sync {
    fn send(self: Box<Self>, reply: OwnerReply);
}

/// Makes browsers.
pub trait Browsers: Send + Sync + 'static {
    /// A browser started before anybody asked for it.
    fn warm(&self) -> Pending<'_, Result<Arc<dyn Browser>, StartError>>;
    /// Whether a warm browser can serve this session.
    fn serves_warm(&self, entry: &Entry) -> bool;
    /// A browser for this session.
    fn start(&self, entry: Entry) -> Pending<'_, Result<Arc<dyn Browser>, StartError>>;
    /// Stops all of them, at once.
    fn freeze_all(&self);
    /// Lets all of them go on.
    fn thaw_all(&self);
    /// 0 to 1: memory and CPU pressure of the machine.
    fn pressure(&self) -> f64;
    /// What those that have run so far say of themselves.
    fn versions(&self) -> Vec<BrowserVersion> {
        Vec::new()
    }
    /// The most starts at once.
    fn start_limit(&self) -> usize;
}

/// Why there is no browser.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{detail}")]
pub struct StartError {
    pub detail: String,
    /// Another attempt, perhaps elsewhere, can succeed.
    pub retryable: bool,
}

/// What a command gave.
#[derive(Debug)]
pub struct Output {
    pub result: Box<RawValue>,
    pub attachment: Option<Attachment>,
    /// What the tab shows now in which it ran.
    pub page: Page,
    /// The dialog that it opened and that is open still.
    pub dialog: Option<OpenDialog>,
}

/// A CDP client that was let in. Dropped, it is gone from the browser with all it holds.
pub trait CdpClient: Send + Sync {
    /// Its messages travel under another name from now on. Says how many of them have come.
    fn resume(&self, line: ConnId, after: u64) -> Pending<'static, Result<u64, Error>>;
    /// The person whom it waited for has done what was to be done, or has not.
    fn handed_back(&self, how: HandedBack);
}

/// How a client's wait for a person ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandedBack {
    /// They gave control back, and left a note or none.
    Done { note: Option<String> },
    /// They had control and went away.
    Left,
    /// The time that the client gave them is over.
    TimedOut,
    /// Another client of the session waits for a person already.
    Busy,
}

/// The browser of one session, real or simulated. Dropped, it is gone with its processes and files.
pub trait Browser: Send + Sync + 'static {
    /// Makes it what the entry asks for: emulation, proxy, storage, scripts, tabs to open. `sink` gets its events.
    fn prepare(&self, entry: Entry, sink: mpsc::Sender<BrowserEvent>) -> Pending<'_, Result<(), Error>>;
    fn run(&self, request: CommandRequest, deadline: Instant) -> Pending<'_, Result<Output, Error>>;
    fn is_alive(&self) -> bool;
    fn page(&self) -> Page;
    fn tabs(&self) -> Vec<Tab>;
    /// Which tab a command without `tab` means.
    fn active_tab(&self) -> u32;
    fn answer_dialog(&self, tab: u32, accept: bool) -> Pending<'_, Result<(), Error>>;
    /// What the person in control chose. `not_found`: nothing of this id is to be chosen any more.
    fn answer_chooser(&self, id: String, answer: ChooserAnswer) -> Pending<'_, Result<(), Error>>;
    fn input(&self, batch: InputBatch) -> Pending<'_, Result<(), Error>>;
    /// Releases pressed buttons and keys.
    fn release_input(&self) -> Pending<'_, ()>;
    fn files(&self, request: Files) -> Pending<'_, Result<FilesReply, Error>>;
    /// Lets a CDP client in, of the browser or of the page that is this target. Its messages travel on `rk.cdp`.
    fn connect(&self, attach: Attach) -> Pending<'_, Result<Box<dyn CdpClient>, Error>>;
    /// Whether a person drives: what CDP clients send to act waits until the agent does.
    fn drive(&self, person: bool);
    /// Whether a CDP client is told of dialogs, and so has to answer them.
    fn answers_dialogs(&self) -> bool;
    /// What all viewers together want to see; `None`: nobody watches.
    fn watch(&self, wish: Option<FramesWish>);
    /// A viewer has come, who needs a picture though nothing moves.
    fn show_again(&self);
    /// Makes sure, before it returns, that nothing acts for the session any more: another worker's browser does from
    /// now on. What is left is removed by [`Self::close`].
    fn kill(&self);
    /// Puts away what the session asked to be kept beyond its end, before the browser is closed. Of one that is dead
    /// this is what is known without it.
    fn save(&self) -> Pending<'_, Result<(), Error>>;
    /// Ends it. Returns when its processes and files are gone, or after its own deadline.
    fn close(&self) -> Pending<'_, ()>;
}

/// What a browser says of itself.
#[derive(Clone, Debug, PartialEq)]
pub enum BrowserEvent {
    /// To be published as it is.
    Say { kind: EventType, data: serde_json::Value },
    /// Pages, titles or tabs have changed.
    Changed,
    /// A dialog opened (`Some`) or was closed on a tab.
    Dialog { tab: u32, open: Option<OpenDialog> },
    /// To be told to those for whom it is: all who watch, or the person in control alone. What is for the person alone
    /// is lost where none drives by a connection.
    Note(Note),
    /// A person has touched a field of a form.
    Touched { tab: u32, label: String, kind: String },
    /// From now on pages have this viewport, also those of a browser that follows this one.
    Viewport(Viewport),
    /// A client asked for its end.
    Close,
    /// A CDP client wants a person to do something, and waits for it so long.
    HandOff { conn: ConnId, instructions: Option<String>, patience: Duration },
    /// A client wants the session to live so long beyond its last client.
    KeepAlive { patience: Duration },
    /// A CDP client has left, or was let go, and will not come back.
    Left { conn: ConnId },
    /// It is over.
    Gone { reason: EndReason, detail: String },
}

/// What `PATCH` changes of an entry.
pub fn patch(entry: &mut Entry, patch: PatchSession) {
    if let Some(name) = patch.name {
        entry.spec.name = Some(name);
    }
    if let Some(labels) = patch.labels {
        entry.spec.labels = labels;
    }
    if let Some(s) = patch.idle_timeout_s {
        entry.spec.idle_timeout_s.0 = s;
    }
    if let Some(s) = patch.max_lifetime_s {
        entry.spec.max_lifetime_s.0 = s;
    }
}
