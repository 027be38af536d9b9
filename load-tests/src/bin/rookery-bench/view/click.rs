//! From a click in the viewer to changed pixels in the viewer.

use std::time::Duration;

use super::Bench;
use crate::{
    Scale,
    progress::Progress,
    report::{Limit, Report},
    statistics::Times,
};

const WARM_UP: u32 = 5;
/// Between clicks: capture is at rest again, as when a person clicks. Prime, so that no clock of the browsers keeps step.
const PAUSE: Duration = Duration::from_millis(211);

pub async fn run(report: &mut Report, scale: Scale, bench: &mut Bench) -> anyhow::Result<()> {
    let id = bench.session(&bench.pages.clicked_url()).await?;
    let view = bench.view(&id);
    bench.viewer.open(&view).await?;
    bench.viewer.drive().await?;
    let (mut times, count) = (Times::default(), scale.times(200));
    let mut progress = Progress::new("view, clicks", count);
    for n in 0..WARM_UP + count {
        tokio::time::sleep(PAUSE).await;
        let time = bench.viewer.click().await?;
        if n >= WARM_UP {
            times.push(time);
            progress.step();
        }
    }
    drop(progress);
    bench.viewer.close().await?;
    bench.client().end(&id).await?;
    report.times("click to changed pixels", &times);
    report.target("click to changed pixels, p50, ms", times.p50(), Limit::AtMost(60.0));
    report.target("click to changed pixels, p95, ms", times.p95(), Limit::AtMost(150.0));
    Ok(())
}
