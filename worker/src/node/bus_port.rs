//! The actors' port onto the bus.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use actors::port::{
    Bus as BusTrait, Claim, Guard, Inbox, Incoming, LeaseFailure, Pending, Responder, Seen, Stored,
    WriteFailure,
};
use bus::{Bus, lease::LeaseError};
use bus_schema::{
    ConnId, Error, SessionId, Subject, Tenant, WorkerId,
    model::{
        entry::Entry,
        event::{Event, EventType},
        input::InputBatch,
        note::Note,
        rpc::{OwnerReply, ViewBeat, WorkRequest, WorkerReply, WorkerRequest},
        time::Timestamp,
        worker::{Lease, Worker},
    },
    subject::Queue,
};
use tokio::{sync::mpsc, task::AbortHandle};

/// Everything the actors ask of the bus, for one worker.
#[derive(Clone, Debug)]
pub struct BusPort {
    pub bus: Bus,
    pub worker: WorkerId,
}

impl From<bus::entry::Stored> for StoredEntry {
    fn from(s: bus::entry::Stored) -> Self {
        StoredEntry(Stored { entry: s.entry, revision: s.revision })
    }
}

/// Carries the conversion between two crates' types.
struct StoredEntry(Stored);

fn stored(found: Option<bus::entry::Stored>) -> Option<Stored> {
    found.map(|s| StoredEntry::from(s).0)
}

fn unavailable(e: &dyn std::fmt::Display) -> Error {
    Error::unavailable(e.to_string())
}

impl BusTrait for BusPort {
    fn now(&self) -> Timestamp {
        self.bus.now()
    }

