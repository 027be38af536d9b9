//! `drag`: from one element to another.

use bus_schema::error::Error;
use bus_schema::model::command::{Drag, MouseButton};
use serde_json::json;

use super::Outcome;
use super::element::{Search, Wish, ready};
use super::job::Job;
use super::pointer;
use super::pressed::Pressed;
use super::settle::Settle;

/// Moves on the way: pages tell a drag from a click by them.
const STEPS: u32 = 5;

pub(super) async fn run(job: &Job<'_>, c: &Drag) -> Result<Outcome, Error> {
    let from = Search::of(&c.from, "from")?;
    let to = Search::of(&c.to, "to")?;
    let settle = Settle::watch(job);
    job.ctx.tabs.touch(job.n).await;
    let start = ready(job, &from, Wish::GRIP).await?;
    let modifiers = job.ctx.pressed.modifiers(job.n);
    pointer::move_to(job, start.x, start.y, modifiers).await?;
    let mut held = pointer::press(job, (start.x, start.y), MouseButton::Left, 1, modifiers).await?;
    let (x, y) = {
        let _down = Down::new(&job.ctx.pressed, job.n);
        travel(job, &to, (start.x, start.y), modifiers).await?
    };
    held.moved_to(x, y);
    held.release(job).await?;
    settle.wait(job).await;
    Outcome::of(&json!({ "from": { "x": start.x, "y": start.y }, "to": { "x": x, "y": y } }))
}

/// While it lives the pointer moves with its button down.
struct Down<'a>(&'a Pressed, u32);

impl<'a> Down<'a> {
    fn new(pressed: &'a Pressed, n: u32) -> Self {
        pressed.button(n, MouseButton::Left, true);
        Self(pressed, n)
    }
}

impl Drop for Down<'_> {
    fn drop(&mut self) {
        self.0.button(self.1, MouseButton::Left, false);
    }
}

async fn travel(job: &Job<'_>, to: &Search, start: (f64, f64), modifiers: u8) -> Result<(f64, f64), Error> {
    // The first move picks it up; what takes it may only show then.
    pointer::move_to(job, start.0 + 1.0, start.1 + 1.0, modifiers).await?;
    let end = ready(job, to, Wish::POINT).await?;
    for step in 1..=STEPS {
        let part = f64::from(step) / f64::from(STEPS);
        let at = (start.0 + (end.x - start.0) * part, start.1 + (end.y - start.1) * part);
        pointer::move_to(job, at.0, at.1, modifiers).await?;
    }
    Ok((end.x, end.y))
}
