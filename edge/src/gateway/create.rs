//! Making sessions: entry, request, events, and the wait for ready.

use std::collections::BTreeSet;

use bus::{entry::WriteError, follow::Follower};
use bus_schema::{
    Error, ErrorCode, Region, SessionId, Tenant,
    model::{
        create::{BrowserKind, CreateSession},
        entry::Entry,
        event::{Event, EventType},
        json,
        rpc::WorkRequest,
        session::Session,
        worker::Worker,
    },
};
use serde_json::{Map, Value, json as object};
use tokio::time::Instant;

use super::{Gateway, ids, wait::Abandoned};
use crate::{config::Limits, metrics::metrics};

/// What a queue takes, less what goes around it.
const MAX_SPEC_BYTES: usize = 500 * 1024;

/// One request for a session.
#[derive(Clone, Debug)]
pub struct Request {
    pub tenant: Tenant,
    pub limits: Limits,
    pub spec: CreateSession,
    /// One session per key.
    pub key: Option<String>,
    /// Answer when it is ready, and not at once.
    pub wait: bool,
}

/// What came of it.
#[derive(Debug)]
pub enum Created {
    Ready(Session),
    /// It is queued, or being started.
    Waiting(Session),
}

impl Gateway {
    /// A client's wishes over the configured defaults, validated.
    pub fn spec(&self, given: Map<String, Value>) -> Result<CreateSession, Error> {
        let mut fields = self.inner.session_defaults.clone();
        fields.extend(given);
        let spec: CreateSession = json::from_value(Value::Object(fields), None)?;
        spec.validate()?;
        // It travels as one message, and a file of storage state can be any size.
        let size = serde_json::to_vec(&spec).map_or(0, |json| json.len());
        if size > MAX_SPEC_BYTES {
            return Err(Error::payload_too_large(format!(
                "a request for a session may have {MAX_SPEC_BYTES} bytes"
            )));
        }
        Ok(spec)
    }

    /// Makes a session, or finds the one that its key names.
    ///
    /// Dropped while it waits it cancels the request, unless there is a key: then a retry must find the session.
    pub async fn create(&self, request: Request) -> Result<Created, Error> {
        let asked = Instant::now();
        let created = self.create_unmeasured(request).await;
        match &created {
            Ok(Created::Ready(session)) => {
                metrics().created("ready");
                metrics().ready("total", asked.elapsed());
                metrics().ready("queued", std::time::Duration::from_millis(session.timings.queued_ms));
                metrics().ready("start", std::time::Duration::from_millis(session.timings.start_ms));
            }
            Ok(Created::Waiting(_)) => metrics().created("queued"),
            Err(e) => metrics().created(e.code.as_str()),
        }
        created
    }

    async fn create_unmeasured(&self, request: Request) -> Result<Created, Error> {
        let Request { tenant, limits, spec, key, wait } = request;
        let region = self.region_of(&spec)?;
        let id = match &key {
            Some(key) => self.inner.ids.session(region.clone(), &tenant, key),
            None => SessionId::random(region.clone()),
        };
        // Before anything is published: its answer is an event.
        let follower = self.bus().events().follow(&tenant, &id, None).await?;
        let digest = key.as_ref().map(|_| ids::digest(&spec));
        if digest.is_some()
            && let Some(stored) = self.bus().entries().get(&tenant, &id).await?
        {
            return self.join(stored.entry, digest, follower, wait).await;
        }
        // Whoever has the full browser serves requests for the small one with it, so every worker has that.
        if spec.browser == BrowserKind::Chrome && region == *self.bus().region() {
            self.must_have_chrome(&spec).await?;
        }
        let admission = self.inner.census.admit(self.bus(), &region, &tenant, limits, &id).await?;
        let mut entry = Entry::queued(id, tenant, spec, self.bus().now());
        entry.request_digest = digest.clone();
        // From here on the session may exist: whoever asked for it and goes away leaves something behind.
        let abandoned = Abandoned::new(self.clone(), &entry, key.is_some() || !wait);
        match self.bus().entries().create(&entry).await {
            Ok(revision) => {
                self.request_worker(&entry, revision).await.inspect_err(|_| abandoned.disarm())?
            }
            Err(WriteError::Lost(Some(stored))) if digest.is_some() => {
                abandoned.disarm();
                return self.join(stored.entry, digest, follower, wait).await;
            }
            Err(e) => {
                abandoned.disarm();
                return Err(e.into());
            }
        }
        admission.keep();
        if !wait {
            return Ok(Created::Waiting(self.with_position(entry.session()).await));
        }
        let session = self.until_ready(entry, follower).await?;
        abandoned.disarm();
        Ok(Created::Ready(session))
    }

