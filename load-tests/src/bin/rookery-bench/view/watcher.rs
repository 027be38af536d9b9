//! Viewers that cost next to nothing: they read frames and acknowledge them, and decode none.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context;
use bus_schema::model::frame::Header;
use load_tests::cluster::Client;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::socket::{Got, Socket};

/// A socket that watches at full size and rate.
pub struct Feed(Socket);

pub struct Frame {
    /// How old it was when it was read.
    pub age: Duration,
    pub bytes: usize,
}

impl Feed {
    pub async fn open(client: &Client, id: &str) -> anyhow::Result<Self> {
        let mut socket = Socket::open(client, id).await?;
        let wish = json!({ "type": "frames:start", "max_fps": 60, "max_width": 1280, "max_height": 720 });
        socket.send(&wish).await?;
        Ok(Self(socket))
    }

    /// Reads the next frame and acknowledges it.
    pub async fn next(&mut self) -> anyhow::Result<Frame> {
        loop {
            if let Got::Frame(message) = self.0.next().await? {
                let header = Header::decode(&message).context("a frame with an unreadable header")?;
                self.0.send(&json!({ "type": "frames:ack", "seq": header.seq })).await?;
                let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
                let age = now.saturating_sub(Duration::from_micros(header.captured_at));
                return Ok(Frame { age, bytes: message.len() });
            }
        }
    }
}

/// A viewer in a task of its own, until it is dropped.
pub struct Watcher {
    seen: Arc<Seen>,
    task: JoinHandle<anyhow::Result<()>>,
}

#[derive(Default)]
struct Seen {
    frames: AtomicU32,
    largest: AtomicUsize,
}

impl Watcher {
    pub async fn start(client: &Client, id: &str) -> anyhow::Result<Self> {
        let mut feed = Feed::open(client, id).await?;
        // The one picture that even a page at rest has.
        feed.next().await?;
        let seen = Arc::new(Seen::default());
        let log = seen.clone();
        let task = tokio::spawn(async move {
            loop {
                let frame = feed.next().await?;
                log.frames.fetch_add(1, Ordering::Relaxed);
                log.largest.fetch_max(frame.bytes, Ordering::Relaxed);
            }
        });
        Ok(Self { seen, task })
    }

    /// Frames so far. Fails once it sees no more.
    pub fn frames(&self) -> anyhow::Result<u32> {
        anyhow::ensure!(!self.task.is_finished(), "a viewer's socket ended");
        Ok(self.seen.frames.load(Ordering::Relaxed))
    }

    /// Bytes of the largest frame so far.
    pub fn largest(&self) -> usize {
        self.seen.largest.load(Ordering::Relaxed)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}
