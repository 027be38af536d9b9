//! From keys that go down and up to input as sessions take it.

use bus_schema::model::{
    command::{KeyEvent, Modifier},
    input::InputEvent,
};
use unicode_normalization::char::compose;

use super::{
    keysym::{self, Sym},
    scancode,
};

/// Nobody holds more keys than this; a client that says so is not believed.
const MAX_HELD: usize = 32;

/// The keys of one client's keyboard.
#[derive(Debug, Default)]
pub struct Keyboard {
    held: Vec<Held>,
    /// A dead key that waits for its letter.
    dead: Option<(char, char)>,
}

#[derive(Debug)]
struct Held {
    keysym: u32,
    scancode: Option<u32>,
    key: String,
    code: &'static str,
}

impl Keyboard {
    /// What a key does. Nothing for keys that no browser knows and for those that wait.
    pub fn key(&mut self, down: bool, keysym: u32, scancode: Option<u32>) -> Vec<InputEvent> {
        if !down {
            return self.up(keysym, scancode).into_iter().collect();
        }
        let place = scancode.map_or("", scancode::code);
        match keysym::read(keysym) {
            Some(Sym::Named(name, code)) => {
                let code = if place.is_empty() { code } else { place };
                // A modifier on the way to a letter does not use up the dead key, anything else does.
                let alone = if is_modifier(name) { None } else { self.dead.take() };
                let mut events: Vec<_> = alone.map(|(_, alone)| text(alone)).into_iter().collect();
                events.extend(self.down(keysym, scancode, name.to_owned(), code));
                events
            }
            Some(Sym::Dead(mark, alone)) => match self.dead.replace((mark, alone)) {
                // Twice the same: the mark itself.
                Some((before, alone)) if before == mark => {
                    self.dead = None;
                    vec![text(alone)]
                }
                Some((_, before)) => vec![text(before)],
                None => Vec::new(),
            },
            Some(Sym::Char(c, code)) => {
                self.char(c, keysym, scancode, if place.is_empty() { code } else { place })
            }
            None => Vec::new(),
        }
    }

    fn char(&mut self, c: char, keysym: u32, scancode: Option<u32>, code: &'static str) -> Vec<InputEvent> {
        let (c, before) = match self.dead.take() {
            Some((_, alone)) if c == ' ' => (alone, None),
            Some((mark, alone)) => compose(c, mark).map_or((c, Some(alone)), |composed| (composed, None)),
            None => (c, None),
        };
        let mut events: Vec<_> = before.map(text).into_iter().collect();
        // Windows says Control and Alt for AltGr. With them held a key would be a command and type nothing.
        let has_alt = self.holds("Alt") || self.holds("AltGraph");
        if has_alt && self.holds("Control") && !c.is_ascii_alphanumeric() {
            events.push(text(c));
        } else {
            events.extend(self.down(keysym, scancode, c.to_string(), code));
        }
        events
    }

    fn down(
        &mut self,
        keysym: u32,
        scancode: Option<u32>,
        key: String,
        code: &'static str,
    ) -> Option<InputEvent> {
        let repeat = self.held.iter().any(|held| held.keysym == keysym && held.scancode == scancode);
        if !repeat {
            // The same key under another name: its layout or a modifier changed while it was down.
            self.held.retain(|held| scancode.is_none() || held.scancode != scancode);
            if self.held.len() >= MAX_HELD {
                return None;
            }
            self.held.push(Held { keysym, scancode, key: key.clone(), code });
        }
        Some(event(KeyEvent::Down, key, code, repeat))
    }

    /// A key goes up as what it went down: with Shift let go first, an `A` comes up as `a`.
    fn up(&mut self, keysym: u32, scancode: Option<u32>) -> Option<InputEvent> {
        let is_same = |held: &Held| match (scancode, held.scancode) {
            (Some(up), Some(down)) => up == down,
            (_, _) => held.keysym == keysym,
        };
        let other_case = |held: &Held| {
            let Some(Sym::Char(c, _)) = keysym::read(keysym) else { return false };
            held.key.to_lowercase() == c.to_lowercase().to_string()
        };
        let at = self.held.iter().position(is_same).or_else(|| self.held.iter().position(other_case))?;
        let held = self.held.remove(at);
        Some(event(KeyEvent::Up, held.key, held.code, false))
    }

    fn holds(&self, key: &str) -> bool {
        self.held.iter().any(|held| held.key == key)
    }

    /// Modifiers that are down, for what the mouse does meanwhile.
    pub fn modifiers(&self) -> Vec<Modifier> {
        let all = [
            ("Alt", Modifier::Alt),
            ("Control", Modifier::Control),
            ("Meta", Modifier::Meta),
            ("Shift", Modifier::Shift),
        ];
        all.into_iter().filter(|(name, _)| self.holds(name)).map(|(_, modifier)| modifier).collect()
    }

    /// Forgets what is down: somebody else drives, and it was let go for us.
    pub fn let_go(&mut self) {
        self.held.clear();
        self.dead = None;
    }
}

fn is_modifier(name: &str) -> bool {
    matches!(name, "Alt" | "AltGraph" | "CapsLock" | "Control" | "Meta" | "NumLock" | "Shift")
}

