//! A supervised nats-server: it ends with this process, and comes back on the same port if it dies, so that every
//! client finds it again.

use std::{
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{ChildStderr, Command},
    sync::Notify,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::binary::Found;
use crate::{
    config::{BusUrl, NatsSync},
    secret::{self, SecretError},
};

#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    #[error("{what} {}: {source}", path.display())]
    File { what: &'static str, path: PathBuf, source: io::Error },
    #[error("the built-in NATS server: {0}")]
    Password(#[from] SecretError),
    #[error("the built-in NATS server did not get ready: {0}")]
    NotReady(String),
    #[error("the built-in NATS server could not be started: {0}")]
    Spawn(io::Error),
    #[error("the built-in NATS server ended while it started ({status}){last_words}")]
    Ended { status: ExitStatus, last_words: String },
    #[error("no thread for the built-in NATS server: {0}")]
    Thread(io::Error),
}

const TEMPLATE: &str = include_str!("../../../nats/embedded.conf");
const READY_WITHIN: Duration = Duration::from_secs(20);
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// A server that ran this long was well: the next failure is a new story.
const WELL_AFTER: Duration = Duration::from_secs(30);

/// Free space that makes a new start worth while after a full disk, and how often it is looked at.
const ENOUGH: u64 = 32 << 20;
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// How long a server that dies again and again is started again.
#[derive(Debug, Clone, Copy)]
struct Patience {
    first_backoff: Duration,
    longest_backoff: Duration,
    /// Deaths in a row, each before the server was well, after which nothing is to be hoped for.
    hopeless_after: u32,
}

/// About 16 s in all: longer than a full disk or a taken port that passes, shorter than what peers wait for.
const PATIENCE: Patience = Patience {
    first_backoff: Duration::from_millis(50),
    longest_backoff: Duration::from_secs(5),
    hopeless_after: 10,
};

/// The running server. Dropping it, too, ends it and waits for its end.
pub struct Child {
    url: BusUrl,
    stop: CancellationToken,
    exhausted: CancellationToken,
    supervisor: Option<thread::JoinHandle<()>>,
}

impl Child {
    /// Starts the server with its files below `dir` and waits until it listens. Blocks for some milliseconds.
    pub fn start(server: &Found, dir: &Path, sync: NatsSync) -> Result<Self, ChildError> {
        Self::start_with(server, dir, sync, PATIENCE)
    }

    fn start_with(
        server: &Found,
        dir: &Path,
        sync: NatsSync,
        patience: Patience,
    ) -> Result<Self, ChildError> {
        let files = Files::prepare(dir, sync)?;
        let (stop, exhausted) = (CancellationToken::new(), CancellationToken::new());
        let (ready, is_ready) = mpsc::sync_channel(1);
        let supervisor = Supervisor {
            program: server.path.clone(),
            files,
            patience,
            stop: stop.clone(),
            exhausted: exhausted.clone(),
        };
        // A thread of its own, for the kernel ends the server when the thread that started it ends, and no thread
        // of the runtime is sure to live as long as the process.
        let handle =
            thread::Builder::new().name("nats-server".to_owned()).spawn(move || supervisor.run(ready));
        let mut child = Self {
            url: BusUrl::new(String::new()),
            stop,
            exhausted,
            supervisor: Some(handle.map_err(ChildError::Thread)?),
        };
        child.url = is_ready
            .recv()
            .unwrap_or_else(|_| Err(ChildError::NotReady("its supervisor ended".to_owned())))?;
        Ok(child)
    }

    /// Where clients connect, with user and password.
    pub fn url(&self) -> &BusUrl {
        &self.url
    }

    /// Cancelled when the server died again and again and is no longer started.
    pub fn exhausted(&self) -> CancellationToken {
        self.exhausted.clone()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(supervisor) = self.supervisor.take()
            && supervisor.join().is_err()
        {
            tracing::error!("the supervisor of the built-in NATS server panicked");
        }
    }
}

/// What the server reads and writes: its configuration, its ports file and its store.
struct Files {
    dir: PathBuf,
    password: String,
    sync: NatsSync,
}

impl Files {
    fn prepare(dir: &Path, sync: NatsSync) -> Result<Self, ChildError> {
        let dir = std::path::absolute(dir).map_err(file_error("cannot use", dir))?;
        let run = dir.join("run");
        std::fs::create_dir_all(&run).map_err(file_error("cannot make", &run))?;
        // A letter in front: the server would read a value of digits alone as a number.
        let password = format!("p{}", secret::random()?.reveal());
        Ok(Self { dir, password, sync })
    }

    fn config(&self) -> PathBuf {
        self.dir.join("nats.conf")
    }

    /// Port −1 lets the server choose. The names have a prefix, for any case of an option's name is that option.
    fn write_config(&self, port: i32) -> Result<(), ChildError> {
        let values = [
            ("UP_LISTEN", format!("127.0.0.1:{port}")),
            ("UP_RUN_DIR", self.dir.join("run").display().to_string()),
            ("UP_PID_FILE", self.dir.join("run/nats.pid").display().to_string()),
            ("UP_STORE_DIR", self.dir.join("js").display().to_string()),
            ("UP_SYNC_INTERVAL", self.sync.to_string()),
            ("UP_PASSWORD", self.password.clone()),
        ];
        let quote = |value: &str| format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
        let values: String =
            values.iter().map(|(name, value)| format!("{name}: {}\n", quote(value))).collect();
        let path = self.config();
        secret::write_private(&path, format!("{values}\n{TEMPLATE}").as_bytes())
            .map_err(file_error("cannot write", &path))
    }

    /// The server names this file after itself and its process id, and removes it only when it ends in order.
    fn ports_file(&self, program: &Path, pid: u32) -> PathBuf {
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        self.dir.join("run").join(format!("{name}_{pid}.ports"))
    }
}

fn file_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ChildError {
    let path = path.to_owned();
    move |source| ChildError::File { what, path, source }
}

struct Supervisor {
    program: PathBuf,
    files: Files,
    patience: Patience,
    stop: CancellationToken,
    exhausted: CancellationToken,
}

type Ready = mpsc::SyncSender<Result<BusUrl, ChildError>>;

impl Supervisor {
    fn run(self, ready: Ready) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        match runtime {
            Ok(runtime) => runtime.block_on(self.supervise(ready)),
            Err(error) => drop(ready.send(Err(ChildError::Thread(error)))),
        }
    }

    async fn supervise(self, ready: Ready) {
        let mut process = match self.first_start().await {
            Ok((process, port)) => {
                let password = &self.files.password;
                let url = BusUrl::new(format!("nats://rookery:{password}@127.0.0.1:{port}"));
                drop(ready.send(Ok(url)));
                process
            }
            Err(error) => return drop(ready.send(Err(error))),
        };
        let mut deaths = 0;
        loop {
            let died = match self.watch(process).await {
                Left::Stopped => return,
                Left::Starved => {
                    tracing::warn!("the disk has room again: the built-in NATS server is started anew");
                    deaths = 1;
                    match self.start_again(&mut deaths).await {
                        Some(anew) => process = anew,
                        None => return,
                    }
                    continue;
                }
                Left::Died(died) => died,
            };
            deaths = if died.after > WELL_AFTER { 1 } else { deaths + 1 };
            tracing::warn!(status = %died.status, deaths, "the built-in NATS server died; it is started again");
            process = match self.start_again(&mut deaths).await {
                Some(process) => process,
                None => return,
            };
        }
    }

    async fn first_start(&self) -> Result<(Process, u16), ChildError> {
        self.files.write_config(-1)?;
        let mut process = self.spawn()?;
        let port = process.wait_ready(&self.files, &self.program).await?;
        // From now on this port and no other: clients look for the server where they knew it.
        self.files.write_config(i32::from(port))?;
        Ok((process, port))
    }

    /// None if it is time to stop, or if there is no more hope.
    async fn start_again(&self, deaths: &mut u32) -> Option<Process> {
        let Patience { first_backoff, longest_backoff, hopeless_after } = self.patience;
        while *deaths < hopeless_after {
            let backoff = first_backoff.saturating_mul(1 << (*deaths - 1).min(10)).min(longest_backoff);
            tokio::select! {
                () = self.stop.cancelled() => return None,
                () = sleep(backoff) => {}
            }
            match self.spawn() {
                Ok(process) => return Some(process),
                Err(error) => tracing::error!(%error, "the built-in NATS server could not be started again"),
            }
            *deaths += 1;
        }
        tracing::error!(deaths, "the built-in NATS server does not stay up");
        self.exhausted.cancel();
        None
    }

    /// Waits for its end, or ends it: because it is time to stop, or to start it anew.
    async fn watch(&self, mut process: Process) -> Left {
        let status = tokio::select! {
            status = process.child.wait() => status,
            () = self.stop.cancelled() => {
                process.end().await;
                return Left::Stopped;
            }
            () = room_again(&process.starved, &self.files.dir) => {
                process.end().await;
                return Left::Starved;
            }
        };
        Left::Died(match status {
            Ok(status) => Death { status, after: process.started.elapsed() },
            Err(error) => {
                tracing::error!(%error, "the built-in NATS server cannot be waited for");
                process.end().await;
                Death { status: ExitStatus::default(), after: process.started.elapsed() }
            }
        })
    }

    fn spawn(&self) -> Result<Process, ChildError> {
        let mut command = Command::new(&self.program);
        command.arg("-c").arg(self.files.config());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        // A group of its own: Ctrl-C in the terminal is for this process, which then ends the server last.
        command.process_group(0);
        end_with_parent(&mut command);
        let mut child = command.spawn().map_err(ChildError::Spawn)?;
        let starved = Arc::new(Notify::new());
        let log = child.stderr.take().map(|stderr| tokio::spawn(forward_log(stderr, Arc::clone(&starved))));
        Ok(Process { child, started: Instant::now(), log, starved })
    }
}

/// Why a server is no longer watched.
enum Left {
    Died(Death),
    Stopped,
    /// A full disk shut its streams, and there is room again.
    Starved,
}

struct Death {
    status: ExitStatus,
    after: Duration,
}

struct Process {
    child: tokio::process::Child,
    started: Instant,
    log: Option<tokio::task::JoinHandle<Vec<String>>>,
    /// Notified with each complaint about a full disk.
    starved: Arc<Notify>,
}

impl Process {
    async fn wait_ready(&mut self, files: &Files, program: &Path) -> Result<u16, ChildError> {
        let path = files.ports_file(program, self.child.id().unwrap_or_default());
        let listening = async {
            loop {
                if let Some(port) = read_port(&path).await {
                    return port;
                }
                sleep(Duration::from_millis(2)).await;
            }
        };
        let status = tokio::select! {
            port = timeout(READY_WITHIN, listening) => {
                return port.map_err(|_| ChildError::NotReady(format!("no {}", path.display())));
            }
            status = self.child.wait() => status,
        };
        let last_words = match self.log.take() {
            Some(log) => log.await.unwrap_or_default(),
            None => Vec::new(),
        };
        let last_words = last_words.iter().map(|line| format!("\n  {line}")).collect();
        Err(ChildError::Ended { status: status.map_err(ChildError::Spawn)?, last_words })
    }

    /// SIGTERM, for the server then closes its files in order; SIGKILL if that takes too long.
    async fn end(&mut self) {
        if let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok())
            && kill(Pid::from_raw(pid), Signal::SIGTERM).is_ok()
            && timeout(STOP_WITHIN, self.child.wait()).await.is_ok()
        {
            return;
        }
        tracing::warn!("the built-in NATS server does not end and is killed");
        if let Err(error) = self.child.kill().await {
            tracing::warn!(%error, "the built-in NATS server could not be killed");
        }
    }
}

