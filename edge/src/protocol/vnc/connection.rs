//! One viewer: a single task that shows frames and passes on what the person does.

use std::future::pending;

use bus_schema::{
    Error,
    model::{control::Control, event::EventType, frame::Header, session::Session, ws::FramesWish},
};
use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use tokio::time::{Duration, Instant, MissedTickBehavior, interval_at, sleep_until, timeout};

use super::{
    Guest,
    hands::Hands,
    lease::Lease,
    rfb::{
        clipboard::{self, Clip},
        read::{self, Message},
        screen::{Abilities, Resized, Screen, Shown},
        updates::Updates,
        write,
    },
    size::Wishes,
    wire::{End, Outbox, Reader},
};
use crate::{
    gateway::{
        events::{Logged, SessionEvents},
        view::View,
    },
    metrics::metrics,
    protocol::ws::error as code,
};

/// What fits into one rectangle of Tight: wider pages are captured scaled down.
const MAX_SIDE: u32 = 2_048;
const MAX_FPS: u32 = 60;
/// For clients that say nothing about it.
const QUALITY: u32 = 80;
/// How long the first frame may take before a viewer is shown an empty screen.
const FIRST_FRAME: Duration = Duration::from_secs(2);
/// What a client has sent and we have not looked at, and the other way round.
const MAX_INPUT: usize = 2 << 20;
const MAX_BACKLOG: usize = 64 << 10;
/// How long a client may take nothing of what is on its way to it.
const STALL: Duration = Duration::from_secs(60);
/// How often a silent client is asked whether it is there, and how long it may be silent.
const PING: Duration = Duration::from_secs(20);
const SILENCE: Duration = Duration::from_secs(70);
/// A viewer that takes no frame for this long would be better served by smaller ones.
const SLOW: Duration = Duration::from_millis(500);

/// Serves one viewer to its end.
pub async fn run(reader: Reader, outbox: &mut Outbox, input: BytesMut, guest: Guest) -> End {
    match Connection::open(&guest, outbox).await {
        Ok(mut connection) => match connection.serve(reader, outbox, input).await {
            Ok(never) => match never {},
            Err(end) => end,
        },
        Err(error) => error.into(),
    }
}

enum Never {}

struct Connection<'a> {
    guest: &'a Guest,
    title: String,
    events: SessionEvents,
    view: View,
    /// The newest frame that was taken, header and image.
    frame: Option<Bytes>,
    /// It was not shown yet.
    is_fresh: bool,
    /// What the person sees.
    shown: Option<Header>,
    screen: Screen,
    updates: Updates,
    hands: Hands,
    wishes: Wishes,
    messages: read::Reader,
    heard: Instant,
    /// Since when the viewer has taken no frame.
    shut_since: Option<Instant>,
    was_slow: bool,
}

impl<'a> Connection<'a> {
    async fn open(guest: &'a Guest, outbox: &mut Outbox) -> Result<Self, Error> {
        let Guest { gateway, tenant, id, conn, .. } = guest;
        let after = gateway.newest_event(tenant, id).await?;
        let events = gateway.session_events(tenant, id, Some(after)).await?;
        let session = gateway.get(tenant, id).await?;
        let mut view = gateway.view(tenant, id, conn, wish(QUALITY), &guest.who()).await?;
        let frame = timeout(FIRST_FRAME, view.next()).await.ok().flatten();
        let header = frame.as_ref().and_then(|frame| Header::decode(frame));
        let (width, height) = header.map_or_else(|| empty_screen(&session), |h| (h.width, h.height));
        let screen = Screen::new(width, height);
        let lease = Lease::new(guest.access, guest.name.clone(), session.control.clone());
        let connection = Self {
            guest,
            title: session.name.unwrap_or_else(|| session.id.to_string()),
            events,
            view,
            is_fresh: frame.is_some(),
            frame,
            shown: header,
            screen,
            updates: Updates::default(),
            hands: Hands::new(lease),
            wishes: Wishes::default(),
            messages: read::Reader::default(),
            heard: Instant::now(),
            shut_since: None,
            was_slow: false,
        };
        let (screen, title) = (&connection.screen, connection.title());
        write::server_init(width, height, screen.format(), &title, outbox.buffer());
        Ok(connection)
    }

    fn title(&self) -> String {
        format!("{} – {}", self.title, self.hands.lease.driver())
    }

