//! The film of a session: pictures as they change, stored in parts while it is made, so that whatever is killed costs
//! its last seconds and no more.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use actors::port::BrowserEvent;
use bus::Bus;
use bus_schema::{
    Error,
    model::{entry::Entry, event::EventType, ws::FramesWish},
    stream,
};
use bytes::Bytes;
use serde_json::json;
use tokio::{
    io::AsyncReadExt,
    sync::{mpsc, watch},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tracing::{debug, info};

use super::matroska::{self, Cluster};
use crate::page::Frame;

/// Between two pictures of a film at least.
const INTERVAL: Duration = Duration::from_millis(250);
/// How long a picture may be in memory only.
const UNSAVED: Duration = Duration::from_secs(10);
const PART: usize = 4 << 20;
/// What waits for an object store that does not take it; then the film has a gap.
const WAITING: usize = 16 << 20;
/// The largest film.
const FILM: u64 = 512 << 20;
/// Before storing is tried again.
const AGAIN: Duration = Duration::from_secs(5);
/// How long one part may take to be stored, and the last ones at the end.
const STORE: Duration = Duration::from_secs(10);
const FINISH: Duration = Duration::from_secs(2);

/// What is captured for a film when nobody watches.
pub(super) const WISH: FramesWish = FramesWish {
    max_fps: Some(4),
    quality: Some(60),
    max_width: Some(1280),
    max_height: Some(720),
    tab: None,
};

#[derive(Clone, Debug)]
struct Picture {
    jpeg: Bytes,
    width: u16,
    height: u16,
    taken: Instant,
}

/// Records one session. Dropped, it stops at once; what is to be kept must be [`Recorder::finish`]ed.
pub(super) struct Recorder {
    newest: watch::Sender<Option<Picture>>,
    over: CancellationToken,
    task: Mutex<Option<AbortOnDropHandle<()>>>,
}

impl Recorder {
    pub(super) fn start(bus: Bus, entry: &Entry, sink: mpsc::Sender<BrowserEvent>) -> Self {
        let (newest, pictures) = watch::channel(None);
        let over = CancellationToken::new();
        let now = bus.now();
        // An owner after the first goes on where the film is by now.
        let began = entry.ready_at.map_or(Duration::ZERO, |ready| now.since(ready));
        let film = Film {
            zero: Instant::now().checked_sub(began).unwrap_or_else(Instant::now),
            entry: entry.clone(),
            bus,
            sink,
            next_part: None,
            cluster: Cluster::default(),
            pending: Vec::new(),
            last: None,
            stored: 0,
            told: false,
        };
        let task = AbortOnDropHandle::new(tokio::spawn(film.run(pictures, over.clone())));
        Self { newest, over, task: Mutex::new(Some(task)) }
    }

    /// Takes a picture; it is in the film unless a newer one comes before its turn.
    pub(super) fn offer(&self, frame: &Frame) {
        self.newest.send_replace(Some(Picture {
            jpeg: frame.jpeg.clone(),
            width: frame.width,
            height: frame.height,
            taken: Instant::now(),
        }));
    }

    /// Ends the film with what is shown now and stores the rest of it.
    pub(super) async fn finish(&self) {
        self.over.cancel();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(task) = task else { return };
        if tokio::time::timeout(FINISH, task).await.is_err() {
            info!("the end of a recording was not stored in time");
        }
    }
}

struct Film {
    bus: Bus,
    entry: Entry,
    sink: mpsc::Sender<BrowserEvent>,
    /// When the session was ready: what times in the film are counted from.
    zero: Instant,
    /// The number of the next part; unknown until the first one is stored.
    next_part: Option<u32>,
    cluster: Cluster,
    /// Finished clusters that are not stored yet.
    pending: Vec<u8>,
    last: Option<Picture>,
    stored: u64,
    /// The client knows that something is missing.
    told: bool,
}

impl Film {
    async fn run(mut self, mut pictures: watch::Receiver<Option<Picture>>, over: CancellationToken) {
        let mut next_picture = Instant::now();
        let mut store_at: Option<Instant> = None;
        loop {
            tokio::select! {
                biased;
                () = over.cancelled() => break,
                () = until(store_at) => {
                    store_at = if self.store().await { None } else { Some(Instant::now() + AGAIN) };
                }
                changed = async {
                    tokio::time::sleep_until(next_picture).await;
                    pictures.changed().await
                } => {
                    if changed.is_err() {
                        break;
                    }
                    let Some(picture) = pictures.borrow_and_update().clone() else { continue };
                    next_picture = picture.taken.max(Instant::now()) + INTERVAL;
                    self.add(picture);
                    let due = Instant::now() + if self.held() >= PART { Duration::ZERO } else { UNSAVED };
                    store_at = Some(store_at.map_or(due, |at| at.min(due)));
                }
            }
            if self.stored >= FILM {
                let mib = FILM >> 20;
                self.tell(Error::resource_exhausted(format!("the recording has {mib} MiB and ends here")))
                    .await;
                return;
            }
        }
        let newest = pictures.borrow_and_update().clone();
        self.end(newest).await;
    }

    fn held(&self) -> usize {
        self.pending.len() + self.cluster.bytes()
    }

    fn add(&mut self, picture: Picture) {
        if self.held() >= WAITING {
            return;
        }
        let at = picture.taken.saturating_duration_since(self.zero);
        if !self.cluster.push(at, &picture.jpeg) {
            self.cluster.finish(&mut self.pending);
            self.cluster.push(at, &picture.jpeg);
        }
        self.last = Some(picture);
    }

    /// A page at rest sends no pictures: without one at its end the film would be too short.
    async fn end(mut self, newest: Option<Picture>) {
        if let Some(mut picture) = newest.or(self.last.take()) {
            picture.taken = Instant::now();
            self.add(picture);
        }
        self.store().await;
    }

    /// Stores what is held as a part of its own. Says whether nothing is left to be stored.
    async fn store(&mut self) -> bool {
        self.cluster.finish(&mut self.pending);
        if self.pending.is_empty() {
            return true;
        }
        match tokio::time::timeout(STORE, self.put()).await {
            Ok(Ok(size)) => {
                self.pending.clear();
                self.stored += size;
                return true;
            }
            Ok(Err(error)) => self.tell(error).await,
            Err(_) => self.tell(Error::unavailable("the object store does not take the recording")).await,
        }
        false
    }

    async fn put(&mut self) -> Result<u64, Error> {
        let Entry { id, tenant, .. } = &self.entry;
        let (objects, region) = (self.bus.artifacts(), id.region());
        let name = |n| stream::recording_part(tenant, id, n);
        let mut n = self.next_part.unwrap_or(0);
        while self.next_part.is_none() && objects.has(region, &name(n)).await? {
            n += 1;
        }
        // Known from here on: what was not answered is stored again under the same name.
        self.next_part = Some(n);
        let head = match &self.last {
            Some(shown) if n == 0 => matroska::head(&id.to_string(), shown.width, shown.height),
            Some(_) | None => Vec::new(),
        };
        let size = (head.len() + self.pending.len()) as u64;
        objects.put(region, &name(n), head.as_slice().chain(self.pending.as_slice()), size).await?;
        self.next_part = Some(n + 1);
        Ok(size)
    }

    /// Once: a client that reads events learns that its film is not whole.
    async fn tell(&mut self, error: Error) {
        if std::mem::replace(&mut self.told, true) {
            debug!(%error, "a part of a recording is not stored");
            return;
        }
        info!(session_id = %self.entry.id, %error, "a recording is not whole");
        let detail = format!("the recording is not whole: {}", error.detail);
        let said = BrowserEvent::Say {
            kind: EventType::Error,
            data: json!({ "detail": detail, "code": error.code }),
        };
        let _ = self.sink.send(said).await;
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
