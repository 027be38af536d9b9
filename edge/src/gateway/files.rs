//! Files between clients and sessions, through the object store.

use bus_schema::{
    Error, Region, SessionId, Tenant,
    model::rpc::{Files, FilesReply, Rpc},
    stream,
};
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    time::Instant,
};
use tokio_util::io::ReaderStream;

use super::Gateway;

const CHUNK: usize = 64 * 1024;

impl Gateway {
    /// Asks the owner about its files.
    pub async fn files(&self, tenant: &Tenant, id: &SessionId, request: Files) -> Result<FilesReply, Error> {
        let until = Instant::now() + Files::TIMEOUT;
        self.bus().owners().call(tenant, id, request, until).await.map(|(reply, _)| reply)
    }

    /// Stores what `reader` gives and has the owner fetch it under `name`.
    pub async fn stage(
        &self,
        tenant: &Tenant,
        id: &SessionId,
        name: &str,
        reader: impl AsyncRead + Unpin + Send,
        limit: u64,
    ) -> Result<FilesReply, Error> {
        // Before a large body is taken in for nobody.
        self.must_live(tenant, id).await?;
        let object = format!("{tenant}/{id}/uploads/{}", uuid::Uuid::now_v7().simple());
        let region = id.region();
        self.bus().artifacts().put(region, &object, reader, limit).await?;
        let staged =
            self.files(tenant, id, Files::Stage { object: object.clone(), name: name.to_owned() }).await;
        if let Err(error) = self.bus().artifacts().delete(region, &object).await {
            tracing::warn!(session_id = %id, %error, "a staged object was left in the store");
        }
        staged
    }

    /// A finished download, to be read.
    pub async fn download(&self, tenant: &Tenant, id: &SessionId, name: &str) -> Result<Download, Error> {
        let reply = self.files(tenant, id, Files::Publish { name: name.to_owned() }).await?;
        let object = reply.object.ok_or_else(|| Error::internal("the owner named no object"))?;
        let lent = Lent { gateway: self.clone(), region: id.region().clone(), object };
        match self.bus().artifacts().get(&lent.region, &lent.object).await? {
            Some(found) => Ok(Download { size: found.size, reader: found.reader, lent }),
            None => Err(Error::unavailable("the download is not in the object store")),
        }
    }

    /// What is recorded of a session so far, also of one that has ended.
    pub async fn recording(
        &self,
        tenant: &Tenant,
        id: &SessionId,
    ) -> Result<impl Stream<Item = std::io::Result<Bytes>> + Send + use<>, Error> {
        let (objects, tenant, id) = (self.bus().artifacts(), tenant.clone(), id.clone());
        let first = objects.get(id.region(), &stream::recording_part(&tenant, &id, 0)).await?;
        let Some(first) = first else {
            self.get(&tenant, &id).await?;
            return Err(Error::not_found("nothing of this session is recorded: create it with `recording`"));
        };
        let parts = futures::stream::try_unfold((Some(first), 0), move |(part, n)| {
            let (objects, tenant, id) = (objects.clone(), tenant.clone(), id.clone());
            async move {
                let Some(part) = part else { return Ok::<_, std::io::Error>(None) };
                let name = stream::recording_part(&tenant, &id, n + 1);
                let next = objects.get(id.region(), &name).await.map_err(std::io::Error::other)?;
                Ok(Some((ReaderStream::with_capacity(part.reader, CHUNK), (next, n + 1))))
            }
        });
        Ok(parts.try_flatten())
    }
}

/// An object that was put into the store for one reader. Dropped, it is removed; what is left behind nevertheless
/// is gone with its age.
struct Lent {
    gateway: Gateway,
    region: Region,
    object: String,
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (objects, region) = (self.gateway.bus().artifacts(), self.region.clone());
        let object = std::mem::take(&mut self.object);
        let removing = async move {
            if let Err(error) = objects.delete(&region, &object).await {
                tracing::debug!(object, %error, "left in the store until it is a day old");
            }
        };
        self.gateway.inner.duties.spawn_on(removing, &runtime);
    }
}

/// A file in the object store.
pub struct Download {
    pub size: u64,
    reader: Box<dyn AsyncRead + Unpin + Send>,
    lent: Lent,
}

impl Download {
    /// `length` bytes from `first` on.
    pub fn part(self, first: u64, length: u64) -> impl Stream<Item = std::io::Result<Bytes>> + Send {
        let start = async move {
            let Self { mut reader, lent, .. } = self;
            // Objects are read from their beginning only.
            tokio::io::copy(&mut (&mut reader).take(first), &mut tokio::io::sink()).await?;
            let bytes = ReaderStream::with_capacity(reader.take(length), CHUNK);
            Ok::<_, std::io::Error>(bytes.inspect(move |_| {
                let _ = &lent;
            }))
        };
        futures::stream::once(start).try_flatten()
    }
}
