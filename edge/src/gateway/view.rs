//! Watching a session and acting on it by hand.

use std::time::Duration;

use bus::{frame::FrameSlot, note::NoteSlot};
use bus_schema::{
    ConnId, Error, SessionId, Tenant,
    model::{
        control::Access,
        input::InputBatch,
        note::ChooserAnswer,
        rpc::{AnswerChooser, Attach, AttachKind, Attached, Resume, Rpc, ViewBeat},
        ws::FramesWish,
    },
};
use bytes::Bytes;
use tokio::{task::AbortHandle, time::Instant};

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
        leave(&self.gateway, &self.id, &self.conn);
    }
}

/// Who a viewer is to others.
#[derive(Clone, Debug, Default)]
pub struct Who {
    pub name: Option<String>,
    pub access: Access,
    /// The connection that the same person had before, whose control this one takes over.
    pub before: Option<ConnId>,
}

/// A new name for a connection of a client.
pub fn connection_id() -> Result<ConnId, Error> {
    ConnId::new(uuid::Uuid::now_v7().simple().to_string()).map_err(Error::from)
}

impl Gateway {
    /// Starts to watch, with what those who watch are told besides.
    pub async fn view_with_notes(
        &self,
        tenant: &Tenant,
        id: &SessionId,
        conn: &ConnId,
        wish: FramesWish,
        who: &Who,
    ) -> Result<(View, NoteSlot), Error> {
        let notes = self.bus().notes().subscribe(id, conn).await?;
        Ok((self.view(tenant, id, conn, wish, who).await?, notes))
    }

    /// A secret by which the client of this connection is known again.
    pub fn resume_word(&self, id: &SessionId, conn: &ConnId) -> String {
        self.inner.resumes.word(id, conn)
    }

    /// The connection that such a word was given to.
    pub fn resumed(&self, id: &SessionId, word: &str) -> Result<ConnId, Error> {
        self.inner.resumes.read(id, word)
    }

    /// What the person in control chose.
    pub async fn answer_chooser(
        &self,
        tenant: &Tenant,
        id: &SessionId,
        conn: ConnId,
        chooser: String,
        answer: ChooserAnswer,
    ) -> Result<(), Error> {
        let until = Instant::now() + AnswerChooser::TIMEOUT;
        self.bus().owners().call(tenant, id, AnswerChooser { chooser, conn, answer }, until).await.map(drop)
    }

    /// Starts to watch.
    pub async fn view(
        &self,
        tenant: &Tenant,
        id: &SessionId,
        conn: &ConnId,
        wish: FramesWish,
        who: &Who,
    ) -> Result<View, Error> {
        // Before the owner hears of it, so that the first frame, the only one of a page at rest, is not missed.
        let slot = self.bus().frames().subscribe(id).await?;
        let attach = Attach {
            wish,
            resume: who.before.clone().map(|conn| Resume { conn, after: 0 }),
            name: who.name.clone(),
            access: who.access,
            ..Attach::new(AttachKind::View, conn.clone())
        };
        let until = Instant::now() + Attach::TIMEOUT;
        let (attached, _) = self.bus().owners().call(tenant, id, attach, until).await?;
        let heartbeat = heartbeat(&attached);
        Ok(View { gateway: self.clone(), id: id.clone(), conn: conn.clone(), wish, slot, heartbeat })
    }

    /// Opens the way for the input of whoever watches under this name.
    pub async fn open_input(
        &self,
        tenant: &Tenant,
        id: &SessionId,
        viewer: &ConnId,
    ) -> Result<InputLine, Error> {
        let of = Some(Resume { conn: viewer.clone(), after: 0 });
        let attach = Attach { resume: of, ..Attach::new(AttachKind::Input, connection_id()?) };
        Ok(InputLine { seat: self.sit_down(tenant, id, attach).await?.0 })
    }

    /// Tells the owner that a client is there, for as long as the seat is kept.
    pub async fn take_seat(&self, tenant: &Tenant, id: &SessionId) -> Result<Seat, Error> {
        let attach = Attach::new(AttachKind::Client, connection_id()?);
        Ok(self.sit_down(tenant, id, attach).await?.0)
    }

    pub(super) async fn sit_down(
        &self,
        tenant: &Tenant,
        id: &SessionId,
        attach: Attach,
    ) -> Result<(Seat, Attached), Error> {
        let conn = attach.conn.clone();
        let until = Instant::now() + Attach::TIMEOUT;
        let (attached, _) = self.bus().owners().call(tenant, id, attach, until).await?;
        let (gateway, session, beating) = (self.clone(), id.clone(), conn.clone());
        let every = heartbeat(&attached);
        let beats = tokio::spawn(async move {
            let beat = ViewBeat { conn: beating, wish: FramesWish::default(), gone: false, slow: false };
            loop {
                tokio::time::sleep(every).await;
                gateway.bus().frames().beat(&session, &beat).await;
            }
        });
        let seat = Seat { gateway: self.clone(), id: id.clone(), conn, beats: beats.abort_handle() };
        Ok((seat, attached))
    }
}

/// A place at the owner's, kept by beats. Dropped, it tells the owner that it is free.
pub struct Seat {
    gateway: Gateway,
    id: SessionId,
    conn: ConnId,
    beats: AbortHandle,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.beats.abort();
        leave(&self.gateway, &self.id, &self.conn);
    }
}

/// The way for one client's input.
///
/// A connection of its own and not the view's: who stops watching may go on typing.
pub struct InputLine {
    seat: Seat,
}

impl InputLine {
    /// Passes input on. The owner drops it unless its epoch is current.
    pub async fn send(&self, batch: &InputBatch) {
        let Seat { gateway, id, conn, .. } = &self.seat;
        gateway.bus().frames().input(id, conn, batch).await;
    }
}

/// Says that a connection is gone. Where this is lost, the owner finds out by its silence.
fn leave(gateway: &Gateway, id: &SessionId, conn: &ConnId) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    let beat = ViewBeat { conn: conn.clone(), wish: FramesWish::default(), gone: true, slow: false };
    let (gateway, id) = (gateway.clone(), id.clone());
    runtime.spawn(async move { gateway.bus().frames().beat(&id, &beat).await });
}

/// Three beats in the time after which the owner detaches who is silent.
fn heartbeat(attached: &Attached) -> Duration {
    Duration::from_millis(u64::from(attached.heartbeat_ms) / 3).max(FASTEST_BEAT)
}
