//! Counting sessions: positions in the queue, limits of tenants, gauges. From a scan that is at most a second old.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bus::Bus;
use bus_schema::{
    Class, Error, Pool, Region, SessionId, Tenant,
    model::{
        session::{QueuePosition, Session, State},
        time::Timestamp,
    },
};
use tokio::time::Instant;

use super::Gateway;
use crate::{config::Limits, metrics::metrics};

/// A scan of 10 000 entries takes 34 ms: once a second is 3 % of a core.
const MAX_AGE: Duration = Duration::from_secs(1);
/// A refusal is decided on nothing older than this.
const FRESH: Duration = Duration::from_millis(100);
const REFUSED_RETRY: Duration = Duration::from_secs(5);

/// What is counted of a session.
#[derive(Clone, Debug)]
pub struct Counted {
    pub id: SessionId,
    pub tenant: Tenant,
    pub pool: Pool,
    pub class: Class,
    pub state: State,
    pub created_at: Timestamp,
}

/// The sessions of a region at one moment.
#[derive(Debug)]
pub struct Snapshot {
    begun: Instant,
    pub sessions: Vec<Counted>,
    positions: HashMap<SessionId, QueuePosition>,
}

impl Snapshot {
    fn new(begun: Instant, sessions: Vec<Counted>) -> Self {
        let positions = positions(&sessions);
        Self { begun, sessions, positions }
    }

    fn of<'a>(&'a self, tenant: &'a Tenant) -> impl Iterator<Item = &'a Counted> {
        self.sessions.iter().filter(move |s| s.tenant == *tenant && s.state != State::Ended)
    }
}

/// In the order in which workers look: by class, then by age.
fn positions(sessions: &[Counted]) -> HashMap<SessionId, QueuePosition> {
    let mut queues: BTreeMap<&Pool, Vec<&Counted>> = BTreeMap::new();
    for s in sessions.iter().filter(|s| s.state == State::Queued) {
        queues.entry(&s.pool).or_default().push(s);
    }
    let mut positions = HashMap::new();
    for queue in queues.values_mut() {
        queue.sort_by(|a, b| (a.class, a.created_at, &a.id).cmp(&(b.class, b.created_at, &b.id)));
        let mut ahead: HashMap<&Tenant, u32> = HashMap::new();
        for (position, s) in (1..).zip(queue.iter()) {
            let of_tenant = ahead.entry(&s.tenant).or_default();
            positions.insert(s.id.clone(), QueuePosition { position, ahead_of_tenant: *of_tenant });
            *of_tenant += 1;
        }
    }
    positions
}

/// The newest snapshot of each region, and what this gateway made since.
#[derive(Default)]
pub struct Census {
    snapshots: Mutex<HashMap<Region, Arc<Snapshot>>>,
    /// One scan at a time; who waits for it takes its result.
    scanning: tokio::sync::Mutex<()>,
    recent: Arc<Mutex<Vec<Recent>>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Recent {
    tenant: Tenant,
    id: SessionId,
    at: Instant,
}

impl Census {
    /// A snapshot no older than `max_age`, begun after `since`.
    async fn snapshot(
        &self,
        bus: &Bus,
        region: &Region,
        max_age: Duration,
        since: Option<Instant>,
    ) -> Result<Arc<Snapshot>, Error> {
        if let Some(snapshot) = self.cached(region, max_age, since) {
            return Ok(snapshot);
        }
        let _scanning = self.scanning.lock().await;
        if let Some(snapshot) = self.cached(region, max_age, since) {
            return Ok(snapshot);
        }
        let begun = Instant::now();
        let entries = bus.entries().list(region, None).await?;
        let counted = entries.into_iter().map(|s| Counted {
            id: s.entry.id,
            tenant: s.entry.tenant,
            pool: s.entry.pool,
            class: s.entry.class,
            state: s.entry.state,
            created_at: s.entry.created_at,
        });
        let snapshot = Arc::new(Snapshot::new(begun, counted.collect()));
        lock(&self.snapshots).insert(region.clone(), Arc::clone(&snapshot));
        Ok(snapshot)
    }

