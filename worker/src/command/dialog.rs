//! `dialog`: answers what a page asks.

use bus_schema::error::Error;
use bus_schema::model::command::Dialog;
use serde_json::json;

use super::error::of_tab;
use super::{Context, Outcome};

pub(super) async fn run(ctx: &Context, tab: Option<u32>, c: &Dialog) -> Result<Outcome, Error> {
    let n = match tab {
        Some(n) => n,
        None => meant(ctx)?,
    };
    let dialog = ctx.tabs.answer_dialog(n, c.accept, c.text.clone()).await.map_err(of_tab)?;
    Outcome::of(&json!({ "dialog": dialog, "accepted": c.accept }))
}

/// The tab whose dialog is meant: the active one, or the only one that has any.
fn meant(ctx: &Context) -> Result<u32, Error> {
    let active = ctx.tabs.tab(None).map_err(of_tab)?;
    let open = ctx.tabs.dialogs();
    match (&active.dialog, open.as_slice()) {
        (None, [one]) => Ok(one.tab),
        _ => Ok(active.n),
    }
}
