//! `key`: one key down or up. It stays down until its `up`, or until another drives.

use bus_schema::error::Error;
use bus_schema::model::command::{Key, KeyEvent};

use super::Outcome;
use super::job::Job;
use super::keyboard;
use super::pressed::key_named;

pub(super) async fn run(job: &Job<'_>, c: &Key) -> Result<Outcome, Error> {
    let key = key_named(&c.key, "key")?;
    job.ctx.tabs.touch(job.n).await;
    let pressed = &job.ctx.pressed;
    match c.event {
        KeyEvent::Down => {
            pressed.key(job.n, &key, true);
            keyboard::send_down(job, &key, pressed.modifiers(job.n)).await?;
        }
        KeyEvent::Up => {
            pressed.key(job.n, &key, false);
            let event = keyboard::up(&key, pressed.modifiers(job.n));
            job.call("Input.dispatchKeyEvent", event).await?;
        }
    }
    Outcome::empty()
}
