//! What becomes of one request: from the pull to a session that is ready, or to its end.

use std::{sync::Arc, time::Duration};

use bus_schema::{
    Error, SessionId, WorkerId,
    model::{
        create::CreateSession,
        entry::{Entry, MAX_ATTEMPTS},
        event::{Event, EventType},
        rpc::WorkRequest,
        session::{EndReason, Page, State, Tab},
    },
    stream::WORK_PROGRESS,
};
use ractor::ActorRef;
use tokio::sync::mpsc;
use tracing::{debug, info, warn};

use super::{actor::ClaimMsg, load::Starting};
use crate::{
    gate::Gate,
    metrics::metrics,
    port::{Browser, BrowserEvent, Browsers, Bus, Claim, StartError, Stored, WriteFailure},
    session::{Adopted, end},
    task::{Panicked, caught},
    warm::{CurrentWarm, take_warm},
};

/// How many events of a browser may wait for its session.
const BROWSER_EVENTS: usize = 256;
/// A start that failed is tried again after this, times the number of attempts.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What a claim needs. Cheap to clone.
#[derive(Clone)]
pub(super) struct Claimer {
    pub(super) bus: Arc<dyn Bus>,
    pub(super) browsers: Arc<dyn Browsers>,
    pub(super) gate: Gate,
    pub(super) worker: WorkerId,
    pub(super) warm: CurrentWarm,
}

/// Counts as a browser start for as long as it lives, and then has the claim loop look whether there is room.
pub(super) struct Start {
    starting: Option<Starting>,
    claims: ActorRef<ClaimMsg>,
}

impl Start {
    pub(super) fn new(starting: Starting, claims: ActorRef<ClaimMsg>) -> Self {
        Self { starting: Some(starting), claims }
    }
}

impl Drop for Start {
    fn drop(&mut self) {
        // First there is room, then somebody looks.
        self.starting = None;
        let _ = self.claims.cast(ClaimMsg::Look);
    }
}

/// A browser that is what its entry asks for.
struct Made {
    browser: Arc<dyn Browser>,
    events: mpsc::Receiver<BrowserEvent>,
    page: Page,
    tabs: Vec<Tab>,
}

/// Why a request is put aside without a session.
enum Aside {
    /// The message is done with.
    Ack,
    /// To be delivered again later.
    Nak(Duration),
    /// Nobody will ever be able to read it.
    Term,
    /// Left as it is: it is delivered again by itself.
    Leave,
}

impl Claimer {
    /// Claims the session that is asked for. `None`: there is nothing to own.
    pub(super) async fn claim(&self, claim: &dyn Claim, start: Start) -> Option<Adopted> {
        let aside = match self.find(claim).await {
            Ok(found) => match self.start(claim, found, start).await {
                Ok(adopted) => {
                    // The entry is ready: if this ack is lost, whoever gets the message again sees that and forgets it.
                    if let Err(e) = claim.ack().await {
                        debug!(error = %e, "the ack of a claimed request was not answered");
                    }
                    let outcome = if adopted.entry.epoch.0 == 1 { "ready" } else { "recovered" };
                    metrics().claims.with_label_values(&[outcome]).inc();
                    return Some(adopted);
                }
                Err(aside) => aside,
            },
            Err(aside) => aside,
        };
        metrics().claims.with_label_values(&["aside"]).inc();
        let told = match aside {
            Aside::Ack => claim.ack().await,
            Aside::Nak(delay) => claim.nak(delay).await,
            Aside::Term => claim.term().await,
            Aside::Leave => Ok(()),
        };
        if let Err(e) = told {
            debug!(error = %e, "the stream was not told what became of a request");
        }
        None
    }

