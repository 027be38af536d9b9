//! `make bench`: Rookery against raw Chromium, in one run, on this machine.

mod cdp;
mod command;
mod footprint;
mod frames;
mod lifecycle;
mod node;
mod progress;
mod raw;
mod report;
mod socket;
mod statistics;
mod view;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use report::Report;

/// Compare Rookery with raw Chromium, driven over its own pipe with the same binary and the same flags
#[derive(Debug, Parser)]
struct Options {
    /// What to measure
    #[arg(value_enum, default_value = "all")]
    what: What,
    /// Multiplies the number of iterations
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// For `cdp`: run the chain against this CDP endpoint (ws://… or http://…) and not against Rookery
    #[arg(long, value_name = "URL")]
    target: Option<String>,
    /// For `cdp --target`: the page to go to, if the endpoint cannot reach one on this machine
    #[arg(long, value_name = "URL", requires = "target")]
    page: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// create → navigate → evaluate → delete, one at a time and four at a time
    Lifecycle,
    /// evaluate over the WebSocket
    Command,
    /// a 720p page at 60 Hz with one viewer
    Frames,
    /// memory of an idle edge, an idle worker, and one more session
    Footprint,
    /// Puppeteer and Playwright, round trips and large answers over CDP
    Cdp,
    /// a Chromium that watches and clicks: the live view and noVNC
    View,
    All,
}

/// How many iterations, `scale` times `usual`.
#[derive(Clone, Copy, Debug)]
struct Scale(f64);

impl Scale {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive count of iterations"
    )]
    fn times(self, usual: u32) -> u32 {
        (f64::from(usual) * self.0).ceil().max(1.0) as u32
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rookery-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A missed target is told and no failure: it is a benchmark and not a timed test.
async fn run(options: &Options) -> anyhow::Result<()> {
    if let Some(target) = &options.target {
        anyhow::ensure!(options.what == What::Cdp, "--target is for `rookery-bench cdp`");
        return show(&cdp::compare(Scale(options.scale), target, options.page.as_deref()).await?);
    }
    let (scale, wanted) = (Scale(options.scale), |what| options.what == What::All || options.what == what);
    if wanted(What::Lifecycle) {
        show(&lifecycle::run(scale).await?)?;
    }
    if wanted(What::Command) {
        show(&command::run(scale).await?)?;
    }
    if wanted(What::Frames) {
        show(&frames::run(scale).await?)?;
    }
    if wanted(What::Footprint) {
        show(&footprint::run().await?)?;
    }
    if wanted(What::Cdp) {
        show(&cdp::run(scale).await?)?;
    }
    if wanted(What::View) {
        show(&view::run(scale).await?)?;
    }
    Ok(())
}

fn show(report: &Report) -> anyhow::Result<()> {
    print!("{report}");
    report.save()
}
