//! What a service on the bus does, in few words.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use bus::Bus;
use bus_schema::{
    Error, Region, SessionId, Tenant,
    model::{
        command::{Command, CommandRequest, Evaluate},
        create::CreateSession,
        entry::Entry,
        event::{Event, EventType},
        rpc::{End, Run, WorkRequest},
        session::{EndReason, State},
        worker::Worker,
    },
};
use tokio::time::Instant;

/// The reaper looks every 30 s for what stands unclaimed, and takes that for lost which stood for 5 s by then.
const SETTLES_WITHIN: Duration = Duration::from_secs(50);
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Clone)]
pub(super) struct Client(pub(super) Bus);

/// Where a session came to rest.
#[derive(Debug)]
pub(super) enum Rest {
    Ready(Entry),
    Ended(Entry),
}

impl Client {
    pub(super) async fn ask(&self, id: &SessionId, spec: CreateSession) -> anyhow::Result<()> {
        let entry = Entry::queued(id.clone(), Tenant::default(), spec, self.0.now());
        self.0.entries().create(&entry).await.map_err(Error::from)?;
        let request = WorkRequest {
            session: id.clone(),
            tenant: entry.tenant.clone(),
            spec: entry.spec.clone(),
            deadline: Some(entry.queue_deadline),
        };
        Ok(self.0.work_queue().publish(&request, &entry.queue(), true).await?)
    }

    pub(super) async fn create(&self, spec: CreateSession) -> anyhow::Result<SessionId> {
        let id = SessionId::random(Region::default());
        self.ask(&id, spec).await?;
        self.entry_until(&id, "ready", |entry| entry.state == State::Ready).await?;
        Ok(id)
    }

    pub(super) async fn entry(&self, id: &SessionId) -> Result<Option<Entry>, Error> {
        let stored = self.0.entries().get_from_leader(&Tenant::default(), id).await?;
        Ok(stored.map(|stored| stored.entry))
    }

    pub(super) async fn entry_until(
        &self,
        id: &SessionId,
        what: &str,
        wanted: impl Fn(&Entry) -> bool,
    ) -> anyhow::Result<Entry> {
        let deadline = Instant::now() + SETTLES_WITHIN;
        loop {
            match self.entry(id).await {
                Ok(Some(entry)) if wanted(&entry) => return Ok(entry),
                last if Instant::now() > deadline => bail!("the session is not {what}: {last:?}"),
                Ok(_) | Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// Waits until the session can be used or has ended with its event.
    pub(super) async fn rest(&self, id: &SessionId) -> anyhow::Result<Rest> {
        let deadline = Instant::now() + SETTLES_WITHIN;
        loop {
            let entry = self.entry(id).await;
            if let Ok(Some(entry)) = &entry {
                // A request waits for the next owner by itself: the answer may be that one's.
                if entry.state == State::Ready
                    && self.evaluate(id).await.is_ok()
                    && self.entry(id).await.is_ok_and(|after| after.as_ref() == Some(entry))
                {
                    return Ok(Rest::Ready(entry.clone()));
                }
                if entry.state == State::Ended && self.ends(id).await.is_ok_and(|ends| !ends.is_empty()) {
                    return Ok(Rest::Ended(entry.clone()));
                }
            }
            if Instant::now() > deadline {
                bail!("the session does not come to rest: {entry:?}, ends {:?}", self.ends(id).await);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    pub(super) async fn evaluate(&self, id: &SessionId) -> anyhow::Result<()> {
        let command = Evaluate { expression: "40+2".into(), args: Vec::new(), target: None };
        let mut request = CommandRequest::new(Command::Evaluate(command));
        request.timeout_ms = Some(3_000);
        let run = Run { request, deadline: self.0.now().plus(Duration::from_secs(3)), conn: None };
        let deadline = Instant::now() + Duration::from_secs(3);
        let (result, _) = self.0.owners().call(&Tenant::default(), id, run, deadline).await?;
        ensure!(result.result.get() == r#"{"value":42}"#, "a wrong answer: {}", result.result);
        Ok(())
    }

    pub(super) async fn end(&self, id: &SessionId) -> Result<(), Error> {
        let end = End { reason: EndReason::Released };
        let deadline = Instant::now() + Duration::from_secs(3);
        self.0.owners().call(&Tenant::default(), id, end, deadline).await.map(drop)
    }

    /// Ends the session, asking for it as often as that takes.
    pub(super) async fn end_surely(&self, id: &SessionId) -> anyhow::Result<()> {
        let deadline = Instant::now() + SETTLES_WITHIN;
        loop {
            let asked = self.end(id).await;
            if self.entry(id).await.is_ok_and(|entry| entry.is_some_and(|e| e.state == State::Ended)) {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "the session cannot be ended: {asked:?}");
        }
    }

    /// The reasons of all terminal events of a session.
    pub(super) async fn ends(&self, id: &SessionId) -> Result<Vec<Option<EndReason>>, Error> {
        let logged = self.0.events().read(&Tenant::default(), id).await?;
        let events = logged.iter().map(|event| event.read()).collect::<Result<Vec<_>, _>>()?;
        Ok(events.iter().filter(|event| event.kind == EventType::Ended).map(Event::end_reason).collect())
    }

    /// Waits until no request is left in any queue, given to a worker or not.
    pub(super) async fn until_no_request_is_left(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + SETTLES_WITHIN;
        loop {
            let waiting = self.0.work_queue().waiting(&Region::default()).await;
            if waiting.as_ref().is_ok_and(std::collections::BTreeMap::is_empty) {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "requests are left: {waiting:?}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits for a worker's next word about itself that is as wanted.
    pub(super) async fn next_word(
        &self,
        id: &str,
        what: &str,
        wanted: impl Fn(&Worker) -> bool,
    ) -> anyhow::Result<()> {
        let (since, deadline) = (self.0.now(), Instant::now() + SETTLES_WITHIN);
        loop {
            let all = self.0.workers().list(&Region::default()).await;
            let worker = all.as_ref().ok().and_then(|all| all.iter().find(|w| w.id.as_str() == id).cloned());
            if worker.as_ref().is_some_and(|w| w.seen_at > since && wanted(w)) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(anyhow::anyhow!("{worker:?}")).context(format!("the worker is not {what}"));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
