//! Memory at rest: a lone edge, a lone worker, and one more session in the worker besides its Chromium.

use std::time::Duration;

use load_tests::cluster::{Cluster, process_table};
use serde_json::json;

use crate::report::{Limit, Report};

/// Sessions that fill what is filled once, and those that are then counted.
const FIRST: u32 = 4;
const COUNTED: u32 = 10;
/// Until what a start needed for a moment was given back.
const SETTLE: Duration = Duration::from_secs(5);

pub async fn run() -> anyhow::Result<Report> {
    let mut report = Report::new("footprint");
    let cluster = Cluster::builder().slots(FIRST + COUNTED).browsers(0).start().await?;
    tokio::time::sleep(SETTLE).await;
    let worker = cluster.workers[0].process.pid();
    let edge = mib(cluster.edges[0].process.pid())?;
    let idle = mib(worker)?;
    sessions(&cluster, FIRST).await?;
    let before = mib(worker)?;
    sessions(&cluster, COUNTED).await?;
    let each = (mib(worker)? - before) / f64::from(COUNTED);
    report.number("idle edge", edge, "MiB");
    report.number("idle worker", idle, "MiB");
    report.number("worker with 4 sessions", before, "MiB");
    report.number("one more session in the worker", each, "MiB");
    report.target("idle edge, MiB", edge, Limit::AtMost(30.0));
    report.target("idle worker, MiB", idle, Limit::AtMost(30.0));
    report.target("one more session, MiB", each, Limit::AtMost(1.0));
    Ok(report)
}

async fn sessions(cluster: &Cluster, count: u32) -> anyhow::Result<()> {
    for _ in 0..count {
        let session = cluster.client().create(&json!({ "url": "about:blank" })).await?;
        let id = session["id"].as_str().unwrap_or_default();
        cluster.client().evaluate(id, "6*7").await?;
    }
    tokio::time::sleep(SETTLE).await;
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "megabytes of memory")]
fn mib(pid: i32) -> anyhow::Result<f64> {
    let bytes = process_table::resident(pid).ok_or_else(|| anyhow::anyhow!("the process {pid} has ended"))?;
    Ok(bytes as f64 / f64::from(1 << 20))
}
