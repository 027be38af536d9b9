//! The handle on a session's tabs.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bus_schema::model::command::OpenDialog;
use bus_schema::model::create::Viewport;
use bus_schema::model::session;
use chromiumoxide_cdp::cdp::browser_protocol::page::HandleJavaScriptDialogParams;
use chromiumoxide_cdp::cdp::browser_protocol::target::{CloseTargetParams, CreateTargetParams};
use futures::future::join_all;
use serde_json::json;
use tokio::sync::{RwLock, mpsc, watch};
use tokio_util::task::AbortOnDropHandle;

use super::clipboard::{Clipboard, Copies};
use super::driver::{ask_title, drive};
use super::emulation::{ApplyError, Emulation};
use super::event::{Chooser, Event};
use super::hand::{self, ChooserError, Chosen, Hand};
use super::input::{INTEREST, Input};
use super::setup::{self, Seeds};
use super::tracker::{Tab, Tracker};
use crate::browser::{Context, Process};
use crate::cdp::{CallError, Cdp, channel};

/// Events of the browser that may wait for the driver. It only waits for an owner that does not listen.
const INBOX: usize = 8192;
/// Events that may wait for the session's owner, notes in the first half only.
const OUTBOX: usize = 1024;

/// How long the news of a title may be on its way to the tracker.
const NOTED: Duration = Duration::from_millis(50);

