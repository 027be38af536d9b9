//! `check` and `uncheck`: boxes, switches and radio buttons.

use bus_schema::error::Error;
use bus_schema::model::target::Target;
use serde::Deserialize;
use serde_json::json;

use super::Outcome;
use super::click::{Press, once_met};
use super::control::Control;
use super::element::{Pauses, Search, Wish, find, is_detached};
use super::job::Job;
use super::settle::Settle;

pub(super) async fn run(job: &Job<'_>, target: &Target, wanted: bool) -> Result<Outcome, Error> {
    let search = Search::of(target, "target")?;
    let settle = Settle::watch(job);
    job.ctx.tabs.touch(job.n).await;
    let mut pauses = Pauses::default();
    let changed = loop {
        let element = find(job, &search).await?;
        let changed = match Control::of(&element).await {
            Ok(control) => bring_to(job, &control, wanted, "target").await,
            Err(error) => Err(error),
        };
        match changed {
            // A page that draws its boxes anew is looked at again.
            Err(error) if is_detached(&error) => job.waits_for(error),
            changed => break changed?,
        }
        pauses.next().await;
    };
    settle.wait(job).await;
    Outcome::of(&json!({ "checked": wanted, "changed": changed }))
}

#[derive(Deserialize)]
struct State {
    checked: bool,
    #[serde(default)]
    mixed: bool,
}

/// Clicks a box unless it is as wanted. Says whether it clicked.
pub(super) async fn bring_to(
    job: &Job<'_>,
    control: &Control,
    wanted: bool,
    field: &str,
) -> Result<bool, Error> {
    match control.kind.as_str() {
        "checkbox" => {}
        "radio" if wanted => {}
        "radio" => {
            return Err(Error::invalid_argument(field, "a radio button is unchecked by checking another"));
        }
        _ => {
            return Err(Error::invalid_argument(
                field,
                format!("{} is no checkbox, switch or radio button", control.sketch),
            ));
        }
    }
    let state: State = control.call("isChecked", json!([control.token])).await?;
    if state.checked == wanted && !state.mixed {
        return Ok(false);
    }
    let search = Search::held(&control.clickable()?, field, &control.sketch);
    once_met(job, &search, Wish::CLICK, Press::PLAIN).await?;
    // A box that was neither takes two clicks to some sides.
    let state: State = control.call("isChecked", json!([control.token])).await?;
    if state.checked != wanted {
        once_met(job, &search, Wish::CLICK, Press::PLAIN).await?;
        let state: State = control.call("isChecked", json!([control.token])).await?;
        if state.checked != wanted {
            let side = if wanted { "checked" } else { "unchecked" };
            return Err(Error::browser_error(format!("{} was clicked and is not {side}", control.sketch)));
        }
    }
    Ok(true)
}