    async fn serve(
        &mut self,
        mut reader: Reader,
        out: &mut Outbox,
        mut input: BytesMut,
    ) -> Result<Never, End> {
        let mut ping = interval_at(Instant::now() + PING, PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut beat_at = Instant::now() + self.view.heartbeat;
        let stop = self.guest.stop.clone();
        self.on_input(&mut input, out).await?;
        loop {
            self.refresh(out).await?;
            let takes_frames = !self.is_fresh && out.is_idle() && self.updates.is_open();
            let has_room = input.len() < MAX_INPUT && out.backlog() < MAX_BACKLOG;
            self.shut_since =
                if takes_frames { None } else { self.shut_since.or_else(|| Some(Instant::now())) };
            tokio::select! {
                read = reader.read(&mut input), if has_room => {
                    read?;
                    self.on_input(&mut input, out).await?;
                }
                frame = next_frame(&mut self.view, takes_frames) => self.on_frame(frame)?,
                written = out.advance() => written?,
                event = self.events.next() => self.on_event(event).await?,
                resized = self.wishes.done(self.guest, self.screen.size()) => {
                    if let Some(resized) = resized {
                        self.screen.set_resized(resized);
                        self.is_fresh = self.frame.is_some();
                    }
                }
                () = sleep_until(beat_at) => {
                    self.beat().await;
                    beat_at = Instant::now() + self.view.heartbeat;
                }
                _ = ping.tick() => self.on_ping(out)?,
                () = stop.cancelled() => return Err(End::close(code::GOING_AWAY, "the gateway is stopping")),
            }
        }
    }

    /// Sends what the viewer may have now.
    async fn refresh(&mut self, out: &mut Outbox) -> Result<(), End> {
        if !out.is_idle() || !self.updates.is_open() {
            return Ok(());
        }
        let whole = self.updates.wants_whole();
        let before = out.backlog();
        let mut shown = Shown::Nothing;
        if let Some(frame) = self.frame.clone().filter(|_| self.is_fresh || whole) {
            shown = self.show(&frame, whole, out).await?;
            self.is_fresh = shown == Shown::Resized;
        } else if self.screen.has_notices() {
            self.screen.tell(out.buffer());
        }
        if out.backlog() == before {
            return Ok(());
        }
        if shown == Shown::Picture {
            metrics().frame_sent(out.backlog() - before);
        }
        if let Some(number) = self.updates.sent() {
            write::fence(write::FENCE_REQUEST | write::FENCE_BLOCK_BEFORE, &[number], out.buffer());
        }
        Ok(())
    }

    async fn show(&mut self, frame: &Bytes, whole: bool, out: &mut Outbox) -> Result<Shown, End> {
        let Some(header) = Header::decode(frame) else { return Ok(Shown::Nothing) };
        if self.wishes.seen((header.width, header.height)) {
            self.screen.set_resized(Resized::Done);
        }
        self.shown = Some(header);
        if !self.screen.decodes(&header) {
            return Ok(self.screen.show(frame, whole, out.buffer()));
        }
        // Milliseconds in which others would wait.
        let mut screen = std::mem::replace(&mut self.screen, Screen::new(0, 0));
        let frame = frame.clone();
        let decode = move || {
            let mut update = BytesMut::new();
            let shown = screen.show(&frame, whole, &mut update);
            (screen, shown, update)
        };
        let decoded = tokio::task::spawn_blocking(decode).await;
        let (screen, shown, update) = decoded.map_err(|error| Error::internal(error.to_string()))?;
        self.screen = screen;
        out.buffer().unsplit(update);
        Ok(shown)
    }

    fn on_frame(&mut self, frame: Option<Bytes>) -> Result<(), End> {
        let frame = frame.ok_or_else(|| End::from(Error::unavailable("no more frames come")))?;
        // Noise on the subject is no frame.
        if let Some(header) = Header::decode(&frame) {
            self.frame = Some(frame);
            // What is made while the page changes its size is not shown, unless nothing follows.
            self.is_fresh = !self.wishes.is_between((header.width, header.height), self.screen.size());
        }
        Ok(())
    }

    async fn on_input(&mut self, input: &mut BytesMut, out: &mut Outbox) -> Result<(), End> {
        self.heard = Instant::now();
        while let Some(message) = self.messages.next(input)? {
            self.on_message(message, out)?;
        }
        if self.hands.flush(self.guest, self.shown.as_ref()).await {
            write::bell(out.buffer());
        }
        Ok(())
    }

    fn on_message(&mut self, message: Message, out: &mut Outbox) -> Result<(), End> {
        match message {
            Message::PixelFormat(format) => self.screen.set_format(format),
            Message::Encodings(encodings) => self.on_encodings(Abilities::of(&encodings), out),
            Message::Request { incremental } => self.updates.ask(incremental),
            Message::ContinuousUpdates { on } => {
                if self.updates.set_continuous(on && self.screen.abilities().continuous) {
                    write::end_of_continuous_updates(out.buffer());
                }
            }
            Message::Fence { flags, payload } => self.on_fence(flags, &payload, out),
            Message::Key { down, keysym, scancode } => self.hands.key(down, keysym, scancode),
            Message::Pointer { buttons, x, y } => {
                if let Some(shown) = &self.shown {
                    self.hands.pointer(buttons, x, y, shown);
                }
            }
            Message::CutText(text) => self.hands.copied(text),
            Message::Clipboard(message) => self.on_clipboard(clipboard::read(&message)?, out),
            Message::DesktopSize { width, height } => self.on_size(width, height),
        }
        Ok(())
    }

    fn on_encodings(&mut self, abilities: Abilities, out: &mut Outbox) {
        let before = self.screen.abilities().clone();
        if abilities.fence && !before.fence {
            write::fence(write::FENCE_REQUEST, &[], out.buffer());
        }
        if abilities.continuous && !before.continuous {
            write::end_of_continuous_updates(out.buffer());
        }
        if abilities.clipboard && !before.clipboard {
            write::clipboard(&clipboard::can(), out.buffer());
        }
        let quality = abilities.jpeg().unwrap_or(QUALITY);
        self.view.wish(wish(quality));
        self.screen.set_abilities(abilities);
        self.screen.set_name(self.title());
    }

    fn on_fence(&mut self, flags: u32, payload: &[u8], out: &mut Outbox) {
        if flags & write::FENCE_REQUEST != 0 {
            write::fence(flags & write::FENCE_KNOWN, payload, out.buffer());
        } else if let [number] = payload {
            self.updates.seen(*number);
        }
    }

    fn on_clipboard(&mut self, clip: Clip, out: &mut Outbox) {
        match clip {
            Clip::Text(text) => self.hands.copied(text),
            Clip::Has(true) => write::clipboard(&clipboard::want(), out.buffer()),
            Clip::Has(false) => self.hands.copied(String::new()),
            Clip::Peek => write::clipboard(&clipboard::have_nothing(), out.buffer()),
            Clip::Nothing => {}
        }
    }

    fn on_size(&mut self, width: u16, height: u16) {
        if !self.hands.lease.is_mine() {
            self.screen.set_resized(Resized::Prohibited);
        } else if (width, height) == self.screen.size() {
            self.screen.set_resized(Resized::Done);
        } else {
            self.wishes.ask(self.guest, width, height);
        }
    }

    async fn on_event(&mut self, event: Result<Option<Logged>, Error>) -> Result<(), End> {
        match event {
            Ok(Some(logged)) => self.on_logged(&logged).await,
            Ok(None) => Err(End::close(code::NORMAL, "the session has ended")),
            Err(error) => {
                tracing::debug!(%error, "events are followed anew");
                Ok(self.events.resume().await?)
            }
        }
    }

    async fn on_logged(&mut self, logged: &Logged) -> Result<(), End> {
        // Anybody on the bus may write to the subject: what is no event says nothing.
        let Ok(Typed { kind }) = serde_json::from_slice(&logged.bytes) else { return Ok(()) };
        if kind == EventType::ControlChanged {
            if let Ok(Changed { data }) = serde_json::from_slice(&logged.bytes) {
                self.hands.control_changed(data);
                self.screen.set_name(self.title());
            }
        } else if kind == EventType::Recovered {
            // A new owner knows nothing of those who watched the old one.
            self.hands.moved();
            let Guest { gateway, tenant, id, conn, .. } = self.guest;
            self.view = gateway.view(tenant, id, conn, self.view.wished(), &self.guest.who()).await?;
        }
        Ok(())
    }

    async fn beat(&mut self) {
        let slow = self.shut_since.is_some_and(|since| since.elapsed() >= SLOW);
        if slow && !self.was_slow {
            metrics().slow_viewer();
        }
        self.was_slow = slow;
        self.view.beat(slow).await;
    }

    fn on_ping(&mut self, out: &mut Outbox) -> Result<(), End> {
        if out.stalled() >= STALL {
            return Err(End::close(code::TRY_AGAIN, "you do not read"));
        }
        if out.is_websocket() {
            if self.heard.elapsed() >= SILENCE {
                return Err(End::Gone);
            }
            out.ping();
        }
        Ok(())
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

fn wish(quality: u32) -> FramesWish {
    FramesWish {
        max_fps: Some(MAX_FPS),
        quality: Some(quality),
        max_width: Some(MAX_SIDE),
        max_height: Some(MAX_SIDE),
        ..FramesWish::default()
    }
}

/// The size of a screen on which there is nothing to be seen yet.
fn empty_screen(session: &Session) -> (u16, u16) {
    let side = |side: u32| side.clamp(1, MAX_SIDE) as u16;
    (side(session.viewport.width), side(session.viewport.height))
}

async fn next_frame(view: &mut View, takes_frames: bool) -> Option<Bytes> {
    if takes_frames { view.next().await } else { pending().await }
}
