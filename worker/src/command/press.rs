//! `press`: keys and chords.

use bus_schema::error::Error;
use bus_schema::model::command::Press;
use serde_json::json;

use super::Outcome;
use super::control::Control;
use super::element::{Search, Wish, ready};
use super::job::Job;
use super::keyboard;
use super::keymap::chords;
use super::settle::Settle;

pub(super) async fn run(job: &Job<'_>, c: &Press) -> Result<Outcome, Error> {
    // Read before anything is touched: half a sequence is worse than none.
    let chords = chords(&c.keys)?;
    let settle = Settle::watch(job);
    job.ctx.tabs.touch(job.n).await;
    if let Some(target) = &c.target {
        let search = Search::of(target, "target")?;
        let found = ready(job, &search, Wish::CHOOSE).await?;
        let control = Control::of(&found.element).await?;
        control.focus(job, false).await?;
    }
    for chord in &chords {
        keyboard::press(job, chord).await?;
    }
    settle.wait(job).await;
    Outcome::of(&json!({ "pressed": chords.len() }))
}
