//! `tabs`, `new_tab`, `activate_tab` and `close_tab`.

use bus_schema::error::Error;
use bus_schema::model::command::{ActivateTab, CloseTab, NewTab, WaitUntil};
use serde_json::json;

use super::error::of_tab;
use super::job::Job;
use super::{Context, Outcome, navigate};

pub(super) fn list(ctx: &Context) -> Result<Outcome, Error> {
    Outcome::of(&json!({ "tabs": ctx.tabs.list() }))
}

pub(super) async fn open(ctx: &Context) -> Result<u32, Error> {
    ctx.tabs.new_tab().await.map_err(of_tab)
}

/// Shows what a new tab is for.
pub(super) async fn show(job: &Job<'_>, c: &NewTab) -> Result<Outcome, Error> {
    if let Some(url) = &c.url {
        navigate::go(job, url, None, WaitUntil::Load).await.map_err(|mut error| {
            // The tab is there, whatever became of the page.
            error.detail = format!("tab {} was opened, but {}", job.n, error.detail);
            error.with_context(json!({ "tab": job.n }))
        })?;
    }
    Outcome::of(&json!({ "tab": job.n, "url": job.tab()?.url }))
}

pub(super) async fn activate(ctx: &Context, c: &ActivateTab) -> Result<Outcome, Error> {
    ctx.tabs.activate(c.tab).await.map_err(of_tab)?;
    Outcome::of(&json!({ "tab": c.tab }))
}

pub(super) async fn close(ctx: &Context, c: &CloseTab) -> Result<Outcome, Error> {
    ctx.tabs.close(c.tab).await.map_err(of_tab)?;
    Outcome::of(&json!({ "tabs": ctx.tabs.list() }))
}
