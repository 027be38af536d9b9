//! A 720p page that moves at 60 Hz: the raw screencast, a bare relay of it, and Rookery with one viewer.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use bus_schema::model::frame::Header;
use futures::SinkExt;
use load_tests::cluster::{Client, Pages, Up};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_tungstenite::{accept_async, tungstenite::Message};
use worker::page::{Capture, Screencast};

use crate::{
    Scale,
    progress::Progress,
    raw::{Page, Raw},
    report::{Limit, Report},
    socket::{Got, Socket},
    statistics::Times,
};

const ROUND: Duration = Duration::from_secs(6);
/// Not counted, while capture and pages get going.
const RUN_UP: Duration = Duration::from_secs(1);

/// Frames that came, and how long each took from its capture.
#[derive(Default)]
struct Seen {
    latency: Times,
    frames: u32,
    time: f64,
}

impl Seen {
    fn rate(&self) -> f64 {
        f64::from(self.frames) / self.time
    }

    fn add(&mut self, other: Self) {
        self.latency.extend(other.latency);
        self.frames += other.frames;
        self.time += other.time;
    }
}

/// Counts frames from a source, given as the time of capture of the next, for one round.
async fn count(mut next: impl AsyncFnMut() -> anyhow::Result<u64>) -> anyhow::Result<Seen> {
    let (began, mut seen) = (Instant::now(), Seen::default());
    while began.elapsed() < RUN_UP + ROUND {
        let captured_at = next().await?;
        if began.elapsed() >= RUN_UP {
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
            seen.latency.push(now.saturating_sub(Duration::from_micros(captured_at)));
            seen.frames += 1;
        }
    }
    seen.time = (began.elapsed() - RUN_UP).as_secs_f64();
    Ok(seen)
}

pub async fn run(scale: Scale) -> anyhow::Result<Report> {
    let mut report = Report::new("frames");
    let pages = Pages::start().await?;
    let url = pages.moving_url();
    let raw = Raw::new().await?;
    let browser = raw.browser().display().to_string();
    let up = Up::start(&["--warm", "0", "--slots", "4", "--browser", &browser]).await?;
    let (mut bare, mut relayed, mut ours) = (Seen::default(), Seen::default(), Seen::default());
    // Only one browser moves at a time: two would measure the machine.
    let rounds = scale.times(3);
    let mut progress = Progress::new("frames, rounds", rounds);
    for _ in 0..rounds {
        let page = moving(&raw, &url).await?;
        bare.add(screencast(&page).await?);
        relayed.add(relay(&page).await?);
        page.process.close().await;
        ours.add(viewer(&up.client, &url).await?);
        progress.step();
    }
    drop(progress);
    for (name, seen) in [("raw screencast", &bare), ("bare relay", &relayed), ("Rookery, one viewer", &ours)]
    {
        report.number(&format!("{name}, rate"), seen.rate(), "frames/s");
        report.times(&format!("{name}, from capture"), &seen.latency);
    }
    let (to_bare, to_relay) = (ours.rate() / bare.rate(), ours.rate() / relayed.rate());
    report.target("rate, Rookery / raw", to_bare, Limit::AtLeast(0.95));
    report.target("rate, Rookery / bare relay (full machine)", to_relay, Limit::AtLeast(0.95));
    report.target("added to raw at p50, ms", ours.latency.p50() - bare.latency.p50(), Limit::AtMost(5.0));
    Ok(report)
}

/// A raw browser with a page of 1280 × 720.
pub async fn moving(raw: &Raw, url: &str) -> anyhow::Result<Page> {
    let page = raw.launch().await?;
    let size = json!({ "width": 1280, "height": 720, "deviceScaleFactor": 1, "mobile": false });
    page.cdp.call_raw("Emulation.setDeviceMetricsOverride", size).await?;
    page.navigate(url).await?;
    Ok(page)
}

async fn screencast(page: &Page) -> anyhow::Result<Seen> {
    let mut screencast = Screencast::start(&page.cdp, Capture::default()).await?;
    count(async || {
        let frame = screencast.next().await.context("the raw browser ended")?;
        screencast.shown(&frame);
        Ok(frame.captured_at)
    })
    .await
}

/// Pipe → one WebSocket → this process.
async fn relay(page: &Page) -> anyhow::Result<Seen> {
    let (url, relaying) = serve(page).await?;
    let mut socket = Socket::connect(&url).await?;
    let seen = count(async || {
        loop {
            if let Got::Frame(bytes) = socket.next().await? {
                let stamp = bytes.first_chunk().context("a frame without its time")?;
                return Ok(u64::from_be_bytes(*stamp));
            }
        }
    })
    .await;
    relaying.abort();
    seen
}

/// A bare relay for one client: the time of capture in 8 bytes and a JPEG, each acknowledged when it was written.
pub async fn serve(page: &Page) -> anyhow::Result<(String, JoinHandle<anyhow::Result<()>>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}/", listener.local_addr()?);
    let mut screencast = Screencast::start(&page.cdp, Capture::default()).await?;
    let relaying = tokio::spawn(async move {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let mut socket = accept_async(stream).await?;
        while let Some(frame) = screencast.next().await {
            let mut message = frame.captured_at.to_be_bytes().to_vec();
            message.extend_from_slice(&frame.jpeg);
            if socket.send(Message::Binary(message.into())).await.is_err() {
                break;
            }
            screencast.shown(&frame);
        }
        Ok(())
    });
    Ok((url, relaying))
}

async fn viewer(client: &Client, url: &str) -> anyhow::Result<Seen> {
    let session = client.create(&json!({ "url": url })).await?;
    let id = Client::id(&session);
    let mut socket = Socket::open(client, id).await?;
    let wish =
        json!({ "type": "frames:start", "max_fps": 60, "quality": 80, "max_width": 1280, "max_height": 720 });
    socket.send(&wish).await?;
    let seen = count(async || {
        loop {
            if let Got::Frame(bytes) = socket.next().await? {
                let header = Header::decode(&bytes).context("a frame with an unreadable header")?;
                socket.send(&json!({ "type": "frames:ack", "seq": header.seq })).await?;
                return Ok(header.captured_at);
            }
        }
    })
    .await;
    client.end(id).await?;
    seen
}
