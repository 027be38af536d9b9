//! Finding the dead, and ending or requeueing what they left.

mod actor;
mod scan;
mod state;

pub use actor::{ReaperActor, ReaperArgs, ReaperMsg};
pub use state::{Effect, Input, Reaper};