    fn cached(&self, region: &Region, max_age: Duration, since: Option<Instant>) -> Option<Arc<Snapshot>> {
        let fits =
            |s: &&Arc<Snapshot>| s.begun.elapsed() <= max_age && since.is_none_or(|since| s.begun > since);
        lock(&self.snapshots).get(region).filter(fits).cloned()
    }

    /// When this gateway last admitted a session of the tenant.
    fn last_admitted(&self, tenant: &Tenant) -> Option<Instant> {
        lock(&self.recent).iter().filter(|r| r.tenant == *tenant).map(|r| r.at).max()
    }

    /// Fails if one more session would be over the tenant's limits. Other gateways' newest are seen within a second.
    pub async fn admit(
        &self,
        bus: &Bus,
        region: &Region,
        tenant: &Tenant,
        limits: Limits,
        id: &SessionId,
    ) -> Result<Admission, Error> {
        let mut admission = Admission { recent: Arc::clone(&self.recent), admitted: None };
        if limits == Limits::default() {
            return Ok(admission);
        }
        let snapshot = self.snapshot(bus, region, MAX_AGE, None).await?;
        admission.admitted = match self.within(&snapshot, tenant, limits, id) {
            Ok(admitted) => Some(admitted),
            Err(_) => {
                // What was made since a scan counts as queued, although it may be ready by now: only a later
                // scan tells. Who is refused admits nothing, so this costs one scan for each session made.
                let since = self.last_admitted(tenant);
                let snapshot = self.snapshot(bus, region, FRESH, since).await?;
                Some(self.within(&snapshot, tenant, limits, id)?)
            }
        };
        Ok(admission)
    }