    /// The entry to claim, if this request is one that may be served.
    async fn find(&self, claim: &dyn Claim) -> Result<Stored, Aside> {
        if claim.is_newer() {
            return Err(Aside::Nak(RETRY_AFTER));
        }
        let request = match claim.request() {
            Ok(request) => request,
            Err(e) => return Err(self.refuse(claim, e).await),
        };
        let found = self.bus.entry(request.tenant.clone(), request.session.clone()).await;
        let stored = match found.map_err(|_| Aside::Leave)? {
            Some(stored) if stored.entry.state.is_claimable() => stored,
            Some(_) => return Err(Aside::Ack),
            None => self.unknown(request).await?,
        };
        let over = stored.entry.state == State::Queued && stored.entry.queue_deadline <= self.bus.now();
        if over {
            let ended = answered(end(&*self.bus, &stored, EndReason::QueueTimeout, None).await);
            return Err(if ended.is_ok() { Aside::Ack } else { Aside::Leave });
        }
        Ok(stored)
    }

    /// A request that cannot be read. Who asked waits for an event of the session, so that is what says so.
    async fn refuse(&self, claim: &dyn Claim, error: &Error) -> Aside {
        warn!(error = %error, "an unreadable request was thrown away");
        let Some(id) = claim.refused() else { return Aside::Term };
        let tenant = claim.queue().tenant.clone();
        match self.bus.entry(tenant.clone(), id.clone()).await {
            Err(_) => return Aside::Leave,
            // Its request was read before: this is something else under the same id.
            Ok(Some(_)) => return Aside::Term,
            Ok(None) => {}
        }
        let mut entry = Entry::queued(id.clone(), tenant, CreateSession::default(), self.bus.now());
        entry.end_error = Some(error.clone());
        self.end_failed(&Stored { entry, revision: 0 }, error.detail.clone()).await
    }

    /// A session that has no entry yet: a service on the bus made the id.
    async fn unknown(&self, request: &WorkRequest) -> Result<Stored, Aside> {
        let taken = self.bus.is_anothers(request.tenant.clone(), request.session.clone()).await;
        if taken.map_err(|_| Aside::Leave)? {
            warn!("a request under the id of another tenant's session was thrown away");
            return Err(Aside::Term);
        }
        Ok(Stored { entry: self.entry_of(request), revision: 0 })
    }

    /// A service on the bus made the id and left the entry to the claim.
    fn entry_of(&self, request: &WorkRequest) -> Entry {
        let now = self.bus.now();
        let mut entry =
            Entry::queued(request.session.clone(), request.tenant.clone(), request.spec.clone(), now);
        if let Some(deadline) = request.deadline {
            entry.queue_deadline = deadline;
        }
        entry
    }

    async fn start(&self, claim: &dyn Claim, found: Stored, start: Start) -> Result<Adopted, Aside> {
        let began = self.bus.now();
        metrics().queued(found.entry.class, began.since(found.entry.since));
        let recovered = found.entry.state == State::Recovering;
        let warm = if self.browsers.serves_warm(&found.entry) { take_warm(&self.warm).await } else { None };
        let was_warm = warm.is_some();
        // What takes time or acts on the world before the session is ready needs an entry that says whose it is.
        let spec = &found.entry.spec;
        let takes_time = spec.url.is_some() || spec.profile.is_some() || recovered;
        let owned = if warm.is_none() || takes_time { self.own(&found).await? } else { found };
        // From here on the entry may say that it is ours, and nobody else will take it up while this worker lives: the
        // claim goes on until its outcome stands, whatever becomes of NATS meanwhile.
        let made = self.keep_alive(claim, caught(self.make(&owned.entry, warm, start))).await;
        let made = match made.unwrap_or_else(|e| Err(died(&e))) {
            Ok(made) => made,
            Err(e) => return Err(self.failed(&owned, &e).await),
        };
        let mut ready = owned.entry.in_state(State::Ready, self.bus.now());
        if owned.entry.state != State::Starting {
            ready.owner = Some(self.worker.clone());
            ready.epoch = owned.entry.epoch.next();
        }
        let now = self.bus.now();
        if ready.ready_at.is_none() {
            ready.ready_at = Some(now);
            ready.timings.queued_ms = millis(began.since(ready.created_at));
            ready.timings.start_ms = millis(now.since(began));
        }
        metrics().started(was_warm, now.since(began));
        ready.page = made.page.clone();
        ready.tabs = made.tabs.clone();
        let published = self.keep_alive(claim, caught(self.publish(ready, &owned, made, recovered))).await;
        match published {
            Ok(adopted) => adopted,
            Err(e) => Err(self.failed(&owned, &died(&e)).await),
        }
    }

