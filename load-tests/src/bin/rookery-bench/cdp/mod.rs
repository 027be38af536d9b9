//! CDP through the gateway against Chromium's own port.

mod chain;
mod page;
mod round_trip;

use std::time::Duration;

use load_tests::cluster::{Client, Pages, Up};
use serde_json::json;

use crate::{Scale, raw::Raw, report::Report};

use chain::{Clients, Side};
use page::Page;

/// How many sessions have a client each while one of them is measured.
const MANY: u32 = 50;
const WARM: u64 = 2;

pub async fn run(scale: Scale) -> anyhow::Result<Report> {
    let mut report = Report::new("cdp");
    let pages = Pages::start().await?;
    let raw = Raw::new().await?;
    let browser = raw.browser().display().to_string();
    let (process, theirs) = raw.launch_listening().await?;
    let warm = WARM.to_string();
    let up = Up::start(&["--warm", &warm, "--slots", "4", "--browser", &browser]).await?;
    let clients = Clients::start()?;
    let ours = format!("{}/cdp", up.client.base().replacen("http", "ws", 1));
    let sides = [Side::new("raw Chromium", &theirs), Side::rookery(&ours, &up.client, WARM)];
    chain::run(&mut report, scale, clients, &sides, &pages.quiet_url()).await?;
    drop(up);
    // Another fleet, without a pool that is refilled while it is measured.
    let slots = (MANY + 2).to_string();
    let up = Up::start(&["--warm", "0", "--slots", &slots, "--browser", &browser]).await?;
    let attached = attach(&up.client).await?;
    let mut bare = Page::open(&theirs).await?;
    let mut through = Page::open(&attached).await?;
    // Until the fleet is quiet again after the start.
    tokio::time::sleep(Duration::from_secs(2)).await;
    round_trip::run(&mut report, scale, "1 session", &mut through, &mut bare).await?;
    round_trip::screenshot(&mut report, scale, &mut through, &mut bare).await?;
    let idle = round_trip::Idle::attach(&up.client, MANY - 1).await?;
    round_trip::run(&mut report, scale, &format!("{MANY} sessions"), &mut through, &mut bare).await?;
    drop(idle);
    process.close().await;
    Ok(report)
}

/// The chain alone, against an endpoint that somebody else runs, and raw Chromium if there is one.
pub async fn compare(scale: Scale, target: &str, page: Option<&str>) -> anyhow::Result<Report> {
    let mut report = Report::new("cdp-target");
    let pages = Pages::start().await?;
    let page = page.map_or_else(|| pages.quiet_url(), str::to_owned);
    let listening = match Raw::new().await {
        Ok(raw) => {
            let (process, url) = raw.launch_listening().await?;
            Some((raw, process, url))
        }
        Err(error) => {
            eprintln!("rookery-bench: nothing to compare with: {error:#}");
            None
        }
    };
    let raw = listening.as_ref().map(|(_, _, url)| Side::new("raw Chromium", url));
    let sides: Vec<_> = raw.into_iter().chain([Side::new("the target", target)]).collect();
    chain::run(&mut report, scale, Clients::start()?, &sides, &page).await?;
    if let Some((_, process, _)) = listening {
        process.close().await;
    }
    Ok(report)
}

/// A new session, by the address of its CDP.
async fn attach(client: &Client) -> anyhow::Result<String> {
    let session = client.create(&json!({ "idle_timeout_s": 3600 })).await?;
    let base = client.base().replacen("http", "ws", 1);
    Ok(format!("{base}/v1/sessions/{}/cdp", Client::id(&session)))
}
