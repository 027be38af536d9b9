//! Keysyms of X11: the names and characters of keys.

use xkeysym::Keysym;

/// What a keysym stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sym {
    /// Types a character. The code is empty unless it is a key of the keypad.
    Char(char, &'static str),
    /// As `KeyboardEvent.key` and `KeyboardEvent.code` name it.
    Named(&'static str, &'static str),
    /// Waits for the letter it is put on: the mark that combines, and the one that stands alone.
    Dead(char, char),
}

const CHARS_OF_THE_KEYPAD: &[(u32, char, &str)] = &[
    (0xff80, ' ', "Space"),
    (0xffaa, '*', "NumpadMultiply"),
    (0xffab, '+', "NumpadAdd"),
    (0xffac, ',', "NumpadComma"),
    (0xffad, '-', "NumpadSubtract"),
    (0xffae, '.', "NumpadDecimal"),
    (0xffaf, '/', "NumpadDivide"),
    (0xffb0, '0', "Numpad0"),
    (0xffb1, '1', "Numpad1"),
    (0xffb2, '2', "Numpad2"),
    (0xffb3, '3', "Numpad3"),
    (0xffb4, '4', "Numpad4"),
    (0xffb5, '5', "Numpad5"),
    (0xffb6, '6', "Numpad6"),
    (0xffb7, '7', "Numpad7"),
    (0xffb8, '8', "Numpad8"),
    (0xffb9, '9', "Numpad9"),
    (0xffbd, '=', "NumpadEqual"),
];

const NAMED: &[(u32, &str, &str)] = &[
    // ISO_Level3_Shift, ISO_Left_Tab and Mode_switch.
    (0xfe03, "AltGraph", "AltRight"),
    (0xfe20, "Tab", "Tab"),
    (0xff7e, "AltGraph", "AltRight"),
    (0xff08, "Backspace", "Backspace"),
    (0xff09, "Tab", "Tab"),
    (0xff0a, "Enter", "Enter"),
    (0xff0b, "Clear", ""),
    (0xff0d, "Enter", "Enter"),
    (0xff13, "Pause", "Pause"),
    (0xff14, "ScrollLock", "ScrollLock"),
    (0xff1b, "Escape", "Escape"),
    (0xff50, "Home", "Home"),
    (0xff51, "ArrowLeft", "ArrowLeft"),
    (0xff52, "ArrowUp", "ArrowUp"),
    (0xff53, "ArrowRight", "ArrowRight"),
    (0xff54, "ArrowDown", "ArrowDown"),
    (0xff55, "PageUp", "PageUp"),
    (0xff56, "PageDown", "PageDown"),
    (0xff57, "End", "End"),
    (0xff61, "PrintScreen", "PrintScreen"),
    (0xff63, "Insert", "Insert"),
    (0xff67, "ContextMenu", "ContextMenu"),
    (0xff6b, "Pause", "Pause"),
    (0xff7f, "NumLock", "NumLock"),
    // The keypad without NumLock.
    (0xff89, "Tab", "Tab"),
    (0xff8d, "Enter", "NumpadEnter"),
    (0xff91, "F1", "F1"),
    (0xff92, "F2", "F2"),
    (0xff93, "F3", "F3"),
    (0xff94, "F4", "F4"),
    (0xff95, "Home", "Numpad7"),
    (0xff96, "ArrowLeft", "Numpad4"),
    (0xff97, "ArrowUp", "Numpad8"),
    (0xff98, "ArrowRight", "Numpad6"),
    (0xff99, "ArrowDown", "Numpad2"),
    (0xff9a, "PageUp", "Numpad9"),
    (0xff9b, "PageDown", "Numpad3"),
    (0xff9c, "End", "Numpad1"),
    (0xff9d, "Clear", "Numpad5"),
    (0xff9e, "Insert", "Numpad0"),
    (0xff9f, "Delete", "NumpadDecimal"),
    (0xffe1, "Shift", "ShiftLeft"),
    (0xffe2, "Shift", "ShiftRight"),
    (0xffe3, "Control", "ControlLeft"),
    (0xffe4, "Control", "ControlRight"),
    (0xffe5, "CapsLock", "CapsLock"),
    (0xffe6, "CapsLock", "CapsLock"),
    // Meta, Super and Hyper.
    (0xffe7, "Meta", "MetaLeft"),
    (0xffe8, "Meta", "MetaRight"),
    (0xffe9, "Alt", "AltLeft"),
    (0xffea, "Alt", "AltRight"),
    (0xffeb, "Meta", "MetaLeft"),
    (0xffec, "Meta", "MetaRight"),
    (0xffed, "Meta", "MetaLeft"),
    (0xffee, "Meta", "MetaRight"),
    (0xffff, "Delete", "Delete"),
    (0x1008_ff11, "AudioVolumeDown", "AudioVolumeDown"),
    (0x1008_ff12, "AudioVolumeMute", "AudioVolumeMute"),
    (0x1008_ff13, "AudioVolumeUp", "AudioVolumeUp"),
    (0x1008_ff14, "MediaPlayPause", "MediaPlayPause"),
    (0x1008_ff15, "MediaStop", "MediaStop"),
    (0x1008_ff16, "MediaTrackPrevious", "MediaTrackPrevious"),
    (0x1008_ff17, "MediaTrackNext", "MediaTrackNext"),
];

