//! The commands on real pages.

mod act;
mod clipboard;
mod cursor;
mod dialogs;
mod find;
mod forms;
mod frames;
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
