//! Taking requests: in which order, how many at once, and what becomes of each.

mod actor;
mod load;
mod process;
mod state;

pub use actor::{ClaimActor, ClaimArgs, ClaimMsg, PassOn};
pub use load::{Load, Slot, Starting};
pub use state::{ClaimLoop, Limits};
