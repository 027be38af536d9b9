//! What ten viewers of one session cost its worker.

use std::time::{Duration, Instant};

use anyhow::Context;
use load_tests::cluster::process_table;

use super::{Bench, watcher::Watcher};
use crate::{
    Scale,
    progress::Progress,
    report::{Limit, Report},
};

/// One is the Chromium, the others read only: what they decode would be no cost of the worker's.
const VIEWERS: usize = 10;
/// As much as leaves the machine room to do it all: where it is full, the worker gets less the more others do.
const HZ: u32 = 10;
const RUN_UP: Duration = Duration::from_secs(2);
const ROUND: Duration = Duration::from_secs(6);

/// Processor time and frames of some rounds.
#[derive(Default)]
struct Cost {
    processor: Duration,
    frames: u32,
    time: Duration,
}

impl Cost {
    /// Seconds of processor time a second.
    fn cores(&self) -> f64 {
        self.processor.as_secs_f64() / self.time.as_secs_f64()
    }

    fn rate(&self) -> f64 {
        f64::from(self.frames) / self.time.as_secs_f64()
    }
}

pub async fn run(report: &mut Report, scale: Scale, bench: &mut Bench) -> anyhow::Result<()> {
    let id = bench.session(&bench.pages.slower_url(HZ)).await?;
    let view = bench.view(&id);
    let (mut one, mut ten) = (Cost::default(), Cost::default());
    let rounds = scale.times(4);
    let mut progress = Progress::new("view, crowds", rounds);
    for _ in 0..rounds {
        bench.viewer.watch(&view).await?;
        let mut watchers = vec![];
        measure(bench, &watchers, &mut one).await?;
        for _ in 1..VIEWERS {
            watchers.push(Watcher::start(bench.client(), &id).await?);
        }
        measure(bench, &watchers, &mut ten).await?;
        bench.viewer.close().await?;
        progress.step();
    }
    drop(progress);
    bench.client().end(&id).await?;
    report.number("one viewer, worker and browser", one.cores(), "cores");
    report.number("ten viewers, worker and browser", ten.cores(), "cores");
    let each = ten.rate() / f64::from(u32::try_from(VIEWERS - 1)?);
    report.number("ten viewers, each", each, "frames/s");
    report.target("worker's CPU, ten viewers / one", ten.cores() / one.cores(), Limit::AtMost(1.3));
    Ok(())
}

async fn measure(bench: &Bench, watchers: &[Watcher], cost: &mut Cost) -> anyhow::Result<()> {
    tokio::time::sleep(RUN_UP).await;
    let (before, seen, began) = (processor_time(bench)?, frames(watchers)?, Instant::now());
    tokio::time::sleep(ROUND).await;
    cost.processor += processor_time(bench)?.saturating_sub(before);
    cost.frames += frames(watchers)? - seen;
    cost.time += began.elapsed();
    Ok(())
}

fn frames(watchers: &[Watcher]) -> anyhow::Result<u32> {
    watchers.iter().map(Watcher::frames).sum()
}

/// Of the worker and of all its browser's processes.
fn processor_time(bench: &Bench) -> anyhow::Result<Duration> {
    let worker = bench.cluster.workers.first().context("no worker")?;
    let groups = process_table::browsers_under(&worker.data);
    anyhow::ensure!(!groups.is_empty(), "the worker has no browser");
    let browsers = process_table::in_groups(&groups).into_iter().map(|running| running.pid);
    let all = std::iter::once(worker.process.pid()).chain(browsers);
    Ok(all.filter_map(process_table::processor_time).sum())
}
