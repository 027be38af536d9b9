//! Browsers started before anybody asked for them.

mod actor;
mod state;

pub use actor::{WarmActor, WarmArgs, WarmMsg, take_warm};
pub use state::{Quiet, WarmPool};
