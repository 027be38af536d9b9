//! Following events, of one session or of all of a tenant's.

use std::{collections::BTreeMap, fmt, str::FromStr};

use bus::follow::Follower;
pub use bus::follow::Logged;
use bus_schema::{Error, Region, SessionId, Tenant, subject::EventKind};
use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};

use super::Gateway;

/// Events of one session, from the log and then live. Ends with the session.
pub struct SessionEvents {
    gateway: Gateway,
    tenant: Tenant,
    id: SessionId,
    follower: Follower,
    /// The terminal event was given.
    done: bool,
}

impl SessionEvents {
    /// The next event. `None` after the terminal one. Cancel safe.
    pub async fn next(&mut self) -> Result<Option<Logged>, Error> {
        if self.done {
            return Ok(None);
        }
        let event = self.follower.next().await?;
        self.done = event.kind == EventKind::Ended;
        Ok(Some(event))
    }

    /// Follows anew from where it was, after an error.
    pub async fn resume(&mut self) -> Result<(), Error> {
        let after = Some(self.follower.last());
        self.follower = self.gateway.bus().events().follow(&self.tenant, &self.id, after).await?;
        Ok(())
    }

    /// Whether there is nothing to come.
    pub fn done(&self) -> bool {
        self.done
    }
}

/// Where the log of each region was read to: `<region>:<seq>`, comma-joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor(BTreeMap<Region, u64>);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (region, seq)) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma}{region}:{seq}")?;
        }
        Ok(())
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        let malformed = || Error::invalid_argument("after", "`<region>:<seq>`, joined by commas");
        let mut cursor = BTreeMap::new();
        for part in s.split(',') {
            let (region, seq) = part.trim().rsplit_once(':').ok_or_else(malformed)?;
            let region = Region::new(region).map_err(|_| malformed())?;
            cursor.insert(region, seq.parse().map_err(|_| malformed())?);
        }
        Ok(Self(cursor))
    }
}

/// An event with the cursor behind it.
pub struct Tracked {
    pub event: Logged,
    /// `None` for what is live only.
    pub cursor: Option<String>,
}

type Next = BoxFuture<'static, (Region, Follower, Result<Logged, Error>)>;

/// Events of all sessions of a tenant, over all regions.
pub struct TenantEvents {
    cursor: Cursor,
    pending: FuturesUnordered<Next>,
}

impl TenantEvents {
    /// The next event of any region. An error ends it: the client comes back with its last cursor.
    pub async fn next(&mut self) -> Result<Tracked, Error> {
        let Some((region, follower, event)) = self.pending.next().await else {
            return Err(Error::unavailable("no region can be followed"));
        };
        let event = event?;
        self.pending.push(next_of(region.clone(), follower));
        let cursor = event.seq.map(|seq| {
            self.cursor.0.insert(region, seq);
            self.cursor.to_string()
        });
        Ok(Tracked { event, cursor })
    }
}

fn next_of(region: Region, mut follower: Follower) -> Next {
    Box::pin(async move {
        let event = follower.next().await;
        (region, follower, event)
    })
}

impl Gateway {
    /// Follows a session: with `after`, what is newer in the log first; without, only what comes.
    pub async fn session_events(
        &self,
        tenant: &Tenant,
        id: &SessionId,
        after: Option<u64>,
    ) -> Result<SessionEvents, Error> {
        // Subscribed before the log is looked at, so that an end in between is not missed.
        let follower = self.bus().events().follow(tenant, id, after).await?;
        let end = self.bus().events().newest(tenant, id, EventKind::Ended).await?.and_then(|e| e.seq);
        if end.is_none() && self.bus().entries().get(tenant, id).await?.is_none() {
            return Err(Error::not_found("there is no such session"));
        }
        let done = end.is_some_and(|end| after.is_none_or(|after| after >= end));
        Ok(SessionEvents { gateway: self.clone(), tenant: tenant.clone(), id: id.clone(), follower, done })
    }

    /// The sequence of the newest event of a session that has not ended: what comes later is newer.
    pub async fn newest_event(&self, tenant: &Tenant, id: &SessionId) -> Result<u64, Error> {
        let newest = self.bus().events().newest(tenant, id, EventKind::Log).await?;
        Ok(newest.and_then(|e| e.seq).unwrap_or(0))
    }

    /// Follows all sessions of a tenant. Regions that `after` does not name are followed from now on.
    pub async fn tenant_events(&self, tenant: &Tenant, after: Option<Cursor>) -> Result<TenantEvents, Error> {
        let cursor = after.unwrap_or_default();
        if let Some(unknown) = cursor.0.keys().find(|region| !self.bus().regions().contains(region)) {
            return Err(Error::invalid_argument("after", format!("there is no region {unknown:?} here")));
        }
        let events = self.bus().events();
        let ask = |region: Region| {
            let (events, after) = (events.clone(), cursor.0.get(&region).copied());
            async move { events.follow_tenant(&region, tenant, after).await.map(|f| (region, f)) }
        };
        let (found, _) = self.every_region(ask).await?;
        let pending = found.into_iter().map(|(region, follower)| next_of(region, follower)).collect();
        Ok(TenantEvents { cursor, pending })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_round_trip_and_noise_is_refused() {
        let c: Cursor = "eu:7,local:12".parse().unwrap();
        assert_eq!(c.to_string(), "eu:7,local:12");
        for bad in ["", "7", "eu:", "eu:x", "e.u:3", "eu:7,"] {
            assert!(bad.parse::<Cursor>().is_err(), "{bad}");
        }
    }
}
