//! What a page shows, as bytes.

pub mod content;
pub mod pdf;
pub mod screenshot;
