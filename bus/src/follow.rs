//! Following events: what is older by Direct Get, then what is live, without a consumer on the server.

use std::collections::VecDeque;

use async_nats::{HeaderMap, Message, Subscriber};
use bus_schema::{
    Error, Region, SessionId, Subject, Tenant,
    model::event::Event,
    stream,
    subject::{EventKind, Filter},
};
use bytes::Bytes;
use futures::StreamExt;
use serde::Deserialize;

use crate::{Bus, connect::Link, event::Events, js::header_u64};

/// An event as it lies in the log or passes by.
#[derive(Clone, Debug)]
pub struct Logged {
    /// Sequence in the region's stream; `None` for what is live only.
    pub seq: Option<u64>,
    pub session: SessionId,
    pub kind: EventKind,
    /// The event's JSON, unread.
    pub bytes: Bytes,
}

impl Logged {
    pub fn read(&self) -> Result<Event, Error> {
        serde_json::from_slice(&self.bytes).map_err(|e| Error::internal(format!("an unreadable event: {e}")))
    }
}

/// Events of one session or of a tenant, in order, without gaps: a lost connection is made up for from the log.
#[derive(Debug)]
pub struct Follower {
    bus: Bus,
    region: Region,
    /// Subjects in the log.
    log: String,
    live: Subscriber,
    link: tokio::sync::watch::Receiver<Link>,
    generation: u64,
    /// The last sequence handed out.
    last: u64,
    /// One session: the server tells the sequence before each message of a subject, so a gap shows.
    single: bool,
    /// The last sequence of the `.log` subject seen, where `single`.
    last_of_log: u64,
    ready: VecDeque<Logged>,
    catch_up: bool,
}

impl Events {
    /// Follows a session. `after`: from the log, what is newer than this sequence (0: all); `None`: only what comes.
    ///
    /// The subscription stands when this returns: what is published on the same connection from now on is seen.
    pub async fn follow(
        &self,
        tenant: &Tenant,
        id: &SessionId,
        after: Option<u64>,
    ) -> Result<Follower, Error> {
        let log = Filter::SessionEvents(tenant.clone(), id.clone());
        let live = Filter::SessionLive(tenant.clone(), id.clone());
        self.follower(id.region(), &log, &live, after, true).await
    }

    /// Follows all sessions of a tenant in a region.
    pub async fn follow_tenant(
        &self,
        region: &Region,
        tenant: &Tenant,
        after: Option<u64>,
    ) -> Result<Follower, Error> {
        let log = Filter::TenantEvents(region.clone(), tenant.clone());
        let live = Filter::TenantLive(region.clone(), tenant.clone());
        self.follower(region, &log, &live, after, false).await
    }

    /// Who names an event that there has never been would wait for what comes after it, and miss all before.
    async fn check(&self, region: &Region, after: u64) -> Result<(), Error> {
        #[derive(Deserialize)]
        struct Info {
            state: State,
        }
        #[derive(Deserialize)]
        struct State {
            last_seq: u64,
        }
        let call = format!("STREAM.INFO.{}", stream::events(self.bus.root(), region));
        let info = self.bus.js().call::<Info>(region, &call, &serde_json::Value::Null).await?;
        let newest = info.map_or(0, |info| info.state.last_seq);
        if after > newest {
            let detail =
                format!("there is no event {after} yet: the newest in region `{region}` is {newest}");
            return Err(Error::invalid_argument("after", detail));
        }
        Ok(())
    }

    async fn follower(
        &self,
        region: &Region,
        log: &Filter,
        live: &Filter,
        after: Option<u64>,
        single: bool,
    ) -> Result<Follower, Error> {
        let root = self.bus.root();
        let client = &self.bus.inner.main.client;
        let link = self.bus.connection();
        let generation = link.borrow().generation;
        let live = client
            .subscribe(root.filter(live))
            .await
            .map_err(|e| Error::unavailable(format!("no live events: {e}")))?;
        if let Some(after) = after.filter(|after| *after > 0) {
            self.check(region, after).await?;
        }
        Ok(Follower {
            bus: self.bus.clone(),
            region: region.clone(),
            log: root.filter(log),
            live,
            link,
            generation,
            last: after.unwrap_or(0),
            single,
            last_of_log: 0,
            ready: VecDeque::new(),
            catch_up: after.is_some(),
        })
    }

