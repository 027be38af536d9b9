//! The name of this module puts its tests into the group of those that drive browsers.

mod support;

mod crashes;
mod noise;
mod pages;
mod people;
mod requests;
mod scripts;
mod service;
mod sessions;
mod sockets;
mod start;
mod targets;
