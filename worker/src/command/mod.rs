//! The commands of a session: one file per action, each an ordinary async function with a deadline.
//!
//! [`run`] is the one way in. Dropping its future ends a command at any point and lets go of what it held down.
//! Order among commands, keys, and who may act are the session's affair and not decided here.

mod check;
mod click;
mod clipboard;
mod content;
mod control;
mod cookies;
mod cursor;
mod dialog;
mod drag;
mod element;
mod error;
mod evaluate;
mod fill_form;
mod glob;
mod history;
mod hover;
mod input;
mod job;
mod key;
mod keyboard;
mod keymap;
mod markdown;
mod mouse;
mod navigate;
mod observe;
mod order;
mod outline;
mod pdf;
mod place;
mod pointer;
mod press;
mod pressed;
mod refs;
mod screenshot;
mod scroll;
mod select_option;
mod settle;
mod storage;
mod stuck;
mod tabs;
mod type_text;
mod upload;
mod viewport;
mod wait_for;
mod world;

use std::path::PathBuf;
use std::time::Duration;

use bus_schema::error::Error;
use bus_schema::model::command::{Command, CommandClass, CommandRequest, OpenDialog};
use bus_schema::model::rpc::Attachment;
use bus_schema::model::session::Page;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::time::Instant;

pub(crate) use cookies::restore as restore_cookies;
pub use cursor::{Pointer, cursor_at, pointer};
pub use input::dispatch as dispatch_input;
pub(crate) use storage::read as storage;

use crate::page::Tabs;
use error::of_tab;
use job::Job;
use order::Orders;
use outline::Outlines;
use pressed::Pressed;
use world::Worlds;

/// What the commands of one session share. One per session, as long as its browser.
pub struct Context {
    tabs: Tabs,
    /// Files that may be uploaded, by name.
    uploads: PathBuf,
    worlds: Worlds,
    pressed: Pressed,
    outlines: Outlines,
    orders: Orders,
}

impl Context {
    /// `uploads` is the directory of staged files; the browser must be able to read it.
    pub fn new(tabs: Tabs, uploads: impl Into<PathBuf>) -> Self {
        Self {
            tabs,
            uploads: uploads.into(),
            worlds: Worlds::default(),
            pressed: Pressed::default(),
            outlines: Outlines::default(),
            orders: Orders::default(),
        }
    }

    pub fn tabs(&self) -> &Tabs {
        &self.tabs
    }

    /// Lets go of every button and key that is held down. For each change of who drives the session.
    pub fn release_all(&self) {
        for (n, method, event) in self.pressed.take() {
            if let Ok(tab) = self.tabs.tab(Some(n)) {
                tab.cdp.notify_raw(method, &event);
            }
        }
    }
}

/// What a command gave.
#[derive(Debug)]
pub struct Output {
    /// Its form depends on the action.
    pub result: Box<RawValue>,
    pub attachment: Option<Attachment>,
    /// The tab it ran in; absent when none is open.
    pub tab: Option<u32>,
    /// What that tab shows now.
    pub page: Page,
    /// The dialog that it opened and that is open still; then the result is empty or what was known before.
    pub dialog: Option<OpenDialog>,
}

/// What an action gave.
struct Outcome {
    result: Box<RawValue>,
    attachment: Option<Attachment>,
}

impl Outcome {
    fn of(result: &impl Serialize) -> Result<Self, Error> {
        let result = serde_json::value::to_raw_value(result)
            .map_err(|error| Error::internal(format!("a result cannot be written: {error}")))?;
        Ok(Self { result, attachment: None })
    }

    fn raw(json: String) -> Result<Self, Error> {
        let result = RawValue::from_string(json)
            .map_err(|error| Error::internal(format!("the browser's result is no JSON: {error}")))?;
        Ok(Self { result, attachment: None })
    }

    fn empty() -> Result<Self, Error> {
        Self::of(&json!({}))
    }

    fn with(mut self, media_type: &str, bytes: impl Into<bytes::Bytes>) -> Self {
        self.attachment = Some(Attachment { media_type: media_type.to_owned(), bytes: bytes.into() });
        self
    }
}

/// How long the title of a page may take to be known once its command is done.
const TITLE: Duration = Duration::from_millis(500);

