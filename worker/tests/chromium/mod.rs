mod commands;
mod process;
mod proxy;
mod screencast;
mod site;
mod support;
mod tabs;
mod workers;
