//! Files in object stores: uploads to be staged, downloads and recordings for a day, profiles until they are removed.

use async_nats::jetstream::{self, object_store::ObjectStore};
use bus_schema::{Error, Region, stream, subject::Root};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::Bus;

/// One object store of each region.
#[derive(Clone, Debug)]
pub struct Objects {
    bus: Bus,
    bucket: fn(&Root, &Region) -> String,
}

impl Bus {
    /// Files of sessions, which are gone after [`stream::ARTIFACTS_MAX_AGE`].
    pub fn artifacts(&self) -> Objects {
        Objects { bus: self.clone(), bucket: stream::artifacts }
    }

    /// Profiles of tenants, which stay.
    pub fn profiles(&self) -> Objects {
        Objects { bus: self.clone(), bucket: stream::profiles }
    }
}

impl Objects {
    async fn store(&self, region: &Region) -> Result<ObjectStore, Error> {
        let client = self.bus.inner.bulk.client.clone();
        let context = if region == self.bus.region() {
            jetstream::new(client)
        } else {
            jetstream::with_domain(client, region.as_str())
        };
        let bucket = (self.bucket)(self.bus.root(), region);
        context
            .get_object_store(bucket)
            .await
            .map_err(|e| Error::unavailable(format!("the object store: {e}")))
    }

    /// Stores what `reader` gives under `name`, at most `limit` bytes.
    pub async fn put(
        &self,
        region: &Region,
        name: &str,
        reader: impl AsyncRead + Unpin + Send,
        limit: u64,
    ) -> Result<u64, Error> {
        let store = self.store(region).await?;
        // One byte more than allowed tells too large from just large enough.
        let mut reader = reader.take(limit + 1);
        let info = store
            .put(name, &mut reader)
            .await
            .map_err(|e| Error::unavailable(format!("the object store: {e}")))?;
        let size = info.size as u64;
        if size > limit {
            let _ = store.delete(name).await;
            return Err(Error::payload_too_large(format!("larger than {limit} bytes")));
        }
        Ok(size)
    }

    /// Opens an object. `None`: there is none of that name.
    pub async fn get(&self, region: &Region, name: &str) -> Result<Option<Object>, Error> {
        use jetstream::object_store::GetErrorKind;
        let store = self.store(region).await?;
        match store.get(name).await {
            Ok(object) => {
                let size = object.info().size as u64;
                Ok(Some(Object { size, reader: Box::new(object) }))
            }
            Err(e) if e.kind() == GetErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::unavailable(format!("the object store: {e}"))),
        }
    }

    /// Whether there is an object of this name.
    pub async fn has(&self, region: &Region, name: &str) -> Result<bool, Error> {
        use jetstream::object_store::InfoErrorKind;
        match self.store(region).await?.info(name).await {
            Ok(info) => Ok(!info.deleted),
            Err(e) if e.kind() == InfoErrorKind::NotFound => Ok(false),
            Err(e) => Err(Error::unavailable(format!("the object store: {e}"))),
        }
    }

    pub async fn delete(&self, region: &Region, name: &str) -> Result<(), Error> {
        use jetstream::object_store::DeleteErrorKind;
        match self.store(region).await?.delete(name).await {
            Ok(()) => Ok(()),
            Err(e) if e.kind() == DeleteErrorKind::NotFound => Ok(()),
            Err(e) => Err(Error::unavailable(format!("the object store: {e}"))),
        }
    }
}

/// An object of the store, to be read.
pub struct Object {
    pub size: u64,
    pub reader: Box<dyn AsyncRead + Unpin + Send>,
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Object").field("size", &self.size).finish_non_exhaustive()
    }
}
