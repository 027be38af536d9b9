//! `rookery up`: a whole fleet in one process, with a NATS server of its own beside it.

use std::time::Instant;

use anyhow::anyhow;

use crate::{
    config::{BusUrl, Secret, Settings},
    data_dir,
    exit::{Exit, Failure, OrExit},
    fleet::{self, Parts},
    greeting::Greeting,
    nats, secret,
    signals::Stop,
    wiring,
};

pub async fn run(settings: Settings, first_session: bool) -> Result<Exit, Failure> {
    let begun = Instant::now();
    let stop = Stop::on_signals()?;
    let _held = data_dir::hold(&settings.data_dir).or_exit(Exit::Usage)?;
    let secret = fleet_secret(&settings).or_exit(Exit::Usage)?;
    // First, for a port that is taken should be known before anything is started.
    let edge =
        edge::Server::bind(wiring::edge_config_with_defaults(&settings, &secret)).or_exit(Exit::Usage)?;
    let greeting = Greeting::new(&settings, &edge, begun, first_session);
    // Declared before what uses it, so that it ends last.
    let (url, nats) = bus_server(&settings).await?;

    let workers = workers(&settings, &url, &edge).await?;
    let mut parts = vec![workers, wiring::edge(&settings, edge, &url).await?];
    parts.extend(nats.as_ref().map(server_part));
    let greeted = tokio::spawn(greeting.say());
    let ended = fleet::attend(parts, &stop, settings.drain_timeout.0).await;
    greeted.abort();
    ended
}

async fn workers(settings: &Settings, url: &BusUrl, edge: &edge::Server) -> Result<Parts, Failure> {
    let mut workers = Parts::that_may_leave("worker");
    for _ in 0..settings.workers {
        wiring::worker(settings, url, Some(edge), &mut workers).await?;
    }
    Ok(workers)
}

/// The operator's, or one that is made at the first start and kept.
fn fleet_secret(settings: &Settings) -> Result<Secret, secret::SecretError> {
    settings.secret.clone().map_or_else(|| secret::kept_in(&settings.data_dir), Ok)
}

/// The operator's server, or one of our own.
async fn bus_server(settings: &Settings) -> Result<(BusUrl, Option<nats::Child>), Failure> {
    if let Some(url) = &settings.nats_url {
        return Ok((url.clone(), None));
    }
    let found = nats::binary::find(settings.nats_server.as_deref())
        .map_err(|error| anyhow!("{error}; {}", nats::binary::HOW_TO_GET))
        .or_exit(Exit::BusUnreachable)?;
    let (dir, sync) = (settings.data_dir.join("nats"), settings.nats_sync);
    let started = tokio::task::spawn_blocking(move || nats::Child::start(&found, &dir, sync)).await?;
    let child = started.or_exit(Exit::BusUnreachable)?;
    Ok((child.url().clone(), Some(child)))
}

/// Its supervisor is a part that fails when the server does not stay up.
fn server_part(child: &nats::Child) -> Parts {
    let exhausted = child.exhausted();
    let mut parts = Parts::new("built-in NATS server");
    parts.start(|drain| async move {
        tokio::select! {
            () = drain.cancelled() => Ok(()),
            () = exhausted.cancelled() => Err(anyhow!("it died again and again")),
        }
    });
    parts
}
