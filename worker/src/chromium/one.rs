//! One session's browser.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actors::port::{Browser, BrowserEvent, CdpClient, Output, Pending};
use bus_schema::{
    Error, SessionId, Tenant,
    model::{
        command::{Command, CommandRequest, WaitUntil},
        entry::Entry,
        input::InputBatch,
        note::ChooserAnswer,
        rpc::{Attach, Files, FilesReply},
        session::{EndReason, Page, Tab},
        ws::FramesWish,
    },
};
use tokio::{
    sync::{Notify, mpsc, watch},
    task::AbortHandle,
    time::Instant,
};
use tracing::Instrument;

use super::{
    blank,
    clients::Clients,
    cursor, events,
    files::Store,
    fleet::Inner,
    profile::Profile,
    quota,
    record::{self, Recorder},
    shared::{SharedEntry, direct},
    show::{self, Outlets, Wanted},
};
use crate::{
    browser::{Context, ExitReason, Process, proxy::ForwardProxy},
    cdp::{CallError, Cdp},
    command,
    page::{Emulation, Event, NavigateError, Tabs},
};

/// A page that is opened before the session is ready may take this long to load; then the session is ready all the
/// same, and the page goes on loading.
const OPEN: Duration = Duration::from_secs(15);
/// When its server has not answered by then, it is given up: until then the page before it cannot be used.
const ANSWER: Duration = Duration::from_secs(30);
const CLOSE: Duration = Duration::from_secs(5);
/// How long a command whose browser is gone waits to be told why. That is known when its processes are buried.
const REASON: Duration = Duration::from_secs(3);
/// How long the browser may take to let a client in.
const CONNECT: Duration = Duration::from_secs(4);

/// What holds the session's part of a process. Dropped, it is gone.
pub(super) enum Body {
    Process(Arc<Process>),
    Context { _context: Context, shared: Arc<SharedEntry> },
}

impl Body {
    fn process(&self) -> &Arc<Process> {
        match self {
            Body::Process(process) => process,
            Body::Context { shared, .. } => &shared.process,
        }
    }
}

/// Whose browser it is, once it is anybody's.
#[derive(Clone, Debug)]
pub(super) struct Whose {
    pub(super) id: SessionId,
    pub(super) tenant: Tenant,
}

pub(super) struct ChromiumBrowser {
    inner: Arc<Inner>,
    body: Mutex<Option<Body>>,
    proxy: Arc<ForwardProxy>,
    tabs: Tabs,
    context: Arc<command::Context>,
    events: Mutex<Option<mpsc::Receiver<Event>>>,
    files: Arc<Store>,
    wanted: watch::Sender<Option<Wanted>>,
    newcomer: Arc<Notify>,
    /// The pointer of whoever drives.
    pointer: watch::Sender<Option<command::Pointer>>,
    uploads: PathBuf,
    whose: OnceLock<Whose>,
    alive: Arc<AtomicBool>,
    tasks: Mutex<Vec<AbortHandle>>,
    /// To be written at the end.
    profile: OnceLock<Profile>,
    recorder: OnceLock<Arc<Recorder>>,
    /// Who is told what the browser does.
    sink: OnceLock<mpsc::Sender<BrowserEvent>>,
}

impl ChromiumBrowser {
    pub(super) fn new(
        inner: Arc<Inner>,
        body: Body,
        proxy: Arc<ForwardProxy>,
        tabs: Tabs,
        events: mpsc::Receiver<Event>,
    ) -> Self {
        let process = Arc::clone(body.process());
        let downloads = match &body {
            Body::Process(process) => process.downloads(),
            Body::Context { _context, .. } => _context.downloads(),
        };
        let uploads = process
            .home()
            .join(tabs.context_id().map_or_else(|| "uploads".to_owned(), |c| format!("uploads-{c}")));
        let (bus, user) = (inner.bus.clone(), inner.user.clone());
        let files = Arc::new(Store::new(bus, tabs.clone(), uploads.clone(), downloads, user));
        let of_proxy = Arc::downgrade(&proxy);
        tabs.explain_failures(move |host, port| {
            of_proxy.upgrade()?.failure(host, port).map(|f| f.net_error())
        });
        let alive = Arc::new(AtomicBool::new(true));
        let watching = tokio::spawn({
            let (ended, alive) = (process.watch_end(), Arc::clone(&alive));
            async move {
                ended.await;
                alive.store(false, Ordering::Release);
            }
        });
        Self {
            inner,
            body: Mutex::new(Some(body)),
            proxy,
            context: Arc::new(command::Context::new(tabs.clone(), uploads.clone())),
            uploads,
            tabs,
            events: Mutex::new(Some(events)),
            files,
            wanted: watch::Sender::new(None),
            newcomer: Arc::default(),
            pointer: watch::Sender::new(None),
            whose: OnceLock::new(),
            alive,
            tasks: Mutex::new(vec![watching.abort_handle()]),
            profile: OnceLock::new(),
            recorder: OnceLock::new(),
            sink: OnceLock::new(),
        }
    }

