//! A person's input, passed on as it comes.

use std::time::Duration;

use bus_schema::error::Error;
use bus_schema::model::command::{KeyEvent, Modifier, MouseButton, MouseEvent};
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
    let calls: Vec<_> = batch.events.iter().flat_map(|event| calls(ctx, tab.n, event)).collect();
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

/// One event as Chromium takes it, and what is done to the session's clipboard before and after.
struct Call {
    method: &'static str,
    params: Value,
    /// What the clipboard holds when it comes.
    lays: Option<String>,
    edit: Option<Edit>,
}

impl Call {
    fn new(method: &'static str, params: Value) -> Self {
        Self { method, params, lays: None, edit: None }
    }
}

/// What copies or pastes is waited for, so that what comes behind it finds it done; but not for a page that is stuck.
async fn send(ctx: &Context, n: u32, cdp: &Cdp, calls: &[Call]) -> Vec<Result<Answer, CallError>> {
    let mut answers = Vec::with_capacity(calls.len());
    let mut left = calls;
    while let Some(first) = left.first() {
        let is_stuck = answers.iter().any(Result::is_err);
        if let Some(text) = first.lays.as_ref().filter(|_| !is_stuck) {
            clipboard::lay(ctx, n, cdp, text).await;
        }
        let ends = |(i, call): (usize, &Call)| {
            let before = left.get(i + 1).is_some_and(|next| next.lays.is_some());
            call.edit.is_some() || before
        };
        let edits = left.iter().enumerate().position(ends).filter(|_| !is_stuck);
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

fn calls(ctx: &Context, n: u32, event: &InputEvent) -> Vec<Call> {
    let one = match event {
        InputEvent::Mouse { event, x, y, button, click_count, modifiers } => {
            let event = mouse_event(ctx, n, *event, (*x, *y), *button);
            let clicks = if event.kind == "mouseMoved" { 0 } else { (*click_count).clamp(1, 3) };
            let event = Event { click_count: clicks, modifiers: bits(modifiers), ..event };
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
            named(key, code).map(|key| key_call(ctx, n, *event, &key, modifiers, *repeat))
        }
        InputEvent::Touch { event, points } => touch_call(ctx, n, *event, points),
        InputEvent::Text { text } => {
            (!text.is_empty()).then(|| Call::new("Input.insertText", json!({ "text": text })))
        }
        InputEvent::Compose { text, from, to } => Some(compose_call(text, *from, *to)),
        InputEvent::Paste { text } => return shortcut(ctx, "v", Some(text.clone())),
        InputEvent::Copy {} => return shortcut(ctx, "c", None),
        InputEvent::Cut {} => return shortcut(ctx, "x", None),
    };
    one.into_iter().collect()
}

fn mouse_event(ctx: &Context, n: u32, event: MouseEvent, at: (f64, f64), button: MouseButton) -> Event {
    let (kind, pressed) = match event {
        MouseEvent::Move => ("mouseMoved", None),
        MouseEvent::Down => ("mousePressed", Some(true)),
        MouseEvent::Up => ("mouseReleased", Some(false)),
    };
    ctx.pressed.pointer_at(n, at.0, at.1);
    if let Some(down) = pressed {
        ctx.pressed.button(n, button, down);
    }
    let held = ctx.pressed.buttons(n);
    Event {
        kind,
        x: at.0,
        y: at.1,
        button: pressed.map_or_else(|| ctx.pressed.last_button(n), |_| Some(button)),
        buttons: if pressed == Some(true) { held | button_bit(button) } else { held },
        click_count: 0,
        modifiers: 0,
    }
}

/// A letter with Control, whatever else is held: the viewer's own browser has taken the keys for this.
fn shortcut(ctx: &Context, letter: &str, lays: Option<String>) -> Vec<Call> {
    let Some(key) = of_name(letter) else { return Vec::new() };
    let control = bits(&[Modifier::Control]);
    let (params, edit) = keyboard::down(ctx, &key, control, false);
    vec![
        Call { lays, edit, ..Call::new("Input.dispatchKeyEvent", params) },
        Call::new("Input.dispatchKeyEvent", keyboard::up(&key, control)),
    ]
}

/// Chromium takes the composition under way for replaced, and an empty one for ended.
fn compose_call(text: &str, from: Option<u32>, to: Option<u32>) -> Call {
    let length = u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX);
    let (from, to) = match (from, to) {
        (None, None) => (length, length),
        (Some(at), None) | (None, Some(at)) => (at.min(length), at.min(length)),
        (Some(from), Some(to)) => (from.min(to).min(length), from.max(to).min(length)),
    };
    let params = json!({ "text": text, "selectionStart": from, "selectionEnd": to });
    Call::new("Input.imeSetComposition", params)
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

fn key_call(ctx: &Context, n: u32, event: KeyEvent, key: &Key, modifiers: &[Modifier], repeat: bool) -> Call {
    let down = event == KeyEvent::Down;
    ctx.pressed.key(n, key, down);
    let modifiers = bits(modifiers) | ctx.pressed.modifiers(n);
    let modifiers = if types(key, modifiers, ctx.pressed.is_held(n, "AltGraph")) {
        modifiers & !bits(&[Modifier::Control, Modifier::Alt])
    } else {
        modifiers
    };
    let (params, edit) = match down {
        true => keyboard::down(ctx, key, modifiers, repeat),
        false => (keyboard::up(key, modifiers), None),
    };
    Call { edit, ..Call::new("Input.dispatchKeyEvent", params) }
}

/// Whether Alt belongs to what a key types and makes no shortcut of it: AltGr, which Windows tells as Control with Alt,
/// and Option on a Mac. Where that key is not told itself, by signs that are on no key of their own.
fn types(key: &Key, modifiers: u8, alt_graph: bool) -> bool {
    let mut chars = key.key.chars();
    let (Some(c), None) = (chars.next(), chars.next()) else { return false };
    let sign = matches!(c, '\u{a1}'..='\u{24f}') || (c.is_ascii_graphic() && !c.is_ascii_alphanumeric());
    let is_placed = of_name(&key.code).is_some_and(|placed| placed.key == key.key);
    let alt = modifiers & bits(&[Modifier::Alt]) != 0 && modifiers & bits(&[Modifier::Meta]) == 0;
    (alt_graph && c != ' ') || (alt && sign && !is_placed)
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

    #[test]
    fn alt_that_belongs_to_a_sign_makes_no_shortcut() {
        let (control, alt) = (bits(&[Modifier::Control]), bits(&[Modifier::Alt]));
        for (key, code, modifiers, alt_graph, expected) in [
            ("@", "KeyQ", control | alt, false, true),
            ("@", "KeyL", alt, false, true),
            ("å", "KeyA", alt, false, true),
            ("ą", "KeyA", control, true, true),
            ("a", "KeyA", alt, false, false),
            ("z", "KeyY", control | alt, false, false),
            ("-", "Minus", alt, false, false),
            ("ArrowDown", "ArrowDown", alt, true, false),
            ("@", "Digit2", control, false, false),
            ("я", "KeyZ", alt, false, false),
        ] {
            let key = named(key, code).unwrap();
            assert_eq!(types(&key, modifiers, alt_graph), expected, "{key:?}");
        }
    }

    #[test]
    fn a_composition_is_selected_within_itself() {
        let selected = |text: &str, from, to| {
            let params = compose_call(text, from, to).params;
            (params["selectionStart"].as_u64().unwrap(), params["selectionEnd"].as_u64().unwrap())
        };
        assert_eq!(selected("にほ", None, None), (2, 2));
        assert_eq!(selected("👍", Some(0), Some(9)), (0, 2));
        assert_eq!(selected("abc", Some(2), Some(1)), (1, 2));
    }
}
