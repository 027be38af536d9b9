//! The NATS server that `rookery up` starts for itself.

pub mod binary;
mod child;

pub use self::child::Child;

/// The oldest server that has what the bus needs. Older ones fail late and quietly: Debian 12's 2.9 ignores
/// priority groups and refuses buckets.
pub const MINIMUM: (u32, u32) = (2, 12);
