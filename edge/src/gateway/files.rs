//! Files between clients and sessions, through the object store.

use bus_schema::{
    Error, SessionId, Tenant,
    model::rpc::{Files, FilesReply, Rpc},
};
use bytes::Bytes;
use futures::Stream;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    time::Instant,
};
use tokio_util::io::ReaderStream;

use super::Gateway;

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
        match self.bus().artifacts().get(id.region(), &object).await? {
            Some(artifact) => Ok(Download { size: artifact.size, reader: artifact.reader }),
            None => Err(Error::unavailable("the download is not in the object store")),
        }
    }
}

/// A file in the object store.
pub struct Download {
    pub size: u64,
    reader: Box<dyn AsyncRead + Unpin + Send>,
}

impl Download {
    /// `length` bytes from `first` on.
    pub fn part(self, first: u64, length: u64) -> impl Stream<Item = std::io::Result<Bytes>> + Send {
        let start = async move {
            let mut reader = self.reader;
            // Objects are read from their beginning only.
            tokio::io::copy(&mut (&mut reader).take(first), &mut tokio::io::sink()).await?;
            Ok::<_, std::io::Error>(ReaderStream::with_capacity(reader.take(length), 64 * 1024))
        };
        futures::TryStreamExt::try_flatten(futures::stream::once(start))
    }
}
