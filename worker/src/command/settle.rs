//! What an action sets going is given the time to happen, so that the next command meets its outcome.

use std::time::Duration;

use bus_schema::model::command::WaitUntil;
use serde::Deserialize;

use super::job::Job;
use crate::cdp::{Event, Events, Interest};
use crate::page::Mark;

/// The longest that an action waits for a page it opened. A slow server is no failure of a click.
const LONGEST: Duration = Duration::from_secs(5);

/// How much later than here the news of a page may arrive where the tabs are followed.
const GRACE: Duration = Duration::from_millis(50);

const INTEREST: Interest =
    Interest(&["Page.frameRequestedNavigation", "Page.frameStartedNavigating", "Page.frameStoppedLoading"]);

/// Watches a tab from before an action on.
pub(super) struct Settle {
    events: Events,
    mark: Option<Mark>,
    progress: Progress,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfFrame {
    frame_id: String,
    #[serde(default)]
    navigation_type: String,
    #[serde(default)]
    disposition: String,
}

/// How far the main frame is with what the action began.
#[derive(Debug, Default)]
struct Progress {
    main: String,
    requested: bool,
    started: bool,
    over: bool,
}

impl Progress {
    fn apply(&mut self, method: &str, of: &OfFrame) {
        if of.frame_id != self.main {
            return;
        }
        let elsewhere = matches!(of.disposition.as_str(), "newTab" | "newWindow" | "download");
        let same = matches!(of.navigation_type.as_str(), "sameDocument" | "historySameDocument");
        match method {
            "Page.frameRequestedNavigation" => self.requested |= !elsewhere,
            "Page.frameStartedNavigating" if !same => (self.started, self.over) = (true, false),
            // One that comes before the start is of what was loading until then.
            "Page.frameStoppedLoading" => self.over |= self.started,
            _ => {}
        }
    }

    fn is_under_way(&self) -> bool {
        (self.requested || self.started) && !self.over
    }
}

impl Settle {
    pub fn watch(job: &Job<'_>) -> Self {
        let main = job.tab().map(|tab| tab.target).unwrap_or_default();
        let progress = Progress { main, ..Progress::default() };
        Self { events: job.cdp().events(INTEREST, 64), mark: job.ctx.tabs.mark(job.n).ok(), progress }
    }

    /// Returns at once unless the action began to replace the page; then when the new document is there.
    pub async fn wait(mut self, job: &Job<'_>) {
        let Some(mark) = self.mark else { return };
        while let Some(event) = self.events.try_next() {
            self.follow(&event);
        }
        if self.progress.is_under_way() {
            self.arrive(job, mark).await;
        }
        if self.progress.over {
            // The same events reach who follows the tabs by another way; usually that has happened.
            let told = job.ctx.tabs.moved_on(mark, WaitUntil::Commit);
            let _ = tokio::time::timeout(GRACE, told).await;
        }
    }

    async fn arrive(&mut self, job: &Job<'_>, mark: Mark) {
        let arrived = job.ctx.tabs.moved_on(mark, WaitUntil::Domcontentloaded);
        let limit = LONGEST.min(job.remaining() / 2);
        // It may also turn out a download or an empty answer: then the frame stops loading where it was.
        let given_up = async {
            while self.progress.is_under_way() {
                match self.events.next().await {
                    Some(event) => self.follow(&event),
                    None => return,
                }
            }
        };
        tokio::select! {
            _ = arrived => {}
            () = given_up => {}
            () = tokio::time::sleep(limit) => {}
        }
    }

    fn follow(&mut self, event: &Event) {
        if let Some(of) = event.decode() {
            self.progress.apply(event.method(), &of);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(events: &[(&str, &str)]) -> Progress {
        let mut progress = Progress { main: "F".into(), ..Progress::default() };
        for (method, detail) in events {
            let of = OfFrame {
                frame_id: if *detail == "other" { "G".into() } else { "F".into() },
                navigation_type: (*detail).to_owned(),
                disposition: (*detail).to_owned(),
            };
            progress.apply(&format!("Page.{method}"), &of);
        }
        progress
    }

    #[test]
    fn only_a_page_that_is_being_replaced_is_waited_for() {
        let (requested, started, stopped) =
            ("frameRequestedNavigation", "frameStartedNavigating", "frameStoppedLoading");
        for (events, under_way) in [
            (&[][..], false),
            (&[(requested, "currentTab")], true),
            (&[(requested, "newTab")], false),
            (&[(requested, "other")], false),
            (&[(started, "sameDocument")], false),
            (&[(stopped, ""), (requested, ""), (stopped, "")], true),
            (&[(requested, ""), (started, "differentDocument")], true),
            (&[(requested, ""), (started, "differentDocument"), (stopped, "")], false),
            (&[(started, ""), (stopped, ""), (started, "")], true),
        ] {
            assert_eq!(after(events).is_under_way(), under_way, "{events:?}");
        }
    }
}
