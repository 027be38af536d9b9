//! The browsers of a worker: where they come from, and which of them live.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use actors::{
    Gate,
    port::{Browser, Browsers, Pending, StartError},
};
use bus::Bus;
use bus_schema::model::{
    create::{BrowserKind, Isolation},
    entry::Entry,
    worker::BrowserVersion,
};
use tracing::{info, warn};

use super::{
    blank::Demand,
    one::{Body, ChromiumBrowser},
    pressure::Pressure,
    shared::Shared,
};
use crate::{
    browser::{
        Arg, Homes, Kind, LaunchOptions, Process, User,
        find::{self, FindError, Found, Places},
        launch,
        proxy::{ForwardProxy, GuardedPort},
        sweep,
    },
    guard::GuardHandle,
    node::Config,
    page::Tabs,
};

/// Why there can be no browsers on this machine.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error(transparent)]
    Find(#[from] FindError),
    #[error("the data directory {path}: {source}; choose another --data-dir")]
    Data { path: PathBuf, source: std::io::Error },
    #[error("the user that browsers run as: {0}")]
    User(String),
}

/// What a session may use at the most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quotas {
    pub(super) memory_bytes: u64,
    pub(super) disk_bytes: u64,
}

/// Makes real browsers.
#[derive(Clone)]
pub struct Chromium {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    homes: Homes,
    shell: Option<Found>,
    chrome: Option<Found>,
    pub(super) user: Option<User>,
    sandbox: bool,
    guarded: Arc<[GuardedPort]>,
    pub(super) gate: Gate,
    guard: GuardHandle,
    live: Mutex<HashMap<i32, Weak<Process>>>,
    /// One of each kind that has run.
    versions: Mutex<Vec<BrowserVersion>>,
    /// Set while the lease is invalid: what comes up meanwhile is stopped too.
    frozen: AtomicBool,
    pub(super) bus: Bus,
    pub(super) quotas: Quotas,
    pressure: Pressure,
    shared: Shared,
    /// For blank pages that are there before anybody asks.
    pub(super) demand: Demand,
}

