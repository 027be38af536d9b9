//! `reload`, `back` and `forward`.

use bus_schema::error::Error;
use bus_schema::model::command::{Reload, WaitUntil};
use serde::Deserialize;
use serde_json::json;

use super::Outcome;
use super::error::{of_call, of_navigation, of_tab};
use super::job::Job;
use super::navigate::name;
use super::stuck;
use crate::page::{Departure, Mark};

pub(super) async fn reload(job: &Job<'_>, c: &Reload) -> Result<Outcome, Error> {
    let begun = begin(job, c.wait_until).await?;
    job.call("Page.reload", json!({})).await?;
    arrive(job, begun, c.wait_until).await
}

/// Goes back or forward by `step`.
pub(super) async fn go(job: &Job<'_>, step: i64, until: WaitUntil) -> Result<Outcome, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct History {
        current_index: i64,
        entries: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        id: i64,
    }
    let history: History =
        job.call("Page.getNavigationHistory", json!({})).await?.decode().map_err(of_call)?;
    let index = usize::try_from(history.current_index + step).ok();
    let Some(entry) = index.and_then(|index| history.entries.get(index)) else {
        let way = if step < 0 { "back" } else { "forward" };
        return Err(Error::conflict(format!("there is no page to go {way} to")).not_started());
    };
    let begun = begin(job, until).await?;
    job.call("Page.navigateToHistoryEntry", json!({ "entryId": entry.id })).await?;
    arrive(job, begun, until).await
}

async fn begin(job: &Job<'_>, until: WaitUntil) -> Result<(Departure, Mark), Error> {
    stuck::free(job.cdp(), &job.ctx.tabs, job.n).await;
    let mark = job.ctx.tabs.mark(job.n).map_err(of_tab)?;
    job.ctx.tabs.touch(job.n).await;
    job.waits_for(Error::timeout(format!("the page has not reached `{}`", name(until))).outcome_unknown());
    Ok((job.ctx.tabs.departure(job.n), mark))
}

async fn arrive(
    job: &Job<'_>,
    (departure, mark): (Departure, Mark),
    until: WaitUntil,
) -> Result<Outcome, Error> {
    let url = job.tab()?.url;
    job.ctx.tabs.moved_on(mark, until).await.map_err(|error| of_navigation(error, &url))?;
    departure.done();
    Outcome::of(&json!({ "url": job.tab()?.url }))
}
