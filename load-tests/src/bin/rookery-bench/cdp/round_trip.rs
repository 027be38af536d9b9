//! One message and its answer, small and large.

use std::time::Instant;

use load_tests::cluster::Client;
use serde_json::json;
use tokio::task::JoinSet;

use super::{attach, page::Page};
use crate::{
    Scale,
    progress::Progress,
    report::{Limit, Report},
    statistics::Times,
};

const WARM_UP: u32 = 200;
/// A picture that cannot be compressed, of a size that makes 5 MB as a PNG in base64.
const SIZE: (u32, u32) = (1400, 900);
const NOISE: &str = "
    document.body.style.margin = 0;
    const canvas = document.body.appendChild(document.createElement('canvas'));
    [canvas.width, canvas.height] = [innerWidth, innerHeight];
    canvas.style.display = 'block';
    const context = canvas.getContext('2d');
    const image = context.createImageData(canvas.width, canvas.height);
    for (let n = 0; n < image.data.length; n += 65536) crypto.getRandomValues(image.data.subarray(n, n + 65536));
    for (let n = 3; n < image.data.length; n += 4) image.data[n] = 255;
    context.putImageData(image, 0, 0);
";

pub async fn run(
    report: &mut Report,
    scale: Scale,
    with: &str,
    through: &mut Page,
    bare: &mut Page,
) -> anyhow::Result<()> {
    let (mut ours, mut theirs) = (Times::default(), Times::default());
    let count = scale.times(3_000);
    let mut progress = Progress::new("cdp, round trips", WARM_UP + count);
    for n in 0..WARM_UP + count {
        let our_time = add(through).await?;
        let their_time = add(bare).await?;
        if n >= WARM_UP {
            ours.push(our_time);
            theirs.push(their_time);
        }
        progress.step();
    }
    drop(progress);
    report.times(&format!("round trip, Rookery, {with}"), &ours);
    report.times("round trip, raw Chromium", &theirs);
    report.target(&format!("{with}: added at p50, ms"), ours.p50() - theirs.p50(), Limit::AtMost(0.5));
    report.target(&format!("{with}: added at p99, ms"), ours.p99() - theirs.p99(), Limit::AtMost(2.0));
    Ok(())
}

async fn add(page: &mut Page) -> anyhow::Result<std::time::Duration> {
    let began = Instant::now();
    let answer = page.call("Runtime.evaluate", json!({ "expression": "1+1" })).await?;
    let time = began.elapsed();
    anyhow::ensure!(answer["result"]["value"] == 2, "a wrong answer: {answer}");
    Ok(time)
}

pub async fn screenshot(
    report: &mut Report,
    scale: Scale,
    through: &mut Page,
    bare: &mut Page,
) -> anyhow::Result<()> {
    for page in [&mut *through, &mut *bare] {
        let metrics = json!({ "width": SIZE.0, "height": SIZE.1, "deviceScaleFactor": 1, "mobile": false });
        page.call("Emulation.setDeviceMetricsOverride", metrics).await?;
        page.call("Runtime.evaluate", json!({ "expression": NOISE })).await?;
    }
    let (mut ours, mut theirs) = (Times::default(), Times::default());
    let (rounds, mut bytes) = (scale.times(30), 0);
    let mut progress = Progress::new("cdp, screenshots", rounds);
    for n in 0..=rounds {
        let (our_time, _) = capture(through).await?;
        let (their_time, size) = capture(bare).await?;
        // The first of each draws the page too.
        if n > 0 {
            ours.push(our_time);
            theirs.push(their_time);
            progress.step();
        }
        bytes = size;
    }
    drop(progress);
    report.times("screenshot, Rookery", &ours);
    report.times("screenshot, raw Chromium", &theirs);
    report.number("screenshot, size", f64::from(bytes) / 1e6, "MB");
    report.target("screenshot: p50, Rookery / raw", ours.p50() / theirs.p50(), Limit::AtMost(1.3));
    Ok(())
}

async fn capture(page: &mut Page) -> anyhow::Result<(std::time::Duration, u32)> {
    let began = Instant::now();
    let answer = page.call("Page.captureScreenshot", json!({ "format": "png" })).await?;
    let time = began.elapsed();
    let size = answer["data"].as_str().unwrap_or_default().len();
    anyhow::ensure!(size > 4_500_000, "the picture has only {size} bytes");
    Ok((time, u32::try_from(size)?))
}

/// Sessions with a browser and a CDP client each that does nothing.
pub struct Idle(JoinSet<()>);

impl Idle {
    pub async fn attach(client: &Client, count: u32) -> anyhow::Result<Self> {
        let mut idle = Self(JoinSet::new());
        let mut progress = Progress::new("cdp, sessions", count);
        for _ in 0..count {
            let page = Page::open(&attach(client).await?).await?;
            idle.0.spawn(page.idle());
            progress.step();
        }
        Ok(idle)
    }
}
