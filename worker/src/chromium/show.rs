//! Frames: one capture per session, only while someone watches or it is recorded.

use std::{sync::Arc, time::Duration};

use bus::frame::Frames;
use bus_schema::{
    SessionId,
    model::{
        frame::{Codec, Header},
        ws::FramesWish,
    },
};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};
use tracing::debug;

use super::record::Recorder;
use crate::{
    cdp::Cdp,
    page::{Capture, Frame, Screencast, Tabs},
};

const QUALITY: u32 = 80;
const MOST_PIXELS: u32 = 2_048;
/// Between a picture and its acknowledgement at least. On a full machine the next one would only wait behind this one
/// and be older when it is seen; on any other it costs no picture, for two are under way.
const BREATH: Duration = Duration::from_millis(5);
/// Before a capture that could not start is tried again.
const AGAIN: Duration = Duration::from_millis(200);

/// What is to be captured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wanted {
    pub(super) wish: FramesWish,
    /// Somebody watches; else it is for the recording alone.
    pub(super) watched: bool,
}

/// Where the pictures of a session go.
pub(super) struct Outlets {
    pub(super) frames: Frames,
    pub(super) id: SessionId,
    /// A viewer has come, who needs a picture though nothing moves.
    pub(super) newcomer: Arc<Notify>,
    pub(super) recorder: Option<Arc<Recorder>>,
}

/// Captures what is wanted, until the session is over.
pub(super) async fn run(tabs: Tabs, mut wishes: watch::Receiver<Option<Wanted>>, outlets: Outlets) {
    let mut seq = 0;
    loop {
        let Some(wanted) = *wishes.borrow_and_update() else {
            if wishes.changed().await.is_err() {
                return;
            }
            continue;
        };
        let Ok(tab) = tabs.tab(wanted.wish.tab) else {
            tokio::time::sleep(AGAIN).await;
            continue;
        };
        let mut show = Show { tabs: &tabs, outlets: &outlets, n: tab.n, seq: &mut seq, last: None };
        if let Err(e) = show.tab(&tab.cdp, wanted, &mut wishes).await {
            debug!(error = %e, "the capture of a tab ended");
            tokio::time::sleep(AGAIN).await;
        }
    }
}

/// Has requests told of while somebody watches: they cost the browser time. Until the session is over.
pub(super) async fn requests(tabs: Tabs, mut wishes: watch::Receiver<Option<Wanted>>) {
    loop {
        let watched = wishes.borrow_and_update().is_some_and(|wanted| wanted.watched);
        tabs.watch_network(watched).await;
        if wishes.changed().await.is_err() {
            return;
        }
    }
}

fn capture(wish: FramesWish) -> Capture {
    let at_most = |n: Option<u32>| n.unwrap_or(MOST_PIXELS).clamp(16, MOST_PIXELS);
    Capture {
        quality: u8::try_from(wish.quality.unwrap_or(QUALITY).clamp(1, 100)).unwrap_or(u8::MAX),
        max_width: at_most(wish.max_width),
        max_height: at_most(wish.max_height),
    }
}

/// Between two frames, so that nobody gets more than he asked for.
fn interval(wish: FramesWish) -> Duration {
    wish.max_fps.map_or(Duration::ZERO, |fps| Duration::from_secs_f64(0.95 / f64::from(fps.clamp(1, 60))))
}

struct Show<'a> {
    tabs: &'a Tabs,
    outlets: &'a Outlets,
    n: u32,
    seq: &'a mut u32,
    last: Option<Frame>,
}

impl Show<'_> {
    /// Captures one tab until another is wanted or none.
    async fn tab(
        &mut self,
        cdp: &Cdp,
        mut wanted: Wanted,
        wishes: &mut watch::Receiver<Option<Wanted>>,
    ) -> Result<(), crate::cdp::CallError> {
        let mut cast = Screencast::start(cdp, capture(wanted.wish)).await?;
        let mut changes = self.tabs.changes();
        let mut due = Instant::now();
        loop {
            tokio::select! {
                frame = cast.next() => {
                    let Some(frame) = frame else { return Ok(()) };
                    let breath = Instant::now() + BREATH;
                    if let Some(recorder) = &self.outlets.recorder {
                        recorder.offer(&frame);
                    }
                    if wanted.watched {
                        self.publish(&frame).await;
                    }
                    // Not acknowledging is what slows the capture down: only as much as the viewers ask for, because
                    // Chromium makes no third picture before one of two is acknowledged.
                    tokio::time::sleep_until(due.max(breath)).await;
                    cast.shown(&frame);
                    self.last = Some(frame);
                    let interval = interval(wanted.wish);
                    let earliest = Instant::now().checked_sub(interval).unwrap_or(due);
                    due = due.max(earliest) + interval;
                }
                changed = wishes.changed() => {
                    let now = *wishes.borrow_and_update();
                    match now {
                        Some(now) if changed.is_ok() && now.wish.tab == wanted.wish.tab => {
                            if capture(now.wish) != cast.capture() {
                                cast.change(capture(now.wish)).await?;
                            }
                            wanted = now;
                        }
                        _ => {
                            wishes.mark_changed();
                            return Ok(());
                        }
                    }
                }
                () = self.outlets.newcomer.notified() => {
                    if let Some(last) = self.last.take() {
                        self.publish(&last).await;
                        self.last = Some(last);
                    }
                }
                _ = changes.changed() => {
                    if wanted.wish.tab.is_none() && self.tabs.active() != Some(self.n) {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn publish(&mut self, frame: &Frame) {
        *self.seq = self.seq.wrapping_add(1);
        let header = Header {
            codec: Codec::Jpeg,
            flags: 0,
            seq: *self.seq,
            captured_at: frame.captured_at,
            width: frame.width,
            height: frame.height,
            tab: self.n,
            input_width: frame.input_width,
            input_height: frame.input_height,
        };
        self.outlets.frames.publish(&self.outlets.id, header.with_image(&frame.jpeg)).await;
    }
}
