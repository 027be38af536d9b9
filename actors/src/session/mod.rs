//! One session: who may act on it, in which order, and how it ends.

mod actor;
mod attached;
mod attempts;
mod cdp;
mod commands;
mod connections;
mod control;
mod driven;
mod ending;
mod entry;
mod finish;
mod ingress;
mod journal;
mod keys;
mod notes;
mod presence;
mod recover;
mod requests;
mod state;
#[cfg(test)]
mod state_tests;
mod supervisor;
mod told;
mod viewers;
mod writer;

pub use actor::{SessionActor, SessionArgs, SessionMsg};
pub use control::{ControlInput, Controls};
pub use ending::end;
pub use keys::{Answer, Keys, Known};
pub use state::{Asked, Effect, Input, Session, Settings, Ticket};
pub use supervisor::{Adopted, SessionsActor, SessionsArgs, SessionsMsg};
pub use viewers::Viewers;
