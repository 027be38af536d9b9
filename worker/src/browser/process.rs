//! A running browser and its end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use chromiumoxide_cdp::cdp::browser_protocol::browser::{CloseParams, GetVersionParams};
use nix::sys::signal::Signal;
use tokio::process::Child;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Kind;
use super::group::Group;
use super::home::{self, Home};
use super::launch::Version;
use super::process_table;
use super::tail::Tail;
use crate::cdp::{Cdp, Gone, Link, Patience, Stats};

/// How long a browser may owe the answer to `Browser.getVersion`.
const UNRESPONSIVE: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_secs(1);
/// A browser from which nothing came for so many ticks is asked whether it lives.
const QUIET_TICKS: u32 = 3;
/// How long the processes of a group may take to vanish after SIGKILL.
const BURIAL: Duration = Duration::from_secs(5);

/// How a browser ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitReason {
    /// Its owner closed it.
    Closed,
    /// It ended by itself with this code.
    Exited(i32),
    /// It was ended by this signal.
    Killed(i32),
    /// It lived but could no longer be spoken to, and was killed.
    Lost(Gone),
}

impl std::fmt::Display for ExitReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Closed => write!(f, "closed by its owner"),
            Self::Exited(code) => write!(f, "exited with code {code}"),
            Self::Killed(signal) => write!(f, "ended by signal {signal}"),
            Self::Lost(gone) => write!(f, "{gone}"),
        }
    }
}

/// What [`Process::own`] takes charge of.
pub(super) struct Parts {
    pub child: Child,
    pub pid: i32,
    pub link: Link,
    pub home: Home,
    pub stderr: Tail,
    pub kind: Kind,
    pub shared: bool,
}

/// A browser. Dropping it kills its process group at once and removes its directories.
pub struct Process {
    cdp: Cdp,
    body: Arc<Body>,
    close: CancellationToken,
    exit: watch::Receiver<Option<ExitReason>>,
    home: PathBuf,
    stderr: Tail,
    kind: Kind,
    shared: bool,
    version: Option<Version>,
}

/// What the handle and the watching task share.
struct Body {
    group: Group,
    link: Link,
    frozen: AtomicBool,
}

impl Process {
    /// Takes charge of a process that was just started. From here on it cannot be forgotten.
    pub(super) fn own(parts: Parts) -> Self {
        let cdp = parts.link.root();
        let body = Arc::new(Body {
            group: Group::led_by(parts.pid),
            link: parts.link,
            frozen: AtomicBool::new(false),
        });
        let home = parts.home.path().to_owned();
        let close = CancellationToken::new();
        let (ended, exit) = watch::channel(None);
        let remains = Remains { body: body.clone(), _home: parts.home };
        tokio::spawn(watch_over(parts.child, remains, close.clone(), ended));
        let Parts { stderr, kind, shared, .. } = parts;
        Self { cdp, body, close, exit, home, stderr, kind, shared, version: None }
    }

    pub(super) fn set_version(&mut self, version: Version) {
        self.version = Some(version);
    }

    pub(super) fn stderr_tail(&self) -> Tail {
        self.stderr.clone()
    }

    /// A handle on the root of the browser.
    pub fn cdp(&self) -> &Cdp {
        &self.cdp
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether it was started for several sessions: no page of it can read the clipboard of the process.
    pub fn is_shared(&self) -> bool {
        self.shared
    }

    /// What it said it is when it started.
    pub fn version(&self) -> Option<&Version> {
        self.version.as_ref()
    }

    /// The number of its process group, for the guard process.
    pub fn group(&self) -> i32 {
        self.body.group.id()
    }

    /// Its directory: `profile`, `downloads` and `tmp` are in it.
    pub fn home(&self) -> &Path {
        &self.home
    }

    pub fn downloads(&self) -> PathBuf {
        self.home.join("downloads")
    }

    /// Counters of its pipe.
    pub fn stats(&self) -> Stats {
        self.body.link.stats()
    }

    /// The last 4 KiB of what it wrote to standard error.
    pub fn last_words(&self) -> String {
        self.stderr.text()
    }

    /// Stops all its processes. It stays stopped until [`Self::thaw`], and none of it counts as unresponsive.
    pub fn freeze(&self) {
        self.body.set_frozen(true);
        self.body.group.signal(Signal::SIGSTOP);
    }

    pub fn thaw(&self) {
        self.body.group.signal(Signal::SIGCONT);
        self.body.set_frozen(false);
    }

    /// The proportional set size of all its processes. Blocks for some milliseconds.
    pub fn pss_bytes(&self) -> std::io::Result<u64> {
        process_table::group_memory(self.group())
    }

    /// What its directories take on disk. Blocks.
    pub fn disk_bytes(&self) -> std::io::Result<u64> {
        home::disk_usage(&self.home)
    }

    /// How it ended, if it has.
    pub fn exit_reason(&self) -> Option<ExitReason> {
        *self.exit.borrow()
    }

    /// Resolves when it has ended, all its processes are gone and its directories are removed.
    pub async fn ended(&self) -> ExitReason {
        wait_for_end(self.exit.clone()).await
    }

    /// A future like [`Self::ended`] that does not borrow the process.
    pub fn watch_end(&self) -> impl Future<Output = ExitReason> + Send + 'static {
        wait_for_end(self.exit.clone())
    }