    fn process(&self) -> Option<Arc<Process>> {
        lock(&self.body).as_ref().map(|b| Arc::clone(b.process()))
    }

    fn keep(&self, task: tokio::task::JoinHandle<()>) {
        lock(&self.tasks).push(task.abort_handle());
    }

    async fn make_ready(&self, entry: &Entry, sink: mpsc::Sender<BrowserEvent>) -> Result<(), Error> {
        let whose = Whose { id: entry.id.clone(), tenant: entry.tenant.clone() };
        let _ = self.whose.set(whose.clone());
        let _ = self.sink.set(sink.clone());
        let Some(process) = self.process() else { return Err(Error::unavailable("the browser is gone")) };
        direct(&self.proxy, &entry.spec).map_err(|e| Error::invalid_argument("proxy", e.to_string()))?;
        if let Some(events) = lock(&self.events).take() {
            let pump = events::pump(events, sink.clone(), Arc::clone(&self.files));
            self.keep(tokio::spawn(pump));
        }
        self.keep(tokio::spawn(tell_end(process.watch_end(), sink.clone())));
        let cursor = cursor::tell(Arc::clone(&self.context), self.pointer.subscribe(), sink.clone());
        self.keep(tokio::spawn(cursor));
        if entry.spec.recording {
            let recorder = Recorder::start(self.inner.bus.clone(), entry, sink.clone());
            let _ = self.recorder.set(Arc::new(recorder));
            self.watch(None);
        }
        self.keep(tokio::spawn(quota::watch(Arc::downgrade(&process), self.inner.quotas, sink)));
        let outlets = Outlets {
            frames: self.inner.bus.frames(),
            id: whose.id.clone(),
            newcomer: Arc::clone(&self.newcomer),
            recorder: self.recorder.get().cloned(),
        };
        self.keep(tokio::spawn(show::run(self.tabs.clone(), self.wanted.subscribe(), outlets)));
        self.keep(tokio::spawn(give_up_spare(self.tabs.root().clone())));
        self.keep(tokio::spawn(show::requests(self.tabs.clone(), self.wanted.subscribe())));
        let mut emulation = Emulation::from(&entry.spec);
        if let Some(wish) = &entry.spec.profile {
            let (mut profile, cookies) = Profile::load(self.inner.bus.clone(), whose, &wish.name).await?;
            command::restore_cookies(&self.context, &cookies).await?;
            emulation.storage_state.origins = profile.lay_under(emulation.storage_state.origins);
            if wish.save {
                let _ = self.profile.set(profile);
            }
        }
        self.tabs.apply(emulation).await.map_err(|e| {
            let broken = matches!(e.reason, CallError::Closed(_) | CallError::Timeout(_));
            if broken {
                Error::unavailable(e.to_string())
            } else {
                Error::invalid_argument(e.field, e.reason.to_string())
            }
        })?;
        self.open_pages(entry).await
    }

    /// The page asked for, or after a recovery those that were open.
    async fn open_pages(&self, entry: &Entry) -> Result<(), Error> {
        if entry.ready_at.is_none() {
            return match &entry.spec.url {
                Some(url) => self.open(1, url).await,
                None => Ok(()),
            };
        }
        let mut active = None;
        for (i, tab) in entry.tabs.iter().filter(|t| t.context.is_none()).enumerate() {
            let n = if i == 0 { self.tabs.active().unwrap_or(1) } else { self.new_tab().await? };
            // A page that cannot be had any more must not keep the session from coming back.
            if let Err(e) = self.open(n, &tab.url).await {
                tracing::info!(error = %e, "a tab was not recovered");
            }
            if tab.active {
                active = Some(n);
            }
        }
        if let Some(n) = active {
            self.tabs.activate(n).await.map_err(|e| Error::unavailable(e.to_string()))?;
        }
        Ok(())
    }

