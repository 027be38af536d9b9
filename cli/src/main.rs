//! The one binary of Rookery.

mod bridge;
mod config;
mod data_dir;
mod doctor;
mod exit;
mod first_session;
mod flags;
mod fleet;
mod greeting;
mod machine;
mod nats;
mod ops;
mod run;
mod secret;
mod signals;
mod telemetry;
mod up;
mod wiring;

use std::process::ExitCode;

use clap::{Parser, error::ErrorKind};
use serde::Serialize;

use crate::{
    config::{Ambient, Role, Settings},
    exit::Exit,
    flags::{Cli, Command, Common},
};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return explain(&error),
    };
    let exit = match &cli.command {
        Command::Up(up) => start(Role::Up, &up.common, up, |s| run::up(s, up.first_session)),
        Command::Edge(edge) => start(Role::Edge, &edge.common, edge, run::edge),
        Command::Worker(worker) => start(Role::Worker, &worker.common, worker, run::worker),
        Command::CdpBridge(bridge) => run::bridge(bridge),
        Command::Guard => run::guard(),
        Command::Doctor(doctor) => {
            start(Role::Doctor, &doctor.common, doctor, |s| run::doctor(s, doctor.json))
        }
    };
    exit.into()
}

/// Help and version are what was asked for; anything else is a mistake in the command line.
fn explain(error: &clap::Error) -> ExitCode {
    let shown = error.print();
    let asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if asked_for && shown.is_ok() { ExitCode::SUCCESS } else { Exit::Usage.into() }
}

/// What every role does first: configuration, then the log, then what the configuration left to be said.
fn start(role: Role, common: &Common, flags: &impl Serialize, go: impl FnOnce(Settings) -> Exit) -> Exit {
    let (settings, remarks) = match config::load(role, common, flags) {
        Ok(loaded) => loaded,
        Err(error) => return complain(&error),
    };
    if common.print_config {
        print!("{}", settings.print());
        return Exit::Drained;
    }
    let _telemetry = match telemetry::start(&settings, &Ambient::read()) {
        Ok(telemetry) => telemetry,
        Err(error) => return complain(&format!("{error:#}")),
    };
    for remark in remarks.0 {
        tracing::warn!("{remark}");
    }
    go(settings)
}

fn complain(error: &dyn std::fmt::Display) -> Exit {
    eprintln!("rookery: {error}");
    Exit::Usage
}