impl Chromium {
    /// Finds the browsers, opens the directory for this process's, and sweeps what dead workers left.
    pub async fn set_up(
        config: &Config,
        bus: Bus,
        gate: Gate,
        guard: impl FnOnce(PathBuf) -> GuardHandle,
    ) -> Result<Self, SetupError> {
        let places = |named: &Option<PathBuf>| Places {
            named: named.clone(),
            path: config.search_path.clone(),
            home: config.home.clone(),
        };
        let shell = find::find(&places(&config.browser), Kind::HeadlessShell).await;
        let chrome = find::find(&places(&config.chrome), Kind::Chrome).await;
        let (shell, chrome) = match (shell, chrome) {
            (Err(e), Err(_)) => return Err(e.into()),
            (shell, chrome) => (shell.ok(), chrome.ok()),
        };
        for found in [&shell, &chrome].into_iter().flatten() {
            info!(kind = %found.kind, version = found.version, "browser found");
        }
        let data = config.data_dir.clone();
        let opened = tokio::task::spawn_blocking(move || {
            let _ = sweep::sweep(&data)?;
            Homes::open(&data)
        });
        let homes = opened
            .await
            .map_err(|e| std::io::Error::other(e.to_string()))
            .and_then(|homes| homes)
            .map_err(|source| SetupError::Data { path: config.data_dir.clone(), source })?;
        let guard = guard(homes.path().to_owned());
        let inner = Inner {
            user: user(config)?,
            sandbox: !config.no_sandbox,
            guarded: guarded(config),
            gate,
            guard,
            live: Mutex::default(),
            versions: Mutex::default(),
            frozen: AtomicBool::new(false),
            bus,
            quotas: Quotas {
                memory_bytes: config.session_memory_bytes,
                disk_bytes: config.session_disk_bytes,
            },
            pressure: Pressure::default(),
            shared: Shared::default(),
            demand: Demand::default(),
            homes,
            shell,
            chrome,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// For the register: which browsers there are.
    pub fn versions(&self) -> Vec<String> {
        [&self.inner.shell, &self.inner.chrome]
            .into_iter()
            .flatten()
            .map(|f| format!("{} {}", f.kind, f.version))
            .collect()
    }
}

fn user(config: &Config) -> Result<Option<User>, SetupError> {
    if let Some(uid) = config.browser_uid {
        return User::with_uid(uid).map(Some).map_err(|e| SetupError::User(e.to_string()));
    }
    if !User::is_needed() || config.no_sandbox {
        return Ok(None);
    }
    match User::named("nobody") {
        Ok(Some(user)) => Ok(Some(user)),
        Ok(None) => Err(SetupError::User("there is no user `nobody`; name one with --uid".into())),
        Err(e) => Err(SetupError::User(e.to_string())),
    }
}

fn guarded(config: &Config) -> Arc<[GuardedPort]> {
    let closed = config.refused_ports.iter().filter(|port| Some(**port) != config.demo_port);
    let closed = closed.map(|port| GuardedPort { port: *port, open_path: None });
    let demo = config.demo_port.map(|port| GuardedPort { port, open_path: Some("/demo".into()) });
    closed.chain(demo).collect()
}

impl Inner {
    /// Whether every browser is stopped because the lease has run out.
    pub(super) fn is_frozen(&self) -> bool {
        self.frozen.load(Ordering::Acquire)
    }

    fn live(&self) -> MutexGuard<'_, HashMap<i32, Weak<Process>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a process behind a proxy of its own, and has it watched by the guard. `shared`: for several sessions.
    pub(super) async fn launch(
        self: &Arc<Self>,
        kind: BrowserKind,
        args: Vec<Arg>,
        shared: bool,
    ) -> Result<(Arc<Process>, Arc<ForwardProxy>), StartError> {
        let fail = |e: &dyn std::fmt::Display, retryable| StartError { detail: e.to_string(), retryable };
        let (found, kind) = match kind {
            BrowserKind::HeadlessShell if self.shell.is_some() => (&self.shell, Kind::HeadlessShell),
            // The full browser does all that the small one does.
            BrowserKind::HeadlessShell | BrowserKind::Chrome => (&self.chrome, Kind::Chrome),
        };
        let Some(found) = found else {
            return Err(fail(&format!("this worker has no {kind}"), true));
        };
        let uid = self.user.as_ref().map(|u| u.uid);
        let proxy = ForwardProxy::start(Arc::clone(&self.guarded), uid, self.gate.clone())
            .await
            .map_err(|e| fail(&e, true))?;
        let options = LaunchOptions {
            kind,
            user: self.user.clone(),
            sandbox: self.sandbox,
            proxy_port: Some(proxy.port()),
            args,
            shared,
            ..LaunchOptions::new(&found.path)
        };
        let process = Arc::new(launch(&self.homes, &options).await.map_err(|e| fail(&e, true))?);
        self.note_version(&process);
        self.watch(&process);
        Ok((process, Arc::new(proxy)))
    }

    /// A browser may be replaced by a newer one under a running worker: the last one counts.
    fn note_version(&self, process: &Process) {
        let Some(version) = process.version() else { return };
        let kind = match process.kind() {
            Kind::HeadlessShell => BrowserKind::HeadlessShell,
            Kind::Chrome => BrowserKind::Chrome,
        };
        let mut versions = self.versions();
        versions.retain(|of| of.kind != kind);
        versions.push(BrowserVersion {
            kind,
            product: version.product.clone(),
            protocol: version.protocol.clone(),
            user_agent: version.user_agent.clone(),
            js: version.js.clone(),
            revision: version.revision.clone(),
        });
    }

    fn versions(&self) -> MutexGuard<'_, Vec<BrowserVersion>> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch(self: &Arc<Self>, process: &Arc<Process>) {
        let group = process.group();
        self.live().insert(group, Arc::downgrade(process));
        self.guard.added(group);
        // A freeze that came while it started must hold for it too.
        if self.frozen.load(Ordering::Acquire) {
            process.freeze();
        }
        let (ended, inner) = (process.watch_end(), Arc::downgrade(self));
        tokio::spawn(async move {
            ended.await;
            if let Some(inner) = inner.upgrade() {
                inner.live().remove(&group);
                inner.guard.removed(group);
            }
        });
    }

    async fn whole_process(
        self: &Arc<Self>,
        kind: BrowserKind,
        args: Vec<Arg>,
    ) -> Result<ChromiumBrowser, StartError> {
        let (process, proxy) = self.launch(kind, args, false).await?;
        let opened = Tabs::open(crate::page::Scope::Process(&process)).await;
        let (tabs, events) = opened
            .map_err(|e| StartError { detail: format!("the browser's first page: {e}"), retryable: true })?;
        Ok(ChromiumBrowser::new(Arc::clone(self), Body::Process(process), proxy, tabs, events))
    }

    async fn context(self: &Arc<Self>, entry: &Entry) -> Result<ChromiumBrowser, StartError> {
        let held = self.shared.context(self, entry).await?;
        let fail = |e: &dyn std::fmt::Display| StartError {
            detail: format!("a browser context: {e}"),
            retryable: true,
        };
        let (shared, mut context, proxy) = held;
        let (tabs, events) =
            Tabs::open(crate::page::Scope::Context(&mut context)).await.map_err(|e| fail(&e))?;
        Ok(ChromiumBrowser::new(
            Arc::clone(self),
            Body::Context { _context: context, shared },
            proxy,
            tabs,
            events,
        ))
    }
}

/// Arguments from the closed list; the edge has refused others already.
pub(super) fn args(entry: &Entry) -> Result<Vec<Arg>, StartError> {
    let parse =
        |a: &String| a.parse().map_err(|e| StartError { detail: format!("args: {e}"), retryable: false });
    entry.spec.args.iter().map(parse).collect()
}

impl Browsers for Chromium {
    fn warm(&self) -> Pending<'_, Result<Arc<dyn Browser>, StartError>> {
        Box::pin(async {
            let kind =
                if self.inner.shell.is_some() { BrowserKind::HeadlessShell } else { BrowserKind::Chrome };
            let browser = self.inner.whole_process(kind, Vec::new()).await?;
            browser.run_in().await;
            if self.inner.demand.is_there() {
                browser.keep_page_ready();
            }
            Ok(Arc::new(browser) as Arc<dyn Browser>)
        })
    }

