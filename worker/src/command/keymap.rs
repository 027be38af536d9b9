//! Keys: their names as `KeyboardEvent.key` has them, and what Chromium wants to know of them (US layout).

use bus_schema::error::Error;
use bus_schema::model::command::Modifier;

/// One key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub key: String,
    pub code: String,
    /// `keyCode` of Windows.
    pub virtual_key: u32,
    /// What it types.
    pub text: Option<String>,
    /// 0 standard, 1 left, 2 right, 3 keypad.
    pub location: u8,
}

/// Keys that type nothing, or not their own name: name, code, virtual key, text, location.
const NAMED: &[(&str, &str, u32, &str, u8)] = &[
    ("Enter", "Enter", 13, "\r", 0),
    ("Tab", "Tab", 9, "", 0),
    ("Backspace", "Backspace", 8, "", 0),
    ("Delete", "Delete", 46, "", 0),
    ("Insert", "Insert", 45, "", 0),
    ("Escape", "Escape", 27, "", 0),
    ("ArrowLeft", "ArrowLeft", 37, "", 0),
    ("ArrowUp", "ArrowUp", 38, "", 0),
    ("ArrowRight", "ArrowRight", 39, "", 0),
    ("ArrowDown", "ArrowDown", 40, "", 0),
    ("Home", "Home", 36, "", 0),
    ("End", "End", 35, "", 0),
    ("PageUp", "PageUp", 33, "", 0),
    ("PageDown", "PageDown", 34, "", 0),
    ("Shift", "ShiftLeft", 16, "", 1),
    ("Control", "ControlLeft", 17, "", 1),
    ("Alt", "AltLeft", 18, "", 1),
    ("Meta", "MetaLeft", 91, "", 1),
    ("AltGraph", "AltRight", 18, "", 2),
    ("CapsLock", "CapsLock", 20, "", 0),
    ("NumLock", "NumLock", 144, "", 0),
    ("ScrollLock", "ScrollLock", 145, "", 0),
    ("Pause", "Pause", 19, "", 0),
    ("PrintScreen", "PrintScreen", 44, "", 0),
    ("ContextMenu", "ContextMenu", 93, "", 0),
    ("Clear", "NumLock", 12, "", 0),
    ("F1", "F1", 112, "", 0),
    ("F2", "F2", 113, "", 0),
    ("F3", "F3", 114, "", 0),
    ("F4", "F4", 115, "", 0),
    ("F5", "F5", 116, "", 0),
    ("F6", "F6", 117, "", 0),
    ("F7", "F7", 118, "", 0),
    ("F8", "F8", 119, "", 0),
    ("F9", "F9", 120, "", 0),
    ("F10", "F10", 121, "", 0),
    ("F11", "F11", 122, "", 0),
    ("F12", "F12", 123, "", 0),
    ("AudioVolumeMute", "AudioVolumeMute", 173, "", 0),
    ("AudioVolumeDown", "AudioVolumeDown", 174, "", 0),
    ("AudioVolumeUp", "AudioVolumeUp", 175, "", 0),
    ("MediaTrackNext", "MediaTrackNext", 176, "", 0),
    ("MediaTrackPrevious", "MediaTrackPrevious", 177, "", 0),
    ("MediaStop", "MediaStop", 178, "", 0),
    ("MediaPlayPause", "MediaPlayPause", 179, "", 0),
];

/// Other names people use.
const ALIASES: &[(&str, &str)] = &[
    ("Return", "Enter"),
    ("Esc", "Escape"),
    ("Space", " "),
    ("Spacebar", " "),
    ("Del", "Delete"),
    ("Ins", "Insert"),
    ("Left", "ArrowLeft"),
    ("Up", "ArrowUp"),
    ("Right", "ArrowRight"),
    ("Down", "ArrowDown"),
    ("Ctrl", "Control"),
    // The worker's browsers run on Linux.
    ("ControlOrMeta", "Control"),
    ("CmdOrCtrl", "Control"),
    ("Cmd", "Meta"),
    ("Command", "Meta"),
    ("Super", "Meta"),
    ("Win", "Meta"),
    ("Option", "Alt"),
    ("Plus", "+"),
];

