//! Connections that watch, send input, or are only there.

use bus_schema::{
    ConnId, Error,
    model::{
        control::ControlMode,
        input::InputBatch,
        rpc::{Attach, AttachKind, Attached, OwnerReply, ViewBeat},
    },
};
use ractor::ActorRef;
use tokio::{sync::mpsc, time::Instant};
use tracing::debug;

use super::{
    actor::{SessionMsg, SessionState},
    presence::{HEARTBEAT, Role},
    state::Input,
    viewers::Who,
};
use crate::port::Responder;

impl SessionState {
    pub(super) async fn on_attach(
        &mut self,
        myself: &ActorRef<SessionMsg>,
        attach: Attach,
        responder: Box<dyn Responder>,
    ) {
        let attached = match attach.kind {
            AttachKind::Input => self.attach_input(myself, &attach).await,
            AttachKind::View => self.attach_view(myself, &attach).await,
            AttachKind::Client => self.attach_client(myself, &attach.conn).await,
            AttachKind::Cdp => return self.attach_cdp(myself, attach, responder).await,
        };
        self.answer_attach(myself, attached.map(|()| None), responder);
    }

    /// `received`: of a CDP connection that was taken up again.
    pub(super) fn answer_attach(
        &mut self,
        myself: &ActorRef<SessionMsg>,
        received: Result<Option<u64>, Error>,
        responder: Box<dyn Responder>,
    ) {
        let heartbeat_ms = u32::try_from(HEARTBEAT.as_millis()).unwrap_or(u32::MAX);
        responder.send(match received {
            Ok(received) => {
                let control = self.core.control().clone();
                OwnerReply::ok(&Attached { control, heartbeat_ms, received }, None)
            }
            Err(e) => OwnerReply::error(e),
        });
        self.set_timer(myself);
    }

    pub(super) async fn attach_input(
        &mut self,
        myself: &ActorRef<SessionMsg>,
        attach: &Attach,
    ) -> Result<(), Error> {
        let conn = &attach.conn;
        self.arrive(myself, conn, Role::Input).await?;
        if self.attached.contains_key(conn) {
            return Ok(());
        }
        let (sink, mut batches) = mpsc::channel(64);
        let guard = self.bus.inputs(self.entry.id.clone(), conn.clone(), sink).await?;
        let (myself, by) = (myself.clone(), attach.resume.as_ref().map(|view| view.conn.clone()));
        tokio::spawn(async move {
            while let Some(batch) = batches.recv().await {
                if myself.cast(SessionMsg::Input { batch, by: by.clone() }).is_err() {
                    return;
                }
            }
        });
        self.attached.insert(conn.clone(), guard);
        Ok(())
    }

    /// Viewers say on one subject that they are there, and whoever sends input that they have gone.
    pub(super) async fn hear_beats(&mut self, myself: &ActorRef<SessionMsg>) -> Result<(), Error> {
        if self.views.is_some() {
            return Ok(());
        }
        let (sink, mut beats) = mpsc::channel(256);
        self.views = Some(self.bus.beats(self.entry.id.clone(), sink).await?);
        let myself = myself.clone();
        tokio::spawn(async move {
            while let Some(beat) = beats.recv().await {
                if myself.cast(SessionMsg::Beat(beat)).is_err() {
                    return;
                }
            }
        });
        Ok(())
    }

    pub(super) async fn attach_view(
        &mut self,
        myself: &ActorRef<SessionMsg>,
        attach: &Attach,
    ) -> Result<(), Error> {
        self.hear_beats(myself).await?;
        let who = Who { name: attach.name.clone(), access: attach.access };
        if !self.viewers.arrive(attach.conn.clone(), who, attach.wish, Instant::now()) {
            return Err(Error::resource_exhausted("too many viewers"));
        }
        self.browser.watch(self.viewers.wish());
        self.browser.show_again();
        if let Some(before) = attach.resume.as_ref().filter(|_| attach.access.may_drive()) {
            self.viewers.leave(&before.conn);
            let (from, to) = (before.conn.clone(), attach.conn.clone());
            self.apply(myself, Input::Resumed { from, to, now: Instant::now() });
            self.tell_again(&attach.conn);
        }
        self.tell_viewers();
        if let Some(cursor) = self.cursor.clone() {
            self.teller.tell(Some(attach.conn.clone()), cursor);
        }
        Ok(())
    }

    pub(super) fn on_beat(&mut self, myself: &ActorRef<SessionMsg>, beat: ViewBeat) {
        if beat.gone {
            self.viewers.leave(&beat.conn);
            self.presence.leave(&beat.conn);
            self.detached(myself, beat.conn);
        } else {
            let now = Instant::now();
            if !self.presence.beat(&beat.conn, now) && self.connections.revive(&beat.conn) {
                // Held for lost, but only the bus between had been away.
                self.presence.arrive(beat.conn.clone(), Role::Cdp, now);
                self.count_clients(myself);
            }
            self.viewers.refresh(&beat.conn, beat.wish, beat.slow, now);
        }
        self.browser.watch(self.viewers.wish());
        self.tell_viewers();
        self.set_timer(myself);
    }

    async fn attach_client(&mut self, myself: &ActorRef<SessionMsg>, conn: &ConnId) -> Result<(), Error> {
        self.arrive(myself, conn, Role::Client).await?;
        self.count_clients(myself);
        Ok(())
    }

    pub(super) async fn arrive(
        &mut self,
        myself: &ActorRef<SessionMsg>,
        conn: &ConnId,
        role: Role,
    ) -> Result<(), Error> {
        self.hear_beats(myself).await?;
        if self.presence.arrive(conn.clone(), role, Instant::now()) {
            return Ok(());
        }
        Err(Error::resource_exhausted("too many connections of this kind"))
    }

    pub(super) fn count_clients(&mut self, myself: &ActorRef<SessionMsg>) {
        let cdp = self.presence.count(Role::Cdp);
        // One that may come back is a client still.
        let count = self.presence.count(Role::Client) + cdp + self.connections.lost();
        self.apply(myself, Input::Clients { count, busy: cdp > 0, now: Instant::now() });
    }

    /// A connection is gone: with its input, with control if it held that, and as a client.
    pub(super) fn detached(&mut self, myself: &ActorRef<SessionMsg>, conn: ConnId) {
        self.attached.remove(&conn);
        self.connections.lose(&conn, Instant::now());
        if self.presence.has_clients_ever() {
            self.count_clients(myself);
        }
        self.apply(myself, Input::Detached { conn, now: Instant::now() });
    }

    pub(super) async fn on_input(
        &mut self,
        myself: &ActorRef<SessionMsg>,
        batch: InputBatch,
        by: Option<&ConnId>,
    ) {
        let current = batch.epoch == self.core.control().epoch && self.core.takes_input_of(by);
        if !current || self.ending.is_some() || !self.gate.may_act() {
            return;
        }
        self.quiet.disturb();
        self.apply(myself, Input::Active { now: Instant::now() });
        if let Err(e) = self.browser.input(batch).await {
            debug!(session_id = %self.entry.id, error = %e, "input was not taken");
        }
    }

    pub(super) fn core_is_agents(&self) -> bool {
        self.core.control().mode == ControlMode::AiControl
    }
}
