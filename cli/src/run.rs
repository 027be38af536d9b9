//! One function for each role, from the settings to the exit.

use std::future::Future;

use anyhow::Context;

use crate::{
    bridge,
    config::{BusUrl, Settings},
    data_dir, doctor,
    exit::{Exit, Failure, OrExit},
    flags,
    fleet::{self, Parts},
    ops,
    signals::Stop,
    telemetry, up, wiring,
};

pub fn up(settings: Settings, first_session: bool) -> Exit {
    on_runtime(up::run(settings, first_session))
}

/// A gateway of a fleet whose NATS server runs elsewhere.
pub fn edge(settings: Settings) -> Exit {
    on_runtime(async move {
        let url = bus_of(&settings)?;
        let secret = settings.secret.clone();
        let secret =
            secret.context("ROOKERY_SECRET is needed: all edges of a fleet share it").or_exit(Exit::Usage)?;
        let stop = Stop::on_signals()?;
        let server = edge::Server::bind(wiring::edge_config(&settings, &secret)).or_exit(Exit::Usage)?;
        let parts = vec![wiring::edge(&settings, server, &url).await?];
        fleet::attend(parts, &stop, settings.drain_timeout.0).await
    })
}

/// A worker of a fleet whose NATS server runs elsewhere.
pub fn worker(settings: Settings) -> Exit {
    on_runtime(async move {
        let url = bus_of(&settings)?;
        let stop = Stop::on_signals()?;
        data_dir::make(&settings.data_dir).or_exit(Exit::Usage)?;
        let mut workers = Parts::that_may_leave("worker");
        let bus = wiring::worker(&settings, &url, None, &mut workers).await?;
        // Behind the worker, so that it can be seen draining.
        let mut operations = Parts::new("operations listener");
        if let Some(address) = settings.ops {
            operations.start(ops::bind(address, bus, stop.drain.clone()).await.or_exit(Exit::Usage)?);
        }
        fleet::attend(vec![workers, operations], &stop, settings.drain_timeout.0).await
    })
}

fn bus_of(settings: &Settings) -> Result<BusUrl, Failure> {
    settings.nats_url.clone().context("--nats-url is needed").or_exit(Exit::Usage)
}

/// No configuration of a fleet: it stands beside a client.
pub fn bridge(options: &flags::CdpBridge) -> Exit {
    on_runtime(async {
        telemetry::log_to_stderr(&options.log_level).or_exit(Exit::Usage)?;
        let stop = Stop::on_signals()?;
        let bridge = bridge::Bridge::bind(options, stop.drain).await.or_exit(Exit::Usage)?;
        bridge.serve().await?;
        Ok(Exit::Drained)
    })
}

/// No log and no configuration: its worker tells it all.
pub fn guard() -> Exit {
    match worker::guard::run() {
        Ok(()) => Exit::Drained,
        Err(error) => {
            eprintln!("rookery guard: {error}");
            Exit::SupervisionExhausted
        }
    }
}

pub fn doctor(settings: Settings, json: bool) -> Exit {
    on_runtime(async move { Ok(doctor::examine(&settings, json).await?) })
}

fn on_runtime(role: impl Future<Output = Result<Exit, Failure>>) -> Exit {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&Failure::from(error)),
    };
    runtime.block_on(role).unwrap_or_else(|failure| fail(&failure))
}

fn fail(failure: &Failure) -> Exit {
    tracing::error!("{:#}", failure.error);
    failure.exit
}
