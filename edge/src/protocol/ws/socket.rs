//! One client's socket: a single task, so that a command costs no hop between tasks.

use std::{future::pending, time::Duration};

use axum::{
    body::Bytes,
    extract::ws::{Message, WebSocket},
};
use bus::note::NoteSlot;
use bus_schema::{
    ConnId, Error, SessionId, Tenant,
    model::{
        cdp::Close,
        command::{CommandRequest, CommandResult},
        control::{Control, ControlAction, ControlRequest},
        event::EventType,
        input::InputBatch,
        note::{ChooserAnswer, Note, Viewers},
        session::Session,
        ws::{ClientMessage, FramesWish, ResultBody, ServerMessage},
    },
};
use futures::{
    FutureExt, StreamExt,
    future::BoxFuture,
    stream::{FuturesUnordered, SplitStream},
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{
    error, input,
    outbox::{Outbox, gone},
    rights::Rights,
    viewer::{self, Viewer},
};
use crate::{
    gateway::{
        Gateway,
        events::{Logged, SessionEvents},
        view::{InputLine, Seat, Who},
    },
    metrics::metrics,
    protocol::result,
};

/// Commands of one socket that may be under way.
const IN_FLIGHT: usize = 64;
/// Unreadable messages in a row before the socket is closed.
const NOISE: u32 = 16;
/// How often a silent client is asked whether it is there, and how often it may leave that unanswered.
const PING: Duration = Duration::from_secs(20);
const MISSED_PINGS: u32 = 3;

/// What the socket is about.
pub struct Context {
    pub gateway: Gateway,
    pub tenant: Tenant,
    pub id: SessionId,
    pub conn: ConnId,
    pub who: Who,
    /// Bytes of one text message.
    pub limit: usize,
    pub rights: Rights,
    pub stop: CancellationToken,
}

/// Serves one socket to its end.
pub async fn run(socket: WebSocket, context: Context, session: Session, events: SessionEvents, after: u64) {
    metrics().socket_opened();
    let (sink, stream) = socket.split();
    let mut outbox = Outbox::new(sink);
    let mut socket = Socket {
        context,
        events,
        last: after,
        in_flight: FuturesUnordered::new(),
        viewer: None,
        notes: None,
        seat: None,
        input: None,
        beat_at: None,
        noise: 0,
        missed: 0,
    };
    let close = socket.serve(stream, &mut outbox, &session).await;
    if close.code == error::TRY_AGAIN {
        metrics().slow_reader("ws");
    }
    tracing::debug!(code = close.code, reason = close.reason, "closing a socket");
    // The viewer and what is in flight go now, not when the client has read its goodbye.
    drop(socket);
    outbox.close(close).await;
    metrics().socket_closed();
}

/// What came of a request.
enum Done {
    Command(Option<Value>, Result<CommandResult, Error>),
    Control { id: Option<Value>, takes: bool, answer: Result<Control, Error> },
    Chosen(Option<Value>, Result<(), Error>),
    Joined(Result<Seat, Error>),
}

struct Socket {
    context: Context,
    events: SessionEvents,
    /// The last `seq` that was sent.
    last: u64,
    in_flight: FuturesUnordered<BoxFuture<'static, Done>>,
    viewer: Option<Viewer>,
    /// What those who watch are told.
    notes: Option<NoteSlot>,
    /// Tells the owner that this client is there.
    seat: Option<Seat>,
    input: Option<InputLine>,
    beat_at: Option<Instant>,
    noise: u32,
    missed: u32,
}

impl Socket {
    async fn serve(
        &mut self,
        mut stream: SplitStream<WebSocket>,
        out: &mut Outbox,
        session: &Session,
    ) -> Close {
        let seq = self.last.to_string();
        let Context { gateway, id, conn, who, .. } = &self.context;
        let resume = gateway.resume_word(id, conn);
        let hello =
            ServerMessage::Hello { session, seq: Some(&seq), conn, access: who.access, resume: &resume };
        if let Err(close) = out.json(&hello).await {
            return self.with_last(close);
        }
        self.context.rights.changed(session.control.mode, session.control.epoch);
        let link_ends = self.context.rights.ends_at();
        self.join();
        let stop = self.context.stop.clone();
        let mut ping = interval_at(Instant::now() + PING, PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let step = tokio::select! {
                message = stream.next() => self.on_message(message, out).await,
                Some(done) = self.in_flight.next() => self.on_done(done, out).await,
                event = self.events.next() => self.on_event(event, out).await,
                frame = next_frame(&mut self.viewer) => self.on_frame(frame, out).await,
                note = next_note(&mut self.notes) => self.on_note(note, out).await,
                () = due(self.beat_at) => self.on_beat().await,
                () = due(link_ends) => Err(Close::new(error::POLICY, "the link has expired")),
                _ = ping.tick() => self.on_ping(out).await,
                () = stop.cancelled() => Err(Close::new(error::GOING_AWAY, "the gateway is stopping")),
            };
            if let Err(close) = step {
                return self.with_last(close);
            }
        }
    }

    /// Beside all else: neither commands nor events wait for it.
    fn join(&mut self) {
        let Context { gateway, tenant, id, .. } = &self.context;
        let (gateway, tenant, id) = (gateway.clone(), tenant.clone(), id.clone());
        let joined = async move { Done::Joined(gateway.take_seat(&tenant, &id).await) };
        self.in_flight.push(joined.boxed());
    }

    /// A client that did not read is told where to resume.
    fn with_last(&self, close: Close) -> Close {
        if close.code == error::TRY_AGAIN { Close::new(close.code, self.last.to_string()) } else { close }
    }

    async fn on_message(
        &mut self,
        message: Option<Result<Message, axum::Error>>,
        out: &mut Outbox,
    ) -> Result<(), Close> {
        self.missed = 0;
        match message {
            Some(Ok(Message::Text(text))) if text.len() > self.context.limit => Err(Close::new(
                error::TOO_LARGE,
                format!("a message may have at most {} bytes", self.context.limit),
            )),
            Some(Ok(Message::Text(text))) => self.on_text(text.as_bytes(), out).await,
            Some(Ok(Message::Binary(_))) => {
                Err(Close::new(error::UNSUPPORTED, "binary messages are not understood"))
            }
            // Pings are answered below us.
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
            Some(Ok(Message::Close(_))) | None => Err(gone()),
            // Broken, or beyond what even the protocol layer takes in. The code reaches only a client of the second kind.
            Some(Err(error)) => {
                tracing::debug!(%error, "a socket cannot be read");
                Err(Close::new(error::TOO_LARGE, "unreadable, or far too large"))
            }
        }
    }

    async fn on_text(&mut self, text: &[u8], out: &mut Outbox) -> Result<(), Close> {
        match ClientMessage::from_json(text) {
            Ok(message) => {
                self.noise = 0;
                self.on_client_message(message, out).await
            }
            Err(unreadable) => {
                self.noise += 1;
                refuse(out, unreadable.id.as_ref(), unreadable.error).await?;
                if self.noise >= NOISE {
                    return Err(Close::new(error::UNSUPPORTED, "too many unreadable messages"));
                }
                Ok(())
            }
        }
    }

    async fn on_client_message(&mut self, message: ClientMessage, out: &mut Outbox) -> Result<(), Close> {
        match message {
            ClientMessage::Command { id, request } => self.on_command(id, request, out).await,
            ClientMessage::Control { id, request } => self.on_control(id, request, out).await,
            ClientMessage::Input(batch) => self.on_input(batch, out).await,
            ClientMessage::FramesStart { id, wish } => self.on_start(id, wish, out).await,
            ClientMessage::FramesAck { seq } => {
                if let Some(viewer) = &mut self.viewer {
                    viewer.ack(seq);
                }
                Ok(())
            }
            ClientMessage::FramesStop => {
                self.viewer = None;
                self.notes = None;
                Ok(())
            }
            ClientMessage::ChooserAnswer { id, chooser, answer } => {
                self.on_choice(id, chooser, answer, out).await
            }
            ClientMessage::Ping { id } => out.json(&ServerMessage::Pong { id: id.as_ref() }).await,
        }
    }

    async fn on_command(
        &mut self,
        id: Option<Value>,
        request: CommandRequest,
        out: &mut Outbox,
    ) -> Result<(), Close> {
        if self.in_flight.len() >= IN_FLIGHT {
            return refuse(out, id.as_ref(), too_many()).await;
        }
        if let Err(error) = self.context.rights.may_run(&request) {
            return refuse(out, id.as_ref(), error).await;
        }
        let (gateway, tenant, session) =
            (self.context.gateway.clone(), self.context.tenant.clone(), self.context.id.clone());
        let conn = Some(self.context.conn.clone());
        let run = async move {
            let answer = gateway.run_by(&tenant, &session, request, conn).await;
            Done::Command(id, answer.and_then(|(result, attachment)| result::embed(result, attachment)))
        };
        self.in_flight.push(run.boxed());
        Ok(())
    }

    async fn on_control(
        &mut self,
        id: Option<Value>,
        request: ControlRequest,
        out: &mut Outbox,
    ) -> Result<(), Close> {
        if self.in_flight.len() >= IN_FLIGHT {
            return refuse(out, id.as_ref(), too_many()).await;
        }
        if let Err(error) = self.context.rights.may_drive() {
            return refuse(out, id.as_ref(), error).await;
        }
        let (gateway, tenant, session) =
            (self.context.gateway.clone(), self.context.tenant.clone(), self.context.id.clone());
        // Who watches holds control for as long as they do; others must repeat.
        let conn = self.viewer.as_ref().map(|_| self.context.conn.clone());
        let takes = request.action == ControlAction::TakeControl;
        let ask = async move {
            Done::Control { id, takes, answer: gateway.control(&tenant, &session, request, conn).await }
        };
        self.in_flight.push(ask.boxed());
        Ok(())
    }

    async fn on_choice(
        &mut self,
        id: Option<Value>,
        chooser: String,
        answer: ChooserAnswer,
        out: &mut Outbox,
    ) -> Result<(), Close> {
        if self.in_flight.len() >= IN_FLIGHT {
            return refuse(out, id.as_ref(), too_many()).await;
        }
        let Context { gateway, tenant, id: session, conn, .. } = &self.context;
        let (gateway, tenant, session, conn) =
            (gateway.clone(), tenant.clone(), session.clone(), conn.clone());
        let tell = async move {
            Done::Chosen(id, gateway.answer_chooser(&tenant, &session, conn, chooser, answer).await)
        };
        self.in_flight.push(tell.boxed());
        Ok(())
    }

    async fn on_input(&mut self, batch: InputBatch, out: &mut Outbox) -> Result<(), Close> {
        if let Err(error) = self.context.rights.may_drive().and_then(|()| input::check(&batch)) {
            return refuse(out, None, error).await;
        }
        let Context { gateway, tenant, id, conn, .. } = &self.context;
        let line = match self.input.take() {
            Some(line) => line,
            // Here and not beside: what follows must not overtake it.
            None => match gateway.open_input(tenant, id, conn).await {
                Ok(line) => line,
                Err(error) => return refuse(out, None, error).await,
            },
        };
        line.send(&batch).await;
        self.input = Some(line);
        Ok(())
    }

    async fn on_start(&mut self, id: Option<Value>, wish: FramesWish, out: &mut Outbox) -> Result<(), Close> {
        if let Err(error) = viewer::check(&wish) {
            return refuse(out, id.as_ref(), error).await;
        }
        if let Some(viewer) = &mut self.viewer {
            viewer.wish(wish);
            viewer.beat().await;
            return Ok(());
        }
        self.watch(id, wish, out).await
    }

    async fn watch(&mut self, asked: Option<Value>, wish: FramesWish, out: &mut Outbox) -> Result<(), Close> {
        let Context { gateway, tenant, id, conn, who, .. } = &self.context;
        match gateway.view_with_notes(tenant, id, conn, wish, who).await {
            Ok((view, notes)) => {
                self.notes = Some(notes);
                // Once is enough: from here on control goes by this connection.
                self.context.who.before = None;
                self.viewer = Some(Viewer::new(view, &wish));
                self.schedule_beat();
                Ok(())
            }
            Err(error) => refuse(out, asked.as_ref(), error).await,
        }
    }

    async fn on_done(&mut self, done: Done, out: &mut Outbox) -> Result<(), Close> {
        match done {
            Done::Command(id, Ok(result)) => {
                let body = ResultBody::Command(&result);
                out.json(&ServerMessage::Result { id: id.as_ref(), body }).await
            }
            Done::Control { id, takes, answer: Ok(control) } => {
                if takes {
                    self.context.rights.taken(&control);
                }
                let body = ResultBody::Control { control: &control };
                out.json(&ServerMessage::Result { id: id.as_ref(), body }).await
            }
            Done::Chosen(id, Ok(())) => {
                out.json(&ServerMessage::Result { id: id.as_ref(), body: ResultBody::Nothing {} }).await
            }
            Done::Command(id, Err(error))
            | Done::Control { id, answer: Err(error), .. }
            | Done::Chosen(id, Err(error)) => refuse(out, id.as_ref(), error).await,
            Done::Joined(Ok(seat)) => {
                self.seat = Some(seat);
                Ok(())
            }
            Done::Joined(Err(error)) => {
                // Only a session that ends with its last client misses it, and that one has its keep-alive.
                tracing::debug!(%error, "the owner was not told of a client");
                Ok(())
            }
        }
    }

    async fn on_event(
        &mut self,
        event: Result<Option<Logged>, Error>,
        out: &mut Outbox,
    ) -> Result<(), Close> {
        match event {
            Ok(Some(logged)) => self.send_event(&logged, out).await,
            Ok(None) => Err(Close::new(error::NORMAL, "the session has ended")),
            Err(error) => {
                tracing::debug!(%error, "events are followed anew");
                self.events.resume().await.map_err(|e| Close::new(error::close_code(e.code), ""))
            }
        }
    }

    async fn send_event(&mut self, logged: &Logged, out: &mut Outbox) -> Result<(), Close> {
        // Anybody on the bus may write to the subject: what is no event is not passed on.
        let (Ok(event), Ok(typed)) = (
            serde_json::from_slice::<&RawValue>(&logged.bytes),
            serde_json::from_slice::<Typed>(&logged.bytes),
        ) else {
            return Ok(());
        };
        let seq = logged.seq.map(|seq| seq.to_string());
        out.json(&ServerMessage::Event { seq: seq.as_deref(), event }).await?;
        self.last = logged.seq.unwrap_or(self.last);
        if typed.kind == EventType::ControlChanged
            && let Ok(changed) = serde_json::from_slice::<Changed>(&logged.bytes)
        {
            self.context.rights.changed(changed.data.mode, changed.data.epoch);
        }
        if typed.kind == EventType::Recovered {
            self.attach_again(out).await?;
        }
        Ok(())
    }

    /// A new owner knows nothing of those who watched the old one.
    async fn attach_again(&mut self, out: &mut Outbox) -> Result<(), Close> {
        self.input = None;
        self.seat = None;
        self.join();
        match self.viewer.take() {
            Some(viewer) => self.watch(None, viewer.wished(), out).await,
            None => Ok(()),
        }
    }

    async fn on_frame(&mut self, frame: Option<Bytes>, out: &mut Outbox) -> Result<(), Close> {
        let Some(frame) = frame else {
            self.viewer = None;
            return refuse(out, None, Error::unavailable("no more frames come")).await;
        };
        if let Some(viewer) = &mut self.viewer {
            viewer.sent(&frame);
        }
        out.send(Message::Binary(frame)).await
    }

    async fn on_note(&mut self, note: Option<Note>, out: &mut Outbox) -> Result<(), Close> {
        let Some(note) = note else {
            // The bus is gone for good, which the frames say.
            self.notes = None;
            return Ok(());
        };
        match &note {
            Note::Viewers(Viewers { viewers, more }) => {
                let mine = viewers.iter().find(|viewer| viewer.conn == self.context.conn);
                if let Some(me) = mine {
                    self.context.rights.drives(me.holds_control);
                }
                out.json(&ServerMessage::Viewers { viewers, more: *more }).await
            }
            Note::Cursor { cursor } => out.json(&ServerMessage::Cursor { cursor }).await,
            Note::Chooser { chooser } => {
                out.json(&ServerMessage::Chooser { chooser: Some(chooser), id: None }).await
            }
            Note::ChooserOver { id } => {
                out.json(&ServerMessage::Chooser { chooser: None, id: Some(id) }).await
            }
            Note::Clipboard { text, truncated } => {
                out.json(&ServerMessage::Clipboard { text, truncated: *truncated }).await
            }
            Note::Event { event } => match serde_json::value::to_raw_value(event) {
                Ok(event) => out.json(&ServerMessage::Event { seq: None, event: &event }).await,
                Err(error) => {
                    tracing::error!(%error, "an unwritable event");
                    Ok(())
                }
            },
        }
    }

    async fn on_beat(&mut self) -> Result<(), Close> {
        if let Some(viewer) = &mut self.viewer {
            viewer.beat().await;
        }
        self.schedule_beat();
        Ok(())
    }

    fn schedule_beat(&mut self) {
        self.beat_at = self.viewer.as_ref().map(|viewer| Instant::now() + viewer.heartbeat());
    }

    async fn on_ping(&mut self, out: &mut Outbox) -> Result<(), Close> {
        self.missed += 1;
        if self.missed > MISSED_PINGS {
            return Err(gone());
        }
        out.send(Message::Ping(Bytes::new())).await
    }
}

#[derive(Deserialize)]
struct Typed {
    #[serde(rename = "type")]
    kind: EventType,
}

#[derive(Deserialize)]
struct Changed {
    data: Control,
}

fn too_many() -> Error {
    Error::resource_exhausted(format!("{IN_FLIGHT} requests of this socket are under way")).not_started()
}

async fn refuse(out: &mut Outbox, id: Option<&Value>, error: Error) -> Result<(), Close> {
    out.json(&ServerMessage::Error { id, error: &error::shown(error) }).await
}

async fn next_frame(viewer: &mut Option<Viewer>) -> Option<Bytes> {
    match viewer {
        Some(viewer) => viewer.next().await,
        None => pending().await,
    }
}

async fn next_note(notes: &mut Option<NoteSlot>) -> Option<Note> {
    match notes {
        Some(notes) => notes.next().await,
        None => pending().await,
    }
}

async fn due(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => pending().await,
    }
}