/// Runs a command that was validated. It is over by `deadline`, and says then what it was waiting for.
pub async fn run(ctx: &Context, request: &CommandRequest, deadline: Instant) -> Result<Output, Error> {
    let limit = deadline.saturating_duration_since(Instant::now());
    match &request.command {
        Command::Dialog(c) => {
            bounded(limit, of_session(ctx, request.tab, dialog::run(ctx, request.tab, c))).await
        }
        Command::Tabs(_) => of_session(ctx, request.tab, async { tabs::list(ctx) }).await,
        Command::ActivateTab(c) => bounded(limit, of_session(ctx, Some(c.tab), tabs::activate(ctx, c))).await,
        Command::CloseTab(c) => bounded(limit, of_session(ctx, None, tabs::close(ctx, c))).await,
        Command::NewTab(c) => {
            let n = bounded(limit, tabs::open(ctx)).await?;
            in_tab(ctx, request, Some(n), deadline, async |job| tabs::show(job, c).await).await
        }
        Command::CookiesGet(c) => bounded(limit, of_session(ctx, request.tab, cookies::get(ctx, c))).await,
        Command::CookiesSet(c) => bounded(limit, of_session(ctx, request.tab, cookies::set(ctx, c))).await,
        Command::CookiesClear(_) => bounded(limit, of_session(ctx, request.tab, cookies::clear(ctx))).await,
        Command::StorageGet(_) => {
            bounded(limit, of_session(ctx, request.tab, storage::get(ctx, deadline))).await
        }
        Command::StorageSet(c) => {
            bounded(limit, of_session(ctx, request.tab, storage::set(ctx, c, deadline))).await
        }
        Command::SetViewport(c) => bounded(limit, of_session(ctx, request.tab, viewport::run(ctx, c))).await,
        Command::Navigate(_)
        | Command::Reload(_)
        | Command::Back(_)
        | Command::Forward(_)
        | Command::Click(_)
        | Command::Hover(_)
        | Command::Type(_)
        | Command::Press(_)
        | Command::SelectOption(_)
        | Command::Check(_)
        | Command::Uncheck(_)
        | Command::FillForm(_)
        | Command::Scroll(_)
        | Command::Drag(_)
        | Command::Mouse(_)
        | Command::Key(_)
        | Command::Upload(_)
        | Command::WaitFor(_)
        | Command::Evaluate(_)
        | Command::Content(_)
        | Command::Screenshot(_)
        | Command::Pdf(_)
        | Command::Observe(_) => {
            let work = async |job: &Job<'_>| act(job, &request.command).await;
            in_tab(ctx, request, request.tab, deadline, work).await
        }
    }
}

/// The actions on the page of one tab.
async fn act(job: &Job<'_>, command: &Command) -> Result<Outcome, Error> {
    match command {
        Command::Navigate(c) => navigate::run(job, c).await,
        Command::Reload(c) => history::reload(job, c).await,
        Command::Back(c) => history::go(job, -1, c.wait_until).await,
        Command::Forward(c) => history::go(job, 1, c.wait_until).await,
        Command::Click(c) => click::run(job, c).await,
        Command::Hover(c) => hover::run(job, c).await,
        Command::Type(c) => type_text::run(job, c).await,
        Command::Press(c) => press::run(job, c).await,
        Command::SelectOption(c) => select_option::run(job, c).await,
        Command::Check(c) => check::run(job, &c.target, true).await,
        Command::Uncheck(c) => check::run(job, &c.target, false).await,
        Command::FillForm(c) => fill_form::run(job, c).await,
        Command::Scroll(c) => scroll::run(job, c).await,
        Command::Drag(c) => drag::run(job, c).await,
        Command::Mouse(c) => mouse::run(job, c).await,
        Command::Key(c) => key::run(job, c).await,
        Command::Upload(c) => upload::run(job, c).await,
        Command::WaitFor(c) => wait_for::run(job, c).await,
        Command::Evaluate(c) => evaluate::run(job, c).await,
        Command::Content(c) => content::run(job, c).await,
        Command::Screenshot(c) => screenshot::run(job, c).await,
        Command::Pdf(c) => pdf::run(job, c).await,
        Command::Observe(c) => observe::run(job, c).await,
        Command::SetViewport(_)
        | Command::CookiesGet(_)
        | Command::CookiesSet(_)
        | Command::CookiesClear(_)
        | Command::StorageGet(_)
        | Command::StorageSet(_)
        | Command::Dialog(_)
        | Command::Tabs(_)
        | Command::NewTab(_)
        | Command::ActivateTab(_)
        | Command::CloseTab(_) => {
            Err(Error::internal(format!("{} is not an action on a page", command.action())))
        }
    }
}

