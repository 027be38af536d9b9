//! Bus time: the monotonic clock plus the offset learnt from the server's time stamps.
//!
//! Deadlines cross machines whose wall clocks differ or jump; the server's clock is the one they all see.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, Instant},
};

use bus_schema::{Error, model::time::Timestamp};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tracing::debug;

use crate::{Bus, js};

const RELEARN: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Clock {
    start: Instant,
    /// Bus time at `start`, in milliseconds since the epoch.
    at_start: AtomicI64,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), at_start: AtomicI64::new(Timestamp::now().0) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.at_start.load(Ordering::Relaxed).saturating_add(millis(self.start.elapsed())))
    }

    pub(crate) fn set(&self, server: Timestamp, at: Instant) {
        let since = millis(at.saturating_duration_since(self.start));
        self.at_start.store(server.0.saturating_sub(since), Ordering::Relaxed);
    }
}

fn millis(d: Duration) -> i64 {
    i64::try_from(d.as_millis()).unwrap_or(i64::MAX)
}

impl Bus {
    /// Asks the server for its time. The answer was written half a round trip ago.
    pub(crate) async fn learn_clock(&self) -> Result<(), Error> {
        let sent = Instant::now();
        let message = js::api(&self.inner.main.client, "$JS.API.INFO", "").await?;
        let received = Instant::now();
        let server = match js::server_time(&message) {
            Some(t) => t,
            // The account's info carries no time; any stream's does. Before there is one, the wall clock serves.
            None => match self.stream_time().await? {
                Some(t) => t,
                None => return Ok(()),
            },
        };
        let halfway = sent + received.saturating_duration_since(sent) / 2;
        self.inner.clock.set(server, halfway);
        Ok(())
    }

    async fn stream_time(&self) -> Result<Option<Timestamp>, Error> {
        let stream = bus_schema::stream::work(self.root(), self.region());
        let subject = format!("$JS.API.STREAM.INFO.{stream}");
        let message = js::api(&self.inner.main.client, &subject, "").await?;
        Ok(js::server_time(&message))
    }

    /// Learns the clock again every 30 s for as long as the bus is in use.
    pub(crate) fn keep_clock(&self) {
        let weak = std::sync::Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(RELEARN).await;
                let Some(inner) = weak.upgrade() else { return };
                if let Err(e) = (Bus { inner }).learn_clock().await {
                    debug!(error = %e, "the server's time could not be read");
                }
            }
        });
    }
}

/// Reads a server's time stamp.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok().map(Timestamp)
}
