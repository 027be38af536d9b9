//! A worker node: its configuration, its ports onto the bus, and how its parts are wired.

mod bus_port;
mod config;
mod ingress;
mod simulated;
mod wiring;

pub use config::{Config, Guarding};
pub use simulated::Simulated;
pub use wiring::{RunError, Stop, Worker, run};