    fn renew_lease(
        &self,
        n: u64,
        expected: u64,
        timeout: Duration,
    ) -> Pending<'_, Result<u64, LeaseFailure>> {
        Box::pin(async move {
            let lease = Lease { worker: self.worker.clone(), n };
            match self.bus.leases().renew(&lease, expected, timeout).await {
                Ok(revision) => Ok(revision),
                Err(LeaseError::Unavailable(e)) => Err(LeaseFailure::Unavailable(Error::unavailable(e))),
                Err(LeaseError::Lost) => {
                    let found =
                        self.bus.leases().read(&self.worker).await.map_err(LeaseFailure::Unavailable)?;
                    // Nobody but us ever writes a value; a deletion is a reaper's.
                    let (revision, ours) = found.map_or((0, false), |f| (f.revision, f.lease.is_some()));
                    Err(LeaseFailure::Refused { revision, ours })
                }
            }
        })
    }

    fn delete_lease(&self, worker: WorkerId, seen: u64) -> Pending<'_, Result<bool, Error>> {
        Box::pin(async move {
            match self.bus.leases().delete(&worker, seen).await {
                Ok(()) => Ok(true),
                Err(LeaseError::Lost) => Ok(false),
                Err(e @ LeaseError::Unavailable(_)) => Err(unavailable(&e)),
            }
        })
    }

    fn leases(&self) -> Pending<'_, Result<Vec<Seen>, Error>> {
        Box::pin(async {
            let leases = self.bus.leases().list().await?;
            Ok(leases
                .into_iter()
                .map(|(worker, revision)| Seen { worker, revision: Some(revision) })
                .collect())
        })
    }

    fn lease_of(&self, worker: WorkerId) -> Pending<'_, Result<Seen, Error>> {
        Box::pin(async move {
            let revision = self.bus.leases().revision(&worker).await?;
            Ok(Seen { worker, revision })
        })
    }

    fn ping(&self, worker: WorkerId, timeout: Duration) -> Pending<'_, bool> {
        Box::pin(async move {
            let asked = self.bus.ask_worker(self.bus.region(), &worker, WorkerRequest::Ping, timeout).await;
            matches!(asked, Ok(WorkerReply::Pong))
        })
    }

    fn announce(&self, worker: Worker) -> Pending<'_, Result<(), Error>> {
        Box::pin(async move { self.bus.workers().announce(&worker).await })
    }

    fn forget(&self, worker: WorkerId) -> Pending<'_, Result<(), Error>> {
        Box::pin(async move { self.bus.workers().remove(self.bus.region(), &worker).await })
    }

    fn workers(&self) -> Pending<'_, Result<Vec<Worker>, Error>> {
        Box::pin(async { self.bus.workers().list(self.bus.region()).await })
    }

    fn entry(&self, tenant: Tenant, id: SessionId) -> Pending<'_, Result<Option<Stored>, Error>> {
        Box::pin(async move { Ok(stored(self.bus.entries().get(&tenant, &id).await?)) })
    }

    fn is_anothers(&self, tenant: Tenant, id: SessionId) -> Pending<'_, Result<bool, Error>> {
        Box::pin(async move { self.bus.entries().is_anothers(&tenant, &id).await })
    }

    fn entry_from_leader(&self, tenant: Tenant, id: SessionId) -> Pending<'_, Result<Option<Stored>, Error>> {
        Box::pin(async move { Ok(stored(self.bus.entries().get_from_leader(&tenant, &id).await?)) })
    }

    fn entries(&self) -> Pending<'_, Result<Vec<Stored>, Error>> {
        Box::pin(async {
            let all = self.bus.entries().list(self.bus.region(), None).await?;
            Ok(all.into_iter().map(|s| StoredEntry::from(s).0).collect())
        })
    }

    fn write(&self, entry: Entry, expected: u64) -> Pending<'_, Result<u64, WriteFailure>> {
        Box::pin(async move {
            self.bus.entries().write(&entry, expected).await.map_err(|e| match e {
                bus::entry::WriteError::Lost(found) => {
                    WriteFailure::Lost(found.map(|s| Box::new(StoredEntry::from(*s).0)))
                }
                bus::entry::WriteError::Unavailable(e) => WriteFailure::Unavailable(e),
            })
        })
    }

    fn waiting(&self) -> Pending<'_, Result<BTreeMap<Queue, u64>, Error>> {
        Box::pin(async { self.bus.work_queue().waiting(self.bus.region()).await })
    }

    fn pull(&self, queue: Queue) -> Pending<'_, Result<Option<Arc<dyn Claim>>, Error>> {
        Box::pin(async move {
            let claimed = self.bus.work_queue().pull(&queue).await?;
            Ok(claimed.map(|c| Arc::new(ClaimPort(c)) as Arc<dyn Claim>))
        })
    }

    fn requeue(&self, entry: Entry) -> Pending<'_, Result<(), Error>> {
        Box::pin(async move {
            let request = WorkRequest {
                session: entry.id.clone(),
                tenant: entry.tenant.clone(),
                spec: entry.spec.clone(),
                deadline: Some(entry.queue_deadline),
            };
            // A full stream refuses it; whoever is waited for is worth a few tries, the next scan does the rest.
            let mut last = Ok(());
            for wait in [0, 100, 400, 1_600] {
                tokio::time::sleep(Duration::from_millis(wait)).await;
                last = self.bus.work_queue().publish(&request, &entry.queue(), false).await;
                if last.is_ok() {
                    break;
                }
            }
            last
        })
    }

    fn publish(&self, tenant: Tenant, event: Event) -> Pending<'_, Result<(), Error>> {
        Box::pin(async move { self.bus.events().publish(&tenant, &event).await })
    }

    fn publish_stored(&self, tenant: Tenant, event: Event) -> Pending<'_, Result<(), Error>> {
        Box::pin(async move { self.bus.events().publish_stored(&tenant, &event).await })
    }

    fn publish_ended(&self, tenant: Tenant, event: Event) -> Pending<'_, Result<bool, Error>> {
        Box::pin(async move { self.bus.events().publish_ended(&tenant, &event).await })
    }

    fn noted_keys(&self, tenant: Tenant, id: SessionId) -> Pending<'_, Result<Vec<String>, Error>> {
        Box::pin(async move {
            let log = self.bus.events().read(&tenant, &id).await?;
            Ok(log.iter().filter_map(|logged| noted_key(&logged.read().ok()?)).collect())
        })
    }

    fn serve(&self, tenant: Tenant, id: SessionId) -> Pending<'_, Result<Box<dyn Inbox>, Error>> {
        Box::pin(async move {
            let inbox = self.bus.serve(&tenant, &id).await?;
            Ok(Box::new(InboxPort { inbox, id }) as Box<dyn Inbox>)
        })
    }

    fn inputs(
        &self,
        id: SessionId,
        conn: ConnId,
        sink: mpsc::Sender<InputBatch>,
    ) -> Pending<'_, Result<Guard, Error>> {
        Box::pin(async move {
            let mut inputs = self.bus.frames().inputs(&id, &conn).await?;
            Ok(aborting(tokio::spawn(async move {
                while let Some(batch) = inputs.next().await {
                    // Input is dropped rather than queued: a browser that is behind would act on the past.
                    let _ = sink.try_send(batch);
                }
            })))
        })
    }

    fn tell(&self, id: SessionId, to: Option<ConnId>, note: Note) -> Pending<'_, Result<(), Error>> {
        Box::pin(async move { self.bus.notes().tell(&id, to.as_ref(), &note).await })
    }

    fn beats(&self, id: SessionId, sink: mpsc::Sender<ViewBeat>) -> Pending<'_, Result<Guard, Error>> {
        Box::pin(async move {
            let mut beats = self.bus.frames().beats(&id).await?;
            Ok(aborting(tokio::spawn(async move {
                while let Some(beat) = beats.next().await {
                    if sink.send(beat).await.is_err() {
                        return;
                    }
                }
            })))
        })
    }
}

