//! The plain, validated types that every crate, the REST API, the WebSocket and the bus share.

pub mod args;
pub mod cdp;
pub mod command;
mod command_checks;
#[cfg(test)]
mod command_tests;
pub mod control;
pub mod create;
pub mod entry;
pub mod event;
pub mod frame;
pub mod input;
pub mod json;
pub mod note;
pub mod rpc;
mod rpc_checks;
mod rpc_json;
pub mod session;
pub mod target;
pub mod time;
pub mod validate;
pub mod worker;
pub mod ws;
