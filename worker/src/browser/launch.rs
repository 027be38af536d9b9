//! Starting a browser and hearing its first word.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use chromiumoxide_cdp::cdp::browser_protocol::browser::GetVersionParams;
use tokio::process::Command;

use super::Kind;
use super::args::{Arg, for_sharing};
use super::home::{Home, Homes};
use super::process::{Parts, Process};
use super::spawn::spawn;
use super::tail::Tail;
use super::user::User;
use crate::cdp::{CallError, Link};

/// What every browser is started with. Each switches off something that calls home, asks the user, draws
/// power from what is not there, or slows down a page that nobody looks at.
const FLAGS: &[&str] = &[
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-back-forward-cache",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-features=Translate,MediaRouter,OptimizationHints,DialMediaRouteProvider",
    "--disable-field-trial-config",
    "--disable-gpu",
    "--disable-hang-monitor",
    "--disable-popup-blocking",
    "--disable-quic",
    "--disable-renderer-backgrounding",
    "--disable-sync",
    "--metrics-recording-only",
    "--mute-audio",
    "--no-service-autorun",
    "--password-store=basic",
    "--use-mock-keychain",
];

/// How to start a browser.
#[derive(Clone, Debug)]
pub struct LaunchOptions {
    pub executable: PathBuf,
    pub kind: Kind,
    /// The user that it runs as; needed when the worker is root.
    pub user: Option<User>,
    /// False adds `--no-sandbox`: only on the operator's explicit wish.
    pub sandbox: bool,
    /// The loopback port of the forward proxy that all its traffic passes.
    pub proxy_port: Option<u16>,
    pub args: Vec<Arg>,
    /// Whether several sessions share it.
    pub shared: bool,
    /// Environment beyond what it gets anyway, which is `HOME`, `TMPDIR`, `PATH` and `LANG` and nothing of
    /// the worker's own.
    pub env: Vec<(OsString, OsString)>,
    /// How long it may take to its first answer.
    pub deadline: Duration,
}

impl LaunchOptions {
    /// A sandboxed headless shell with a start-up deadline of 20 s.
    pub fn new(executable: impl Into<PathBuf>) -> Self {
        Self {
            executable: executable.into(),
            kind: Kind::HeadlessShell,
            user: None,
            sandbox: true,
            proxy_port: None,
            args: Vec::new(),
            shared: false,
            env: Vec::new(),
            deadline: Duration::from_secs(20),
        }
    }
}

/// What a browser says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// For example `HeadlessChrome/156.0.8078.79`.
    pub product: String,
    pub protocol: String,
    pub user_agent: String,
    pub revision: String,
    pub js: String,
}

/// Why a browser did not start. Each says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    #[error("cannot run {}: {source}; pass another browser with --browser, or install chromium-headless-shell", path.display())]
    Executable { path: PathBuf, source: io::Error },
    #[error(
        "the worker is root and a browser cannot be sandboxed as root; name an unprivileged user with --uid, or pass --allow-no-sandbox"
    )]
    RootSandbox,
    #[error(
        "the user {user} that browsers run as cannot enter {}; choose another --data-dir or browser, or make it passable with chmod o+x", barrier.display()
    )]
    Unreachable { user: String, barrier: PathBuf },
    #[error("cannot make the browser's directories under {}: {source}; check space and permissions, or choose another --data-dir", path.display())]
    Directory { path: PathBuf, source: io::Error },
    #[error(
        "the browser has no usable sandbox: allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, on Ubuntu also kernel.apparmor_restrict_unprivileged_userns=0), or on Debian install chromium-sandbox, or pass --allow-no-sandbox; it said: {stderr}"
    )]
    NoSandbox { stderr: String },
    #[error(
        "a library that the browser needs is missing: install the packages it depends on; it said: {stderr}"
    )]
    MissingLibrary { stderr: String },
    #[error("the browser ended while starting ({status}); it said: {stderr}")]
    Ended { status: String, stderr: String },
    #[error(
        "the browser did not answer within {} s: the machine may be overloaded; it said: {stderr}", after.as_secs()
    )]
    Silent { after: Duration, stderr: String },
    #[error("the browser's first answer makes no sense: {0}; it is too old or no Chromium")]
    Protocol(CallError),
    #[error("cannot watch the browser: {0}")]
    Io(#[from] io::Error),
}

