//! A gateway: one module per client protocol over one protocol-neutral gateway.
//!
//! [`Server::bind`] takes the port, [`Server::run`] serves until told to stop. A gateway holds no session: any other
//! one serves the same sessions.

mod app;
pub mod config;
mod gateway;
mod metrics;
mod protocol;
mod security;
mod server;
mod telemetry;

pub use config::Config;
pub use server::{Server, StartError, openapi, run};
