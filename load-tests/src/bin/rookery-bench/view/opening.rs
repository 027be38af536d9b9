//! From opening a page to the first picture of a ready session.

use super::{Bench, rfb, watcher::Watcher};
use crate::{
    Scale,
    progress::Progress,
    report::{Limit, Report},
    statistics::Times,
};

pub async fn run(report: &mut Report, scale: Scale, bench: &mut Bench) -> anyhow::Result<()> {
    let (mut first, mut late) = (Times::default(), Times::default());
    let (mut novnc, mut rfb) = (Times::default(), Times::default());
    let url = bench.pages.clicked_url();
    let rounds = scale.times(20);
    let mut progress = Progress::new("view, openings", rounds);
    for round in 0..=rounds {
        // Each round has a session that nobody has watched: nothing of it is captured yet.
        let id = bench.session(&url).await?;
        let (view, vnc) = (bench.view(&id), bench.vnc(&id));
        let alone = bench.viewer.open(&view).await?;
        bench.viewer.close().await?;
        let on_page = bench.viewer.open(&vnc).await?;
        bench.viewer.close().await?;
        let by_rfb = rfb::first_framebuffer(bench.client(), &id).await?;
        let watcher = Watcher::start(bench.client(), &id).await?;
        let beside = bench.viewer.open(&view).await?;
        bench.viewer.close().await?;
        drop(watcher);
        bench.client().end(&id).await?;
        // The first compiles and loads what all that follow find there.
        if round > 0 {
            first.push(alone);
            late.push(beside);
            novnc.push(on_page);
            rfb.push(by_rfb);
            progress.step();
        }
    }
    drop(progress);
    report.times("first picture, first viewer", &first);
    report.times("first picture, second viewer", &late);
    report.times("first picture, noVNC", &novnc);
    report.times("first framebuffer, RFB", &rfb);
    report.target("first picture, first viewer, p95, ms", first.p95(), Limit::AtMost(300.0));
    report.target("first picture, second viewer, p95, ms", late.p95(), Limit::AtMost(300.0));
    report.target("first picture, noVNC, p95, ms", novnc.p95(), Limit::AtMost(300.0));
    report.target("first framebuffer, RFB, p95, ms", rfb.p95(), Limit::AtMost(300.0));
    Ok(())
}