/// Whose tabs they are.
pub enum Scope<'a> {
    /// Those of a whole browser.
    Process(&'a Process),
    /// Those of one browser context among several.
    Context(&'a mut Context),
}

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TabError {
    #[error("there is no tab {0}")]
    NoSuchTab(u32),
    #[error("no tab is open")]
    NoTab,
    #[error("no dialog is open in tab {0}")]
    NoDialog(u32),
    #[error("tab {0} has crashed; it can be navigated again")]
    Crashed(u32),
    #[error(transparent)]
    Call(#[from] CallError),
}

/// The tabs of one session. Cheap to clone; when the last clone is dropped they are no longer followed.
#[derive(Clone)]
pub struct Tabs {
    pub(super) inner: Arc<Inner>,
    _tasks: Arc<[AbortOnDropHandle<()>; 2]>,
}

/// One tab, as it was when it was asked for.
#[derive(Clone, Debug)]
pub struct TabHandle {
    pub n: u32,
    pub target: String,
    pub cdp: Cdp,
    pub url: String,
    pub crashed: bool,
    pub dialog: Option<OpenDialog>,
}

/// One frame of a tab.
#[derive(Clone, Debug)]
pub struct FrameHandle {
    pub id: String,
    pub parent: Option<String>,
    pub name: String,
    pub url: String,
    /// The session that speaks for it: another than the tab's where it runs in a process of its own.
    pub cdp: Cdp,
    /// The execution context of the page's own scripts, for `Runtime.evaluate{contextId}`; absent while the
    /// document is being replaced.
    pub world: Option<i64>,
    /// Counts its documents: together with the frame's id it names one of them.
    pub document: u64,
}

/// From a host and its port to the name that Chromium would have given the failure.
pub(super) type Explain = Box<dyn Fn(&str, u16) -> Option<&'static str> + Send + Sync>;

/// What the handle and the driver share.
pub(super) struct Inner {
    pub root: Cdp,
    pub user_agent: String,
    context: Option<String>,
    tracker: Mutex<Tracker>,
    pub changed: watch::Sender<u64>,
    pub emulation: RwLock<Emulation>,
    pub seeds: Mutex<Seeds>,
    pub network: AtomicBool,
    /// What pages need while a person drives.
    pub hand: Hand,
    /// The session's own, where its browser is not.
    pub clipboard: Option<Clipboard>,
    /// Knows why a host was not reached, where Chromium itself only knows that its proxy failed it.
    pub explain: OnceLock<Explain>,
    pub events: mpsc::Sender<Event>,
    pub notes_dropped: AtomicU64,
    feed: mpsc::Sender<Input>,
    inputs: tokio::sync::Mutex<mpsc::Receiver<Input>>,
}

impl Inner {
    pub fn tracker(&self) -> MutexGuard<'_, Tracker> {
        self.tracker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the driver an input that does not come from the browser.
    pub async fn feed(&self, input: Input) {
        let _ = self.feed.send(input).await;
    }

    pub fn try_feed(&self, input: Input) {
        let _ = self.feed.try_send(input);
    }

    pub async fn next_input(&self) -> Option<Input> {
        self.inputs.lock().await.recv().await
    }

    pub fn context_id(&self) -> Option<String> {
        self.context.clone()
    }

    fn handle(&self, tab: &Tab) -> TabHandle {
        TabHandle {
            n: tab.n,
            target: tab.target.clone(),
            cdp: self.root.on_session(&tab.session),
            url: tab.url.clone(),
            crashed: tab.crashed,
            dialog: tab.dialog.clone(),
        }
    }

    /// Waits until `check` finds something in the tracker; the caller brings the deadline.
    pub async fn wait_for<T>(&self, mut check: impl FnMut(&Tracker) -> Option<T>) -> Result<T, CallError> {
        let mut changed = self.changed.subscribe();
        loop {
            changed.borrow_and_update();
            if let Some(found) = check(&self.tracker()) {
                return Ok(found);
            }
            tokio::select! {
                _ = changed.changed() => {}
                gone = self.root.gone() => return Err(CallError::Closed(gone)),
            }
        }
    }
}

impl Tabs {
    /// Follows the tabs of `scope` and keeps its downloads in its directory. Returns when the first page is set
    /// up. The owner MUST take the events: while it does not, the tabs are not followed.
    pub async fn open(scope: Scope<'_>) -> Result<(Self, mpsc::Receiver<Event>), CallError> {
        let (root, user_agent, context, sink, inbox, downloads) = match scope {
            Scope::Process(process) => {
                let (sink, inbox) = channel(INBOX);
                let agent = process.version().map(|version| version.user_agent.clone()).unwrap_or_default();
                (process.cdp().clone(), agent, None, Some(sink), inbox, process.downloads())
            }
            Scope::Context(context) => {
                let inbox = context.take_events().ok_or(CallError::Detached)?;
                let id = context.id().to_owned();
                (
                    context.root().clone(),
                    context.user_agent().to_owned(),
                    Some(id),
                    None,
                    inbox,
                    context.downloads(),
                )
            }
        };
        let (events, outbox) = mpsc::channel(OUTBOX);
        let (feed, inputs) = mpsc::channel(256);
        let (hand, touched) = Hand::open()?;
        let copies = || Copies { person: hand.watch(), events: events.clone() };
        let clipboard = context.as_ref().map(|_| Clipboard::open(root.clone(), copies())).transpose()?;
        let inner = Arc::new(Inner {
            root: root.clone(),
            user_agent,
            tracker: Mutex::new(Tracker::in_context(context.clone())),
            hand,
            clipboard,
            context,
            changed: watch::Sender::new(0),
            emulation: RwLock::default(),
            seeds: Mutex::default(),
            network: AtomicBool::new(false),
            explain: OnceLock::new(),
            events,
            notes_dropped: AtomicU64::new(0),
            feed,
            inputs: tokio::sync::Mutex::new(inputs),
        });
        let driver = AbortOnDropHandle::new(tokio::spawn(drive(inner.clone(), inbox)));
        let hand = AbortOnDropHandle::new(tokio::spawn(hand::keep(inner.clone(), touched)));
        let tabs = Self { inner, _tasks: Arc::new([driver, hand]) };
        let downloads = tabs.keep_downloads(downloads);
        match sink {
            Some(sink) => {
                root.subscribe_tree(&sink, INTEREST);
                let (watched, kept) = tokio::join!(watch_targets(&root), downloads);
                watched.and(kept)?;
                tabs.inner.wait_for(|tracker| tracker.tabs().any(|tab| tab.ready).then_some(())).await?;
            }
            None => {
                let (opened, kept) = tokio::join!(tabs.new_tab(), downloads);
                kept?;
                opened.map_err(|error| match error {
                    TabError::Call(error) => error,
                    TabError::NoSuchTab(_)
                    | TabError::NoTab
                    | TabError::NoDialog(_)
                    | TabError::Crashed(_) => CallError::Detached,
                })?;
            }
        }
        Ok((tabs, outbox))
    }

    /// Downloads land as `<directory>/<guid>`, whatever name the site gives them.
    async fn keep_downloads(&self, directory: PathBuf) -> Result<(), CallError> {
        if self.inner.context.is_none() {
            self.inner.root.keep_downloads(directory.to_string_lossy().into_owned());
        }
        let mut params = json!({
            "behavior": "allowAndName", "downloadPath": directory.to_string_lossy(), "eventsEnabled": true,
        });
        if let Some(context) = &self.inner.context {
            params["browserContextId"] = context.as_str().into();
        }
        self.inner.root.call_answer("Browser.setDownloadBehavior", &params).await.map(|_| ())
    }

    /// The name under which a download is listed, once it is known here.
    pub async fn download_name(&self, guid: &str) -> Result<String, CallError> {
        self.inner.wait_for(|tracker| tracker.downloads.name(guid).map(str::to_owned)).await
    }

    /// Ends a download that is under way; its end is reported like any other. One that has ended stays as it is.
    pub async fn cancel_download(&self, guid: &str) -> Result<(), CallError> {
        let mut params = json!({ "guid": guid });
        if let Some(context) = &self.inner.context {
            params["browserContextId"] = context.as_str().into();
        }
        match self.inner.root.call_answer("Browser.cancelDownload", &params).await {
            Ok(_) | Err(CallError::Protocol { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// A download is listed no more: its name is free for the next one.
    pub fn release_download(&self, guid: &str) {
        self.inner.tracker().downloads.release(guid);
    }

    /// Sets who knows why a host was not reached. The first one stays.
    pub fn explain_failures(
        &self,
        explain: impl Fn(&str, u16) -> Option<&'static str> + Send + Sync + 'static,
    ) {
        let _ = self.inner.explain.set(Box::new(explain));
    }

    /// Opens the stores of cookies and of the cache, which the first page would wait for otherwise.
    pub async fn run_in(&self) -> Result<(), CallError> {
        let params = json!({});
        self.inner.root.call_answer("Storage.getCookies", &params).await?;
        if let Ok(tab) = self.tab(None) {
            tab.cdp.call_answer("Network.clearBrowserCache", &params).await?;
        }
        Ok(())
    }

    /// The root of the browser.
    pub fn root(&self) -> &Cdp {
        &self.inner.root
    }

    /// The browser context for calls on the root; absent where the session has the browser to itself.
    pub fn context_id(&self) -> Option<&str> {
        self.inner.context.as_deref()
    }

    /// The session's own clipboard; absent where the browser's is its own.
    pub(crate) fn clipboard(&self) -> Option<&Clipboard> {
        self.inner.clipboard.as_ref()
    }

    /// Whether a person drives: what pages need then is brought into them, or taken away again.
    pub fn drive(&self, person: bool) {
        self.inner.hand.drive(person);
    }

    /// Answers what a person has to choose. `None`: they have chosen nothing.
    pub async fn answer_chooser(&self, id: &str, answer: Option<Chosen>) -> Result<(), ChooserError> {
        hand::answer(&self.inner, id, answer).await
    }

    /// What a person has to choose now.
    pub fn chooser(&self) -> Option<Chooser> {
        self.inner.hand.chooser()
    }

    /// Whether the file choosers of pages come to the worker, as they do while a person drives.
    pub(crate) fn takes_file_choosers(&self) -> bool {
        self.inner.hand.is_wanted()
    }

    /// All tabs as clients see them.
    pub fn list(&self) -> Vec<session::Tab> {
        let tracker = self.inner.tracker();
        let active = tracker.active();
        let show = |tab: &Tab| session::Tab {
            n: tab.n,
            url: tab.url.clone(),
            title: tab.title.clone(),
            active: active == Some(tab.n),
            context: tab.context.clone(),
            target: Some(tab.target.clone()),
        };
        tracker.tabs().map(show).collect()
    }

    /// The tab last opened by a page, activated, navigated or given input.
    pub fn active(&self) -> Option<u32> {
        self.inner.tracker().active()
    }

    /// The tab `n`, or the active one.
    pub fn tab(&self, n: Option<u32>) -> Result<TabHandle, TabError> {
        let tracker = self.inner.tracker();
        let n = n.or(tracker.active()).ok_or(TabError::NoTab)?;
        tracker.tab(n).map(|tab| self.inner.handle(tab)).ok_or(TabError::NoSuchTab(n))
    }

    /// The frames of a tab: the main frame, then the others by depth.
    pub fn frames(&self, n: u32) -> Result<Vec<FrameHandle>, TabError> {
        let tracker = self.inner.tracker();
        let tab = tracker.tab(n).ok_or(TabError::NoSuchTab(n))?;
        let show = |frame: &super::tracker::Frame| FrameHandle {
            id: frame.id.clone(),
            parent: frame.parent.clone(),
            name: frame.name.clone(),
            url: frame.url.clone(),
            cdp: self.inner.root.on_session(&frame.session),
            world: frame.world,
            document: frame.document,
        };
        Ok(tab.frames.in_order().into_iter().map(show).collect())
    }

    /// What a tab shows now. Asks the page for the title, which scripts may have changed. Who asks for the list of
    /// tabs afterwards finds the same.
    pub async fn page(&self, n: u32) -> Result<session::Page, TabError> {
        let title = ask_title(self.inner.clone(), self.tab(Some(n))?.target).await?;
        let known = |tracker: &Tracker| tracker.tab(n).is_none_or(|tab| tab.title == title).then_some(());
        // By then a script may have set another one; that is known as soon.
        let _ = tokio::time::timeout(NOTED, self.inner.wait_for(known)).await;
        Ok(session::Page { url: self.tab(Some(n))?.url, title })
    }

    /// Somebody navigated this tab or gave it input: it is the active one from now on.
    pub async fn touch(&self, n: u32) {
        self.inner.feed(Input::Touched { n }).await;
    }

    /// The same of a target, by a client that speaks CDP. Left out when there is more to follow than can be.
    pub fn touch_target(&self, target: &str) {
        let n = self.inner.tracker().tab_of_target(target).map(|tab| tab.n);
        if let Some(n) = n.filter(|n| self.active() != Some(*n)) {
            self.inner.try_feed(Input::Touched { n });
        }
    }

    /// Opens an empty tab, makes it active and waits until it is set up.
    pub async fn new_tab(&self) -> Result<u32, TabError> {
        let mut params = CreateTargetParams::new("about:blank");
        params.browser_context_id = self.inner.context.clone().map(Into::into);
        let target = self.inner.root.call(params).await?.target_id;
        let ready = |tracker: &Tracker| {
            tracker.tab_of_target(target.inner()).filter(|tab| tab.ready).map(|tab| tab.n)
        };
        let n = self.inner.wait_for(ready).await?;
        self.activate(n).await?;
        Ok(n)
    }

    pub async fn activate(&self, n: u32) -> Result<(), TabError> {
        let tab = self.tab(Some(n))?;
        tab.cdp.call_raw("Page.bringToFront", ()).await?;
        self.touch(n).await;
        self.inner
            .wait_for(|tracker| (tracker.active() == Some(n) || tracker.tab(n).is_none()).then_some(()))
            .await?;
        Ok(())
    }

    /// Closes a tab without asking its page, and waits until it is gone.
    pub async fn close(&self, n: u32) -> Result<(), TabError> {
        let target = self.tab(Some(n))?.target;
        self.inner.root.call(CloseTargetParams::new(target)).await?;
        Ok(self.inner.wait_for(|tracker| tracker.tab(n).is_none().then_some(())).await?)
    }

    /// The dialogs that are open.
    pub fn dialogs(&self) -> Vec<OpenDialog> {
        self.inner.tracker().tabs().filter_map(|tab| tab.dialog.clone()).collect()
    }

    /// Resolves when a dialog is open in the tab, with it; never if the tab goes before.
    pub async fn dialog_opened(&self, n: u32) -> Result<OpenDialog, CallError> {
        self.inner.wait_for(|tracker| tracker.tab(n)?.dialog.clone()).await
    }

    /// Answers the dialog of a tab and waits until it is closed.
    pub async fn answer_dialog(
        &self,
        n: u32,
        accept: bool,
        text: Option<String>,
    ) -> Result<OpenDialog, TabError> {
        let tab = self.tab(Some(n))?;
        let dialog = tab.dialog.ok_or(TabError::NoDialog(n))?;
        let mut params = HandleJavaScriptDialogParams::new(accept);
        params.prompt_text = text;
        tab.cdp.call(params).await?;
        let closed = |tracker: &Tracker| tracker.tab(n).is_none_or(|tab| tab.dialog.is_none()).then_some(());
        self.inner.wait_for(closed).await?;
        Ok(dialog)
    }

    /// Brings all tabs, and all that come, to this emulation: only what differs, in one round of calls.
    pub async fn apply(&self, emulation: Emulation) -> Result<(), ApplyError> {
        setup::apply(&self.inner, emulation).await
    }

    /// Sets once more what a client may have overridden and taken with it, or left behind.
    pub async fn assert_again(&self) {
        setup::assert_again(&self.inner).await;
    }

    pub async fn emulation(&self) -> Emulation {
        self.inner.emulation.read().await.clone()
    }

    pub async fn set_viewport(&self, viewport: Viewport) -> Result<(), ApplyError> {
        let emulation = Emulation { viewport, ..self.emulation().await };
        self.apply(emulation).await
    }

    /// Starts or stops notes about requests: they cost the browser time, so they are off until wanted.
    pub async fn watch_network(&self, on: bool) {
        if self.inner.network.swap(on, Relaxed) == on {
            return;
        }
        // Extra headers need the domain too.
        if !on && !self.inner.emulation.read().await.headers.is_empty() {
            return;
        }
        let method = if on { "Network.enable" } else { "Network.disable" };
        let sessions = self.inner.tracker().sessions();
        let handles: Vec<Cdp> =
            sessions.iter().map(|(session, _)| self.inner.root.on_session(session)).collect();
        join_all(handles.iter().map(|cdp| cdp.call_raw(method, ()))).await;
    }

    /// Resolves when something about the tabs has changed since the call.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changed.subscribe()
    }
}

/// Has the browser attach every page, and every worker that belongs to no one page, before its first script.
pub(crate) async fn watch_targets(root: &Cdp) -> Result<(), CallError> {
    let pages = json!([{ "type": "page" }]);
    let discover = json!({ "discover": true, "filter": pages });
    // A page has its own workers attached, but none that outlive it: shared workers not at all, and service workers
    // only where it is in their scope.
    let own = json!([{ "type": "page" }, { "type": "shared_worker" }, { "type": "service_worker" }]);
    let attach = json!({
        "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true, "filter": own,
    });
    let (discovered, attached) = tokio::join!(
        root.call_answer("Target.setDiscoverTargets", &discover),
        root.call_answer("Target.setAutoAttach", &attach),
    );
    discovered.and(attached).map(|_| ())
}
