//! Sessions: their life, their commands, who drives them and where to watch.

pub mod commands;
pub mod control;
pub mod create;
pub mod end;
pub mod events;
pub mod links;
pub mod list;
pub mod one;
pub mod patch;
pub mod recording;
pub mod stream;
pub mod tabs;
