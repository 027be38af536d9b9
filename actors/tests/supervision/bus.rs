//! A bus in memory: entries and leases by CAS, one queue, and what was said.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use actors::port::{
    Bus, Claim, Guard, Inbox, Incoming, LeaseFailure, Pending, Responder, Seen, Stored, WriteFailure,
};
use bus_schema::{
    ConnId, Error, SessionId, Tenant, WorkerId,
    model::{
        entry::Entry,
        event::{Event, EventType},
        input::InputBatch,
        rpc::{OwnerReply, OwnerRequest, ViewBeat, WorkRequest},
        time::Timestamp,
        worker::Worker,
    },
    subject::Queue,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use super::faults::{Faults, Port};

#[derive(Default)]
struct Inner {
    revision: u64,
    entries: HashMap<SessionId, Stored>,
    /// Under each worker its last revision, and whether that is a value.
    leases: BTreeMap<WorkerId, (u64, bool)>,
    queue: VecDeque<(Queue, WorkRequest)>,
    events: Vec<Event>,
    owners: HashMap<SessionId, mpsc::UnboundedSender<Incoming>>,
}

pub struct FakeBus {
    me: WorkerId,
    started: Instant,
    faults: Faults,
    inner: Arc<Mutex<Inner>>,
}

fn lock(inner: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FakeBus {
    pub fn new(me: WorkerId, faults: Faults) -> Self {
        Self { me, started: Instant::now(), faults, inner: Arc::default() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }

    /// As an edge does: the entry, then the request.
    pub fn ask_for(&self, entry: Entry) {
        let request = WorkRequest {
            session: entry.id.clone(),
            tenant: entry.tenant.clone(),
            spec: entry.spec.clone(),
            deadline: Some(entry.queue_deadline),
        };
        let queue = entry.queue();
        self.put(entry);
        self.inner().queue.push_back((queue, request));
    }

    pub fn put(&self, entry: Entry) {
        let mut inner = self.inner();
        inner.revision += 1;
        let revision = inner.revision;
        inner.entries.insert(entry.id.clone(), Stored { entry, revision });
    }

    pub fn entry_of(&self, id: &SessionId) -> Entry {
        self.inner().entries[id].entry.clone()
    }

    pub fn revision_of(&self, id: &SessionId) -> u64 {
        self.inner().entries[id].revision
    }

    /// Gives a worker a lease, as if it had written it itself.
    pub fn lease(&self, worker: WorkerId) {
        let mut inner = self.inner();
        inner.revision += 1;
        let revision = inner.revision;
        inner.leases.insert(worker, (revision, true));
    }

    /// Takes this worker's lease away, as a reaper does that takes it for dead.
    pub fn judge_dead(&self) {
        let mut inner = self.inner();
        inner.revision += 1;
        let revision = inner.revision;
        inner.leases.insert(self.me.clone(), (revision, false));
    }

    /// The revision of this worker's lease: it grows with each renewal.
    pub fn renewed(&self) -> u64 {
        self.inner().leases.get(&self.me).map_or(0, |(revision, _)| *revision)
    }

    /// The terminal events of a session.
    pub fn ends(&self, id: &SessionId) -> Vec<Event> {
        let inner = self.inner();
        let ended = |e: &&Event| e.session == *id && e.kind == EventType::Ended;
        inner.events.iter().filter(ended).cloned().collect()
    }

    /// Asks the owner of a session. `None`: nobody hears it, or it was dropped without an answer.
    pub async fn ask_owner(&self, id: &SessionId, request: impl Into<OwnerRequest>) -> Option<OwnerReply> {
        let (answer, answered) = oneshot::channel();
        let incoming = Incoming {
            request: request.into(),
            attempt: None,
            responder: Box::new(FakeResponder(answer)),
            span: tracing::Span::none(),
        };
        let owner = self.inner().owners.get(id)?.clone();
        owner.send(incoming).ok()?;
        answered.await.ok()
    }

    fn is_up(&self, port: Port) -> Result<(), Error> {
        if self.faults.pass(port) { Ok(()) } else { Err(Error::unavailable("nobody answers")) }
    }
}

struct FakeResponder(oneshot::Sender<OwnerReply>);

impl Responder for FakeResponder {
    fn send(self: Box<Self>, reply: OwnerReply) {
        let _ = self.0.send(reply);
    }
}

struct FakeInbox {
    requests: mpsc::UnboundedReceiver<Incoming>,
    faults: Faults,
}

impl Inbox for FakeInbox {
    fn leave(&mut self) -> Pending<'_, ()> {
        self.requests.close();
        Box::pin(std::future::ready(()))
    }

    fn next(&mut self) -> Pending<'_, Option<Incoming>> {
        Box::pin(async {
            let incoming = self.requests.recv().await;
            self.faults.pass(Port::InboxNext);
            incoming
        })
    }
}

/// Dropped before it was acked, its request is delivered again.
struct FakeClaim {
    queue: Queue,
    request: Result<WorkRequest, Error>,
    faults: Faults,
    inner: Arc<Mutex<Inner>>,
    settled: std::sync::atomic::AtomicBool,
}

impl FakeClaim {
    fn settle(&self) -> Pending<'_, Result<(), Error>> {
        self.settled.store(true, std::sync::atomic::Ordering::Release);
        Box::pin(async { Ok(()) })
    }
}

