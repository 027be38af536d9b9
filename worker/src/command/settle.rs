//! What an action sets going is given the time to happen, so that the next command meets its outcome.

use std::time::Duration;

use bus_schema::model::command::WaitUntil;
use serde::Deserialize;

use super::job::Job;
use crate::cdp::{Events, Interest};
use crate::page::Mark;

/// The longest that an action waits for a page it opened. A slow server is no failure of a click.
const LONGEST: Duration = Duration::from_secs(5);

const INTEREST: Interest =
    Interest(&["Page.frameRequestedNavigation", "Page.frameStartedNavigating", "Page.frameStoppedLoading"]);

/// Watches a tab from before an action on.
pub(super) struct Settle {
    events: Events,
    mark: Option<Mark>,
    main: String,
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

impl Settle {
    pub fn watch(job: &Job<'_>) -> Self {
        let main = job.tab().map(|tab| tab.target).unwrap_or_default();
        Self { events: job.cdp().events(INTEREST, 64), mark: job.ctx.tabs.mark(job.n).ok(), main }
    }

    /// Returns at once unless the action began to replace the page; then when the new document is there.
    pub async fn wait(mut self, job: &Job<'_>) {
        let Some(mark) = self.mark else { return };
        if !self.has_begun() {
            return;
        }
        let arrived = job.ctx.tabs.moved_on(mark, WaitUntil::Domcontentloaded);
        let limit = LONGEST.min(job.remaining() / 2);
        // It may also turn out a download or an empty answer: then the frame stops loading where it was.
        let given_up = async {
            while let Some(event) = self.events.next().await {
                let stopped = event.method() == "Page.frameStoppedLoading";
                if stopped && event.decode::<OfFrame>().is_some_and(|of| of.frame_id == self.main) {
                    return;
                }
            }
        };
        tokio::select! {
            _ = arrived => {}
            () = given_up => {}
            () = tokio::time::sleep(limit) => {}
        }
    }

    fn has_begun(&mut self) -> bool {
        let mut begun = false;
        while let Some(event) = self.events.try_next() {
            let Some(of) = event.decode::<OfFrame>() else { continue };
            let elsewhere = matches!(of.disposition.as_str(), "newTab" | "newWindow" | "download");
            let same = matches!(of.navigation_type.as_str(), "sameDocument" | "historySameDocument");
            begun |= of.frame_id == self.main
                && event.method() != "Page.frameStoppedLoading"
                && !elsewhere
                && !same;
        }
        begun
    }
}
