//! connect → newPage → goto → evaluate with the clients that people have.

use std::time::Duration;

use anyhow::Context;
use load_tests::cluster::Client;
use serde_json::json;

use crate::{
    Scale,
    node::Node,
    progress::Progress,
    report::{Limit, Report},
    statistics::Times,
};

const CLIENTS: [&str; 2] = ["puppeteer", "playwright"];
const STEPS: [&str; 4] = ["connect", "newPage", "goto", "evaluate"];
/// What is loaded and compiled when a client is first used is no part of a chain.
const WARM_UP: u32 = 2;

/// A CDP endpoint that is measured.
pub struct Side<'a> {
    name: &'static str,
    endpoint: &'a str,
    /// The fleet behind it, which has to be quiet with so many browsers ready before the next chain begins.
    fleet: Option<(&'a Client, u64)>,
}

impl<'a> Side<'a> {
    pub fn new(name: &'static str, endpoint: &'a str) -> Self {
        Self { name, endpoint, fleet: None }
    }

    pub fn rookery(endpoint: &'a str, client: &'a Client, warm: u64) -> Self {
        Self { name: "Rookery", endpoint, fleet: Some((client, warm)) }
    }

    /// A pool that is refilled while another side is measured would be that one's burden.
    async fn settle(&self) -> anyhow::Result<()> {
        match self.fleet {
            Some((client, warm)) => client.until_refilled(warm).await,
            None => Ok(()),
        }
    }
}

/// The process in which both clients live.
pub struct Clients(Node);

impl Clients {
    pub fn start() -> anyhow::Result<Self> {
        Ok(Self(Node::start("chain.mjs", &[])?))
    }

    async fn chain(&mut self, client: &str, endpoint: &str, page: &str) -> anyhow::Result<[Duration; 4]> {
        let answer = self.0.ask(&json!({ "client": client, "endpoint": endpoint, "page": page })).await?;
        let mut times = [Duration::ZERO; 4];
        for (time, step) in times.iter_mut().zip(STEPS) {
            let ms = answer[step].as_f64().with_context(|| format!("{client} does not say {step}"))?;
            *time = Duration::from_secs_f64(ms / 1e3);
        }
        Ok(times)
    }
}

#[derive(Clone, Default)]
struct Measured {
    whole: Times,
    steps: [Times; 4],
}

impl Measured {
    fn push(&mut self, steps: [Duration; 4]) {
        self.whole.push(steps.iter().sum());
        for (times, step) in self.steps.iter_mut().zip(steps) {
            times.push(step);
        }
    }

    fn tell(&self, report: &mut Report, what: &str) {
        report.times(what, &self.whole);
        for (step, times) in STEPS.iter().zip(&self.steps) {
            report.times(&format!("  {step}"), times);
        }
    }
}

/// Measures all sides in turn with each client. With two sides it compares the second with the first.
pub async fn run(
    report: &mut Report,
    scale: Scale,
    mut clients: Clients,
    sides: &[Side<'_>],
    page: &str,
) -> anyhow::Result<()> {
    let rounds = WARM_UP + scale.times(30);
    let mut progress = Progress::new("cdp, chains", rounds);
    let mut measured = vec![vec![Measured::default(); sides.len()]; CLIENTS.len()];
    for side in sides {
        side.settle().await?;
    }
    for round in 0..rounds {
        for (client, measured) in CLIENTS.iter().zip(&mut measured) {
            for (side, measured) in sides.iter().zip(measured) {
                let steps = clients.chain(client, side.endpoint, page).await?;
                if round >= WARM_UP {
                    measured.push(steps);
                }
                side.settle().await?;
            }
        }
        progress.step();
    }
    drop(progress);
    for (client, measured) in CLIENTS.iter().zip(&measured) {
        for (side, measured) in sides.iter().zip(measured) {
            measured.tell(report, &format!("{client}, {}", side.name));
        }
        if let ([raw, ours], [_, side]) = (measured.as_slice(), sides) {
            let ratio = ours.whole.p50() / raw.whole.p50();
            let what = format!("{client}: p50, {} / raw", side.name);
            match side.fleet {
                Some(_) => report.target(&what, ratio, Limit::AtMost(1.25)),
                None => report.number(&what, ratio, ""),
            }
        }
    }
    Ok(())
}
