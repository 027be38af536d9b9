//! Browsers started before anybody asked for them.

mod actor;
mod state;

pub use actor::{CurrentWarm, WarmActor, WarmArgs, WarmMsg, take_warm};
pub use state::{Quiet, WarmPool};