    /// Does what takes a browser time when it is first used, while nobody waits for it.
    pub(super) async fn run_in(&self) {
        if let Err(error) = self.tabs.run_in().await {
            // Whether it is of use its first session finds out.
            tracing::debug!(%error, "a browser was not run in");
        }
    }

    /// Has a page there for the client that asks for one.
    pub(super) fn keep_page_ready(&self) {
        self.tabs.root().open_spare();
    }

    /// Opens the way for a CDP client and serves it.
    async fn let_in(&self, attach: Attach) -> Result<Box<dyn CdpClient>, Error> {
        if self.tabs.context_id().is_some() {
            let why = "a session with `isolation: context` shares its browser and offers no CDP";
            return Err(Error::conflict(why));
        }
        let (Some(whose), Some(events)) = (self.whose.get(), self.sink.get()) else {
            return Err(Error::unavailable("the session is not ready"));
        };
        let clients = Clients {
            inner: Arc::clone(&self.inner),
            id: whose.id.clone(),
            tabs: self.tabs.clone(),
            uploads: self.uploads.clone(),
            events: events.clone(),
            attach,
        };
        clients.connect().await
    }

    async fn new_tab(&self) -> Result<u32, Error> {
        self.tabs.new_tab().await.map_err(|e| Error::unavailable(e.to_string()))
    }

    async fn open(&self, n: u32, url: &str) -> Result<(), Error> {
        if url.is_empty() || url == "about:blank" {
            return Ok(());
        }
        let (tabs, address) = (self.tabs.clone(), url.to_owned());
        let opening = async move {
            let departure = tabs.departure(n);
            let navigation = tabs.navigate(n, &address, None).await?;
            tabs.arrived(&navigation, WaitUntil::Load).await?;
            departure.done();
            Ok(())
        };
        let mut opening = tokio::spawn(tokio::time::timeout(ANSWER, opening).in_current_span());
        lock(&self.tasks).push(opening.abort_handle());
        let Ok(Ok(Ok(opened))) = tokio::time::timeout(OPEN, &mut opening).await else { return Ok(()) };
        match opened {
            Ok(()) | Err(NavigateError::BrokenOff) => Ok(()),
            Err(e @ (NavigateError::Net(_) | NavigateError::Elsewhere { .. } | NavigateError::Download)) => {
                Err(Error::browser_error(format!("the page could not be opened: {e}")).with_field("url"))
            }
            Err(e @ NavigateError::Tab(_)) => Err(Error::unavailable(e.to_string())),
        }
    }
}

/// A page that nobody asks for is not kept for the whole session.
async fn give_up_spare(root: Cdp) {
    tokio::time::sleep(blank::KEPT_FOR).await;
    root.close_spare();
}

/// The end of the browser is that of the session, unless the session ended it.
async fn tell_end(ended: impl Future<Output = ExitReason>, sink: mpsc::Sender<BrowserEvent>) {
    let reason = ended.await;
    if !matches!(reason, ExitReason::Closed) {
        let detail = match reason {
            ExitReason::Lost(gone) => gone.to_string(),
            ExitReason::Closed | ExitReason::Exited(_) | ExitReason::Killed(_) => {
                format!("the browser {reason}")
            }
        };
        let _ = sink.send(BrowserEvent::Gone { reason: EndReason::Crashed, detail }).await;
    }
}