/// `{"nats":["nats://127.0.0.1:4222"], …}`; half written it is no JSON yet.
async fn read_port(path: &Path) -> Option<u16> {
    #[derive(serde::Deserialize)]
    struct Ports {
        nats: Vec<String>,
    }
    let bytes = tokio::fs::read(path).await.ok()?;
    let ports: Ports = serde_json::from_slice(&bytes).ok()?;
    ports.nats.first()?.rsplit_once(':')?.1.parse().ok()
}

const LAST_WORDS: usize = 5;

/// Passes the server's log on at levels that suit ours; returns its last complaints when it ends.
async fn forward_log(stderr: ChildStderr, starved: Arc<Notify>) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let (level, text) = split_log_line(&line);
        match level {
            // The password is random, and the file that holds it is for its owner alone.
            "WRN" if text.starts_with("Plaintext passwords") => {}
            "INF" | "DBG" | "TRC" => tracing::debug!(target: "nats_server", "{text}"),
            "WRN" => tracing::warn!(target: "nats_server", "{text}"),
            _ => tracing::error!(target: "nats_server", "{text}"),
        }
        if text.contains("no space left on device") {
            starved.notify_one();
        }
        if !matches!(level, "INF" | "DBG" | "TRC") && !text.is_empty() {
            complaints.push(text.to_owned());
            complaints.drain(..complaints.len().saturating_sub(LAST_WORDS));
        }
    }
    complaints
}

