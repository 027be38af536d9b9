//! Watching a session and acting on it by hand.

use std::time::Duration;

use bus::frame::FrameSlot;
use bus_schema::{
    ConnId, Error, SessionId, Tenant,
    model::{
        input::InputBatch,
        rpc::{Attach, AttachKind, Attached, Rpc, ViewBeat},
        ws::FramesWish,
    },
};
use bytes::Bytes;
use tokio::time::Instant;

use super::Gateway;

/// A viewer is told to be there at least this often, whatever the owner asks for.
const FASTEST_BEAT: Duration = Duration::from_millis(200);

/// A viewer of a session. Dropped, it tells the owner that it is gone.
pub struct View {
    gateway: Gateway,
    id: SessionId,
    conn: ConnId,
    wish: FramesWish,
    slot: FrameSlot,
    pub heartbeat: Duration,
}

impl View {
    /// The newest frame that was not given yet. `None`: no more will come. Cancel safe.
    pub async fn next(&mut self) -> Option<Bytes> {
        self.slot.next().await
    }

    /// Tells the owner that somebody is there, and what they want to see.
    pub async fn beat(&self, slow: bool) {
        let beat = ViewBeat { conn: self.conn.clone(), wish: self.wish, gone: false, slow };
        self.gateway.bus().frames().beat(&self.id, &beat).await;
    }

    pub fn wish(&mut self, wish: FramesWish) {
        self.wish = wish;
    }

    pub fn wished(&self) -> FramesWish {
        self.wish
    }
}

impl Drop for View {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let beat = ViewBeat { conn: self.conn.clone(), wish: self.wish, gone: true, slow: false };
        let (gateway, id) = (self.gateway.clone(), self.id.clone());
        runtime.spawn(async move { gateway.bus().frames().beat(&id, &beat).await });
    }
}

/// A new name for a connection of a client.
pub fn connection_id() -> Result<ConnId, Error> {
    ConnId::new(uuid::Uuid::now_v7().simple().to_string()).map_err(Error::from)
}

impl Gateway {
    /// Starts to watch.
    pub async fn view(
        &self,
        tenant: &Tenant,
        id: &SessionId,
        conn: &ConnId,
        wish: FramesWish,
    ) -> Result<View, Error> {
        // Before the owner hears of it, so that the first frame, the only one of a page at rest, is not missed.
        let slot = self.bus().frames().subscribe(id).await?;
        let attach = Attach { kind: AttachKind::View, conn: conn.clone(), wish };
        let until = Instant::now() + Attach::TIMEOUT;
        let (attached, _) = self.bus().owners().call(tenant, id, attach, until).await?;
        let heartbeat = heartbeat(&attached);
        Ok(View { gateway: self.clone(), id: id.clone(), conn: conn.clone(), wish, slot, heartbeat })
    }

    /// Opens the way for human input. Whoever sends it must be heard of this often.
    pub async fn open_input(
        &self,
        tenant: &Tenant,
        id: &SessionId,
        conn: &ConnId,
    ) -> Result<Duration, Error> {
        let attach = Attach { kind: AttachKind::Input, conn: conn.clone(), wish: FramesWish::default() };
        let until = Instant::now() + Attach::TIMEOUT;
        self.bus().owners().call(tenant, id, attach, until).await.map(|(attached, _)| heartbeat(&attached))
    }

    /// Tells the owner that whoever sends input is there, where they do not watch.
    pub async fn beat_input(&self, id: &SessionId, conn: &ConnId) {
        let beat = ViewBeat { conn: conn.clone(), wish: FramesWish::default(), gone: false, slow: false };
        self.bus().frames().beat(id, &beat).await;
    }

    /// Passes human input on. It is dropped unless its epoch is current.
    pub async fn input(&self, id: &SessionId, conn: &ConnId, batch: &InputBatch) {
        self.bus().frames().input(id, conn, batch).await;
    }
}

/// Three beats in the time after which the owner detaches who is silent.
fn heartbeat(attached: &Attached) -> Duration {
    Duration::from_millis(u64::from(attached.heartbeat_ms) / 3).max(FASTEST_BEAT)
}
