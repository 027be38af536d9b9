//! Real browsers behind the actors' port: making them, preparing them for a session, and letting go of them.

mod blank;
mod clients;
mod events;
mod files;
mod fleet;
mod handoff;
mod matroska;
mod one;
mod person;
mod pressure;
mod profile;
mod quota;
mod record;
mod shared;
mod show;

pub use fleet::{Chromium, SetupError};
