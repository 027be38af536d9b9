//! Moving the pointer and pressing its buttons.

use bus_schema::error::Error;
use bus_schema::model::command::MouseButton;
use serde_json::{Value, json};

use super::job::Job;
use super::pressed::{Held, button_bit};

pub(super) const DISPATCH: &str = "Input.dispatchMouseEvent";

/// One event of the mouse.
pub(super) struct Event {
    pub kind: &'static str,
    pub x: f64,
    pub y: f64,
    pub button: Option<MouseButton>,
    /// Bits of those held.
    pub buttons: u8,
    pub click_count: u32,
    pub modifiers: u8,
}

impl Event {
    pub fn params(&self) -> Value {
        let button = match self.button {
            Some(button) => json!(button),
            None => json!("none"),
        };
        json!({
            "type": self.kind, "x": self.x, "y": self.y, "button": button, "buttons": self.buttons,
            "clickCount": self.click_count, "modifiers": self.modifiers,
        })
    }
}

pub(super) async fn move_to(job: &Job<'_>, x: f64, y: f64, modifiers: u8) -> Result<(), Error> {
    let pressed = &job.ctx.pressed;
    pressed.pointer_at(job.n, x, y);
    let event = Event {
        kind: "mouseMoved",
        x,
        y,
        button: pressed.last_button(job.n),
        buttons: pressed.buttons(job.n),
        click_count: 0,
        modifiers,
    };
    job.call(DISPATCH, event.params()).await.map(drop)
}

/// Presses a button; it is let go by the guard.
pub(super) async fn press(
    job: &Job<'_>,
    (x, y): (f64, f64),
    button: MouseButton,
    click_count: u32,
    modifiers: u8,
) -> Result<Held, Error> {
    let held = job.ctx.pressed.buttons(job.n);
    let event =
        |kind, buttons| Event { kind, x, y, button: Some(button), buttons, click_count, modifiers }.params();
    let guard = Held::new(job.cdp(), DISPATCH, event("mouseReleased", held));
    job.call(DISPATCH, event("mousePressed", held | button_bit(button))).await?;
    Ok(guard)
}

/// The whole click: move, and press and let go as often as asked.
pub(super) async fn click(
    job: &Job<'_>,
    at: (f64, f64),
    button: MouseButton,
    count: u32,
    modifiers: u8,
) -> Result<(), Error> {
    let modifiers = modifiers | job.ctx.pressed.modifiers(job.n);
    move_to(job, at.0, at.1, modifiers).await?;
    for n in 1..=count {
        press(job, at, button, n, modifiers).await?.release(job).await?;
    }
    Ok(())
}
