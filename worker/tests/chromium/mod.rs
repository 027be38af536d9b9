mod process;
mod screencast;
mod site;
mod support;
mod tabs;
