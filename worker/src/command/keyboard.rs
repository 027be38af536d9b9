//! Pressing keys.

use bus_schema::error::Error;
use bus_schema::model::command::Modifier;
use serde_json::{Value, json};

use super::Context;
use super::clipboard::{self, Edit};
use super::job::Job;
use super::keymap::{Chord, Key, bit, bits, chords, of_char, of_name};
use super::pressed::Held;

const DISPATCH: &str = "Input.dispatchKeyEvent";

/// The event of a key that goes down, and what is to be done about the session's clipboard once it was taken; nothing
/// where the browser's own is the session's.
pub(super) fn down(ctx: &Context, key: &Key, modifiers: u8, repeat: bool) -> (Value, Option<Edit>) {
    let mut event = plain_down(key, modifiers, repeat);
    if ctx.tabs.clipboard().is_none() {
        return (event, None);
    }
    clipboard::guard(&mut event, key, modifiers);
    (event, clipboard::of_key(key, modifiers))
}

/// Sends a key down and does what it does to the clipboard.
pub(super) async fn send_down(job: &Job<'_>, key: &Key, modifiers: u8) -> Result<(), Error> {
    let (event, edit) = down(job.ctx, key, modifiers, false);
    job.call(DISPATCH, event).await?;
    if let Some(edit) = edit {
        clipboard::perform(job.ctx, job.n, job.cdp(), edit).await;
    }
    Ok(())
}

fn plain_down(key: &Key, modifiers: u8, repeat: bool) -> Value {
    // With Control, Alt or Meta a key is a command and types nothing.
    let types = modifiers & !bit(Modifier::Shift) == 0;
    let text = key.text.as_deref().filter(|_| types);
    let mut event = event(key, modifiers, if text.is_some() { "keyDown" } else { "rawKeyDown" });
    if let Some(text) = text {
        event["text"] = text.into();
        event["unmodifiedText"] = text.into();
    }
    event["autoRepeat"] = repeat.into();
    let editing = editing_commands(key, modifiers);
    if !editing.is_empty() {
        event["commands"] = editing.into();
    }
    event
}

pub(super) fn up(key: &Key, modifiers: u8) -> Value {
    event(key, modifiers, "keyUp")
}

fn event(key: &Key, modifiers: u8, kind: &str) -> Value {
    json!({
        "type": kind, "key": key.key, "code": key.code, "modifiers": modifiers,
        "windowsVirtualKeyCode": key.virtual_key, "nativeVirtualKeyCode": key.virtual_key,
        "location": if key.location == 3 { 0 } else { key.location }, "isKeypad": key.location == 3,
    })
}

/// A browser without a window has no shortcuts of its own, so editing is told to it by name.
fn editing_commands(key: &Key, modifiers: u8) -> Vec<&'static str> {
    let (control, shift) = (bit(Modifier::Control), bit(Modifier::Shift));
    match (modifiers, key.key.to_ascii_lowercase().as_str()) {
        (m, "a") if m == control => vec!["selectAll"],
        (m, "c") if m == control => vec!["copy"],
        (m, "x") if m == control => vec!["cut"],
        (m, "v") if m == control => vec!["paste"],
        (m, "v") if m == control | shift => vec!["pasteAndMatchStyle"],
        (m, "z") if m == control => vec!["undo"],
        (m, "y") if m == control => vec!["redo"],
        (m, "z") if m == control | shift => vec!["redo"],
        _ => Vec::new(),
    }
}

/// Presses a chord: its modifiers, the key, and all of them up again.
pub(super) async fn press(job: &Job<'_>, chord: &Chord) -> Result<(), Error> {
    let mut bits_down = job.ctx.pressed.modifiers(job.n);
    let mut held = Vec::new();
    for modifier in &chord.modifiers {
        let Some(key) = of_name(name(*modifier)) else { continue };
        bits_down |= bit(*modifier);
        send_down(job, &key, bits_down).await?;
        held.push((Held::new(job.cdp(), DISPATCH, up(&key, bits_down & !bit(*modifier))), *modifier));
    }
    let key = Held::new(job.cdp(), DISPATCH, up(&chord.key, bits_down));
    send_down(job, &chord.key, bits_down).await?;
    key.release(job).await?;
    while let Some((modifier, _)) = held.pop() {
        modifier.release(job).await?;
    }
    Ok(())
}

/// Presses chords one after the other.
pub(super) async fn press_all(job: &Job<'_>, keys: &str) -> Result<(), Error> {
    for chord in chords(keys)? {
        press(job, &chord).await?;
    }
    Ok(())
}

fn name(modifier: Modifier) -> &'static str {
    match modifier {
        Modifier::Alt => "Alt",
        Modifier::Control => "Control",
        Modifier::Meta => "Meta",
        Modifier::Shift => "Shift",
    }
}

/// Types one character by its key, or inserts it where no key has it.
pub(super) async fn type_char(job: &Job<'_>, c: char) -> Result<(), Error> {
    match of_char(c) {
        Some((key, shift)) => {
            let modifiers = if shift { bits(&[Modifier::Shift]) } else { 0 };
            let held = Held::new(job.cdp(), DISPATCH, up(&key, modifiers));
            send_down(job, &key, modifiers).await?;
            held.release(job).await
        }
        None => insert(job, &c.to_string()).await,
    }
}

/// Puts text where the caret is, as an input method or a paste would.
pub(super) async fn insert(job: &Job<'_>, text: &str) -> Result<(), Error> {
    job.call("Input.insertText", json!({ "text": text })).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortcut_types_nothing() {
        let key = of_name("a").unwrap();
        let plain = plain_down(&key, 0, false);
        assert_eq!((plain["type"].as_str(), plain["text"].as_str()), (Some("keyDown"), Some("a")));
        let shortcut = plain_down(&key, bit(Modifier::Control), false);
        assert_eq!((shortcut["type"].as_str(), shortcut.get("text")), (Some("rawKeyDown"), None));
        assert_eq!(shortcut["commands"][0], "selectAll");
    }
}
