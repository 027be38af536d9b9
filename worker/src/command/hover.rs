//! `hover`.

use bus_schema::error::Error;
use bus_schema::model::command::Hover;
use serde_json::json;

use super::Outcome;
use super::element::{Search, Wish, ready};
use super::job::Job;
use super::pointer;

pub(super) async fn run(job: &Job<'_>, c: &Hover) -> Result<Outcome, Error> {
    let search = Search::of(&c.target, "target")?;
    let wish = Wish { position: c.position, ..Wish::POINT };
    let found = ready(job, &search, wish).await?;
    job.ctx.tabs.touch(job.n).await;
    pointer::move_to(job, found.x, found.y, job.ctx.pressed.modifiers(job.n)).await?;
    Outcome::of(&json!({ "target": found.about, "x": found.x, "y": found.y }))
}
