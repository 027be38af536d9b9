//! The supervised actors of a worker.
//!
//! What decides is a pure state machine, `State::apply(Input) -> Vec<Effect>`, without clock, runtime or I/O. A thin
//! ractor shell around each performs the effects through the traits in [`port`]. What merely takes long runs in a
//! task that its actor owns.
//!
//! ```text
//! WorkerRoot ─┬─ Lease      renews, freezes, thaws
//!             ├─ Reaper     finds the dead, ends or requeues what they left
//!             ├─ WarmPool   keeps browsers ready to be handed out
//!             ├─ ClaimLoop  takes requests while there is room
//!             └─ Sessions ── Session …
//! ```

pub mod claim;
pub mod gate;
pub mod lease;
pub mod metrics;
pub mod port;
pub mod reaper;
pub mod root;
pub mod session;
pub mod supervise;
mod task;
pub mod warm;

pub use gate::Gate;
pub use task::Panicked;