    /// Everything the log has of a session now.
    pub async fn read(&self, tenant: &Tenant, id: &SessionId) -> Result<Vec<Logged>, Error> {
        let mut follower = self.follow(tenant, id, Some(0)).await?;
        while follower.catch_up {
            // `last` moves with what is handed out; here all of it is kept and the next batch begins behind it.
            follower.read_log().await?;
            if let Some(seq) = follower.ready.back().and_then(|e| e.seq) {
                follower.last = seq;
            }
        }
        Ok(follower.ready.into_iter().collect())
    }

    /// The terminal event of a session, while the log has it.
    pub async fn ended(&self, tenant: &Tenant, id: &SessionId) -> Result<Option<Event>, Error> {
        self.newest(tenant, id, EventKind::Ended).await?.map(|logged| logged.read()).transpose()
    }

    /// The newest stored event of a session that is of this kind.
    pub async fn newest(
        &self,
        tenant: &Tenant,
        id: &SessionId,
        kind: EventKind,
    ) -> Result<Option<Logged>, Error> {
        let subject = self.bus.root().subject(&Subject::Event(tenant.clone(), id.clone(), kind));
        let js = self.bus.js();
        let name = stream::events(self.bus.root(), id.region());
        let call = js.api_subject(id.region(), &format!("DIRECT.GET.{name}.{subject}"));
        let message = crate::js::api(&js.client, &call, "").await?;
        match message.status.map(|s| s.as_u16()) {
            Some(404) => Ok(None),
            Some(other) => Err(Error::unavailable(format!("JetStream answered {other} to a read"))),
            None => {
                let seq = header_u64(message.headers.as_ref(), "Nats-Sequence");
                Ok(Some(Logged { seq, session: id.clone(), kind, bytes: message.payload }))
            }
        }
    }
}

impl Follower {
    /// The next event. Cancel safe. An error ends it: the caller follows again from the last sequence.
    pub async fn next(&mut self) -> Result<Logged, Error> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                if let Some(seq) = event.seq {
                    self.last = seq;
                }
                return Ok(event);
            }
            if self.catch_up {
                self.read_log().await?;
                continue;
            }
            tokio::select! {
                message = self.live.next() => {
                    let Some(message) = message else { return Err(Error::unavailable("the connection to NATS is closed")) };
                    self.take_live(message);
                }
                changed = self.link.changed() => {
                    if changed.is_err() {
                        return Err(Error::unavailable("the connection to NATS is closed"));
                    }
                    let link = *self.link.borrow_and_update();
                    // Back after a loss: what passed meanwhile is in the log.
                    if link.up && link.generation > self.generation && self.last > 0 {
                        self.catch_up = true;
                    }
                    self.generation = link.generation;
                }
            }
        }
    }

    /// The sequence to resume after.
    pub fn last(&self) -> u64 {
        self.last
    }

    fn take_live(&mut self, message: Message) {
        let Some(Subject::Live(_, session, kind)) = self.bus.root().parse(&message.subject) else { return };
        let seq = header_u64(message.headers.as_ref(), "Nats-Sequence");
        if let Some(seq) = seq {
            if seq <= self.last {
                return;
            }
            if self.single && kind == EventKind::Log {
                let before = header_u64(message.headers.as_ref(), "Nats-Last-Sequence").unwrap_or(0);
                let gap = self.last_of_log > 0 && before > self.last_of_log;
                if gap {
                    // Something was dropped on the way; the log has it, and this message too.
                    self.catch_up = true;
                    return;
                }
                self.last_of_log = seq;
            }
        }
        self.ready.push_back(Logged { seq, session, kind, bytes: message.payload });
    }

    /// Reads one batch of the log behind `last`. Done when the log has no more.
    async fn read_log(&mut self) -> Result<(), Error> {
        let name = stream::events(self.bus.root(), &self.region);
        let batch = self.bus.js().read_batch(&self.region, &name, &self.log, self.last + 1).await?;
        let read: Vec<_> = batch.messages.iter().filter_map(|message| self.logged(message)).collect();
        if self.single
            && let Some(seq) = read.iter().rev().find(|e| e.kind == EventKind::Log).and_then(|e| e.seq)
        {
            self.last_of_log = seq;
        }
        self.catch_up = batch.more && !read.is_empty();
        self.ready.extend(read);
        Ok(())
    }

    fn logged(&self, message: &Message) -> Option<Logged> {
        let headers: &HeaderMap = message.headers.as_ref()?;
        let seq = header_u64(Some(headers), "Nats-Sequence")?;
        let subject = headers.get("Nats-Subject")?.as_str();
        let Subject::Event(_, session, kind) = self.bus.root().parse(subject)? else { return None };
        Some(Logged { seq: Some(seq), session, kind, bytes: message.payload.clone() })
    }
}
