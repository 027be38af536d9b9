//! A viewer that stops reading: what that costs edge and worker, and what it sees when it reads again.

use std::time::{Duration, Instant};

use anyhow::Context;
use load_tests::cluster::{Cluster, Pages, process_table};
use tokio::time::timeout;

use super::{
    fleet, session,
    watcher::{Feed, Watcher},
};
use crate::{
    progress::Progress,
    report::{Limit, Report},
};

const HZ: u32 = 30;
const RUN_UP: Duration = Duration::from_secs(5);
const STILL: Duration = Duration::from_secs(30);
const SAMPLE: Duration = Duration::from_millis(250);
/// A picture that is no older than this is the latest, on its way.
const FRESH: Duration = Duration::from_millis(250);
const MIB: f64 = (1 << 20) as f64;

/// What a process had resident, in MiB, sampled for a while.
#[derive(Default)]
struct Memory(Vec<f64>);

impl Memory {
    fn at(&self, share: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted
            .get((sorted.len() * share / 100).min(sorted.len().saturating_sub(1)))
            .copied()
            .unwrap_or(f64::NAN)
    }

    /// Half the time it was less. Pictures that come and go at any moment move the extremes by two.
    fn median(&self) -> f64 {
        self.at(50)
    }

    fn most(&self) -> f64 {
        self.at(100)
    }
}

/// On a fleet of its own: what an allocator has kept from other work would be taken for what this takes.
pub async fn run(report: &mut Report, pages: &Pages) -> anyhow::Result<()> {
    let cluster = fleet().await?;
    let client = cluster.client();
    let id = session(client, &pages.slower_url(HZ)).await?;
    // Another viewer reads all the time: the session is captured as before while the first one does not.
    let watcher = Watcher::start(client, &id).await?;
    let mut feed = Feed::open(client, &id).await?;
    let mut progress = Progress::new("view, half minutes", 2);
    read(&mut feed, RUN_UP).await?;
    let ((), reading) = tokio::try_join!(read(&mut feed, STILL), watch(&cluster))?;
    progress.step();
    let seen = watcher.frames()?;
    let still = watch(&cluster).await?;
    let meanwhile = f64::from(watcher.frames()? - seen) / STILL.as_secs_f64();
    drop(progress);
    let back = timeout(STILL, catch_up(&mut feed)).await.context("no fresh picture came")??;
    let frame = mib(watcher.largest());
    client.end(&id).await?;
    report.number("30 s without reading, largest frame", frame, "MiB");
    report.number("30 s without reading, another viewer", meanwhile, "frames/s");
    for (who, before, then) in [("edge", &reading[0], &still[0]), ("worker", &reading[1], &still[1])] {
        for (what, memory) in [("all read", before), ("one does not", then)] {
            report.number(&format!("{who} while {what}, median"), memory.median(), "MiB");
            report.number(&format!("{who} while {what}, at most"), memory.most(), "MiB");
        }
        let growth = (then.median() - before.median()) / frame;
        report.target(&format!("30 s without reading, {who}, frames"), growth, Limit::AtMost(1.0));
    }
    report.target("back at the latest picture after, ms", back.as_secs_f64() * 1e3, Limit::AtMost(500.0));
    Ok(())
}

async fn read(feed: &mut Feed, time: Duration) -> anyhow::Result<()> {
    let began = Instant::now();
    while began.elapsed() < time {
        feed.next().await?;
    }
    Ok(())
}

/// The memory of edge and worker.
async fn watch(cluster: &Cluster) -> anyhow::Result<[Memory; 2]> {
    let edge = cluster.edges.first().context("no edge")?.process.pid();
    let worker = cluster.workers.first().context("no worker")?.process.pid();
    let (began, mut memory) = (Instant::now(), [Memory::default(), Memory::default()]);
    while began.elapsed() < STILL {
        for (pid, memory) in [edge, worker].into_iter().zip(&mut memory) {
            // Of the program's own pages ever more are used, whatever it does.
            let bytes = process_table::anonymous(pid);
            memory.0.push(mib(bytes.with_context(|| format!("the process {pid} has ended"))?));
        }
        tokio::time::sleep(SAMPLE).await;
    }
    Ok(memory)
}

/// How long until it reads a picture of now.
async fn catch_up(feed: &mut Feed) -> anyhow::Result<Duration> {
    let began = Instant::now();
    while feed.next().await?.age > FRESH {}
    Ok(began.elapsed())
}

#[expect(clippy::cast_precision_loss, reason = "megabytes of memory")]
fn mib(bytes: impl TryInto<u64>) -> f64 {
    bytes.try_into().unwrap_or(u64::MAX) as f64 / MIB
}
