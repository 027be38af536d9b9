//! `navigate`: go to a URL.

use bus_schema::error::Error;
use bus_schema::model::command::{Navigate, WaitUntil};
use serde_json::json;

use super::Outcome;
use super::error::of_navigation;
use super::job::Job;

pub(super) async fn run(job: &Job<'_>, c: &Navigate) -> Result<Outcome, Error> {
    go(job, &c.url, c.referrer.as_deref(), c.wait_until).await?;
    let url = job.tab()?.url;
    Outcome::of(&json!({ "url": url }))
}

pub(super) async fn go(
    job: &Job<'_>,
    url: &str,
    referrer: Option<&str>,
    until: WaitUntil,
) -> Result<(), Error> {
    // The browser is given what was judged, not what it could be read as.
    let url = bus_schema::model::validate::url("url", url)?;
    let tabs = &job.ctx.tabs;
    job.waits_for(Error::timeout(format!("{url} has not answered")).outcome_unknown());
    let begun = tabs
        .navigate(job.n, url.as_str(), referrer)
        .await
        .map_err(|error| of_navigation(error, url.as_str()))?;
    job.waits_for(Error::timeout(format!("{url} has not reached `{}`", name(until))).outcome_unknown());
    tabs.arrived(&begun, until).await.map_err(|error| of_navigation(error, url.as_str()))
}

pub(super) fn name(until: WaitUntil) -> &'static str {
    match until {
        WaitUntil::Load => "load",
        WaitUntil::Domcontentloaded => "domcontentloaded",
        WaitUntil::Networkidle => "networkidle",
        WaitUntil::Commit => "commit",
    }
}