fn text(c: char) -> InputEvent {
    InputEvent::Text { text: c.to_string() }
}

fn event(event: KeyEvent, key: String, code: &str, repeat: bool) -> InputEvent {
    // Modifiers are added by the owner, who knows what is held.
    InputEvent::Key { event, key, code: code.to_owned(), modifiers: Vec::new(), repeat }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIFT: u32 = 0xffe1;
    const CONTROL: u32 = 0xffe3;
    const ALT: u32 = 0xffe9;
    const ALT_GR: u32 = 0xfe03;
    const ACUTE: u32 = 0xfe51;
    const DIAERESIS: u32 = 0xfe57;

    /// `+a` down, `-a` up, `~a` down again; texts in quotes.
    fn say(events: Vec<InputEvent>) -> Vec<String> {
        let word = |event| {
            if let InputEvent::Text { text } = event {
                return format!("'{text}'");
            }
            let InputEvent::Key { event, key, repeat, .. } = event else { panic!("{event:?}") };
            match (event, repeat) {
                (KeyEvent::Down, false) => format!("+{key}"),
                (KeyEvent::Down, true) => format!("~{key}"),
                (KeyEvent::Up, _) => format!("-{key}"),
            }
        };
        events.into_iter().map(word).collect()
    }

    fn press(keys: &[(bool, u32)]) -> String {
        let mut keyboard = Keyboard::default();
        keys.iter()
            .flat_map(|(down, keysym)| say(keyboard.key(*down, *keysym, None)))
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn chr(c: char) -> u32 {
        if c < '\u{100}' { c as u32 } else { 0x0100_0000 | c as u32 }
    }

    #[test]
    fn keys_go_up_as_what_they_went_down() {
        let (a, upper) = (chr('a'), chr('A'));
        for (keys, said) in [
            (vec![(true, a), (true, a), (false, a)], "+a ~a -a"),
            (vec![(true, SHIFT), (true, upper), (false, SHIFT), (false, a)], "+Shift +A -Shift -A"),
            (vec![(true, CONTROL), (true, a), (false, a), (false, CONTROL)], "+Control +a -a -Control"),
            (vec![(false, a), (true, 0xff20)], ""),
            (vec![(true, 0xff0d), (false, 0xff0d)], "+Enter -Enter"),
            (vec![(true, chr('漢')), (false, chr('漢'))], "+漢 -漢"),
        ] {
            assert_eq!(press(&keys), said);
        }
    }

    #[test]
    fn dead_keys_wait_for_their_letter() {
        let down = |keysyms: &[u32]| press(&keysyms.iter().map(|k| (true, *k)).collect::<Vec<_>>());
        for (keysyms, said) in [
            (vec![ACUTE, chr('e')], "+é"),
            (vec![DIAERESIS, SHIFT, chr('U')], "+Shift +Ü"),
            (vec![ACUTE, chr('q')], "'´' +q"),
            (vec![ACUTE, chr(' ')], "+´"),
            (vec![ACUTE, ACUTE], "'´'"),
            (vec![ACUTE, DIAERESIS, chr('o')], "'´' +ö"),
            (vec![ACUTE, 0xff0d], "'´' +Enter"),
        ] {
            assert_eq!(down(&keysyms), said);
        }
    }

    #[test]
    fn signs_of_the_third_level_are_typed() {
        let down = |keysyms: &[u32]| press(&keysyms.iter().map(|k| (true, *k)).collect::<Vec<_>>());
        for (keysyms, said) in [
            (vec![ALT_GR, chr('@')], "+AltGraph +@"),
            // As Windows says it.
            (vec![CONTROL, ALT, chr('€')], "+Control +Alt '€'"),
            (vec![CONTROL, ALT, chr('t')], "+Control +Alt +t"),
        ] {
            assert_eq!(down(&keysyms), said);
        }
    }

    #[test]
    fn a_number_tells_which_key_it_was() {
        let mut keyboard = Keyboard::default();
        let events = keyboard.key(true, chr('a'), Some(0x10));
        assert!(matches!(&events[..], [InputEvent::Key { key, code, .. }] if key == "a" && code == "KeyQ"));
        // The layout changed meanwhile; the key did not.
        let events = keyboard.key(false, chr('q'), Some(0x10));
        assert!(matches!(&events[..], [InputEvent::Key { key, code, .. }] if key == "a" && code == "KeyQ"));
        let events = keyboard.key(true, 0xffb7, None);
        assert!(
            matches!(&events[..], [InputEvent::Key { key, code, .. }] if key == "7" && code == "Numpad7")
        );
    }

    #[test]
    fn modifiers_are_known_to_the_mouse_and_the_held_have_an_end() {
        let mut keyboard = Keyboard::default();
        keyboard.key(true, SHIFT, None);
        keyboard.key(true, CONTROL, None);
        assert_eq!(keyboard.modifiers(), [Modifier::Control, Modifier::Shift]);
        keyboard.let_go();
        assert!(keyboard.modifiers().is_empty() && keyboard.key(false, SHIFT, None).is_empty());
        for keysym in 0x0100_4e00..0x0100_4f00 {
            keyboard.key(true, keysym, None);
        }
        assert_eq!(keyboard.held.len(), MAX_HELD);
    }
}