impl Drop for FakeClaim {
    fn drop(&mut self) {
        if !*self.settled.get_mut()
            && let Ok(request) = &self.request
        {
            lock(&self.inner).queue.push_back((self.queue.clone(), request.clone()));
        }
    }
}

impl Claim for FakeClaim {
    fn queue(&self) -> &Queue {
        self.faults.pass(Port::ClaimQueue);
        &self.queue
    }

    fn request(&self) -> &Result<WorkRequest, Error> {
        &self.request
    }

    fn refused(&self) -> Option<&SessionId> {
        None
    }

    fn is_newer(&self) -> bool {
        false
    }

    fn ack(&self) -> Pending<'_, Result<(), Error>> {
        self.settle()
    }

    /// Delivered again when it is dropped.
    fn nak(&self, _: Duration) -> Pending<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn term(&self) -> Pending<'_, Result<(), Error>> {
        self.settle()
    }

    fn progress(&self) -> Pending<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn span(&self) -> tracing::Span {
        tracing::Span::none()
    }
}

impl Bus for FakeBus {
    fn now(&self) -> Timestamp {
        Timestamp(1_000_000).plus(self.started.elapsed())
    }

    fn renew_lease(&self, _: u64, expected: u64, _: Duration) -> Pending<'_, Result<u64, LeaseFailure>> {
        Box::pin(async move {
            self.is_up(Port::Renew).map_err(LeaseFailure::Unavailable)?;
            let mut inner = self.inner();
            let (revision, ours) = inner.leases.get(&self.me).copied().unwrap_or((0, false));
            if revision != expected {
                return Err(LeaseFailure::Refused { revision, ours });
            }
            inner.revision += 1;
            let revision = inner.revision;
            inner.leases.insert(self.me.clone(), (revision, true));
            Ok(revision)
        })
    }

    fn delete_lease(&self, worker: WorkerId, seen: u64) -> Pending<'_, Result<bool, Error>> {
        Box::pin(async move {
            let mut inner = self.inner();
            if inner.leases.get(&worker) != Some(&(seen, true)) {
                return Ok(false);
            }
            inner.revision += 1;
            let revision = inner.revision;
            inner.leases.insert(worker, (revision, false));
            Ok(true)
        })
    }

    fn leases(&self) -> Pending<'_, Result<Vec<Seen>, Error>> {
        Box::pin(async {
            self.is_up(Port::Leases)?;
            let inner = self.inner();
            let held = inner.leases.iter().filter(|(_, (_, is_value))| *is_value);
            Ok(held.map(|(w, (r, _))| Seen { worker: w.clone(), revision: Some(*r) }).collect())
        })
    }

    fn lease_of(&self, worker: WorkerId) -> Pending<'_, Result<Seen, Error>> {
        Box::pin(async move {
            let found = self.inner().leases.get(&worker).copied();
            Ok(Seen { worker, revision: found.filter(|(_, is_value)| *is_value).map(|(r, _)| r) })
        })
    }

    /// Every other worker is dead.
    fn ping(&self, worker: WorkerId, _: Duration) -> Pending<'_, bool> {
        Box::pin(async move { worker == self.me })
    }

    fn announce(&self, _: Worker) -> Pending<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn forget(&self, _: WorkerId) -> Pending<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn workers(&self) -> Pending<'_, Result<Vec<Worker>, Error>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn entry(&self, _: Tenant, id: SessionId) -> Pending<'_, Result<Option<Stored>, Error>> {
        Box::pin(async move { Ok(self.inner().entries.get(&id).cloned()) })
    }

    fn is_anothers(&self, tenant: Tenant, id: SessionId) -> Pending<'_, Result<bool, Error>> {
        Box::pin(async move {
            Ok(self.inner().entries.get(&id).is_some_and(|stored| stored.entry.tenant != tenant))
        })
    }

    fn entry_from_leader(&self, _: Tenant, id: SessionId) -> Pending<'_, Result<Option<Stored>, Error>> {
        Box::pin(async move {
            self.is_up(Port::FromLeader)?;
            Ok(self.inner().entries.get(&id).cloned())
        })
    }

    fn entries(&self) -> Pending<'_, Result<Vec<Stored>, Error>> {
        Box::pin(async {
            self.is_up(Port::Entries)?;
            Ok(self.inner().entries.values().cloned().collect())
        })
    }

    fn write(&self, entry: Entry, expected: u64) -> Pending<'_, Result<u64, WriteFailure>> {
        Box::pin(async move {
            self.is_up(Port::Write).map_err(WriteFailure::Unavailable)?;
            let mut inner = self.inner();
            let stands = inner.entries.get(&entry.id);
            if stands.map_or(0, |s| s.revision) != expected {
                return Err(WriteFailure::Lost(stands.cloned().map(Box::new)));
            }
            inner.revision += 1;
            let revision = inner.revision;
            inner.entries.insert(entry.id.clone(), Stored { entry, revision });
            Ok(revision)
        })
    }

    fn waiting(&self) -> Pending<'_, Result<BTreeMap<Queue, u64>, Error>> {
        Box::pin(async {
            self.is_up(Port::Waiting)?;
            let mut waiting = BTreeMap::new();
            for (queue, _) in &self.inner().queue {
                *waiting.entry(queue.clone()).or_default() += 1;
            }
            Ok(waiting)
        })
    }

    fn pull(&self, queue: Queue) -> Pending<'_, Result<Option<Arc<dyn Claim>>, Error>> {
        Box::pin(async move {
            let mut inner = self.inner();
            let Some(at) = inner.queue.iter().position(|(q, _)| *q == queue) else { return Ok(None) };
            let request = inner.queue.remove(at).map(|(_, request)| request);
            let request = request.ok_or_else(|| Error::internal("it was just there"));
            let (faults, inner) = (self.faults.clone(), Arc::clone(&self.inner));
            Ok(Some(Arc::new(FakeClaim { queue, request, faults, inner, settled: false.into() }) as _))
        })
    }

    fn requeue(&self, entry: Entry) -> Pending<'_, Result<(), Error>> {
        Box::pin(async move {
            self.ask_for(entry);
            Ok(())
        })
    }

    fn publish(&self, _: Tenant, event: Event) -> Pending<'_, Result<(), Error>> {
        Box::pin(async move {
            self.inner().events.push(event);
            Ok(())
        })
    }

    fn publish_stored(&self, tenant: Tenant, event: Event) -> Pending<'_, Result<(), Error>> {
        self.publish(tenant, event)
    }

    fn publish_ended(&self, _: Tenant, event: Event) -> Pending<'_, Result<bool, Error>> {
        Box::pin(async move {
            if !self.ends(&event.session).is_empty() {
                return Ok(false);
            }
            self.inner().events.push(event);
            Ok(true)
        })
    }

    fn noted_keys(&self, _: Tenant, _: SessionId) -> Pending<'_, Result<Vec<String>, Error>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn serve(&self, _: Tenant, id: SessionId) -> Pending<'_, Result<Box<dyn Inbox>, Error>> {
        Box::pin(async move {
            self.is_up(Port::Serve)?;
            let (owner, requests) = mpsc::unbounded_channel();
            self.inner().owners.insert(id, owner);
            Ok(Box::new(FakeInbox { requests, faults: self.faults.clone() }) as _)
        })
    }

    fn inputs(
        &self,
        _: SessionId,
        _: ConnId,
        _: mpsc::Sender<InputBatch>,
    ) -> Pending<'_, Result<Guard, Error>> {
        Box::pin(async { Ok(Box::new(()) as Guard) })
    }

    fn tell(
        &self,
        _: SessionId,
        _: Option<ConnId>,
        _: bus_schema::model::note::Note,
    ) -> Pending<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn beats(&self, _: SessionId, _: mpsc::Sender<ViewBeat>) -> Pending<'_, Result<Guard, Error>> {
        Box::pin(async { Ok(Box::new(()) as Guard) })
    }
}