fn noted_key(event: &Event) -> Option<String> {
    let begun = event.kind == EventType::Step && event.data.get("begun")?.as_bool()?;
    if begun { event.data.get("key")?.as_str().map(str::to_owned) } else { None }
}

struct Aborting(AbortHandle);

impl Drop for Aborting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn aborting(task: tokio::task::JoinHandle<()>) -> Guard {
    Box::new(Aborting(task.abort_handle()))
}

struct ClaimPort(bus::work::Claimed);

impl Claim for ClaimPort {
    fn queue(&self) -> &Queue {
        &self.0.queue
    }

    fn request(&self) -> &Result<WorkRequest, Error> {
        &self.0.request
    }

    fn refused(&self) -> Option<&SessionId> {
        self.0.refused.as_ref()
    }

    fn is_newer(&self) -> bool {
        self.0.newer
    }

    fn ack(&self) -> Pending<'_, Result<(), Error>> {
        Box::pin(self.0.acker.ack())
    }

    fn nak(&self, delay: Duration) -> Pending<'_, Result<(), Error>> {
        Box::pin(self.0.acker.nak(delay))
    }

    fn term(&self) -> Pending<'_, Result<(), Error>> {
        Box::pin(self.0.acker.term())
    }

    fn progress(&self) -> Pending<'_, Result<(), Error>> {
        Box::pin(self.0.acker.progress())
    }

    fn span(&self) -> tracing::Span {
        let template = Subject::Work(self.0.queue.clone()).template();
        let span = tracing::info_span!(
            "claim",
            otel.name = format!("process {template}"),
            otel.kind = "consumer",
            session_id = tracing::field::Empty
        );
        if let Ok(request) = &self.0.request {
            span.record("session_id", tracing::field::display(&request.session));
        }
        self.0.adopt_trace(&span);
        span
    }
}

struct InboxPort {
    inbox: bus::serve::Inbox,
    id: SessionId,
}

impl Inbox for InboxPort {
    fn leave(&mut self) -> Pending<'_, ()> {
        Box::pin(self.inbox.leave())
    }

    fn next(&mut self) -> Pending<'_, Option<Incoming>> {
        Box::pin(async {
            let incoming = self.inbox.next().await?;
            let span = tracing::debug_span!(
                "session",
                otel.name = format!("session.{}", incoming.request.verb()),
                otel.kind = "server",
                session_id = %self.id
            );
            incoming.adopt_trace(&span);
            Some(Incoming {
                request: incoming.request,
                attempt: incoming.attempt,
                responder: Box::new(ResponderPort(incoming.responder)),
                span,
            })
        })
    }
}

struct ResponderPort(bus::serve::Responder);

impl Responder for ResponderPort {
    fn send(self: Box<Self>, reply: OwnerReply) {
        self.0.send_later(reply);
    }
}
