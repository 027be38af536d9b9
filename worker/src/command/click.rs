//! `click`.

use bus_schema::error::Error;
use bus_schema::model::command::{Click, MouseButton};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Outcome;
use super::element::{Pauses, Ready, Search, Wish, ready};
use super::job::Job;
use super::keymap::bits;
use super::pointer;
use super::settle::Settle;
use super::world::WorldError;

pub(super) async fn run(job: &Job<'_>, c: &Click) -> Result<Outcome, Error> {
    let search = Search::of(&c.target, "target")?;
    let wish = Wish { position: c.position, guard: search.point.is_none(), ..Wish::CLICK };
    let settle = Settle::watch(job);
    job.ctx.tabs.touch(job.n).await;
    let press = Press { button: c.button, count: c.click_count, modifiers: bits(&c.modifiers) };
    let met = once_met(job, &search, wish, press).await?;
    settle.wait(job).await;
    Outcome::of(&json!({ "target": met.about, "x": met.x, "y": met.y }))
}

#[derive(Clone, Copy)]
pub(super) struct Press {
    pub button: MouseButton,
    pub count: u32,
    pub modifiers: u8,
}

impl Press {
    pub const PLAIN: Self = Self { button: MouseButton::Left, count: 1, modifiers: 0 };
}

/// Clicks until the element itself was met: what came over it in the last moment gets no click.
pub(super) async fn once_met(
    job: &Job<'_>,
    search: &Search,
    wish: Wish,
    press: Press,
) -> Result<Ready, Error> {
    let mut pauses = Pauses::default();
    loop {
        let found = ready(job, search, wish).await?;
        // A dialog may open before there is an answer.
        job.knows(json!({ "target": found.about, "x": found.x, "y": found.y }));
        pointer::click(job, (found.x, found.y), press.button, press.count, press.modifiers).await?;
        let missed = tokio::select! {
            biased;
            missed = missed(&found, wish) => missed?,
            // It began to open another document, and the one before it no longer says anything.
            () = job.ctx.tabs.leaves(job.n) => None,
        };
        match missed {
            None => return Ok(found),
            Some(detail) => job.waits_for(
                Error::timeout(format!("the click did not meet the element: {detail}"))
                    .with_context(json!({ "check": "receives pointer" })),
            ),
        }
        pauses.next().await;
    }
}

async fn missed(found: &Ready, wish: Wish) -> Result<Option<String>, Error> {
    #[derive(Deserialize)]
    struct Guarded {
        verdict: String,
        detail: String,
    }
    if !wish.guard {
        return Ok(None);
    }
    match found.element.world.call::<Guarded>("guardOutcome", Value::Null).await {
        Ok(guarded) if guarded.verdict == "missed" => Ok(Some(guarded.detail)),
        // A document that is gone was replaced by the click.
        Ok(_) | Err(WorldError::Replaced) => Ok(None),
        Err(WorldError::Failed(error)) => Err(error),
    }
}