    fn within(
        &self,
        snapshot: &Snapshot,
        tenant: &Tenant,
        limits: Limits,
        id: &SessionId,
    ) -> Result<Recent, Error> {
        let mut recent = lock(&self.recent);
        // A scan shows what was made before it began, and an entry is written within the longest write.
        recent.retain(|r| r.at + Duration::from_secs(6) > snapshot.begun);
        let unseen =
            recent.iter().filter(|r| r.tenant == *tenant && !snapshot.sessions.iter().any(|s| s.id == r.id));
        let unseen = unseen.filter(|r| r.at >= snapshot.begun || r.at.elapsed() < MAX_AGE).count();
        let live = snapshot.of(tenant).count() + unseen;
        let queued = snapshot.of(tenant).filter(|s| s.state == State::Queued).count() + unseen;
        for (name, limit, used) in
            [("sessions", limits.sessions, live), ("queued sessions", limits.queued, queued)]
        {
            if let Some(limit) = limit.filter(|l| used >= *l as usize) {
                let detail = format!("the tenant has {used} of at most {limit} {name}");
                return Err(Error::resource_exhausted(detail).retry_after(REFUSED_RETRY).not_started());
            }
        }
        let admitted = Recent { tenant: tenant.clone(), id: id.clone(), at: Instant::now() };
        recent.push(admitted.clone());
        Ok(admitted)
    }
}

/// A place under a tenant's limits, given back unless it is kept.
pub struct Admission {
    recent: Arc<Mutex<Vec<Recent>>>,
    admitted: Option<Recent>,
}

impl Admission {
    pub fn keep(mut self) {
        self.admitted = None;
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if let Some(admitted) = &self.admitted {
            lock(&self.recent).retain(|r| r != admitted);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Nothing in here panics while it holds one, and a count that is off would be better than none.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gateway {
    /// The sessions of a region as counted at most a second ago.
    pub(super) async fn census(&self, region: &Region) -> Result<Arc<Snapshot>, Error> {
        self.inner.census.snapshot(self.bus(), region, MAX_AGE, None).await
    }

    /// Sessions of the own region that have not ended; `fresh`: counted a moment ago.
    pub(super) async fn live(&self, fresh: bool) -> Result<Vec<(Tenant, SessionId)>, Error> {
        let (region, max_age) = (self.bus().region(), if fresh { FRESH } else { MAX_AGE });
        let snapshot = self.inner.census.snapshot(self.bus(), region, max_age, None).await?;
        let live = snapshot.sessions.iter().filter(|s| s.state != State::Ended);
        Ok(live.map(|s| (s.tenant.clone(), s.id.clone())).collect())
    }

    /// A queued session with its place in the queue, where that is known.
    pub(super) async fn with_position(&self, mut session: Session) -> Session {
        if session.state != State::Queued {
            return session;
        }
        let Ok(snapshot) = self.census(&session.region).await else { return session };
        session.queue = snapshot.positions.get(&session.id).copied();
        if session.queue.is_none() && snapshot.sessions.iter().all(|s| s.id != session.id) {
            // Younger than the snapshot: behind all that it shows.
            session.queue = Some(behind(&snapshot, &session));
        }
        session
    }

    /// Sets the gauges of sessions and queues of the own region.
    pub async fn measure(&self) -> Result<(), Error> {
        let snapshot = self.census(self.bus().region()).await?;
        for state in State::ALL {
            let count = snapshot.sessions.iter().filter(|s| s.state == state).count();
            metrics().sessions(state.as_str(), count);
        }
        metrics().clear_queues();
        let now = self.bus().now();
        let mut queues: BTreeMap<(&Pool, Class), (usize, Timestamp)> = BTreeMap::new();
        for s in snapshot.sessions.iter().filter(|s| s.state == State::Queued) {
            let (depth, oldest) = queues.entry((&s.pool, s.class)).or_insert((0, s.created_at));
            *depth += 1;
            *oldest = (*oldest).min(s.created_at);
        }
        for ((pool, class), (depth, oldest)) in queues {
            metrics().queue(pool.as_str(), class.as_str(), depth, now.since(oldest));
        }
        Ok(())
    }
}

fn behind(snapshot: &Snapshot, session: &Session) -> QueuePosition {
    let ahead = || snapshot.sessions.iter().filter(|s| s.state == State::Queued && s.pool == session.pool);
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    QueuePosition {
        position: count(ahead().count()).saturating_add(1),
        ahead_of_tenant: count(ahead().filter(|s| s.tenant == session.tenant).count()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(tenant: &str, class: Class, at: i64, state: State) -> Counted {
        Counted {
            id: SessionId::random(Region::default()),
            tenant: Tenant::new(tenant).unwrap(),
            pool: Pool::default(),
            class,
            state,
            created_at: Timestamp(at),
        }
    }

    #[test]
    fn positions_are_by_class_then_age() {
        let all = vec![
            counted("a", Class::Normal, 1, State::Queued),
            counted("b", Class::High, 9, State::Queued),
            counted("a", Class::Low, 0, State::Queued),
            counted("a", Class::Normal, 2, State::Queued),
            counted("a", Class::High, 0, State::Ready),
        ];
        let p = positions(&all);
        let of = |i: usize| p.get(&all[i].id).map(|q| (q.position, q.ahead_of_tenant));
        assert_eq!(
            [of(0), of(1), of(2), of(3), of(4)],
            [Some((2, 0)), Some((1, 0)), Some((4, 2)), Some((3, 1)), None]
        );
    }

    #[tokio::test]
    async fn limits_count_what_was_made_since_the_scan() {
        let census = Census::default();
        let tenant = Tenant::new("a").unwrap();
        let snapshot = Snapshot::new(
            Instant::now(),
            vec![
                counted("a", Class::Normal, 1, State::Ready),
                counted("b", Class::Normal, 1, State::Ready),
                counted("a", Class::Normal, 1, State::Ended),
            ],
        );
        let limits = Limits { sessions: Some(2), queued: None };
        let id = || SessionId::random(Region::default());
        let first = census.within(&snapshot, &tenant, limits, &id()).unwrap();
        let refused = census.within(&snapshot, &tenant, limits, &id()).unwrap_err();
        assert_eq!(refused.code, bus_schema::ErrorCode::ResourceExhausted);
        assert!(refused.retry_after_s.is_some());
        drop(Admission { recent: Arc::clone(&census.recent), admitted: Some(first) });
        census.within(&snapshot, &tenant, limits, &id()).unwrap();
    }
}
