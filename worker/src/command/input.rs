//! A person's input, passed on as it comes.

use std::time::Duration;

use bus_schema::error::Error;
use bus_schema::model::command::{KeyEvent, Modifier, MouseEvent};
use bus_schema::model::input::{InputBatch, InputEvent, MAX_EVENTS, TouchEvent, TouchPoint};
use futures::future::join_all;
use serde_json::{Value, json};

use super::Context;
use super::clipboard::{self, Edit};
use super::error::{of_call, of_tab};
use super::keyboard;
use super::keymap::{Key, bits, of_name};
use super::pointer::Event;
use super::pressed::button_bit;
use crate::cdp::{Answer, CallError, Cdp};

/// How long a page may take to a batch. What it has not taken by then it takes later; nobody waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Gives a tab some events in their order, all on their way at once. Events that mean nothing to a browser are left
/// out. Returns when the page has taken them, or shows a dialog.
pub async fn dispatch(ctx: &Context, batch: &InputBatch) -> Result<(), Error> {
    if batch.events.len() > MAX_EVENTS {
        return Err(Error::invalid_argument("events", format!("at most {MAX_EVENTS} events")));
    }
    let tab = ctx.tabs.tab(batch.tab).map_err(of_tab)?;
    let calls: Vec<_> = batch.events.iter().filter_map(|event| call(ctx, tab.n, event)).collect();
    if calls.is_empty() {
        return Ok(());
    }
    ctx.tabs.touch(tab.n).await;
    let cdp = tab.cdp.with_timeout(PATIENCE);
    tokio::select! {
        sent = send(ctx, tab.n, &cdp, &calls) => match sent.into_iter().find_map(Result::err) {
            Some(error) if error.is_gone() => Err(of_call(error)),
            Some(error) => {
                tracing::debug!(%error, "an input event was not taken");
                Ok(())
            }
            None => Ok(()),
        },
        _ = ctx.tabs.dialog_opened(tab.n) => Ok(()),
    }
}

/// One event as Chromium takes it, and what it does to the session's clipboard besides.
struct Call {
    method: &'static str,
    params: Value,
    edit: Option<Edit>,
}

impl Call {
    fn new(method: &'static str, params: Value) -> Self {
        Self { method, params, edit: None }
    }
}

/// What copies or pastes is waited for, so that what comes behind it finds it done; but not for a page that is stuck.
async fn send(ctx: &Context, n: u32, cdp: &Cdp, calls: &[Call]) -> Vec<Result<Answer, CallError>> {
    let mut answers = Vec::with_capacity(calls.len());
    let mut left = calls;
    while !left.is_empty() {
        let is_stuck = answers.iter().any(Result::is_err);
        let edits = left.iter().position(|call| call.edit.is_some() && !is_stuck);
        let (part, rest) = left.split_at(edits.map_or(left.len(), |at| at + 1));
        left = rest;
        let sent = part.iter().map(|call| cdp.call_answer(call.method, &call.params));
        answers.extend(join_all(sent).await);
        if let Some(edit) =
            part.last().and_then(|call| call.edit).filter(|_| answers.iter().all(Result::is_ok))
        {
            clipboard::perform(ctx, n, cdp, edit).await;
        }
    }
    answers
}

fn call(ctx: &Context, n: u32, event: &InputEvent) -> Option<Call> {
    match event {
        InputEvent::Mouse { event, x, y, button, click_count, modifiers } => {
            let (kind, pressed) = match event {
                MouseEvent::Move => ("mouseMoved", None),
                MouseEvent::Down => ("mousePressed", Some(true)),
                MouseEvent::Up => ("mouseReleased", Some(false)),
            };
            ctx.pressed.pointer_at(n, *x, *y);
            if let Some(down) = pressed {
                ctx.pressed.button(n, *button, down);
            }
            let held = ctx.pressed.buttons(n);
            let event = Event {
                kind,
                x: *x,
                y: *y,
                button: pressed.map_or_else(|| ctx.pressed.last_button(n), |_| Some(*button)),
                buttons: if pressed == Some(true) { held | button_bit(*button) } else { held },
                click_count: if pressed.is_some() { (*click_count).clamp(1, 3) } else { 0 },
                modifiers: bits(modifiers),
            };
            Some(Call::new("Input.dispatchMouseEvent", event.params()))
        }
        InputEvent::Wheel { x, y, delta_x, delta_y, modifiers } => Some(Call::new(
            "Input.dispatchMouseEvent",
            json!({
                "type": "mouseWheel", "x": x, "y": y, "deltaX": delta_x, "deltaY": delta_y,
                "modifiers": bits(modifiers),
            }),
        )),
        InputEvent::Key { event, key, code, modifiers, repeat } => {
            let key = named(key, code)?;
            key_call(ctx, n, *event, &key, modifiers, *repeat)
        }
        InputEvent::Touch { event, points } => touch_call(ctx, n, *event, points),
        InputEvent::Text { text } if text.is_empty() => None,
        InputEvent::Text { text } => Some(Call::new("Input.insertText", json!({ "text": text }))),
    }
}

/// The key a person pressed: its name from their layout, its code from their keyboard.
fn named(key: &str, code: &str) -> Option<Key> {
    let named = of_name(key)?;
    match of_name(code) {
        // The same name is on several keys, such as the digits and the two Shifts.
        Some(placed) if !code.is_empty() => {
            Some(Key { code: code.to_owned(), location: placed.location, ..named })
        }
        Some(_) | None => Some(named),
    }
}

fn key_call(
    ctx: &Context,
    n: u32,
    event: KeyEvent,
    key: &Key,
    modifiers: &[Modifier],
    repeat: bool,
) -> Option<Call> {
    let down = event == KeyEvent::Down;
    ctx.pressed.key(n, key, down);
    let modifiers = bits(modifiers) | ctx.pressed.modifiers(n);
    let (params, edit) = match down {
        true => keyboard::down(ctx, key, modifiers, repeat),
        false => (keyboard::up(key, modifiers), None),
    };
    Some(Call { method: "Input.dispatchKeyEvent", params, edit })
}

fn touch_call(ctx: &Context, n: u32, event: TouchEvent, points: &[TouchPoint]) -> Option<Call> {
    // Chromium takes the points that touch now, and finds out itself which of them are new or gone.
    let kind = match event {
        TouchEvent::Start => "touchStart",
        TouchEvent::Move => "touchMove",
        TouchEvent::End => "touchEnd",
        TouchEvent::Cancel => "touchCancel",
    };
    let touching = matches!(event, TouchEvent::Start | TouchEvent::Move);
    if touching && points.is_empty() {
        return None;
    }
    ctx.pressed.touch(n, touching);
    let points: Vec<Value> = points
        .iter()
        .filter(|_| touching)
        .map(|point| json!({ "x": point.x, "y": point.y, "id": point.id }))
        .collect();
    Some(Call::new("Input.dispatchTouchEvent", json!({ "type": kind, "touchPoints": points })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_keeps_its_place_on_the_keyboard() {
        let key = named("Shift", "ShiftRight").unwrap();
        assert_eq!((key.code.as_str(), key.location), ("ShiftRight", 2));
        // A layout other than the US one: the name decides what is typed.
        let key = named("z", "KeyY").unwrap();
        assert_eq!((key.code.as_str(), key.text.as_deref()), ("KeyY", Some("z")));
        assert_eq!(named("Dead", "BracketLeft"), None);
    }
}