/// Keys with a sign on them: plain, with Shift, code, virtual key.
const SIGNS: &[(char, char, &str, u32)] = &[
    ('`', '~', "Backquote", 192),
    ('1', '!', "Digit1", 49),
    ('2', '@', "Digit2", 50),
    ('3', '#', "Digit3", 51),
    ('4', '$', "Digit4", 52),
    ('5', '%', "Digit5", 53),
    ('6', '^', "Digit6", 54),
    ('7', '&', "Digit7", 55),
    ('8', '*', "Digit8", 56),
    ('9', '(', "Digit9", 57),
    ('0', ')', "Digit0", 48),
    ('-', '_', "Minus", 189),
    ('=', '+', "Equal", 187),
    ('[', '{', "BracketLeft", 219),
    (']', '}', "BracketRight", 221),
    ('\\', '|', "Backslash", 220),
    (';', ':', "Semicolon", 186),
    ('\'', '"', "Quote", 222),
    (',', '<', "Comma", 188),
    ('.', '>', "Period", 190),
    ('/', '?', "Slash", 191),
    (' ', ' ', "Space", 32),
];

/// The key that types a character on a US keyboard, and whether with Shift.
pub(super) fn of_char(c: char) -> Option<(Key, bool)> {
    let key = |code: String, virtual_key: u32| Key {
        key: c.to_string(),
        code,
        virtual_key,
        text: Some(c.to_string()),
        location: 0,
    };
    if c == '\n' || c == '\r' {
        return Some((named("Enter")?, false));
    }
    if c == '\t' {
        return Some((named("Tab")?, false));
    }
    if c.is_ascii_alphabetic() {
        let upper = c.to_ascii_uppercase();
        return Some((key(format!("Key{upper}"), u32::from(upper)), c.is_ascii_uppercase()));
    }
    let (plain, _, code, virtual_key) =
        SIGNS.iter().find(|(plain, shifted, ..)| *plain == c || *shifted == c)?;
    Some((key((*code).to_owned(), *virtual_key), *plain != c))
}

fn named(name: &str) -> Option<Key> {
    let (key, code, virtual_key, text, location) = NAMED.iter().find(|(key, ..)| *key == name)?;
    Some(Key {
        key: (*key).to_owned(),
        code: (*code).to_owned(),
        virtual_key: *virtual_key,
        text: (!text.is_empty()).then(|| (*text).to_owned()),
        location: *location,
    })
}

/// A key by its name, by a code such as `KeyA`, or by the one character it types.
pub(super) fn of_name(name: &str) -> Option<Key> {
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, key)| key);
    if let Some(key) = named(name) {
        return Some(key);
    }
    let mut chars = name.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        // A character without a key of its own is a key nonetheless, as on another layout.
        return Some(of_char(c).map_or_else(|| foreign(c), |(key, _)| key));
    }
    of_code(name)
}

fn foreign(c: char) -> Key {
    Key {
        key: c.to_string(),
        code: String::new(),
        virtual_key: 0,
        text: (!c.is_control()).then(|| c.to_string()),
        location: 0,
    }
}

fn of_code(code: &str) -> Option<Key> {
    if let Some(letter) = code.strip_prefix("Key").and_then(|rest| rest.parse::<char>().ok()) {
        return letter
            .is_ascii_uppercase()
            .then(|| of_char(letter.to_ascii_lowercase()).map(|(key, _)| key))?;
    }
    if let Some((plain, ..)) = SIGNS.iter().find(|(_, _, known, _)| *known == code) {
        return of_char(*plain).map(|(key, _)| key);
    }
    if let Some(n) = code.strip_prefix("Numpad").and_then(|rest| rest.parse::<u32>().ok()).filter(|n| *n < 10)
    {
        let text = Some(n.to_string());
        return Some(Key {
            key: n.to_string(),
            code: code.to_owned(),
            virtual_key: 96 + n,
            text,
            location: 3,
        });
    }
    match code {
        "ShiftRight" | "ControlRight" | "AltRight" | "MetaRight" => {
            let key = named(code.trim_end_matches("Right"))?;
            Some(Key { code: code.to_owned(), location: 2, ..key })
        }
        "ShiftLeft" | "ControlLeft" | "AltLeft" | "MetaLeft" => named(code.trim_end_matches("Left")),
        "NumpadEnter" => Some(Key { code: code.to_owned(), location: 3, ..named("Enter")? }),
        _ => None,
    }
}

pub(super) fn modifier(key: &str) -> Option<Modifier> {
    match key {
        "Alt" => Some(Modifier::Alt),
        "Control" => Some(Modifier::Control),
        "Meta" => Some(Modifier::Meta),
        "Shift" => Some(Modifier::Shift),
        _ => None,
    }
}

/// The bit by which CDP names a modifier.
pub(super) fn bit(modifier: Modifier) -> u8 {
    match modifier {
        Modifier::Alt => 1,
        Modifier::Control => 2,
        Modifier::Meta => 4,
        Modifier::Shift => 8,
    }
}