async fn bounded<T>(limit: Duration, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
        Err(Error::timeout(format!("the browser did not answer within {} ms", limit.as_millis()))
            .outcome_unknown())
    })
}

/// Runs what needs no page.
async fn of_session(
    ctx: &Context,
    tab: Option<u32>,
    work: impl Future<Output = Result<Outcome, Error>>,
) -> Result<Output, Error> {
    let Outcome { result, attachment } = work.await?;
    let tab = ctx.tabs.tab(tab).or_else(|_| ctx.tabs.tab(None)).ok().map(|tab| tab.n);
    Ok(Output { result, attachment, tab, page: shown(ctx, tab), dialog: None })
}

/// Runs what needs the page of a tab, up to its deadline, or up to the dialog that it opens.
async fn in_tab(
    ctx: &Context,
    request: &CommandRequest,
    tab: Option<u32>,
    deadline: Instant,
    work: impl AsyncFnOnce(&Job<'_>) -> Result<Outcome, Error>,
) -> Result<Output, Error> {
    let tab = ctx.tabs.tab(tab).map_err(of_tab)?;
    let n = tab.n;
    if let Some(dialog) = &tab.dialog {
        return Err(blocked(dialog));
    }
    let revives = matches!(request.command, Command::Navigate(_) | Command::Reload(_));
    if tab.crashed && !revives {
        return Err(of_tab(crate::page::TabError::Crashed(n)));
    }
    let limit = deadline.saturating_duration_since(Instant::now());
    let job = Job::new(ctx, &tab, deadline);
    let done = tokio::select! {
        biased;
        done = tokio::time::timeout_at(deadline, work(&job)) => Some(done),
        _ = opened(ctx, n) => None,
    };
    let dialog = ctx.tabs.tab(Some(n)).ok().and_then(|tab| tab.dialog);
    let acts = request.command.class() == CommandClass::Act;
    let Outcome { result, attachment } = match (done, &dialog) {
        (Some(Ok(done)), _) => done?,
        // A page that shows a dialog answers nothing: what only reads cannot be done now.
        (None | Some(Err(_)), Some(dialog)) if !acts => return Err(blocked(dialog)),
        (None | Some(Err(_)), Some(_)) | (None, None) => {
            let clicks = matches!(request.command, Command::Click(_));
            Outcome::of(&job.clicked().filter(|_| clicks).unwrap_or_else(|| json!({})))?
        }
        (Some(Err(_)), None) => return Err(job.timed_out(limit)),
    };
    let lean = !acts || matches!(request.command, Command::Evaluate(_)) || dialog.is_some();
    let page = match lean {
        true => shown(ctx, Some(n)),
        false => match tokio::time::timeout(TITLE, ctx.tabs.page(n)).await {
            Ok(Ok(page)) => page,
            Ok(Err(_)) | Err(_) => shown(ctx, Some(n)),
        },
    };
    Ok(Output { result, attachment, tab: Some(n), page, dialog })
}

async fn opened(ctx: &Context, n: u32) {
    if ctx.tabs.dialog_opened(n).await.is_err() {
        // The browser is gone; the command's own calls say so.
        std::future::pending::<()>().await;
    }
}

/// A command that needs the page has to wait for an answer to its dialog.
fn blocked(dialog: &OpenDialog) -> Error {
    Error::conflict("a dialog is open in this tab; answer it with `dialog`")
        .not_started()
        .with_context(json!({ "dialog": dialog }))
}

/// What a tab shows, as far as it is known without asking the browser.
fn shown(ctx: &Context, tab: Option<u32>) -> Page {
    let listed = ctx.tabs.list().into_iter().find(|listed| Some(listed.n) == tab);
    listed.map(|tab| Page { url: tab.url, title: tab.title }).unwrap_or_default()
}