    /// Subscribe, then the entry, then the event: no first command meets `no responders`.
    async fn publish(
        &self,
        ready: Entry,
        owned: &Stored,
        made: Made,
        recovered: bool,
    ) -> Result<Adopted, Aside> {
        let inbox = self.bus.serve(ready.tenant.clone(), ready.id.clone()).await.map_err(|_| Aside::Leave)?;
        let noted = if recovered { self.noted_keys(&ready).await } else { Vec::new() };
        let is_ours = owned.entry.state == State::Starting;
        let revision = self.write(ready.clone(), owned.revision, is_ours).await?;
        let kind = if recovered { EventType::Recovered } else { EventType::Ready };
        let data = serde_json::to_value(ready.session()).unwrap_or_default();
        let event = Event::new(kind, ready.id.clone(), ready.epoch, data);
        // Who waits reads the entry too. What stands as ready goes on, whatever becomes of its event.
        match caught(self.bus.publish(ready.tenant.clone(), event)).await {
            Ok(Ok(())) => {}
            Ok(Err(e)) => debug!(error = %e, "an event was not published"),
            Err(e) => warn!(error = %e, "an event was not published"),
        }
        info!(session_id = %ready.id, tenant = %ready.tenant, epoch = %ready.epoch, "session ready");
        let Made { browser, events, .. } = made;
        Ok(Adopted { entry: ready, revision, browser, events, inbox, noted })
    }

    /// CAS to starting: from here on the session is ours to start, or to give back.
    async fn own(&self, found: &Stored) -> Result<Stored, Aside> {
        let mut starting = found.entry.in_state(State::Starting, self.bus.now());
        starting.owner = Some(self.worker.clone());
        starting.epoch = found.entry.epoch.next();
        let revision = self.write(starting.clone(), found.revision, false).await?;
        Ok(Stored { entry: starting, revision })
    }

    /// Writes until it is known what stands. `is_ours`: the entry names this worker already.
    async fn write(&self, entry: Entry, revision: u64, is_ours: bool) -> Result<u64, Aside> {
        if !is_ours && !self.gate.may_act() {
            return Err(Aside::Leave);
        }
        let write = async || answered(self.bus.write(entry.clone(), revision).await);
        let written = self.until_answered(&entry.id, "a claim is not written yet", write).await;
        // Somebody else's: cancelled, timed out, or claimed.
        written.map_err(|_| Aside::Ack)
    }

    /// Keys that earlier owners noted. Without them a command could run twice, so there is no going on.
    async fn noted_keys(&self, entry: &Entry) -> Vec<String> {
        let read = || self.bus.noted_keys(entry.tenant.clone(), entry.id.clone());
        self.until_answered(&entry.id, "the keys used so far are not read yet", read).await
    }

