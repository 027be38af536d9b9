//! `mouse`: one event at a place. A button stays down until its `up`, or until another drives.

use bus_schema::error::Error;
use bus_schema::model::command::{Mouse, MouseEvent};

use super::Outcome;
use super::job::Job;
use super::pointer::{DISPATCH, Event, move_to};
use super::pressed::button_bit;

pub(super) async fn run(job: &Job<'_>, c: &Mouse) -> Result<Outcome, Error> {
    job.ctx.tabs.touch(job.n).await;
    let pressed = &job.ctx.pressed;
    let modifiers = pressed.modifiers(job.n);
    let kind = match c.event {
        MouseEvent::Move => {
            move_to(job, c.x, c.y, modifiers).await?;
            return Outcome::empty();
        }
        MouseEvent::Down => "mousePressed",
        MouseEvent::Up => "mouseReleased",
    };
    let down = c.event == MouseEvent::Down;
    pressed.pointer_at(job.n, c.x, c.y);
    pressed.button(job.n, c.button, down);
    let others = pressed.buttons(job.n) & !button_bit(c.button);
    let buttons = if down { others | button_bit(c.button) } else { others };
    let event = Event { kind, x: c.x, y: c.y, button: Some(c.button), buttons, click_count: 1, modifiers };
    job.call(DISPATCH, event.params()).await?;
    Outcome::empty()
}
