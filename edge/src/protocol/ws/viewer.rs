//! One viewer's frames: the newest only, at the viewer's own rate, and no more under way than it has acknowledged.

use std::{future::pending, time::Duration};

use bus_schema::{
    Error,
    model::{frame::Header, validate::range, ws::FramesWish},
};
use bytes::Bytes;
use tokio::time::{Instant, sleep_until};

use crate::{gateway::view::View, metrics::metrics};

/// Frames under way: one being shown while the next one travels.
const WINDOW: usize = 2;
const DEFAULT_FPS: u32 = 30;
const MAX_FPS: u32 = 60;
/// A viewer that keeps a full window for this long would be better served by smaller frames.
const SLOW: Duration = Duration::from_millis(500);

pub struct Viewer {
    view: View,
    pace: Pace,
    last_seq: Option<u32>,
    was_slow: bool,
}

impl Viewer {
    pub fn new(view: View, wish: &FramesWish) -> Self {
        Self { view, pace: Pace::new(wish, Instant::now()), last_seq: None, was_slow: false }
    }

    /// A new wish of the same viewer.
    pub fn wish(&mut self, wish: FramesWish) {
        self.pace = Pace::new(&wish, Instant::now());
        self.view.wish(wish);
    }

    /// What this viewer wants to see.
    pub fn wished(&self) -> FramesWish {
        self.view.wished()
    }

    pub fn heartbeat(&self) -> Duration {
        self.view.heartbeat
    }

    /// The next frame, once this viewer may have it. `None`: no more will come. Cancel safe.
    pub async fn next(&mut self) -> Option<Bytes> {
        if self.pace.is_full() {
            // An ack arrives as a message, and then this is asked again.
            return pending().await;
        }
        sleep_until(self.pace.due).await;
        loop {
            let frame = self.view.next().await?;
            // Noise on the subject is no frame.
            if Header::decode(&frame).is_some() {
                return Some(frame);
            }
        }
    }

    /// The frame is on its way.
    pub fn sent(&mut self, frame: &Bytes) {
        let seq = Header::decode(frame).map_or(0, |h| h.seq);
        if let Some(last) = self.last_seq {
            metrics().frames_skipped(u64::from(seq.wrapping_sub(last).saturating_sub(1)));
        }
        self.last_seq = Some(seq);
        self.pace.sent(seq, Instant::now());
        metrics().frame_sent(frame.len());
    }

    pub fn ack(&mut self, seq: u32) {
        self.pace.ack(seq);
    }

    /// Tells the owner that somebody is there, and whether they keep up.
    pub async fn beat(&mut self) {
        let slow = self.pace.full_since.is_some_and(|since| since.elapsed() >= SLOW);
        if slow && !self.was_slow {
            metrics().slow_viewer();
        }
        self.was_slow = slow;
        self.view.beat(slow).await;
    }
}

/// Fails with the field that is out of range.
pub fn check(wish: &FramesWish) -> Result<(), Error> {
    let within = |field, value: Option<u32>, from, to| value.map_or(Ok(()), |v| range(field, v, from, to));
    within("max_fps", wish.max_fps, 1, MAX_FPS)?;
    within("quality", wish.quality, 1, 100)?;
    within("max_width", wish.max_width, 1, bus_schema::model::validate::MAX_VIEWPORT_SIDE)?;
    within("max_height", wish.max_height, 1, bus_schema::model::validate::MAX_VIEWPORT_SIDE)
}

/// When the next frame may go out.
struct Pace {
    interval: Duration,
    due: Instant,
    unacked: Vec<u32>,
    full_since: Option<Instant>,
}

impl Pace {
    fn new(wish: &FramesWish, now: Instant) -> Self {
        let fps = wish.max_fps.unwrap_or(DEFAULT_FPS).clamp(1, MAX_FPS);
        Self { interval: Duration::from_secs(1) / fps, due: now, unacked: Vec::new(), full_since: None }
    }

    fn is_full(&self) -> bool {
        self.unacked.len() >= WINDOW
    }

    fn sent(&mut self, seq: u32, now: Instant) {
        self.unacked.push(seq);
        if self.is_full() {
            self.full_since.get_or_insert(now);
        }
        // On a schedule, not from this frame on: a timer that fires late must not lower the rate. What was missed by
        // more than one interval is not made up for.
        let earliest = now.checked_sub(self.interval).unwrap_or(now);
        self.due = (self.due + self.interval).max(earliest);
    }

    /// Frames come in order, so one that was shown stands for those before it.
    fn ack(&mut self, seq: u32) {
        if let Some(at) = self.unacked.iter().position(|s| *s == seq) {
            self.unacked.drain(..=at);
        }
        if !self.is_full() {
            self.full_since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(fps: u32) -> (Pace, Instant) {
        let now = Instant::now();
        (Pace::new(&FramesWish { max_fps: Some(fps), ..FramesWish::default() }, now), now)
    }

    #[test]
    fn the_rate_is_kept_though_timers_fire_late() {
        let (mut p, start) = pace(50);
        let mut now = start;
        for seq in 0..100 {
            now = now.max(p.due) + Duration::from_millis(1);
            p.sent(seq, now);
            p.ack(seq);
        }
        let took = now - start;
        assert!(took >= Duration::from_millis(1_980) && took < Duration::from_millis(2_020), "{took:?}");
    }

    #[test]
    fn a_pause_is_not_made_up_for_by_a_burst() {
        let (mut p, start) = pace(10);
        p.sent(1, start);
        let later = start + Duration::from_secs(5);
        p.sent(2, later);
        assert!(p.due >= later.checked_sub(Duration::from_millis(100)).unwrap());
    }

    #[test]
    fn no_more_is_under_way_than_the_viewer_acknowledged() {
        let (mut p, now) = pace(60);
        p.sent(7, now);
        assert!(!p.is_full());
        p.sent(9, now);
        assert!(p.is_full() && p.full_since.is_some());
        p.ack(8);
        assert!(p.is_full(), "nobody sent 8");
        p.ack(9);
        assert!(p.unacked.is_empty() && p.full_since.is_none());
    }

    #[test]
    fn wishes_are_checked() {
        let wish = |json: &str| serde_json::from_str::<FramesWish>(json).unwrap();
        check(&wish("{}")).unwrap();
        for (json, field) in [
            (r#"{"max_fps":0}"#, "max_fps"),
            (r#"{"max_fps":61}"#, "max_fps"),
            (r#"{"quality":101}"#, "quality"),
        ] {
            assert_eq!(check(&wish(json)).unwrap_err().field.as_deref(), Some(field));
        }
    }
}
