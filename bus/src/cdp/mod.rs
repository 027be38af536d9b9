//! CDP messages between an edge and the owner of a session: in order, each once, over core NATS.
//!
//! Core NATS drops what is under way when a server or a connection dies, so pieces are counted, kept until they were
//! passed on, and sent once more after a gap. A side that does not take what it is sent holds the other one up, and
//! nobody else.

mod window;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_nats::{Client, Subscriber};
use bus_schema::{
    ConnId, Error, SessionId, Subject,
    model::cdp::{Chunk, Close, Kind},
};
use bytes::Bytes;
use futures::{FutureExt, StreamExt};
use tokio::{
    sync::Notify,
    task::unconstrained,
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};

pub use self::window::Full;
use self::window::{Accepted, Incoming, Outgoing};
use crate::{Bus, metrics};

/// How long what was sent may stay unacknowledged before the other side is asked about it.
const ASK_AFTER: Duration = Duration::from_secs(1);
/// So many questions in a row that nobody answers, and the other side is gone. Longer than an owner takes to notice an
/// edge that died, and then keeps the connection for another.
const QUESTIONS: u32 = 30;
/// What a socket is told whose place another one has taken.
const SUPERSEDED: (u16, &str) = (1008, "another socket has taken this connection up");
/// A gap is told once in this time: what follows it is on its way already.
const TELL_GAP: Duration = Duration::from_millis(200);

/// Opens CDP connections.
#[derive(Clone, Debug)]
pub struct Cdp {
    bus: Bus,
}

impl Bus {
    pub fn cdp(&self) -> Cdp {
        Cdp { bus: self.clone() }
    }
}

impl Cdp {
    /// The client's end. To be opened before the owner is asked to attach.
    pub async fn client(&self, id: &SessionId, conn: &ConnId) -> Result<(Line, Receiver), Error> {
        let (up, down) = subjects(id, conn);
        let shared = self.shared(&up, false);
        let receiver = self.receiver(shared.clone(), &down).await?;
        Ok((Line { shared }, receiver))
    }

    /// The owner's end. When this returns nothing that the client sends is missed.
    pub async fn owner(&self, id: &SessionId, conn: &ConnId) -> Result<(Line, Receiver), Error> {
        let (up, down) = subjects(id, conn);
        let shared = self.shared(&down, true);
        let receiver = self.receiver(shared.clone(), &up).await?;
        crate::js::round_trip(&self.bus.inner.cdp.client).await?;
        Ok((Line { shared }, receiver))
    }

    /// The owner's end goes on under another name, behind the last message that its client has. Says how many of the
    /// client's messages were received, too; the old receiver is of no use any more.
    pub async fn take_up(
        &self,
        id: &SessionId,
        conn: &ConnId,
        line: &Line,
        after: u64,
    ) -> Result<(Receiver, u64), Error> {
        let (up, down) = subjects(id, conn);
        let receiver = self.receiver(line.shared.clone(), &up).await?;
        crate::js::round_trip(&self.bus.inner.cdp.client).await?;
        let mut state = line.shared.state();
        let kept = state.out.resume(after);
        kept.map_err(|window::NotKept| Error::conflict("what the client has missed is not kept any more"))?;
        let superseded = Close::new(SUPERSEDED.0, SUPERSEDED.1);
        line.shared.publish(&mut state, &Chunk::close(&superseded, 0));
        state.inn.restart();
        state.to = self.bus.root().subject(&down).into();
        state.asked = 0;
        line.shared.flush(&mut state);
        Ok((receiver, state.inn.messages()))
    }

    fn shared(&self, to: &Subject, resumable: bool) -> Arc<Shared> {
        Arc::new(Shared {
            client: self.bus.inner.cdp.client.clone(),
            state: Mutex::new(State {
                to: self.bus.root().subject(to).into(),
                out: Outgoing::new(resumable),
                inn: Incoming::default(),
                stuck: false,
                asked: 0,
                moved: false,
            }),
            wake: Notify::new(),
            drained: Notify::new(),
        })
    }

