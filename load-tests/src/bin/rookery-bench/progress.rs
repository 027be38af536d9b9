//! How far a measurement is, for who waits for it.

use std::io::{IsTerminal, Write};

/// One line on stderr that is written over. On anything but a terminal it says nothing.
pub struct Progress {
    what: &'static str,
    of: u32,
    done: u32,
    shown: bool,
}

impl Progress {
    pub fn new(what: &'static str, of: u32) -> Self {
        let progress = Self { what, of, done: 0, shown: std::io::stderr().is_terminal() };
        progress.show();
        progress
    }

    pub fn step(&mut self) {
        self.done += 1;
        // A hundred times in all is often enough.
        if self.done.is_multiple_of((self.of / 100).max(1)) {
            self.show();
        }
    }

    fn show(&self) {
        if self.shown {
            let mut stderr = std::io::stderr().lock();
            let _ = write!(stderr, "\r\x1b[K{} {}/{}", self.what, self.done, self.of);
            let _ = stderr.flush();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