    /// Asks again until NATS answers, whatever that takes, and only while the lease lets this worker act. An error of
    /// `ask` is that it was not answered. `waits`: what has to wait for that.
    async fn until_answered<T, F: Future<Output = Result<T, Error>>>(
        &self,
        id: &SessionId,
        waits: &'static str,
        ask: impl Fn() -> F,
    ) -> T {
        loop {
            self.gate.wait().await;
            match ask().await {
                Ok(answer) => return answer,
                Err(e) => debug!(session_id = %id, error = %e, "{waits}"),
            }
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }

    async fn make(&self, entry: &Entry, warm: Option<Arc<dyn Browser>>, start: Start) -> Result<Made, Error> {
        let browser = match warm {
            Some(browser) => browser,
            None => self.browsers.start(entry.clone()).await.map_err(start_error)?,
        };
        drop(start);
        let (sink, events) = mpsc::channel(BROWSER_EVENTS);
        browser.prepare(entry.clone(), sink).await?;
        Ok(Made { page: browser.page(), tabs: browser.tabs(), browser, events })
    }

    /// Tells the stream every 3 s that the start is under way, so that nobody else is given it.
    async fn keep_alive<T>(&self, claim: &dyn Claim, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(WORK_PROGRESS) => {
                    if let Err(e) = claim.progress().await {
                        debug!(error = %e, "no progress could be told");
                    }
                }
            }
        }
    }

    /// A start that failed goes back into the queue, the third one ends the session.
    async fn failed(&self, owned: &Stored, error: &Error) -> Aside {
        warn!(session_id = %owned.entry.id, error = %error, "a session could not be started");
        metrics().starts_failed.inc();
        let mut entry = owned.entry.clone();
        entry.attempts += 1;
        // What the request itself asks for and cannot be done fails alike everywhere.
        let hopeless = !error.retryable;
        if hopeless || entry.attempts >= MAX_ATTEMPTS {
            entry.end_error = hopeless.then(|| error.clone());
            let stored = Stored { entry, revision: owned.revision };
            let detail = error.detail.clone();
            return self.end_failed(&stored, detail).await;
        }
        if entry.state != State::Starting {
            // A warm browser failed before the entry was touched: it stands as it was.
            return Aside::Nak(RETRY_AFTER);
        }
        let attempts = entry.attempts;
        let back = if owned.entry.ready_at.is_some() { State::Recovering } else { State::Queued };
        let mut queued = entry.in_state(back, self.bus.now());
        queued.owner = None;
        match self.write_back(queued, owned.revision).await {
            Ok(()) => Aside::Nak(RETRY_AFTER * attempts),
            Err(aside) => aside,
        }
    }

    /// Giving back changes the owner, which the rule for unanswered writes would take for another's write.
    async fn write_back(&self, queued: Entry, mut revision: u64) -> Result<(), Aside> {
        loop {
            let write = async || answered(self.bus.write(queued.clone(), revision).await);
            match self.until_answered(&queued.id, "a session is not given back yet", write).await {
                Ok(_) => return Ok(()),
                Err(Some(stored))
                    if stored.entry.state == State::Starting
                        && stored.entry.owner.as_ref() == Some(&self.worker)
                        && stored.entry.epoch == queued.epoch =>
                {
                    revision = stored.revision;
                }
                Err(_) => return Err(Aside::Ack),
            }
        }
    }

    /// Ends what could not be started. If it is ours by its entry, nobody else will.
    async fn end_failed(&self, stored: &Stored, detail: String) -> Aside {
        let end =
            async || answered(end(&*self.bus, stored, EndReason::StartFailed, Some(detail.clone())).await);
        if stored.entry.state == State::Starting {
            // Lost, it is somebody else's and as little ours to serve.
            let _ = self.until_answered(&stored.entry.id, "a session is not ended yet", end).await;
            return Aside::Ack;
        }
        if end().await.is_ok() { Aside::Ack } else { Aside::Leave }
    }
}

/// What stands where a write was lost.
type Lost = Option<Box<Stored>>;

/// A write that was lost is answered, one of which nothing is known is not.
fn answered<T>(written: Result<T, WriteFailure>) -> Result<Result<T, Lost>, Error> {
    match written {
        Ok(written) => Ok(Ok(written)),
        Err(WriteFailure::Lost(stands)) => Ok(Err(stands)),
        Err(WriteFailure::Unavailable(e)) => Err(e),
    }
}

fn died(e: &Panicked) -> Error {
    Error::unavailable(format!("the start of a session died: {e}"))
}

fn start_error(e: StartError) -> Error {
    if e.retryable { Error::unavailable(e.detail) } else { Error::invalid_argument("args", e.detail) }
}

fn millis(d: Duration) -> u64 {
    u64::try_from(d.as_millis()).unwrap_or(u64::MAX)
}