    async fn receiver(&self, shared: Arc<Shared>, from: &Subject) -> Result<Receiver, Error> {
        let subscription = shared.client.subscribe(self.bus.root().subject(from)).await;
        let subscription = subscription.map_err(|e| Error::unavailable(e.to_string()))?;
        let mut look = interval_at(Instant::now() + ASK_AFTER, ASK_AFTER);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Receiver { shared, subscription, look, told_gap: None, template: from.template() })
    }
}

fn subjects(id: &SessionId, conn: &ConnId) -> (Subject, Subject) {
    (Subject::CdpUp(id.clone(), conn.clone()), Subject::CdpDown(id.clone(), conn.clone()))
}

#[derive(Debug)]
struct Shared {
    client: Client,
    state: Mutex<State>,
    /// The receiver has to send what could not be sent at once.
    wake: Notify,
    drained: Notify,
}

#[derive(Debug)]
struct State {
    to: async_nats::Subject,
    out: Outgoing,
    inn: Incoming,
    /// The connection takes nothing at the moment.
    stuck: bool,
    /// Questions since something was heard.
    asked: u32,
    /// Something was sent or acknowledged since the last look.
    moved: bool,
}

/// The sending end. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Line {
    shared: Arc<Shared>,
}

impl Line {
    /// Takes a message without waiting, and sends of it what there is credit for.
    pub fn push(&self, message: &Bytes) -> Result<(), Full> {
        let mut state = self.shared.state();
        state.out.push(message)?;
        self.shared.flush(&mut state);
        Ok(())
    }

    /// The same, and waits until all of it is on its way.
    pub async fn send(&self, message: &Bytes) -> Result<(), Full> {
        self.push(message)?;
        loop {
            let drained = self.shared.drained.notified();
            tokio::pin!(drained);
            drained.as_mut().enable();
            if self.shared.state().out.is_drained() {
                return Ok(());
            }
            drained.await;
        }
    }

    /// Says goodbye, behind whatever was sent before. Nothing is sent after it.
    pub async fn close(&self, close: &Close) {
        let (to, ack) = {
            let state = self.shared.state();
            (state.to.clone(), state.inn.ack())
        };
        let _ = self.shared.client.publish(to, Chunk::close(close, ack).encode()).await;
    }

    /// The client itself has everything up to this piece: it need not be kept for another socket.
    pub fn seen(&self, piece: u64) {
        let mut state = self.shared.state();
        let ack = Chunk::bare(Kind::Ack, piece, state.inn.ack());
        self.shared.publish(&mut state, &ack);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what may be sent, in order, as long as the connection takes it.
    fn flush(&self, state: &mut State) {
        state.stuck = false;
        while let Some(chunk) = state.out.peek(state.inn.ack()) {
            if !self.publish(state, &chunk) {
                return;
            }
            state.out.sent();
            state.moved = true;
        }
        if state.out.is_drained() {
            self.drained.notify_waiters();
        }
    }

    /// Whether the connection took it at once.
    fn publish(&self, state: &mut State, chunk: &Chunk) -> bool {
        // Not to be put off because the task has done much already: there is room, or there is none.
        let publishing = unconstrained(self.client.publish(state.to.clone(), chunk.encode()));
        if let Some(Ok(())) = publishing.now_or_never() {
            state.inn.told();
            return true;
        }
        if !state.stuck {
            state.stuck = true;
            self.wake.notify_one();
        }
        false
    }
}

/// What comes out of a connection.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    Message(Bytes),
    /// The other side has said goodbye.
    Closed(Close),
    /// What is missing cannot be had again, or nobody is there any more.
    Lost(&'static str),
}

/// The receiving end; it keeps both directions going, so somebody MUST ask it for what is next all the time.
#[derive(Debug)]
pub struct Receiver {
    shared: Arc<Shared>,
    subscription: Subscriber,
    look: Interval,
    told_gap: Option<Instant>,
    template: &'static str,
}

impl Receiver {
    /// The next message. Asking for it says that the one before was passed on. Cancel safe.
    pub async fn next(&mut self) -> Received {
        self.passed_on();
        loop {
            let stuck = self.shared.state().stuck;
            let shared = self.shared.clone();
            tokio::select! {
                biased;
                message = self.subscription.next() => {
                    let Some(message) = message else { return Received::Lost("the bus is closed") };
                    if let Some(received) = self.on_chunk(message.payload) {
                        return received;
                    }
                }
                () = shared.wake.notified() => {}
                _ = shared.client.flush(), if stuck => shared.flush(&mut shared.state()),
                _ = self.look.tick() => {
                    if let Some(lost) = self.on_look() {
                        return lost;
                    }
                }
            }
        }
    }

