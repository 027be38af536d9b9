//! What clients speak: one module per protocol, all of them over [`crate::gateway`].

pub mod cdp;
pub mod pages;
pub mod rest;
pub mod result;
pub mod tzafonwright;
pub mod vnc;
pub mod ws;
