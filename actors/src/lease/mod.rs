//! The lease: renewed by CAS, and what follows when it is not.

mod actor;
mod state;

pub use actor::{LeaseActor, LeaseArgs, LeaseMsg};
pub use state::{Effect, Input, Lease, Phase, Times};
