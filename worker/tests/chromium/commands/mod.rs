//! The commands on real pages.

mod act;
mod clipboard;
mod dialogs;
mod find;
mod forms;
mod frames;
mod hand;
mod idle;
mod input;
mod navigation;
mod observe;
mod pictures;
mod read;
mod scripts;
mod stage;
mod storage;
mod tabs;
mod uploads;
mod wait;
