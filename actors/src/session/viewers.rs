//! Who watches, and what picture serves them all.

use std::collections::HashMap;

use bus_schema::{ConnId, model::ws::FramesWish};
use tokio::time::Instant;

use super::presence::HEARTBEAT;

/// The most viewers of one session.
const MOST: usize = 1_000;

#[derive(Debug)]
struct Viewer {
    wish: FramesWish,
    heard: Instant,
    slow: bool,
}

/// Pure. Size and quality are one for all: the most that a viewer who keeps up wants.
#[derive(Debug, Default)]
pub struct Viewers {
    viewers: HashMap<ConnId, Viewer>,
}

impl Viewers {
    /// `false`: there are too many.
    pub fn beat(&mut self, conn: ConnId, wish: FramesWish, slow: bool, now: Instant) -> bool {
        if !self.viewers.contains_key(&conn) && self.viewers.len() >= MOST {
            return false;
        }
        self.viewers.insert(conn, Viewer { wish, heard: now, slow });
        true
    }

    /// What a viewer who is there wishes now. Somebody unknown is not let in by a beat.
    pub fn refresh(&mut self, conn: &ConnId, wish: FramesWish, slow: bool, now: Instant) {
        if let Some(viewer) = self.viewers.get_mut(conn) {
            *viewer = Viewer { wish, heard: now, slow };
        }
    }

    pub fn leave(&mut self, conn: &ConnId) -> bool {
        self.viewers.remove(conn).is_some()
    }

    /// Those that have fallen silent, now gone.
    pub fn expire(&mut self, now: Instant) -> Vec<ConnId> {
        let silent = |v: &Viewer| now.saturating_duration_since(v.heard) >= HEARTBEAT;
        let gone: Vec<ConnId> =
            self.viewers.iter().filter(|(_, v)| silent(v)).map(|(c, _)| c.clone()).collect();
        for conn in &gone {
            self.viewers.remove(conn);
        }
        gone
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.viewers.values().map(|v| v.heard + HEARTBEAT).min()
    }

    /// What to capture; `None`: nobody watches.
    pub fn wish(&self) -> Option<FramesWish> {
        if self.viewers.is_empty() {
            return None;
        }
        let all_slow = self.viewers.values().all(|v| v.slow);
        let count = || self.viewers.values().filter(move |v| all_slow || !v.slow).map(|v| v.wish);
        // Absent means the default, which is the most; so one viewer without a wish decides.
        let most = |field: fn(&FramesWish) -> Option<u32>| {
            count().map(|w| field(&w)).try_fold(0, |m, f| f.map(|f| m.max(f)))
        };
        Some(FramesWish {
            max_fps: most(|w| w.max_fps),
            quality: most(|w| w.quality),
            max_width: most(|w| w.max_width),
            max_height: most(|w| w.max_height),
            // One capture follows one tab: a chosen one counts if all who chose agree.
            tab: {
                let mut tabs = count().map(|w| w.tab);
                let first = tabs.next().flatten();
                if tabs.all(|t| t == first) { first } else { None }
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn conn(s: &str) -> ConnId {
        ConnId::new(s).unwrap()
    }

    #[test]
    fn one_picture_serves_the_most_demanding_who_keeps_up() {
        let now = Instant::now();
        let mut v = Viewers::default();
        assert_eq!(v.wish(), None);
        let wish = |w, q| FramesWish { max_width: Some(w), quality: Some(q), ..FramesWish::default() };
        v.beat(conn("a"), wish(640, 90), false, now);
        v.beat(conn("b"), wish(1280, 50), false, now);
        assert_eq!(v.wish(), Some(wish(1280, 90)));
        v.beat(conn("b"), wish(1280, 50), true, now);
        assert_eq!(v.wish(), Some(wish(640, 90)), "who falls behind does not decide");
        v.beat(conn("a"), wish(640, 90), true, now);
        assert_eq!(v.wish(), Some(wish(1280, 90)), "unless all do");
        v.beat(conn("c"), FramesWish::default(), false, now);
        assert_eq!(v.wish(), Some(FramesWish::default()));
    }

    #[test]
    fn the_silent_are_gone() {
        let now = Instant::now();
        let mut v = Viewers::default();
        v.beat(conn("a"), FramesWish::default(), false, now);
        v.beat(conn("b"), FramesWish::default(), false, now + Duration::from_secs(1));
        assert_eq!(v.expire(now + HEARTBEAT), [conn("a")]);
        assert!(v.wish().is_some());
        assert!(v.leave(&conn("b")));
        assert_eq!(v.wish(), None);
    }
}