    fn serves_warm(&self, entry: &Entry) -> bool {
        let spec = &entry.spec;
        spec.isolation == Isolation::Process
            && spec.args.is_empty()
            && (spec.browser == BrowserKind::HeadlessShell || self.inner.shell.is_none())
    }

    fn start(&self, entry: Entry) -> Pending<'_, Result<Arc<dyn Browser>, StartError>> {
        Box::pin(async move {
            let browser = match entry.spec.isolation {
                Isolation::Process => self.inner.whole_process(entry.spec.browser, args(&entry)?).await?,
                Isolation::Context => self.inner.context(&entry).await?,
            };
            Ok(Arc::new(browser) as Arc<dyn Browser>)
        })
    }

    fn versions(&self) -> Vec<BrowserVersion> {
        self.inner.versions().clone()
    }

    fn freeze_all(&self) {
        self.inner.frozen.store(true, Ordering::Release);
        let live: Vec<_> = self.inner.live().values().filter_map(Weak::upgrade).collect();
        if !live.is_empty() {
            warn!(browsers = live.len(), "stopping every browser");
        }
        for process in live {
            process.freeze();
        }
    }

    fn thaw_all(&self) {
        self.inner.frozen.store(false, Ordering::Release);
        let live: Vec<_> = self.inner.live().values().filter_map(Weak::upgrade).collect();
        for process in live {
            process.thaw();
        }
    }

    fn pressure(&self) -> f64 {
        self.inner.pressure.read()
    }

    fn start_limit(&self) -> usize {
        // A start takes a core for 75 ms.
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
    }
}
