//! The guard: a small child process that outlives a killed worker just long enough to clean up behind it.
//!
//! It hears a beat from its worker every 250 ms. Silence for as long as a lease is valid: it stops the browsers, as
//! the worker itself would if it could. The end of the pipe: the worker is dead, so it kills the browsers, removes
//! their directories, and deletes the lease, so that peers take the sessions at once.

mod handle;
mod process;
mod protocol;

pub use handle::GuardHandle;
pub use process::run;
pub use protocol::{Hello, Message};
