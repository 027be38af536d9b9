//! Real browsers behind the actors' port: making them, preparing them for a session, and letting go of them.

mod events;
mod files;
mod fleet;
mod one;
mod pressure;
mod profile;
mod quota;
mod shared;
mod show;

pub use fleet::{Chromium, SetupError};
