//! A TCP proxy before NATS that knows the protocol well enough to strike at a step: what kills or stops a process is
//! done while the message of that step is held, so it happens exactly there and nothing in the worker knows of it.

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::oneshot,
    task::JoinHandle,
};

/// One message of the NATS protocol with all its bytes.
pub(super) struct Frame {
    bytes: Vec<u8>,
    /// Where the first line ends.
    head: usize,
}

impl Frame {
    async fn read(from: &mut BufReader<OwnedReadHalf>) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        if from.read_until(b'\n', &mut bytes).await? == 0 {
            return Ok(None);
        }
        let head = bytes.len();
        let mut frame = Self { bytes, head };
        if matches!(frame.verb(), "PUB" | "HPUB" | "MSG" | "HMSG") {
            let size = frame.words().last().and_then(|word| word.parse::<usize>().ok()).unwrap_or(0);
            frame.bytes.resize(head + size + 2, 0);
            from.read_exact(&mut frame.bytes[head..]).await?;
        }
        Ok(Some(frame))
    }

    fn words(&self) -> Vec<&str> {
        std::str::from_utf8(&self.bytes[..self.head]).unwrap_or_default().split_whitespace().collect()
    }

    pub(super) fn verb(&self) -> &str {
        self.words().first().copied().unwrap_or_default()
    }

    pub(super) fn subject(&self) -> &str {
        self.words().get(1).copied().unwrap_or_default()
    }

    /// Where the answer to what a client published goes.
    fn reply(&self) -> Option<&str> {
        match self.words()[..] {
            ["PUB", _, reply, _] | ["HPUB", _, reply, _, _] => Some(reply),
            _ => None,
        }
    }

    pub(super) fn contains(&self, text: &str) -> bool {
        self.bytes[self.head..].windows(text.len()).any(|part| part == text.as_bytes())
    }
}

/// When to strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The server has not seen the message.
    Before,
    /// The server has done what it says, and the sender has no answer.
    After,
}

/// What the held message waits for.
pub(super) enum Then {
    /// It is lost, with its connection.
    Lost,
    /// It is passed on once this is told, as one that a stopped process was just about to send or to read.
    Held(oneshot::Receiver<()>),
}

/// Whether a message of the worker is that of the step.
type IsStep = Box<dyn Fn(&Frame) -> bool + Send>;
/// Whether a message of the server answers one that asked for it in this inbox.
type IsAnswer = Box<dyn Fn(&Frame, &str) -> bool + Send>;

pub(super) struct Trap {
    pub(super) side: Side,
    pub(super) at: IsStep,
    pub(super) answer: IsAnswer,
    pub(super) strike: Vec<(i32, Signal)>,
    pub(super) then: Then,
    pub(super) struck: oneshot::Sender<()>,
}

impl Trap {
    /// `true`: the message is to be passed on.
    async fn spring(self) -> bool {
        for (pid, signal) in self.strike {
            // A guard may have left by itself.
            let _ = kill(Pid::from_raw(pid), signal);
        }
        let _ = self.struck.send(());
        match self.then {
            Then::Lost => false,
            Then::Held(release) => release.await.is_ok(),
        }
    }
}

/// Springs a trap where one is set. `true`: the message is to be passed on.
async fn passes(trap: Option<Trap>) -> bool {
    match trap {
        Some(trap) => trap.spring().await,
        None => true,
    }
}

#[derive(Default)]
struct Shared {
    trap: Mutex<Option<Trap>>,
    requests: AtomicUsize,
}

impl Shared {
    fn trap(&self) -> MutexGuard<'_, Option<Trap>> {
        self.trap.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn side_at(&self, frame: &Frame) -> Option<Side> {
        self.trap().as_ref().filter(|trap| (trap.at)(frame)).map(|trap| trap.side)
    }

    fn take(&self) -> Option<Trap> {
        self.trap().take()
    }

    fn take_at_answer(&self, answer: &Frame, inbox: &str) -> Option<Trap> {
        self.trap().take_if(|trap| (trap.answer)(answer, inbox))
    }
}

pub(super) struct Proxy {
    pub(super) url: String,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// `server`: `nats://host:port`.
    pub(super) async fn start(server: &str) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("nats://{}", listener.local_addr()?);
        let server = server.trim_start_matches("nats://").to_owned();
        let shared = Arc::<Shared>::default();
        let accepting = tokio::spawn({
            let shared = shared.clone();
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let (shared, server) = (shared.clone(), server.clone());
                    // Connections break with either process; each ends by itself.
                    tokio::spawn(async move { drop(connect(client, &server, &shared).await) });
                }
            }
        });
        Ok(Self { url, shared, accepting })
    }

    pub(super) fn set(&self, trap: Trap) {
        *self.shared.trap() = Some(trap);
    }

    /// Requests to an owner that were delivered to the worker behind it.
    pub(super) fn requests(&self) -> usize {
        self.shared.requests.load(Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn connect(client: TcpStream, server: &str, shared: &Shared) -> io::Result<()> {
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let link = Link { shared, awaited: Mutex::new(None) };
    // Who ends first ends both.
    tokio::select! {
        done = link.relay(Way::Out, from_client, to_server) => done,
        done = link.relay(Way::In, from_server, to_client) => done,
    }
}

/// Seen from the worker.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Out,
    In,
}

/// One connection of the worker to the server.
struct Link<'a> {
    shared: &'a Shared,
    /// Where the answer to the step is expected.
    awaited: Mutex<Option<String>>,
}

impl Link<'_> {
    /// Passes messages on until a trap loses the connection.
    async fn relay(&self, way: Way, from: OwnedReadHalf, mut to: OwnedWriteHalf) -> io::Result<()> {
        let mut from = BufReader::new(from);
        while let Some(frame) = Frame::read(&mut from).await? {
            let trap = match way {
                Way::Out => self.before(&frame),
                Way::In => self.at_answer(&frame),
            };
            if !passes(trap).await {
                return Ok(());
            }
            to.write_all(&frame.bytes).await?;
            if way == Way::Out && !passes(self.behind(&frame)).await {
                return Ok(());
            }
        }
        Ok(())
    }

    fn awaited(&self) -> MutexGuard<'_, Option<String>> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The trap that is to spring before this message is sent.
    fn before(&self, frame: &Frame) -> Option<Trap> {
        match self.shared.side_at(frame)? {
            Side::Before => self.shared.take(),
            Side::After => {
                *self.awaited() = frame.reply().map(str::to_owned);
                None
            }
        }
    }

    /// The trap that is to spring once this message is sent: a subscription is not answered.
    fn behind(&self, frame: &Frame) -> Option<Trap> {
        let unanswered = self.shared.side_at(frame) == Some(Side::After) && frame.reply().is_none();
        if unanswered { self.shared.take() } else { None }
    }

    /// The trap that is to spring when this message has come and before the worker has it.
    fn at_answer(&self, frame: &Frame) -> Option<Trap> {
        if frame.subject().starts_with("rk.cmd.") && matches!(frame.verb(), "MSG" | "HMSG") {
            self.shared.requests.fetch_add(1, Relaxed);
        }
        let inbox = self.awaited().clone()?;
        self.shared.take_at_answer(frame, &inbox)
    }
}
