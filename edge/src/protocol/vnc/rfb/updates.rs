//! When a client is to have a picture: it asks for each, or takes as many as it can after having said so once.

/// Updates under way that a client has not said to have seen: one being shown while the next one travels.
const WINDOW: u8 = 2;

/// What a client has asked for.
#[derive(Debug, Default)]
pub struct Updates {
    asked: Option<Asked>,
    continuous: bool,
    /// Counts updates, so that an answer names one.
    sent: u8,
    seen: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asked {
    /// What it has may be wrong: it wants all of it, though nothing has changed.
    whole: bool,
}

impl Updates {
    pub fn ask(&mut self, incremental: bool) {
        let whole = !incremental || self.asked.is_some_and(|asked| asked.whole);
        self.asked = Some(Asked { whole });
    }

    /// `true`: it was on before and is off now, which the client has to be told.
    pub fn set_continuous(&mut self, on: bool) -> bool {
        let ended = self.continuous && !on;
        self.continuous = on;
        self.seen = self.sent;
        ended
    }

    /// Whether it may have an update.
    pub fn is_open(&self) -> bool {
        self.asked.is_some() || (self.continuous && self.sent.wrapping_sub(self.seen) < WINDOW)
    }

    /// Whether it wants what it was shown before, too.
    pub fn wants_whole(&self) -> bool {
        self.asked.is_some_and(|asked| asked.whole)
    }

    /// An update is on its way. `Some`: with a fence behind it that has this number.
    pub fn sent(&mut self) -> Option<u8> {
        self.asked = None;
        self.continuous.then(|| {
            self.sent = self.sent.wrapping_add(1);
            self.sent
        })
    }

    /// The client has answered the fence of that number.
    pub fn seen(&mut self, number: u8) {
        let under_way = self.sent.wrapping_sub(self.seen);
        if (1..=under_way).contains(&number.wrapping_sub(self.seen)) {
            self.seen = number;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_has_one_and_who_does_not_has_none() {
        let mut updates = Updates::default();
        assert!(!updates.is_open());
        updates.ask(true);
        assert!(updates.is_open() && !updates.wants_whole());
        updates.ask(false);
        updates.ask(true);
        assert!(updates.wants_whole(), "a wish for all of it is not taken back by one for less");
        assert_eq!(updates.sent(), None);
        assert!(!updates.is_open() && !updates.wants_whole());
    }

    #[test]
    fn no_more_is_under_way_than_was_seen() {
        let mut updates = Updates::default();
        assert!(!updates.set_continuous(true));
        assert!(updates.is_open());
        assert_eq!((updates.sent(), updates.is_open()), (Some(1), true));
        assert_eq!((updates.sent(), updates.is_open()), (Some(2), false));
        updates.seen(7);
        assert!(!updates.is_open(), "nobody sent 7");
        updates.seen(2);
        updates.seen(1);
        assert!(updates.is_open());
        // Round the end of the numbers.
        for _ in 0..1_000 {
            let number = updates.sent().unwrap();
            updates.seen(number);
            assert!(updates.is_open());
        }
        updates.sent();
        updates.sent();
        updates.ask(false);
        assert!(updates.is_open(), "what is asked for is given besides");
        assert!(updates.set_continuous(false));
        assert!(!updates.set_continuous(false));
    }
}
