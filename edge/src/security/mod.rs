//! Who may speak: checked before any handler runs.

pub mod auth;
pub mod headers;
pub mod host;
pub mod link;
pub mod origin;
