//! One command under way: its tab, its deadline, and what it waits for.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bus_schema::error::Error;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use super::Context;
use super::error::{of_call, of_tab};
use crate::cdp::{Answer, Cdp};
use crate::page::TabHandle;

/// How long after a command's deadline its calls are given up; the command itself ends first.
const SLACK: Duration = Duration::from_secs(1);

pub(super) struct Job<'a> {
    pub ctx: &'a Context,
    pub n: u32,
    cdp: Cdp,
    deadline: Instant,
    waiting: Mutex<Option<Error>>,
    done: Mutex<Option<Done>>,
    known: Mutex<Option<Value>>,
}

/// What a command of several parts has done so far.
struct Done {
    said: String,
    context: Value,
}

impl<'a> Job<'a> {
    pub fn new(ctx: &'a Context, tab: &TabHandle, deadline: Instant) -> Self {
        let cdp = Self::bounded(&tab.cdp, deadline);
        Self {
            ctx,
            n: tab.n,
            cdp,
            deadline,
            waiting: Mutex::new(None),
            done: Mutex::new(None),
            known: Mutex::default(),
        }
    }

    fn bounded(cdp: &Cdp, deadline: Instant) -> Cdp {
        cdp.with_timeout(deadline.saturating_duration_since(Instant::now()) + SLACK)
    }

    /// The tab's session; its calls end with the command.
    pub fn cdp(&self) -> &Cdp {
        &self.cdp
    }

    /// Another session with this command's deadline.
    pub fn on(&self, cdp: &Cdp) -> Cdp {
        Self::bounded(cdp, self.deadline)
    }

    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// The tab as it is now.
    pub fn tab(&self) -> Result<TabHandle, Error> {
        self.ctx.tabs.tab(Some(self.n)).map_err(of_tab)
    }

    pub async fn call(&self, method: &str, params: impl Serialize) -> Result<Answer, Error> {
        self.cdp.call_answer(method, &params).await.map_err(of_call)
    }

    /// What the command waits for: if its time runs out, this is the error it ends with.
    pub fn waits_for(&self, error: Error) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    /// Nothing in particular is waited for any more.
    pub fn waits_no_more(&self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Of a command of several parts: what is done, for the error of one that comes later.
    pub fn has_done(&self, said: String, context: Value) {
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = Some(Done { said, context });
    }

    /// What is known of a click before it is done.
    pub fn knows(&self, clicked: Value) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(clicked);
    }

    /// The last click, as far as it came.
    pub fn clicked(&self) -> Option<Value> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// An error that also says what was done before.
    pub fn after_what_is_done(&self, mut error: Error) -> Error {
        let Some(done) = self.done.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return error;
        };
        error.detail = format!("{}; {}", error.detail, done.said);
        match (error.context.as_mut().and_then(Value::as_object_mut), done.context) {
            (Some(context), Value::Object(more)) => context.extend(more),
            (_, more) => error.context = Some(more),
        }
        error
    }

    /// The error of a command whose time has run out.
    pub fn timed_out(&self, limit: Duration) -> Error {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut error =
            waiting.unwrap_or_else(|| Error::timeout("the page did not answer in time").outcome_unknown());
        error.detail = format!("{} (after {} ms)", error.detail, limit.as_millis());
        error = self.after_what_is_done(error);
        if let Some(url) = self.ctx.tabs.leaving(self.n) {
            // Whatever it was that was asked of the page: this is why.
            error.detail =
                format!("the page is on its way to {url}, which has not answered: {}", error.detail);
            error.context.get_or_insert_with(|| serde_json::json!({ "leaving_for": url }));
        }
        // A page that shares its process with one that shows a dialog stands still too.
        let dialogs = self.ctx.tabs.dialogs();
        if !dialogs.is_empty() && error.context.is_none() {
            error.context = Some(serde_json::json!({ "dialogs": dialogs }));
        }
        error
    }
}
