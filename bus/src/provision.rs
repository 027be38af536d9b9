//! Streams, buckets and object stores of a region, made idempotently.

use std::time::Duration;

use async_nats::jetstream::{
    self, kv, object_store,
    stream::{Config, DiscardPolicy, Republish, RetentionPolicy, StorageType},
};
use bus_schema::{Region, stream, subject::Filter};

use crate::{Bus, ConnectError, js::code};

/// What may differ between deployments.
#[derive(Clone, Copy, Debug)]
pub struct Provision {
    /// 1, or 3 on a cluster.
    pub replicas: usize,
    /// How many requests of one tenant and class may wait, whoever publishes them.
    pub queue_limit: i64,
    pub events_max_bytes: i64,
    pub artifacts_max_bytes: i64,
    pub profiles_max_bytes: i64,
}

/// Below this a store is of no use.
const SMALLEST: i64 = 64 << 20;

impl Default for Provision {
    fn default() -> Self {
        Self {
            replicas: 1,
            queue_limit: 10_000,
            events_max_bytes: stream::EVENTS_MAX_BYTES,
            artifacts_max_bytes: stream::ARTIFACTS_MAX_BYTES,
            profiles_max_bytes: stream::PROFILES_MAX_BYTES,
        }
    }
}

impl Bus {
    /// Makes what the own region needs, or leaves it as it is. Any number of processes may do so at once.
    pub async fn provision(&self, how: &Provision) -> Result<(), ConnectError> {
        let region = self.region();
        let js = jetstream::new(self.inner.main.client.clone());
        // What reserves storage comes last: a small server has room for all the rest.
        for bucket in [
            stream::sessions_bucket(self.root(), region),
            stream::workers_bucket(self.root(), region),
            stream::leases_bucket(self.root(), region),
        ] {
            ensure_bucket(&js, bucket, how).await?;
        }
        ensure(&js, self.work_stream(region, how)).await?;
        let events = self.events_stream(region, how);
        let name = events.name.clone();
        ensure(&js, events).await?;
        ensure_window(&js, &name, stream::EVENTS_DEDUP).await?;
        let store = |bucket, max_bytes, max_age| object_store::Config {
            bucket,
            max_bytes,
            max_age,
            storage: StorageType::File,
            num_replicas: how.replicas,
            ..object_store::Config::default()
        };
        let profiles = stream::profiles(self.root(), region);
        ensure_objects(&js, store(profiles, how.profiles_max_bytes, Duration::ZERO)).await?;
        let artifacts = stream::artifacts(self.root(), region);
        ensure_objects(&js, store(artifacts, how.artifacts_max_bytes, stream::ARTIFACTS_MAX_AGE)).await?;
        self.learn_clock().await.map_err(|e| ConnectError::JetStream(e.detail))
    }

    fn work_stream(&self, region: &Region, how: &Provision) -> Config {
        let all = self.root().filter(&Filter::AllWork(region.clone()));
        // Knocks keep the tokens behind the region, so that idle workers hear those of their own pool.
        let knock = all.replacen(".work.", ".knock.", 1);
        Config {
            name: stream::work(self.root(), region),
            subjects: vec![all.clone()],
            retention: RetentionPolicy::WorkQueue,
            discard: DiscardPolicy::New,
            discard_new_per_subject: true,
            max_messages: stream::WORK_MAX_MESSAGES,
            max_messages_per_subject: how.queue_limit,
            max_age: stream::WORK_MAX_AGE,
            max_message_size: stream::WORK_MAX_MESSAGE_BYTES,
            duplicate_window: stream::WORK_DEDUP,
            storage: StorageType::File,
            num_replicas: how.replicas,
            republish: Some(Republish { source: all, destination: knock, headers_only: true }),
            ..Config::default()
        }
    }

