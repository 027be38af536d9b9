//! `evaluate` over the WebSocket against the raw pipe.

use std::time::{Duration, Instant};

use load_tests::cluster::{Client, Pages, Up};
use serde_json::json;

use crate::{
    Scale,
    progress::Progress,
    raw::Raw,
    report::{Limit, Report},
    socket::Socket,
    statistics::Times,
};

const WARM_UP: u32 = 200;

pub async fn run(scale: Scale) -> anyhow::Result<Report> {
    let mut report = Report::new("command");
    let pages = Pages::start().await?;
    let url = pages.quiet_url();
    let raw = Raw::new().await?;
    let browser = raw.browser().display().to_string();
    let up = Up::start(&["--warm", "0", "--slots", "4", "--browser", &browser]).await?;
    let session = up.client.create(&json!({ "url": url })).await?;
    let mut socket = Socket::open(&up.client, Client::id(&session)).await?;
    let page = raw.launch().await?;
    page.navigate(&url).await?;
    // Until the fleet is quiet again after the start.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (mut ours, mut theirs) = (Times::default(), Times::default());
    let count = scale.times(3_000);
    let mut progress = Progress::new("command", WARM_UP + count);
    for n in 0..WARM_UP + count {
        let began = Instant::now();
        anyhow::ensure!(socket.evaluate(n, "6*7").await? == 42, "a wrong answer");
        let our_time = began.elapsed();
        let began = Instant::now();
        anyhow::ensure!(page.evaluate("6*7").await? == 42, "a wrong answer of raw Chromium");
        if n >= WARM_UP {
            ours.push(our_time);
            theirs.push(began.elapsed());
        }
        progress.step();
    }
    drop(progress);
    report.times("Rookery, over the WebSocket", &ours);
    report.times("raw Chromium, over its pipe", &theirs);
    report.target("added at p50, ms", ours.p50() - theirs.p50(), Limit::AtMost(0.6));
    report.target("added at p99, ms", ours.p99() - theirs.p99(), Limit::AtMost(3.0));
    page.process.close().await;
    Ok(report)
}