const F1: u32 = 0xffbe;
const FUNCTION_KEYS: [&str; 24] = [
    "F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10", "F11", "F12", "F13", "F14", "F15", "F16",
    "F17", "F18", "F19", "F20", "F21", "F22", "F23", "F24",
];

/// From `dead_grave` on: the mark that combines, and the one that stands alone.
const FIRST_DEAD: u32 = 0xfe50;
const DEAD: [(char, char); 30] = [
    ('\u{300}', '`'),
    ('\u{301}', '´'),
    ('\u{302}', '^'),
    ('\u{303}', '~'),
    ('\u{304}', '¯'),
    ('\u{306}', '˘'),
    ('\u{307}', '˙'),
    ('\u{308}', '¨'),
    ('\u{30a}', '°'),
    ('\u{30b}', '˝'),
    ('\u{30c}', 'ˇ'),
    ('\u{327}', '¸'),
    ('\u{328}', '˛'),
    ('\u{345}', 'ͺ'),
    ('\u{3099}', '゛'),
    ('\u{309a}', '゜'),
    ('\u{323}', '.'),
    ('\u{309}', '?'),
    ('\u{31b}', '+'),
    ('\u{338}', '/'),
    ('\u{313}', '᾿'),
    ('\u{314}', '῾'),
    ('\u{30f}', '"'),
    ('\u{325}', '˳'),
    ('\u{331}', 'ˍ'),
    ('\u{32d}', '^'),
    ('\u{330}', '~'),
    ('\u{32e}', '˘'),
    ('\u{324}', '¨'),
    ('\u{311}', '˘'),
];

/// `None`: a key that no browser knows.
pub fn read(keysym: u32) -> Option<Sym> {
    if let Some((_, name, code)) = NAMED.iter().find(|(sym, ..)| *sym == keysym) {
        return Some(Sym::Named(name, code));
    }
    if let Some((_, c, code)) = CHARS_OF_THE_KEYPAD.iter().find(|(sym, ..)| *sym == keysym) {
        return Some(Sym::Char(*c, code));
    }
    if let Some(name) = keysym.checked_sub(F1).and_then(|n| FUNCTION_KEYS.get(n as usize)) {
        return Some(Sym::Named(name, name));
    }
    if let Some((mark, alone)) = keysym.checked_sub(FIRST_DEAD).and_then(|n| DEAD.get(n as usize)) {
        return Some(Sym::Dead(*mark, *alone));
    }
    let c = Keysym::new(keysym).key_char().filter(|c| !c.is_control())?;
    Some(Sym::Char(c, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_every_kind_are_read() {
        for (keysym, c) in [
            (0x61, 'a'),
            (0x40, '@'),
            (0xe9, 'é'),
            (0xdf, 'ß'),
            // Latin 2, Cyrillic, Greek, Hebrew, Thai, Katakana, the euro: from before X knew Unicode.
            (0x1b1, 'ą'),
            (0x6c6, 'ф'),
            (0x7e1, 'α'),
            (0xce0, 'א'),
            (0xda1, 'ก'),
            (0x4b1, 'ア'),
            (0x20ac, '€'),
            // Unicode itself.
            (0x0100_20ac, '€'),
            (0x0100_6f22, '漢'),
            (0x0101_f600, '😀'),
        ] {
            assert_eq!(read(keysym), Some(Sym::Char(c, "")), "{keysym:x}");
        }
        assert_eq!(read(0xffb7), Some(Sym::Char('7', "Numpad7")));
    }

    #[test]
    fn keys_have_the_names_of_browsers() {
        for (keysym, name, code) in [
            (0xff0d, "Enter", "Enter"),
            (0xff8d, "Enter", "NumpadEnter"),
            (0xff95, "Home", "Numpad7"),
            (0xffbe, "F1", "F1"),
            (0xffc9, "F12", "F12"),
            (0xffe2, "Shift", "ShiftRight"),
            (0xfe03, "AltGraph", "AltRight"),
            (0xfe20, "Tab", "Tab"),
            (0xffeb, "Meta", "MetaLeft"),
        ] {
            assert_eq!(read(keysym), Some(Sym::Named(name, code)), "{keysym:x}");
        }
        assert_eq!(read(0xfe51), Some(Sym::Dead('\u{301}', '´')));
        assert_eq!(read(0xfe57), Some(Sym::Dead('\u{308}', '¨')));
        assert_eq!(read(0xfe5b), Some(Sym::Dead('\u{327}', '¸')));
    }

    #[test]
    fn what_no_browser_knows_is_nothing() {
        for keysym in [0, 0x1b, 0x7f, 0xffff_ffff, 0x0111_0000, 0x0100_d800, 0xff20, 0x1008_ffff] {
            assert_eq!(read(keysym), None, "{keysym:x}");
        }
    }
}
