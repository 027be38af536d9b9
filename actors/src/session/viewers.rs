//! Who watches, and what picture serves them all.

use std::collections::HashMap;

use bus_schema::{
    ConnId,
    model::{
        control::Access,
        note::{self, MAX_NAMED},
        ws::FramesWish,
    },
};
use tokio::time::Instant;

use super::presence::HEARTBEAT;

/// The most viewers of one session.
const MOST: usize = 1_000;

/// How a viewer is shown to others.
#[derive(Clone, Debug, Default)]
pub struct Who {
    pub name: Option<String>,
    pub access: Access,
}

#[derive(Debug)]
struct Viewer {
    who: Who,
    /// Counts the arrivals.
    n: u64,
    wish: FramesWish,
    heard: Instant,
    slow: bool,
}

/// Pure. Size and quality are one for all: the most that a viewer who keeps up wants.
#[derive(Debug, Default)]
pub struct Viewers {
    viewers: HashMap<ConnId, Viewer>,
    arrivals: u64,
    /// What was said last of who is there.
    said: Option<note::Viewers>,
}

impl Viewers {
    /// `false`: there are too many.
    pub fn arrive(&mut self, conn: ConnId, who: Who, wish: FramesWish, now: Instant) -> bool {
        if !self.viewers.contains_key(&conn) && self.viewers.len() >= MOST {
            return false;
        }
        self.arrivals += 1;
        self.viewers.insert(conn, Viewer { who, n: self.arrivals, wish, heard: now, slow: false });
        // Who arrives has to hear who is there, even if that is what was said last.
        self.said = None;
        true
    }

    /// What a viewer who is there wishes now. Somebody unknown is not let in by a beat.
    pub fn refresh(&mut self, conn: &ConnId, wish: FramesWish, slow: bool, now: Instant) {
        if let Some(viewer) = self.viewers.get_mut(conn) {
            (viewer.wish, viewer.heard, viewer.slow) = (wish, now, slow);
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

    /// Who is there, if that is not what was said last: whoever drives first, then in order of arrival.
    pub fn news(&self, driver: Option<&ConnId>) -> Option<note::Viewers> {
        let mut all: Vec<(&ConnId, &Viewer)> = self.viewers.iter().collect();
        all.sort_by_key(|(conn, viewer)| (driver != Some(*conn), viewer.n));
        let named = all.iter().take(MAX_NAMED).map(|(conn, viewer)| note::Viewer {
            conn: (*conn).clone(),
            name: viewer.who.name.clone(),
            access: viewer.who.access,
            holds_control: driver == Some(*conn),
        });
        let more = u32::try_from(all.len().saturating_sub(MAX_NAMED)).unwrap_or(u32::MAX);
        let now = note::Viewers { viewers: named.collect(), more };
        (self.said.as_ref() != Some(&now)).then_some(now)
    }

    pub fn said(&mut self, news: note::Viewers) {
        self.said = Some(news);
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
        v.arrive(conn("a"), Who::default(), wish(640, 90), now);
        v.arrive(conn("b"), Who::default(), wish(1280, 50), now);
        assert_eq!(v.wish(), Some(wish(1280, 90)));
        v.refresh(&conn("b"), wish(1280, 50), true, now);
        assert_eq!(v.wish(), Some(wish(640, 90)), "who falls behind does not decide");
        v.refresh(&conn("a"), wish(640, 90), true, now);
        assert_eq!(v.wish(), Some(wish(1280, 90)), "unless all do");
        v.arrive(conn("c"), Who::default(), FramesWish::default(), now);
        assert_eq!(v.wish(), Some(FramesWish::default()));
    }

    #[test]
    fn the_silent_are_gone() {
        let now = Instant::now();
        let mut v = Viewers::default();
        v.arrive(conn("a"), Who::default(), FramesWish::default(), now);
        v.arrive(conn("b"), Who::default(), FramesWish::default(), now + Duration::from_secs(1));
        assert_eq!(v.expire(now + HEARTBEAT), [conn("a")]);
        assert!(v.wish().is_some());
        assert!(v.leave(&conn("b")));
        assert_eq!(v.wish(), None);
    }

    #[test]
    fn who_is_there_is_said_once_and_to_each_who_comes() {
        let (now, wish) = (Instant::now(), FramesWish::default());
        let mut v = Viewers::default();
        let ann = Who { name: Some("Ann".into()), access: Access::Control };
        v.arrive(conn("a"), Who::default(), wish, now);
        v.arrive(conn("b"), ann, wish, now);
        let news = v.news(Some(&conn("b"))).unwrap();
        let shown: Vec<_> = news.viewers.iter().map(|v| (v.conn.as_str(), v.holds_control)).collect();
        assert_eq!((shown, news.more), (vec![("b", true), ("a", false)], 0));
        v.said(news);
        assert_eq!(v.news(Some(&conn("b"))), None);
        assert!(v.news(None).is_some(), "control has changed");
        v.arrive(conn("a"), Who::default(), wish, now);
        assert!(v.news(Some(&conn("b"))).is_some(), "somebody came back");
        for n in 0..MAX_NAMED {
            v.arrive(conn(&format!("v{n}")), Who::default(), wish, now);
        }
        let news = v.news(Some(&conn("v49"))).unwrap();
        assert_eq!((news.viewers.len(), news.more), (MAX_NAMED, 2));
        assert_eq!(news.viewers[0].conn, conn("v49"), "whoever drives is named");
    }
}
