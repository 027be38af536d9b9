//! What waits for a worker.

use std::collections::BTreeMap;

use bus_schema::{
    Class, Error, Pool, Region, Tenant,
    model::{session::State, time::Timestamp},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Gateway, census::Counted};

/// The queues of all regions.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueReport {
    /// The caller's own requests.
    pub queues: Vec<Queue>,
    /// All requests of a pool, whoever's.
    pub pools: Vec<PoolQueue>,
    /// Regions that did not answer in time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_regions: Vec<Region>,
}

/// Requests of one tenant and class.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct Queue {
    pub region: Region,
    pub pool: Pool,
    pub tenant: Tenant,
    pub class: Class,
    pub waiting: u32,
    pub oldest_wait_ms: u64,
}

/// Requests of one pool.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct PoolQueue {
    pub region: Region,
    pub pool: Pool,
    pub waiting: u32,
    pub oldest_wait_ms: u64,
}

impl Gateway {
    /// What waits, as counted at most a second ago.
    pub async fn queue(&self, tenant: &Tenant) -> Result<QueueReport, Error> {
        let ask = |region: Region| async move { self.census(&region).await.map(|s| (region, s)) };
        let (found, missing_regions) = self.every_region(ask).await?;
        let mut report = QueueReport { queues: Vec::new(), pools: Vec::new(), missing_regions };
        for (region, snapshot) in found {
            add(&mut report, &region, &snapshot.sessions, tenant, self.bus().now());
        }
        Ok(report)
    }
}

#[derive(Clone, Copy)]
struct Sum {
    waiting: u32,
    oldest: Timestamp,
}

impl Sum {
    fn with(&mut self, at: Timestamp) {
        self.waiting += 1;
        self.oldest = self.oldest.min(at);
    }

    fn wait_ms(self, now: Timestamp) -> u64 {
        u64::try_from(now.since(self.oldest).as_millis()).unwrap_or(u64::MAX)
    }
}

fn add(report: &mut QueueReport, region: &Region, sessions: &[Counted], tenant: &Tenant, now: Timestamp) {
    let mut own: BTreeMap<(&Pool, Class), Sum> = BTreeMap::new();
    let mut pools: BTreeMap<&Pool, Sum> = BTreeMap::new();
    for s in sessions.iter().filter(|s| s.state == State::Queued) {
        let none = Sum { waiting: 0, oldest: s.created_at };
        pools.entry(&s.pool).or_insert(none).with(s.created_at);
        if s.tenant == *tenant {
            own.entry((&s.pool, s.class)).or_insert(none).with(s.created_at);
        }
    }
    report.queues.extend(own.into_iter().map(|((pool, class), sum)| Queue {
        region: region.clone(),
        pool: pool.clone(),
        tenant: tenant.clone(),
        class,
        waiting: sum.waiting,
        oldest_wait_ms: sum.wait_ms(now),
    }));
    report.pools.extend(pools.into_iter().map(|(pool, sum)| PoolQueue {
        region: region.clone(),
        pool: pool.clone(),
        waiting: sum.waiting,
        oldest_wait_ms: sum.wait_ms(now),
    }));
}

#[cfg(test)]
mod tests {
    use bus_schema::SessionId;

    use super::*;

    #[test]
    fn of_other_tenants_only_sums_are_shown() {
        let counted = |tenant: &str, at| Counted {
            id: SessionId::random(Region::default()),
            tenant: Tenant::new(tenant).unwrap(),
            pool: Pool::default(),
            class: Class::Normal,
            state: State::Queued,
            created_at: Timestamp(at),
        };
        let mut report = QueueReport { queues: vec![], pools: vec![], missing_regions: vec![] };
        let sessions = [counted("a", 400), counted("b", 100), counted("a", 300)];
        add(&mut report, &Region::default(), &sessions, &Tenant::new("a").unwrap(), Timestamp(1_000));
        assert_eq!(report.queues.len(), 1);
        assert_eq!((report.queues[0].waiting, report.queues[0].oldest_wait_ms), (2, 700));
        assert_eq!((report.pools[0].waiting, report.pools[0].oldest_wait_ms), (3, 900));
        assert!(!serde_json::to_string(&report).unwrap().contains("\"b\""));
    }
}
