//! Real browsers behind the actors' port: making them, preparing them for a session, and letting go of them.

mod blank;
mod clients;
mod cursor;
mod events;
mod files;
mod fleet;
mod handoff;
mod matroska;
mod one;
mod pressure;
mod profile;
mod quota;
mod record;
mod shared;
mod show;

pub use fleet::{Chromium, SetupError};