    /// The piece that the last message ended with, for `Line::seen`.
    pub fn piece(&self) -> u64 {
        self.shared.state().inn.whole()
    }

    fn passed_on(&self) {
        let mut state = self.shared.state();
        state.inn.taken();
        if state.inn.owes() {
            let ack = Chunk::bare(Kind::Ack, 0, state.inn.ack());
            self.shared.publish(&mut state, &ack);
        }
    }

    fn on_chunk(&mut self, payload: Bytes) -> Option<Received> {
        let Some(chunk) = Chunk::decode(&payload) else {
            metrics::noise(self.template);
            return None;
        };
        let shared = self.shared.clone();
        let mut state = shared.state();
        state.asked = 0;
        if state.out.ack(chunk.ack) {
            state.moved = true;
            shared.flush(&mut state);
        }
        match chunk.kind {
            Kind::Data => return self.on_data(&mut state, chunk),
            Kind::Ack => state.out.seen(chunk.n),
            Kind::Probe if chunk.n >= state.inn.expected() => self.ask_again(&mut state),
            Kind::Probe => {
                let ack = Chunk::bare(Kind::Ack, 0, state.inn.ack());
                shared.publish(&mut state, &ack);
            }
            Kind::Again => match state.out.again(chunk.n) {
                Ok(()) => shared.flush(&mut state),
                Err(window::NotKept) => return Some(Received::Lost("a large message was lost on its way")),
            },
            Kind::Close => {
                let close = chunk.read_close().unwrap_or_else(|| Close::new(1011, "unreadable goodbye"));
                return Some(Received::Closed(close));
            }
        }
        None
    }

    fn on_data(&mut self, state: &mut State, chunk: Chunk) -> Option<Received> {
        match state.inn.accept(chunk) {
            Accepted::Message(message) => {
                self.told_gap = None;
                return Some(Received::Message(message));
            }
            Accepted::Nothing => {
                if state.inn.owes() {
                    let ack = Chunk::bare(Kind::Ack, 0, state.inn.ack());
                    self.shared.publish(state, &ack);
                }
            }
            Accepted::Gap => self.ask_again(state),
            Accepted::TooLarge => return Some(Received::Lost("a message is too large")),
        }
        None
    }

    fn ask_again(&mut self, state: &mut State) {
        if self.told_gap.is_some_and(|told| told.elapsed() < TELL_GAP) {
            return;
        }
        self.told_gap = Some(Instant::now());
        let again = Chunk::bare(Kind::Again, state.inn.expected(), state.inn.ack());
        self.shared.publish(state, &again);
    }

    /// Once in a while: what was sent before the last look and has not been acknowledged since may be lost.
    fn on_look(&mut self) -> Option<Received> {
        let mut state = self.shared.state();
        let moved = std::mem::take(&mut state.moved);
        let n = state.out.unacknowledged().filter(|_| !moved)?;
        state.asked += 1;
        if state.asked > QUESTIONS {
            return Some(Received::Lost("the other side does not answer"));
        }
        let probe = Chunk::bare(Kind::Probe, n, state.inn.ack());
        self.shared.publish(&mut state, &probe);
        None
    }
}