/// Once the server has met a full disk, its streams take nothing more until it is started anew. Ends when that is of use.
async fn room_again(starved: &Notify, dir: &Path) {
    loop {
        starved.notified().await;
        sleep(LOOK_AGAIN).await;
        match free_space(dir) {
            Ok(free) if free >= ENOUGH => return,
            Ok(_) => starved.notify_one(),
            Err(error) => tracing::warn!(%error, "the free space cannot be read"),
        }
    }
}

#[cfg_attr(target_os = "linux", expect(clippy::useless_conversion, reason = "they are narrower elsewhere"))]
fn free_space(dir: &Path) -> nix::Result<u64> {
    let disk = nix::sys::statvfs::statvfs(dir)?;
    Ok(u64::from(disk.blocks_available()).saturating_mul(u64::from(disk.fragment_size())))
}

/// `[71] 2026/11/20 09:00:00.000000 [INF] Server is ready`; what looks otherwise, as a panic does, is an error.
fn split_log_line(line: &str) -> (&str, &str) {
    let parts = line.split_once("] ").and_then(|(_, rest)| rest.split_once('[')?.1.split_once("] "));
    match parts {
        Some((level, text)) if level.len() == 3 => (level, text),
        Some(_) | None => ("ERR", line),
    }
}

/// Has the kernel end the server when this process dies, however it dies.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "only a hook between fork and exec can ask the kernel for this")]
fn end_with_parent(command: &mut Command) {
    let parent = Pid::this();
    // SAFETY: the hook calls prctl and getppid, which are async-signal-safe, and allocates nothing.
    unsafe {
        command.pre_exec(move || {
            nix::sys::prctl::set_pdeathsig(Signal::SIGTERM)?;
            // The parent may have died before the line above, and then no signal comes any more.
            if nix::unistd::getppid() == parent { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
        });
    }
}

/// Elsewhere only an orderly end of this process ends the server.
#[cfg(not(target_os = "linux"))]
fn end_with_parent(_command: &mut Command) {}

#[cfg(test)]
mod tests;
