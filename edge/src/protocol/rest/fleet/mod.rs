//! The fleet as a whole: workers, queues, pressure, and the events of all of a tenant's sessions.

pub mod drain;
pub mod events;
pub mod pressure;
pub mod queue;
pub mod workers;
