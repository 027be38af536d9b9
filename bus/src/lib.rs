//! The client that speaks the bus.
//!
//! The only crate that names `async-nats`. Everything here is typed by `bus-schema`: subjects, requests, replies,
//! entries and events. [`Bus`] is a cheap clone that hands out one small client per theme.

pub mod cdp;
pub mod clock;
pub mod connect;
pub mod control;
pub mod entry;
pub mod event;
pub mod follow;
pub mod frame;
mod js;
mod kv;
pub mod lease;
pub mod metrics;
pub mod note;
pub mod object;
pub mod owner;
mod parts;
pub mod provision;
pub mod serve;
pub mod service;
#[cfg(feature = "testing")]
pub mod testing;
pub mod trace;
pub mod work;
pub mod workers;

use std::sync::Arc;

use bus_schema::{Error, Region, Root, model::time::Timestamp};

pub use connect::{ConnectError, Options};

/// Connections to one NATS system and what goes over them.
#[derive(Clone, Debug)]
pub struct Bus {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    root: Root,
    region: Region,
    /// Regions that may be asked, the own one first.
    regions: Vec<Region>,
    /// Commands, events, entries: small messages that must not wait behind large ones.
    main: connect::Connection,
    /// Large answers and files.
    bulk: connect::Connection,
    /// Frames: a slow consumer loses its whole connection, so they have one of their own.
    frames: connect::Connection,
    /// CDP messages, of any size, for the same reason.
    cdp: connect::Connection,
    clock: clock::Clock,
}

impl Bus {
    pub fn root(&self) -> &Root {
        &self.inner.root
    }

    pub fn region(&self) -> &Region {
        &self.inner.region
    }

    /// Every configured region, the own one first.
    pub fn regions(&self) -> &[Region] {
        &self.inner.regions
    }

    /// Now in bus time: what all processes of the fleet agree on.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Whether the connection for commands is up.
    pub fn connected(&self) -> bool {
        self.inner.main.is_connected()
    }

    /// Changes with each loss and return of the connection for commands.
    pub fn connection(&self) -> tokio::sync::watch::Receiver<connect::Link> {
        self.inner.main.watch()
    }

    /// One round trip to the server: what was subscribed or published before is with it now.
    pub async fn round_trip(&self) -> Result<(), Error> {
        js::round_trip(&self.inner.main.client).await
    }

    fn js(&self) -> js::JetStream {
        js::JetStream::new(self.inner.main.client.clone(), self.inner.region.clone())
    }
}