/// Starts a browser in directories of its own under `homes` and waits for its first answer. Dropping the
/// future ends what was started.
pub async fn launch(homes: &Homes, options: &LaunchOptions) -> Result<Process, LaunchError> {
    check(homes, options)?;
    // In a task of its own, so that a caller who gives up cannot leave a process that nobody owns.
    let started = tokio::spawn(start(homes.clone(), options.clone())).await;
    let mut process = started.map_err(io::Error::from)??;
    let version = process.cdp().with_timeout(options.deadline).call(GetVersionParams::default()).await;
    match version {
        Ok(version) => {
            process.set_version(Version {
                product: version.product,
                protocol: version.protocol_version,
                user_agent: version.user_agent,
                revision: version.revision,
                js: version.js_version,
            });
            Ok(process)
        }
        Err(error) => Err(explain(process, error).await),
    }
}

async fn start(homes: Homes, options: LaunchOptions) -> Result<Process, LaunchError> {
    let home = homes
        .make(options.user.as_ref())
        .map_err(|source| LaunchError::Directory { path: homes.path().to_owned(), source })?;
    let (mut child, pipe) = spawn(command(&options, &home))
        .await
        .map_err(|source| LaunchError::Executable { path: options.executable.clone(), source })?;
    let stderr = Tail::default();
    if let Some(stream) = child.stderr.take() {
        tokio::spawn(stderr.clone().drain(stream));
    }
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
    let pid = pid.ok_or_else(|| LaunchError::Ended { status: "at once".into(), stderr: stderr.text() })?;
    let link = Link::open(pipe.from_browser, pipe.to_browser)?;
    Ok(Process::own(Parts { child, pid, link, home, stderr, kind: options.kind, shared: options.shared }))
}

fn check(homes: &Homes, options: &LaunchOptions) -> Result<(), LaunchError> {
    let path = &options.executable;
    let executable = |source| LaunchError::Executable { path: path.clone(), source };
    let real = path.canonicalize().map_err(executable)?;
    match &options.user {
        None if options.sandbox && User::is_needed() => Err(LaunchError::RootSandbox),
        None => Ok(()),
        Some(user) => {
            for path in [real.as_path(), &homes.path().join("home")] {
                if let Some(barrier) = user.barrier(path).map_err(executable)? {
                    return Err(LaunchError::Unreachable { user: user.name.clone(), barrier });
                }
            }
            Ok(())
        }
    }
}

fn command(options: &LaunchOptions, home: &Home) -> Command {
    let mut command = Command::new(&options.executable);
    command
        .args(FLAGS)
        .arg(path_flag("--user-data-dir=", &home.profile()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .current_dir(home.path());
    if options.kind == Kind::Chrome {
        command.arg("--headless");
    }
    if !options.sandbox {
        command.arg("--no-sandbox");
    }
    if let Some(port) = options.proxy_port {
        // Without the second one Chromium goes past the proxy to loopback.
        command.arg(format!("--proxy-server=http://127.0.0.1:{port}")).arg("--proxy-bypass-list=<-loopback>");
    }
    if options.shared {
        command.args(for_sharing(&options.args));
    } else {
        command.args(options.args.iter().map(Arg::as_str));
    }
    command.arg("about:blank");
    // Nothing of the worker's environment, which may hold secrets, is for a browser to read.
    command
        .env_clear()
        .env("HOME", home.profile())
        .env("TMPDIR", home.tmp())
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LANG", "C.UTF-8")
        .envs(options.env.iter().map(|(name, value)| (name, value)));
    if let Some(user) = &options.user {
        command.uid(user.uid).gid(user.gid);
    }
    command
}

fn path_flag(flag: &str, path: &Path) -> OsString {
    let mut text = OsString::from(flag);
    text.push(path);
    text
}

async fn explain(process: Process, error: CallError) -> LaunchError {
    let tail = process.stderr_tail();
    let exit = process.close().await;
    let stderr = tail.text();
    match error {
        CallError::Timeout(after) => LaunchError::Silent { after, stderr },
        CallError::Closed(_) if stderr.contains("No usable sandbox") || stderr.contains("no-sandbox") => {
            LaunchError::NoSandbox { stderr }
        }
        CallError::Closed(_) if stderr.contains("error while loading shared libraries") => {
            LaunchError::MissingLibrary { stderr }
        }
        CallError::Closed(_) | CallError::Detached | CallError::Crashed => {
            LaunchError::Ended { status: exit.to_string(), stderr }
        }
        CallError::Protocol { .. } | CallError::Oversized { .. } | CallError::Decode(_) => {
            LaunchError::Protocol(error)
        }
    }
}