pub(super) fn bits(modifiers: &[Modifier]) -> u8 {
    modifiers.iter().fold(0, |bits, modifier| bits | bit(*modifier))
}

/// A chord such as `Control+A`: modifiers in the order they are pressed, then the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chord {
    pub modifiers: Vec<Modifier>,
    pub key: Key,
}

/// Chords separated by white space.
pub(super) fn chords(keys: &str) -> Result<Vec<Chord>, Error> {
    keys.split_whitespace().map(chord).collect()
}

fn chord(text: &str) -> Result<Chord, Error> {
    let unknown = |part: &str| {
        let shown: String = part.chars().take(40).collect();
        Error::invalid_argument(
            "keys",
            format!(
                "unknown key `{shown}`; keys are named as in KeyboardEvent.key, e.g. `Enter`, `ArrowDown`, `a`"
            ),
        )
    };
    // The plus key itself: `+`, `Control++`.
    let (front, last) = match text.strip_suffix('+') {
        Some(front) => (front.strip_suffix('+').unwrap_or(front), "+"),
        None => text.rsplit_once('+').unwrap_or(("", text)),
    };
    let mut modifiers = Vec::new();
    for part in front.split('+').filter(|part| !part.is_empty()) {
        let found = of_name(part).and_then(|key| modifier(&key.key)).ok_or_else(|| unknown(part))?;
        if !modifiers.contains(&found) {
            modifiers.push(found);
        }
    }
    let key = of_name(last).ok_or_else(|| unknown(last))?;
    Ok(Chord { key: with_shift(key, modifiers.contains(&Modifier::Shift)), modifiers })
}

/// What a key types while Shift is held. `A` types `A` without it too: who names a capital letter wants one.
fn with_shift(mut key: Key, shift: bool) -> Key {
    let mut chars = key.key.chars();
    if let (true, Some(c), None) = (shift, chars.next(), chars.next()) {
        let shifted = if c.is_ascii_lowercase() {
            c.to_ascii_uppercase()
        } else {
            SIGNS.iter().find(|(plain, ..)| *plain == c).map_or(c, |(_, shifted, ..)| *shifted)
        };
        key.key = shifted.to_string();
        key.text = Some(shifted.to_string());
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_are_modifiers_and_a_key() {
        let read = |keys| {
            let chords = chords(keys).unwrap();
            chords.into_iter().map(|chord| (chord.modifiers, chord.key.key)).collect::<Vec<_>>()
        };
        use Modifier::{Alt, Control, Shift};
        assert_eq!(read("Control+A"), [(vec![Control], "A".into())]);
        assert_eq!(read("ControlOrMeta+Shift+p"), [(vec![Control, Shift], "P".into())]);
        assert_eq!(read("Shift+Tab  Enter"), [(vec![Shift], "Tab".into()), (vec![], "Enter".into())]);
        assert_eq!(read("+"), [(vec![], "+".into())]);
        assert_eq!(read("Control++"), [(vec![Control], "+".into())]);
        assert_eq!(read("Shift+1"), [(vec![Shift], "!".into())]);
        assert_eq!(read("Alt+ArrowLeft"), [(vec![Alt], "ArrowLeft".into())]);
        assert_eq!(read("ß"), [(vec![], "ß".into())]);
    }

    #[test]
    fn an_unknown_key_is_named() {
        for keys in ["Contrl+A", "A+Control+B", "Entre", "Control+Foo"] {
            let error = chords(keys).unwrap_err();
            assert_eq!(error.field.as_deref(), Some("keys"), "{keys}");
        }
        assert!(chords("Enter Entre").unwrap_err().detail.contains("`Entre`"));
    }

    #[test]
    fn every_ascii_sign_has_a_key() {
        for c in (0x20..0x7f).map(char::from) {
            let (key, _) = of_char(c).unwrap_or_else(|| panic!("{c}"));
            assert_eq!(key.text, Some(c.to_string()));
            assert!(!key.code.is_empty());
        }
        assert_eq!(of_char('漢'), None);
        assert!(of_char('A').unwrap().1);
        assert!(!of_char('a').unwrap().1);
    }

    #[test]
    fn codes_name_keys_too() {
        for (code, key) in
            [("KeyA", "a"), ("Digit1", "1"), ("Numpad5", "5"), ("ShiftRight", "Shift"), ("Minus", "-")]
        {
            assert_eq!(of_name(code).unwrap().key, key);
        }
        assert_eq!(of_name("Numpad10"), None);
        assert_eq!(of_name("Key漢"), None);
    }
}
