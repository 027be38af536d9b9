//! What is held down: by a command for a moment, or by `mouse` and `key` until it is let go.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bus_schema::error::Error;
use bus_schema::model::command::{Modifier, MouseButton};
use serde_json::{Value, json};

use super::job::Job;
use super::keyboard;
use super::keymap::{Key, bit, bits, modifier, of_name};
use crate::cdp::Cdp;

/// A button or key that goes up again when it is let go, and also when the command is dropped in the middle.
pub(super) struct Held {
    cdp: Cdp,
    method: &'static str,
    release: Option<Value>,
}

impl Held {
    pub fn new(cdp: &Cdp, method: &'static str, release: Value) -> Self {
        Self { cdp: cdp.clone(), method, release: Some(release) }
    }

    /// Where the pointer is let go, if it moved since.
    pub fn moved_to(&mut self, x: f64, y: f64) {
        if let Some(release) = &mut self.release {
            (release["x"], release["y"]) = (x.into(), y.into());
        }
    }

    pub async fn release(mut self, job: &Job<'_>) -> Result<(), Error> {
        // From here on the event is on its way, also if nobody waits for the answer: a dialog may hold it back.
        match self.release.take() {
            Some(event) => job.call(self.method, event).await.map(drop),
            None => Ok(()),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(event) = self.release.take() {
            self.cdp.notify_raw(self.method, &event);
        }
    }
}

#[derive(Debug, Default)]
struct Tab {
    buttons: Vec<MouseButton>,
    keys: Vec<Key>,
    at: (f64, f64),
    touching: bool,
}

/// What is held down in each tab beyond one command or one message.
#[derive(Debug, Default)]
pub(super) struct Pressed {
    tabs: Mutex<HashMap<u32, Tab>>,
}

impl Pressed {
    fn tabs(&self) -> MutexGuard<'_, HashMap<u32, Tab>> {
        self.tabs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn button(&self, n: u32, button: MouseButton, down: bool) {
        let mut tabs = self.tabs();
        let tab = tabs.entry(n).or_default();
        tab.buttons.retain(|held| *held != button);
        if down {
            tab.buttons.push(button);
        }
    }

    pub fn key(&self, n: u32, key: &Key, down: bool) {
        let mut tabs = self.tabs();
        let tab = tabs.entry(n).or_default();
        tab.keys.retain(|held| held.key != key.key);
        if down {
            tab.keys.push(key.clone());
        }
    }

    pub fn is_held(&self, n: u32, name: &str) -> bool {
        self.tabs().get(&n).is_some_and(|tab| tab.keys.iter().any(|key| key.key == name))
    }

    pub fn pointer_at(&self, n: u32, x: f64, y: f64) {
        self.tabs().entry(n).or_default().at = (x, y);
    }

    pub fn touch(&self, n: u32, touching: bool) {
        self.tabs().entry(n).or_default().touching = touching;
    }

    /// The bits of the buttons held, as `MouseEvent.buttons` has them.
    pub fn buttons(&self, n: u32) -> u8 {
        self.tabs().get(&n).map_or(0, |tab| tab.buttons.iter().fold(0, |bits, b| bits | button_bit(*b)))
    }

    /// The last button pressed of those that are held.
    pub fn last_button(&self, n: u32) -> Option<MouseButton> {
        self.tabs().get(&n).and_then(|tab| tab.buttons.last().copied())
    }

    /// The bits of the modifiers held.
    pub fn modifiers(&self, n: u32) -> u8 {
        let tabs = self.tabs();
        let held = tabs.get(&n).map(|tab| tab.keys.as_slice()).unwrap_or_default();
        bits(&held.iter().filter_map(|key| modifier(&key.key)).collect::<Vec<Modifier>>())
    }

    /// Takes all that is held, with the events that let it go.
    pub fn take(&self) -> Vec<(u32, &'static str, Value)> {
        let mut events = Vec::new();
        for (n, tab) in self.tabs().drain() {
            let mut modifiers =
                bits(&tab.keys.iter().filter_map(|key| modifier(&key.key)).collect::<Vec<_>>());
            let mut buttons = tab.buttons.iter().fold(0, |bits, b| bits | button_bit(*b));
            for button in tab.buttons.iter().rev() {
                buttons &= !button_bit(*button);
                let event = json!({
                    "type": "mouseReleased", "x": tab.at.0, "y": tab.at.1, "button": button, "buttons": buttons,
                    "clickCount": 0, "modifiers": modifiers,
                });
                events.push((n, "Input.dispatchMouseEvent", event));
            }
            if tab.touching {
                let event = json!({ "type": "touchCancel", "touchPoints": [] });
                events.push((n, "Input.dispatchTouchEvent", event));
            }
            for key in tab.keys.iter().rev() {
                if let Some(held) = modifier(&key.key) {
                    modifiers &= !bit(held);
                }
                events.push((n, "Input.dispatchKeyEvent", keyboard::up(key, modifiers)));
            }
        }
        events
    }
}

pub(super) fn button_bit(button: MouseButton) -> u8 {
    match button {
        MouseButton::Left => 1,
        MouseButton::Right => 2,
        MouseButton::Middle => 4,
        MouseButton::Back => 8,
        MouseButton::Forward => 16,
    }
}

/// A key by its name, or the error that names the field.
pub(super) fn key_named(name: &str, field: &str) -> Result<Key, Error> {
    of_name(name).ok_or_else(|| {
        let shown: String = name.chars().take(40).collect();
        Error::invalid_argument(
            field,
            format!("unknown key `{shown}`; keys are named as in KeyboardEvent.key"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_pressed_last_goes_up_first() {
        let pressed = Pressed::default();
        let shift = of_name("Shift").unwrap();
        pressed.key(1, &shift, true);
        pressed.key(1, &of_name("a").unwrap(), true);
        pressed.button(1, MouseButton::Left, true);
        pressed.button(1, MouseButton::Right, true);
        pressed.button(1, MouseButton::Right, false);
        assert_eq!((pressed.buttons(1), pressed.modifiers(1), pressed.modifiers(2)), (1, 8, 0));
        let events = pressed.take();
        let shown: Vec<_> =
            events.iter().map(|(_, _, e)| e.get("key").unwrap_or(&e["button"]).as_str().unwrap()).collect();
        assert_eq!(shown, ["left", "a", "Shift"]);
        assert_eq!(events[2].2["modifiers"], 0);
        assert!(pressed.take().is_empty());
    }
}
