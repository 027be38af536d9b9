//! What is on the bus: the types every crate sees, their wire form, subjects, streams and errors.
//!
//! Two layers. [`model`] holds plain, validated Rust types with serde; REST, WebSocket and bus take their JSON
//! from there. `wire` holds generated protobuf types and never leaves this crate: other crates encode and decode
//! through [`codec`]. Nothing here does I/O.

pub mod codec;
pub mod error;
pub mod id;
pub mod model;
pub mod stream;
pub mod subject;
mod wire;

pub use error::{Error, ErrorCode};
pub use id::{Class, ConnId, Epoch, Pool, Region, SessionId, Tenant, WorkerId};
pub use subject::{Root, Subject};

/// The schema number that every request carries in `Rk-Schema`. It rises with each field that a reader must not
/// ignore: an older reader naks work and answers a command `unavailable`, retryable.
pub const SCHEMA: u32 = 1;
