//! Pictures a second on the canvas, from a page of 1280 × 720 that moves.

use std::time::Duration;

use super::{Bench, viewer::Shown};
use crate::{
    Scale, frames,
    progress::Progress,
    report::{Limit, Report},
};

const ROUND: Duration = Duration::from_secs(6);
const SLOWER: u32 = 30;

pub async fn run(report: &mut Report, scale: Scale, bench: &mut Bench) -> anyhow::Result<()> {
    let (full, slower) = (bench.pages.moving_url(), bench.pages.slower_url(SLOWER));
    let (mut relayed, mut viewed, mut by_vnc) = (Shown::default(), Shown::default(), Shown::default());
    let (mut relayed_slower, mut viewed_slower) = (Shown::default(), Shown::default());
    // Only one browser moves at a time, besides the one that watches it.
    let rounds = scale.times(3);
    let mut progress = Progress::new("view, rounds", rounds);
    for _ in 0..rounds {
        relayed.add(relay(bench, &full).await?);
        viewed.add(watch(bench, &full, Bench::view).await?);
        by_vnc.add(watch(bench, &full, Bench::vnc).await?);
        relayed_slower.add(relay(bench, &slower).await?);
        viewed_slower.add(watch(bench, &slower, Bench::view).await?);
        progress.step();
    }
    drop(progress);
    for (what, shown) in [
        ("60 Hz, bare relay", relayed),
        ("60 Hz, live view", viewed),
        ("60 Hz, noVNC", by_vnc),
        ("30 Hz, bare relay", relayed_slower),
        ("30 Hz, live view", viewed_slower),
    ] {
        report.number(what, shown.rate(), "pictures/s");
    }
    let ratio = viewed.rate() / relayed.rate();
    report.target("60 Hz, live view / bare relay", ratio, Limit::AtLeast(0.95));
    report.target("30 Hz, live view, pictures/s", viewed_slower.rate(), Limit::AtLeast(29.0));
    report.target("60 Hz, noVNC, pictures/s", by_vnc.rate(), Limit::AtLeast(20.0));
    Ok(())
}

/// Pipe → one WebSocket → a canvas.
async fn relay(bench: &mut Bench, url: &str) -> anyhow::Result<Shown> {
    let page = frames::moving(&bench.raw, url).await?;
    let (socket, relaying) = frames::serve(&page).await?;
    bench.viewer.relay(&bench.pages.quiet_url(), &socket).await?;
    let shown = bench.viewer.count(ROUND).await;
    bench.viewer.close().await?;
    relaying.abort();
    page.process.close().await;
    shown
}

async fn watch(bench: &mut Bench, url: &str, page: fn(&Bench, &str) -> String) -> anyhow::Result<Shown> {
    let id = bench.session(url).await?;
    let page = page(bench, &id);
    bench.viewer.watch(&page).await?;
    let shown = bench.viewer.count(ROUND).await;
    bench.viewer.close().await?;
    bench.client().end(&id).await?;
    shown
}
