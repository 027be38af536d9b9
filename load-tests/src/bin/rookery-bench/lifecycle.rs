//! create → navigate → evaluate → delete, against launch → navigate → evaluate → close.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Instant,
};

use load_tests::cluster::{Client, Pages, Up};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    Scale,
    progress::Progress,
    raw::Raw,
    report::{Limit, Report},
    statistics::Times,
};

/// Browsers kept warm, and lifecycles at a time.
const WARM: u64 = 2;
const AT_ONCE: u32 = 4;

pub async fn run(scale: Scale) -> anyhow::Result<Report> {
    let mut report = Report::new("lifecycle");
    let pages = Pages::start().await?;
    let url = pages.quiet_url();
    let raw = Arc::new(Raw::new().await?);
    let browser = raw.browser().display().to_string();
    let up = Up::start(&["--warm", &WARM.to_string(), "--slots", "16", "--browser", &browser]).await?;
    one_at_a_time(&mut report, scale, &raw, &up.client, &url).await?;
    back_to_back(&mut report, scale, &raw, &up.client, &url).await?;
    Ok(report)
}

async fn one_at_a_time(
    report: &mut Report,
    scale: Scale,
    raw: &Raw,
    client: &Client,
    url: &str,
) -> anyhow::Result<()> {
    let (mut ours, mut theirs) = (Times::default(), Times::default());
    let mut steps = [Times::default(), Times::default(), Times::default(), Times::default()];
    let count = scale.times(30);
    let mut progress = Progress::new("lifecycle, one at a time", count);
    for _ in 0..count {
        client.until_refilled(WARM).await?;
        let began = Instant::now();
        session(client, url, &mut steps).await?;
        ours.push(began.elapsed());
        client.until_refilled(WARM).await?;
        let began = Instant::now();
        raw.lifecycle(url).await?;
        theirs.push(began.elapsed());
        progress.step();
    }
    drop(progress);
    report.times("Rookery, warm", &ours);
    for (step, times) in ["create", "navigate", "evaluate", "delete"].iter().zip(&steps) {
        report.times(&format!("  {step}"), times);
    }
    report.times("raw Chromium", &theirs);
    report.target("p50, Rookery / raw", ours.p50() / theirs.p50(), Limit::AtMost(0.75));
    Ok(())
}

async fn session(client: &Client, url: &str, steps: &mut [Times; 4]) -> anyhow::Result<()> {
    let mut began = Instant::now();
    let mut lap = || std::mem::replace(&mut began, Instant::now()).elapsed();
    let session = client.create(&json!({})).await?;
    let id = Client::id(&session);
    steps[0].push(lap());
    client.command(id, &json!({ "action": "navigate", "url": url })).await?;
    steps[1].push(lap());
    client.evaluate(id, "document.title").await?;
    steps[2].push(lap());
    client.end(id).await?;
    steps[3].push(lap());
    Ok(())
}

/// Some rounds of each in turn, so that what else the machine does falls on both.
async fn back_to_back(
    report: &mut Report,
    scale: Scale,
    raw: &Arc<Raw>,
    client: &Client,
    url: &str,
) -> anyhow::Result<()> {
    let (mut ours, mut theirs) = (Times::default(), Times::default());
    let (mut our_time, mut their_time) = (0.0, 0.0);
    let (rounds, each) = (scale.times(3), 40);
    let mut progress = Progress::new("lifecycle, 4 at a time, rounds", rounds);
    for _ in 0..rounds {
        client.until_refilled(WARM).await?;
        let began = Instant::now();
        let (client, to) = (client.clone(), url.to_owned());
        let work = move || {
            let (client, to) = (client.clone(), to.clone());
            async move { session(&client, &to, &mut Default::default()).await }
        };
        ours.extend(at_once(each, work).await?);
        our_time += began.elapsed().as_secs_f64();
        let began = Instant::now();
        let (raw, to) = (raw.clone(), url.to_owned());
        let work = move || {
            let (raw, to) = (raw.clone(), to.clone());
            async move { raw.lifecycle(&to).await }
        };
        theirs.extend(at_once(each, work).await?);
        their_time += began.elapsed().as_secs_f64();
        progress.step();
    }
    drop(progress);
    let count = f64::from(rounds * each);
    let (our_rate, their_rate) = (count / our_time, count / their_time);
    report.times("Rookery, 4 at a time", &ours);
    report.times("raw Chromium, 4 at a time", &theirs);
    report.number("Rookery, sustained", our_rate, "sessions/s");
    report.number("raw Chromium, sustained", their_rate, "browsers/s");
    report.target("sustained rate, Rookery / raw", our_rate / their_rate, Limit::AtLeast(0.9));
    Ok(())
}

/// `count` runs of `work`, [`AT_ONCE`] at any time.
async fn at_once<F>(count: u32, work: impl Fn() -> F + Clone + Send + 'static) -> anyhow::Result<Times>
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let left = Arc::new(AtomicU32::new(count));
    let mut tasks = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (left, work) = (left.clone(), work.clone());
        tasks.spawn(async move {
            let mut times = Times::default();
            while left.fetch_update(Relaxed, Relaxed, |n| n.checked_sub(1)).is_ok() {
                let began = Instant::now();
                work().await?;
                times.push(began.elapsed());
            }
            anyhow::Ok(times)
        });
    }
    let mut all = Times::default();
    while let Some(times) = tasks.join_next().await {
        all.extend(times??);
    }
    Ok(all)
}