    fn events_stream(&self, region: &Region, how: &Provision) -> Config {
        let all = self.root().filter(&Filter::AllEvents(region.clone()));
        let live = all.replacen(".evt.", ".live.", 1);
        Config {
            name: stream::events(self.root(), region),
            subjects: vec![all.clone()],
            retention: RetentionPolicy::Limits,
            discard: DiscardPolicy::Old,
            max_age: stream::EVENTS_MAX_AGE,
            max_bytes: how.events_max_bytes,
            max_messages_per_subject: stream::EVENTS_PER_SUBJECT,
            duplicate_window: stream::EVENTS_DEDUP,
            storage: StorageType::File,
            num_replicas: how.replicas,
            allow_direct: true,
            republish: Some(Republish { source: all, destination: live, headers_only: false }),
            ..Config::default()
        }
    }
}

async fn ensure_objects(
    js: &jetstream::Context,
    mut config: object_store::Config,
) -> Result<(), ConnectError> {
    let bucket = config.bucket.clone();
    if js.get_object_store(&bucket).await.is_ok() {
        return Ok(());
    }
    loop {
        let Err(e) = js.create_object_store(config.clone()).await else { return Ok(()) };
        if js.get_object_store(&bucket).await.is_ok() {
            return Ok(());
        }
        // The library keeps the server's words and not its code.
        if !e.to_string().contains("insufficient storage") || !smaller(&bucket, &mut config.max_bytes) {
            return Err(ConnectError::JetStream(format!("object store {bucket}: {e}")));
        }
    }
}

async fn ensure(js: &jetstream::Context, mut config: Config) -> Result<(), ConnectError> {
    let name = config.name.clone();
    match js.create_stream(config.clone()).await {
        Ok(_) => Ok(()),
        Err(e) if is(&e, code::STREAM_NAME_IN_USE) => Ok(()),
        Err(e) if is(&e, code::INSUFFICIENT_STORAGE) && smaller(&name, &mut config.max_bytes) => {
            Box::pin(ensure(js, config)).await
        }
        Err(e) => Err(ConnectError::JetStream(format!("stream {name}: {e}"))),
    }
}

/// How long names are remembered follows from how long a message is sent again: it is no deployment's to choose, and a
/// stream that an earlier release made gets it too. All else of it stands as it is.
async fn ensure_window(js: &jetstream::Context, name: &str, window: Duration) -> Result<(), ConnectError> {
    let failed = |e: &dyn std::fmt::Display| ConnectError::JetStream(format!("stream {name}: {e}"));
    let found = js.get_stream(name).await.map_err(|e| failed(&e))?;
    let mut config = found.cached_info().config.clone();
    if config.duplicate_window == window {
        return Ok(());
    }
    config.duplicate_window = window;
    js.update_stream(config).await.map(drop).map_err(|e| failed(&e))
}

/// A limit is reserved as a whole. A quarter of it, where the disk is small, is better than no fleet.
fn smaller(store: &str, max_bytes: &mut i64) -> bool {
    let quarter = *max_bytes / 4;
    if quarter < SMALLEST {
        return false;
    }
    tracing::warn!(store, bytes = quarter, "NATS has less storage than asked for: a limit is lowered");
    *max_bytes = quarter;
    true
}

async fn ensure_bucket(js: &jetstream::Context, bucket: String, how: &Provision) -> Result<(), ConnectError> {
    let config = kv::Config {
        bucket: bucket.clone(),
        history: 1,
        limit_markers: Some(stream::LIMIT_MARKER),
        storage: StorageType::File,
        num_replicas: how.replicas,
        ..kv::Config::default()
    };
    if js.get_key_value(&bucket).await.is_ok() {
        return Ok(());
    }
    match js.create_key_value(config).await {
        Ok(_) => Ok(()),
        // Another process may have made it in between, with a newer release's settings.
        Err(e) => match js.get_key_value(&bucket).await {
            Ok(_) => Ok(()),
            Err(_) => Err(ConnectError::JetStream(format!("bucket {bucket}: {e}"))),
        },
    }
}

/// Whether the server refused with this code. A stream that is there with other settings, which a newer release or
/// an operator chose, stands as it is.
fn is(e: &jetstream::context::CreateStreamError, code: u64) -> bool {
    use jetstream::context::CreateStreamErrorKind;
    matches!(e.kind(), CreateStreamErrorKind::JetStream(e) if e.error_code().0 == code)
}