impl Browser for ChromiumBrowser {
    fn prepare(&self, entry: Entry, sink: mpsc::Sender<BrowserEvent>) -> Pending<'_, Result<(), Error>> {
        Box::pin(async move { self.make_ready(&entry, sink).await })
    }

    fn run(&self, request: CommandRequest, deadline: Instant) -> Pending<'_, Result<Output, Error>> {
        Box::pin(async move {
            let done = command::run(&self.context, &request, deadline).await;
            if done.is_err() && !self.is_alive() {
                // The session, which hears of it by itself, answers in the place of this, with the reason.
                tokio::time::sleep_until(deadline.min(Instant::now() + REASON)).await;
            }
            let output = done?;
            if let (Command::SetViewport(_), Some(sink)) = (&request.command, self.sink.get()) {
                let _ = sink.send(BrowserEvent::Viewport(self.tabs.emulation().await.viewport)).await;
            }
            let command::Output { result, attachment, tab: _, page, dialog } = output;
            Ok(Output { result, attachment, page, dialog })
        })
    }

    fn is_alive(&self) -> bool {
        // Its pipe closes before its processes are gone.
        self.alive.load(Ordering::Acquire) && self.tabs.root().is_attached()
    }

    fn page(&self) -> Page {
        let active = self.tabs.list().into_iter().find(|t| t.active);
        active.map(|t| Page { url: t.url, title: t.title }).unwrap_or_default()
    }

    fn tabs(&self) -> Vec<Tab> {
        self.tabs.list()
    }

    fn active_tab(&self) -> u32 {
        self.tabs.active().unwrap_or(0)
    }

    fn answer_dialog(&self, tab: u32, accept: bool) -> Pending<'_, Result<(), Error>> {
        Box::pin(async move {
            let answered = self.tabs.answer_dialog(tab, accept, None).await;
            answered.map(drop).map_err(|e| Error::browser_error(e.to_string()))
        })
    }

    fn answer_chooser(&self, _: String, _: ChooserAnswer) -> Pending<'_, Result<(), Error>> {
        Box::pin(async { Err(Error::not_found("nothing is to be chosen")) })
    }

    fn input(&self, batch: InputBatch) -> Pending<'_, Result<(), Error>> {
        Box::pin(async move {
            command::dispatch_input(&self.context, &batch).await?;
            if let Some(pointer) = command::pointer(&self.context, &batch) {
                self.pointer.send_replace(Some(pointer));
            }
            Ok(())
        })
    }

    fn release_input(&self) -> Pending<'_, ()> {
        Box::pin(async { self.context.release_all() })
    }

    fn files(&self, request: Files) -> Pending<'_, Result<FilesReply, Error>> {
        Box::pin(async move {
            let Some(whose) = self.whose.get() else {
                return Err(Error::unavailable("the session is not ready"));
            };
            self.files.serve(whose, request).await
        })
    }

    fn connect(&self, attach: Attach) -> Pending<'_, Result<Box<dyn CdpClient>, Error>> {
        Box::pin(async move {
            match tokio::time::timeout(CONNECT, self.let_in(attach)).await {
                Ok(connected) => connected,
                Err(_) => Err(Error::unavailable("the browser does not answer")),
            }
        })
    }

    fn drive(&self, person: bool) {
        self.pointer.send_replace(None);
        self.tabs.root().drive(person);
    }

    fn answers_dialogs(&self) -> bool {
        self.tabs.root().answers_dialogs()
    }

    fn watch(&self, wish: Option<FramesWish>) {
        let wanted = match wish {
            Some(wish) => Some(Wanted { wish, watched: true }),
            None => self.recorder.get().map(|_| Wanted { wish: record::WISH, watched: false }),
        };
        self.wanted.send_if_modified(|now| {
            let differs = *now != wanted;
            *now = wanted;
            differs
        });
    }

    fn show_again(&self) {
        self.newcomer.notify_one();
    }

    fn kill(&self) {
        let (alone, process) = match lock(&self.body).as_ref() {
            Some(body) => (matches!(body, Body::Process(_)), Arc::clone(body.process())),
            None => return,
        };
        // A part of a shared browser cannot be ended while the whole is stopped, and must not go on with it.
        if alone || self.inner.is_frozen() {
            self.proxy.close();
            process.kill();
        }
    }

    fn save(&self) -> Pending<'_, Result<(), Error>> {
        Box::pin(async {
            let profile = async {
                match self.profile.get() {
                    Some(profile) if self.is_alive() => profile.save(&self.context).await,
                    Some(_) | None => Ok(()),
                }
            };
            let film = async {
                if let Some(recorder) = self.recorder.get() {
                    recorder.finish().await;
                }
            };
            tokio::join!(profile, film).0
        })
    }

    fn close(&self) -> Pending<'_, ()> {
        Box::pin(async {
            for task in lock(&self.tasks).drain(..) {
                task.abort();
            }
            // Of a browser that died, whose session goes on, nothing was saved yet.
            if let Some(recorder) = self.recorder.get() {
                recorder.finish().await;
            }
            let Some(body) = lock(&self.body).take() else { return };
            self.inner.demand.session_ended();
            let ended = match &body {
                Body::Process(process) => Some(process.watch_end()),
                // Others live on in it.
                Body::Context { .. } => None,
            };
            drop(body);
            self.files.remove().await;
            if let Some(ended) = ended
                && tokio::time::timeout(CLOSE, ended).await.is_err()
            {
                tracing::error!("a browser is not gone 5 s after it was ended");
            }
        })
    }
}

impl Drop for ChromiumBrowser {
    fn drop(&mut self) {
        for task in lock(&self.tasks).drain(..) {
            task.abort();
        }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
