//! Going somewhere, and waiting until it is there.

use std::time::Duration;

use bus_schema::model::command::WaitUntil;
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;

use super::document::REMEMBERED;
use super::tabs::{TabError, Tabs};
use super::tracker::{Tab, Tracker};
use crate::cdp::CallError;

/// How long after a page stopped loading the next one may begin.
const NEXT_PAGE: Duration = Duration::from_millis(500);

/// How long after the news that there is no page the one that says so may be shown.
const ERROR_PAGE: Duration = Duration::from_millis(500);

/// How long the browser may take to stop a navigation.
const STOP: Duration = Duration::from_secs(1);

/// A place in a tab's history of documents: what comes later is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    n: u32,
    document: u64,
    within: u64,
}

/// A navigation that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Navigation {
    from: Mark,
    /// The new document; absent when it is the same one, at another place.
    loader: Option<String>,
}

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NavigateError {
    /// As Chromium names it, for example `net::ERR_NAME_NOT_RESOLVED`.
    #[error("{0}")]
    Net(String),
    /// The same, of an address to which the one asked for has redirected.
    #[error("{net} at {url}")]
    Elsewhere { net: String, url: String },
    /// The answer was a file to keep, not a page to show.
    #[error("a download began where a page was expected")]
    Download,
    /// The connection ended in the middle of the page, or the page itself stopped its loading.
    #[error("the page broke off before it was whole")]
    BrokenOff,
    #[error(transparent)]
    Tab(#[from] TabError),
}

/// A navigation that somebody waits for. Dropped before it is [`done`](Self::done), it is stopped if no server has
/// answered: the browser passes nothing on to a page that is being left, so nobody could use it meanwhile.
pub struct Departure {
    tabs: Tabs,
    n: u32,
    done: bool,
}

impl Departure {
    /// What the tab shows now is what was wanted.
    pub fn done(mut self) {
        self.done = true;
    }
}

impl Drop for Departure {
    fn drop(&mut self) {
        if !self.done {
            self.tabs.stop_leaving(self.n);
        }
    }
}

impl From<CallError> for NavigateError {
    fn from(error: CallError) -> Self {
        Self::Tab(TabError::Call(error))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    loader_id: Option<String>,
    #[serde(default)]
    error_text: String,
    #[serde(default)]
    is_download: bool,
}

impl Tabs {
    /// To be held by who waits for a page, from before it is asked for.
    pub fn departure(&self, n: u32) -> Departure {
        Departure { tabs: self.clone(), n, done: false }
    }

    /// Where a tab is on its way to, while the server there has not answered.
    pub fn leaving(&self, n: u32) -> Option<String> {
        self.inner.tracker().tab(n)?.leaving.clone()
    }

    /// Stops a navigation that has not been answered. Says whether there was one.
    fn stop_leaving(&self, n: u32) -> bool {
        // One that asks whether it may be left is not stopped, for its answer is still to come.
        let is_left = |tab: &&Tab| tab.leaving.is_some() && tab.dialog.is_none();
        let leaving = self.inner.tracker().tab(n).filter(is_left).map(|tab| tab.session.clone());
        let Some(session) = leaving else { return false };
        self.inner.root.on_session(&session).notify_raw("Page.stopLoading", &json!({}));
        true
    }

    /// Stops a navigation that has not been answered, and waits until the page is what it was.
    pub async fn stay(&self, n: u32) {
        if self.stop_leaving(n) {
            let stays =
                |tracker: &Tracker| tracker.tab(n).is_none_or(|tab| tab.leaving.is_none()).then_some(());
            let _ = timeout(STOP, self.inner.wait_for(stays)).await;
        }
    }

    /// Resolves when the tab is on its way to another document, or gone.
    pub async fn leaves(&self, n: u32) {
        let leaves = |tracker: &Tracker| tracker.tab(n).is_none_or(|tab| tab.leaving.is_some()).then_some(());
        if self.inner.wait_for(leaves).await.is_err() {
            // The browser is gone; the calls that are raced with this say so.
            std::future::pending::<()>().await;
        }
    }

    /// Where a tab is now, to wait later for what comes after.
    pub fn mark(&self, n: u32) -> Result<Mark, TabError> {
        let tracker = self.inner.tracker();
        let tab = tracker.tab(n).ok_or(TabError::NoSuchTab(n))?;
        let document = tab.frames.main().map_or(0, |frame| frame.document);
        Ok(Mark { n, document, within: tab.frames.within })
    }

    /// Begins a navigation and returns when the server has answered: with what [`Self::arrived`] waits for, or
    /// with why there will be no page. The caller judges the URL and brings the deadline.
    pub async fn navigate(
        &self,
        n: u32,
        url: &str,
        referrer: Option<&str>,
    ) -> Result<Navigation, NavigateError> {
        let tab = self.tab(Some(n))?;
        let from = self.mark(n)?;
        self.touch(n).await;
        let mut params = json!({ "url": url });
        if let Some(referrer) = referrer {
            params["referrer"] = referrer.into();
        }
        let answer: Answer = tab.cdp.call_answer("Page.navigate", &params).await?.decode()?;
        if answer.is_download {
            return Err(NavigateError::Download);
        }
        if !answer.error_text.is_empty() {
            let at = self.unreachable(n, answer.loader_id.as_deref(), &answer.error_text).await;
            let at = at.filter(|at| !is_same(at, url));
            return Err(match at {
                Some(at) => NavigateError::Elsewhere { net: self.explained(&at, answer.error_text), url: at },
                None => NavigateError::Net(self.explained(url, answer.error_text)),
            });
        }
        Ok(Navigation { from, loader: answer.loader_id })
    }

    /// The address that could not be had after all redirects, as the page says that is shown in its place.
    async fn unreachable(&self, n: u32, loader: Option<&str>, net: &str) -> Option<String> {
        // One that was given up shows no such page.
        let loader = loader.filter(|_| net != "net::ERR_ABORTED")?;
        let shown = self.inner.wait_for(|tracker| {
            let Some(tab) = tracker.tab(n) else { return Some(None) };
            let main = tab.frames.main().filter(|main| main.has_shown(loader))?;
            main.unreachable.clone().map(Some)
        });
        timeout(ERROR_PAGE, shown).await.ok()?.ok()?
    }

    /// Behind its proxy Chromium calls every failure to connect one of the proxy's.
    fn explained(&self, url: &str, net: String) -> String {
        let explain = || {
            let url = url::Url::parse(url).ok()?;
            (self.inner.explain.get()?)(url.host_str()?, url.port_or_known_default()?)
        };
        explain().map_or(net, str::to_owned)
    }

    /// Waits until a navigation is as far as asked. If the page has meanwhile gone on to another document, that
    /// one counts.
    pub async fn arrived(&self, navigation: &Navigation, until: WaitUntil) -> Result<(), NavigateError> {
        let from = navigation.from;
        let Some(loader) = &navigation.loader else { return self.moved_on(from, until).await };
        self.wait_whole(from.n, until, |tab| {
            let Some(main) = tab.frames.main() else { return false };
            // Not any other document: a page that goes elsewhere by itself may have done so just before.
            main.has_shown(loader) || main.document > from.document + REMEMBERED
        })
        .await
    }

    /// Waits until a tab shows what came after `mark`: another document, as far as asked, or another place in
    /// the same one.
    pub async fn moved_on(&self, mark: Mark, until: WaitUntil) -> Result<(), NavigateError> {
        let within = self.wait_in(mark.n, |tab| (tab.frames.within > mark.within).then_some(()));
        let replaced = self.wait_whole(mark.n, until, |tab| {
            tab.frames.main().is_some_and(|main| main.document > mark.document)
        });
        tokio::select! {
            moved = within => moved,
            loaded = replaced => loaded,
        }
    }

    /// Waits until the document that a tab shows is the one meant and as far as asked, or has broken off before.
    async fn wait_whole(
        &self,
        n: u32,
        until: WaitUntil,
        is_meant: impl Fn(&Tab) -> bool,
    ) -> Result<(), NavigateError> {
        let is_broken_off = |tab: &Tab| is_meant(tab) && tab.frames.is_broken_off();
        loop {
            let arrived = self.wait_in(n, |tab| (is_meant(tab) && tab.frames.is_at(until)).then_some(()));
            let broken_off = self.wait_in(n, |tab| is_broken_off(tab).then_some(()));
            tokio::select! {
                biased;
                arrived = arrived => return arrived,
                stopped = broken_off => stopped?,
            }
            // A page that sends its visitor on stops loading too, and the next one is on its way.
            let goes_on = self.wait_in(n, |tab| (!is_broken_off(tab)).then_some(()));
            match timeout(NEXT_PAGE, goes_on).await {
                Ok(gone_on) => gone_on?,
                Err(_) => return Err(NavigateError::BrokenOff),
            }
        }
    }

    /// Waits until the document that a tab shows is as far as asked.
    pub async fn loaded(&self, n: u32, until: WaitUntil) -> Result<(), NavigateError> {
        self.wait_in(n, |tab| tab.frames.is_at(until).then_some(())).await
    }

    /// The addresses of the frames of a tab in which requests are under way.
    pub fn restless(&self, n: u32) -> Vec<String> {
        let tracker = self.inner.tracker();
        let tab = tracker.tab(n);
        tab.map(|tab| tab.frames.restless().map(|frame| frame.url.clone()).collect()).unwrap_or_default()
    }

    async fn wait_in(&self, n: u32, check: impl Fn(&Tab) -> Option<()>) -> Result<(), NavigateError> {
        let outcome = |tracker: &Tracker| match tracker.tab(n) {
            None => Some(Err(TabError::NoSuchTab(n))),
            Some(tab) if tab.crashed => Some(Err(TabError::Crashed(n))),
            Some(tab) => check(tab).map(Ok),
        };
        Ok(self.inner.wait_for(outcome).await??)
    }
}

/// Whether two addresses differ in nothing that is sent.
fn is_same(a: &str, b: &str) -> bool {
    let plain = |text: &str| {
        let mut url = url::Url::parse(text).ok()?;
        url.set_fragment(None);
        Some(url)
    };
    plain(a) == plain(b)
}
