//! A worker node: browser processes, the CDP pipe, commands and their wiring.

pub mod browser;
pub mod cdp;
pub mod chromium;
pub mod command;
pub mod guard;
pub mod inject;
pub mod node;
pub mod page;
