//! What a person sees: a real Chromium on the pages of the live view and of noVNC, beside raw viewers where there are many.

mod click;
mod crowd;
mod opening;
mod rate;
mod rfb;
mod still;
mod viewer;
mod watcher;

use load_tests::cluster::{Client, Cluster, Pages};
use serde_json::json;

use crate::{Scale, raw::Raw, report::Report};

use viewer::Viewer;

/// What the parts work with. Edge and worker are processes of their own, so that each can be looked at.
struct Bench {
    cluster: Cluster,
    pages: Pages,
    raw: Raw,
    viewer: Viewer,
}

impl Bench {
    /// A session that shows this page, by its id.
    async fn session(&self, url: &str) -> anyhow::Result<String> {
        session(self.client(), url).await
    }

    fn client(&self) -> &Client {
        self.cluster.client()
    }

    fn view(&self, id: &str) -> String {
        format!("{}/view/{id}", self.client().base())
    }

    fn vnc(&self, id: &str) -> String {
        format!("{}/vnc/{id}", self.client().base())
    }
}

async fn session(client: &Client, url: &str) -> anyhow::Result<String> {
    let session = client.create(&json!({ "url": url })).await?;
    let id = Client::id(&session).to_owned();
    // Chromium is slow for a moment with what it does first.
    client.evaluate(&id, "new Promise(done => setTimeout(done, 500))").await?;
    Ok(id)
}

/// Nothing warm: a pool that is refilled would be the burden of what is measured.
async fn fleet() -> anyhow::Result<Cluster> {
    Cluster::builder().slots(4).browsers(0).start().await
}

pub async fn run(scale: Scale) -> anyhow::Result<Report> {
    let mut report = Report::new("view");
    let raw = Raw::new().await?;
    let viewer = Viewer::start(&raw.browser())?;
    let mut bench = Bench { cluster: fleet().await?, pages: Pages::start().await?, raw, viewer };
    opening::run(&mut report, scale, &mut bench).await?;
    click::run(&mut report, scale, &mut bench).await?;
    rate::run(&mut report, scale, &mut bench).await?;
    crowd::run(&mut report, scale, &mut bench).await?;
    let Bench { cluster, pages, .. } = bench;
    drop(cluster);
    still::run(&mut report, &pages).await?;
    Ok(report)
}
