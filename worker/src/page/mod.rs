//! The tabs of a session: which there are, what they show, how they are emulated.
//!
//! [`Tabs`] is the handle that commands use. Behind it a task feeds what Chromium reports into the pure
//! [`tracker`] and performs what that asks for. What the session's owner must know leaves as [`Event`]s.

mod clipboard;
mod document;
mod download;
mod driver;
mod emulation;
mod event;
mod hand;
mod input;
mod navigation;
mod screencast;
mod setup;
mod tabs;
pub mod tracker;
mod user_agent;
mod worker;

pub(crate) use clipboard::{Items, WORLD as CLIPBOARD_WORLD};
pub(crate) use emulation::cookie_param;
pub use emulation::{ApplyError, Emulation};
pub use event::{Choice, Chooser, Event, Note, Picker, PickerKind, PickerOption};
pub use hand::{ChooserError, Chosen};
pub use input::INTEREST;
pub use navigation::{Departure, Mark, NavigateError, Navigation};
pub use screencast::{Capture, Frame, Screencast};
pub use tabs::{FrameHandle, Scope, TabError, TabHandle, Tabs};

pub(crate) use tabs::watch_targets;