    /// Nobody waits in a queue for a browser that no worker has.
    async fn must_have_chrome(&self, spec: &CreateSession) -> Result<(), Error> {
        // Where none is known one may come that has it; then the queue is the place to wait.
        let workers = self.live_workers().await.unwrap_or_default();
        let pool = spec.pool.clone().unwrap_or_default();
        let of_pool: Vec<_> = workers.iter().filter(|w| w.pools.contains(&pool) && !w.simulated).collect();
        let has = |w: &&Worker| w.browsers.iter().any(|b| b.split(' ').next() == Some("chrome"));
        if of_pool.is_empty() || of_pool.iter().any(has) {
            return Ok(());
        }
        let known: BTreeSet<&str> = of_pool.iter().flat_map(|w| &w.browsers).map(String::as_str).collect();
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        let detail = format!("no worker of the pool `{pool}` has `chrome`; what they have: {known}");
        Err(Error::invalid_argument("browser", detail))
    }

    fn region_of(&self, spec: &CreateSession) -> Result<Region, Error> {
        let Some(region) = &spec.region else { return Ok(self.bus().region().clone()) };
        if self.knows(region) {
            return Ok(region.clone());
        }
        let known: Vec<&str> = self.bus().regions().iter().map(Region::as_str).collect();
        Err(Error::invalid_argument("region", format!("`{region}` is not one of {}", known.join(", "))))
    }

    /// The key was used before: the same body gets the same session.
    async fn join(
        &self,
        entry: Entry,
        digest: Option<String>,
        follower: Follower,
        wait: bool,
    ) -> Result<Created, Error> {
        if entry.request_digest != digest {
            return Err(Error::conflict("this `Idempotency-Key` was used with another body")
                .with_field("Idempotency-Key"));
        }
        if let Some(session) = super::wait::verdict(&entry)? {
            return Ok(Created::Ready(session));
        }
        if !wait {
            return Ok(Created::Waiting(self.with_position(entry.session()).await));
        }
        self.until_ready(entry, follower).await.map(Created::Ready)
    }

    /// Puts the request into its queue and says so in the log.
    async fn request_worker(&self, entry: &Entry, revision: u64) -> Result<(), Error> {
        let work = WorkRequest {
            session: entry.id.clone(),
            tenant: entry.tenant.clone(),
            spec: entry.spec.clone(),
            deadline: Some(entry.queue_deadline),
        };
        if let Err(error) = self.bus().work_queue().publish(&work, &entry.queue(), true).await {
            if matches!(error.code, ErrorCode::ResourceExhausted | ErrorCode::PayloadTooLarge) {
                // Certainly not in the queue: nothing of it may stay, so that a retry under its key starts anew.
                self.bus().entries().withdraw(entry, revision).await?;
                return Err(error.not_started());
            }
            // The entry stands, and a reaper knocks again for what has stood queued for 5 s.
            tracing::warn!(session_id = %entry.id, %error, "a request may not have reached its queue");
        }
        let data = object!({ "name": entry.spec.name, "labels": entry.spec.labels });
        self.say(entry, EventType::Created, data).await;
        let data = object!({ "pool": entry.pool, "priority": entry.class, "deadline": entry.queue_deadline });
        self.say(entry, EventType::Queued, data).await;
        Ok(())
    }

    async fn say(&self, entry: &Entry, kind: EventType, data: Value) {
        let event = Event::new(kind, entry.id.clone(), entry.epoch, data);
        if let Err(error) = self.bus().events().publish(&entry.tenant, &event).await {
            tracing::warn!(session_id = %entry.id, %error, event = kind.as_str(), "an event was not published");
        }
    }
}
