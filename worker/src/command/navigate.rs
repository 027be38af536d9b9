//! `navigate`: go to a URL.

use std::time::Duration;

use bus_schema::error::Error;
use bus_schema::model::command::{Navigate, WaitUntil};
use serde::Deserialize;
use serde_json::json;

use super::Outcome;
use super::error::of_navigation;
use super::job::Job;
use super::stuck;
use crate::cdp::{Events, Interest};
use crate::page::NavigateError;

/// How long the report of a download may take once the browser has said that it is one.
const REPORT: Duration = Duration::from_secs(1);
/// Downloads of other tabs, and of other sessions in the same browser, that may begin meanwhile.
const DOWNLOADS: usize = 256;

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
    stuck::free(job.cdp(), tabs, job.n).await;
    let departure = tabs.departure(job.n);
    let mut downloads = tabs.root().events(Interest(&["Browser.downloadWillBegin"]), DOWNLOADS);
    let begun = match tabs.navigate(job.n, url.as_str(), referrer).await {
        Err(NavigateError::Download) => {
            return Err(downloaded(job, &mut downloads, &job.tab()?.target, url.as_str()).await);
        }
        begun => begun.map_err(|error| of_navigation(error, url.as_str()))?,
    };
    drop(downloads);
    job.waits_for(Error::timeout(format!("{url} has not reached `{}`", name(until))).outcome_unknown());
    tabs.arrived(&begun, until).await.map_err(|error| of_navigation(error, url.as_str()))?;
    departure.done();
    Ok(())
}

/// A file came where a page was expected: says which. The browser reports those of all sessions that share it,
/// so only one of the tab's own main frame counts, which has the id of the tab's target.
async fn downloaded(job: &Job<'_>, downloads: &mut Events, target: &str, url: &str) -> Error {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Begins {
        frame_id: String,
        guid: String,
    }
    let own = async {
        loop {
            let begins = downloads.next().await?.decode::<Begins>();
            if let Some(begins) = begins.filter(|begins| begins.frame_id == target) {
                return job.ctx.tabs.download_name(&begins.guid).await.ok();
            }
        }
    };
    let error = of_navigation(NavigateError::Download, url);
    // It is reported beside the answer, before or after it.
    match tokio::time::timeout(REPORT, own).await {
        Ok(Some(name)) => Error { detail: format!("{} as {name:?}", error.detail), ..error }
            .with_context(json!({ "download": name })),
        Ok(None) | Err(_) => error,
    }
}

pub(super) fn name(until: WaitUntil) -> &'static str {
    match until {
        WaitUntil::Load => "load",
        WaitUntil::Domcontentloaded => "domcontentloaded",
        WaitUntil::Networkidle => "networkidle",
        WaitUntil::Commit => "commit",
    }
}