    /// Kills its process group at once. It is buried in the background, see [`Self::ended`].
    pub fn kill(&self) {
        self.close.cancel();
        self.body.group.signal(Signal::SIGKILL);
    }

    /// Kills it and waits until nothing of it is left.
    pub async fn close(self) -> ExitReason {
        self.close.cancel();
        self.ended().await
    }

    /// Asks it to end by itself, so that it writes its profile, and kills it after `grace`.
    pub async fn close_gracefully(self, grace: Duration) -> ExitReason {
        let left = async {
            // It ends instead of answering.
            let _ = self.cdp.with_timeout(grace).call(CloseParams::default()).await;
            self.ended().await
        };
        match tokio::time::timeout(grace, left).await {
            Ok(reason) => reason,
            Err(_) => self.close().await,
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn wait_for_end(mut exit: watch::Receiver<Option<ExitReason>>) -> ExitReason {
    match exit.wait_for(Option::is_some).await {
        Ok(reason) => reason.unwrap_or(ExitReason::Closed),
        Err(_) => ExitReason::Closed,
    }
}

impl Body {
    fn set_frozen(&self, frozen: bool) {
        self.frozen.store(frozen, SeqCst);
        self.link.set_frozen(frozen);
    }
}

/// What must not outlive a browser: its processes, then its directories, in this order and also when the
/// runtime goes down with the watching task unfinished.
struct Remains {
    body: Arc<Body>,
    _home: Home,
}

impl Drop for Remains {
    fn drop(&mut self) {
        self.body.group.kill_and_wait(BURIAL);
    }
}

async fn watch_over(
    mut child: Child,
    remains: Remains,
    close: CancellationToken,
    ended: watch::Sender<Option<ExitReason>>,
) {
    let body = remains.body.clone();
    let reason = tokio::select! {
        biased;
        () = close.cancelled() => ExitReason::Closed,
        status = child.wait() => exit_of(status),
        gone = body.link.gone() => ExitReason::Lost(gone),
        () = falls_silent(&body) => ExitReason::Lost(Gone::Unresponsive),
    };
    // Its pipe closes a moment before its status can be read, and the status says more.
    let reason = match reason {
        ExitReason::Lost(Gone::PipeClosed) => {
            match tokio::time::timeout(Duration::from_millis(500), child.wait()).await {
                Ok(status) => exit_of(status),
                Err(_) => reason,
            }
        }
        ExitReason::Closed | ExitReason::Exited(_) | ExitReason::Killed(_) | ExitReason::Lost(_) => reason,
    };
    body.link.close(match reason {
        ExitReason::Closed => Gone::Closed,
        ExitReason::Lost(gone) => gone,
        ExitReason::Exited(_) | ExitReason::Killed(_) => Gone::PipeClosed,
    });
    body.group.signal(Signal::SIGKILL);
    if let Err(error) = child.wait().await {
        tracing::warn!(%error, "cannot reap the browser");
    }
    // Waits and removes files, so it has no place on a thread of the runtime.
    if let Err(error) = tokio::task::spawn_blocking(move || drop(remains)).await {
        tracing::error!(%error, "the burial of a browser failed");
    }
    tracing::debug!(group = body.group.id(), %reason, "browser ended");
    ended.send_replace(Some(reason));
}

fn exit_of(status: std::io::Result<std::process::ExitStatus>) -> ExitReason {
    use std::os::unix::process::ExitStatusExt;
    match status {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => ExitReason::Exited(code),
            (None, Some(signal)) => ExitReason::Killed(signal),
            (None, None) => ExitReason::Lost(Gone::PipeClosed),
        },
        Err(_) => ExitReason::Lost(Gone::PipeClosed),
    }
}

/// Resolves when the browser has owed an answer for too long. Any message from it is a sign of life, so a
/// busy browser is never asked.
async fn falls_silent(body: &Body) {
    let root = body.link.root();
    let mut patience = Patience::new(UNRESPONSIVE, TICK);
    let mut heard = body.link.stats().received;
    let mut quiet = 0;
    loop {
        tokio::time::sleep(TICK).await;
        let received = body.link.stats().received;
        if received != heard {
            (heard, quiet) = (received, 0);
            patience.renew();
            continue;
        }
        quiet += 1;
        if quiet == QUIET_TICKS {
            root.notify(GetVersionParams::default());
        }
        if quiet >= QUIET_TICKS && patience.is_over(Instant::now(), body.frozen.load(SeqCst)) {
            return;
        }
    }
}
