//! Browser processes: finding, starting, watching, freezing and burying them.

mod args;
mod context;
pub mod find;
mod group;
mod home;
mod launch;
mod process;
mod process_table;
pub mod proxy;
mod spawn;
pub mod sweep;
mod tail;
mod user;

pub use args::{Arg, ArgError};
pub use context::{Context, SharedBrowser};
pub(crate) use group::Group;
pub use home::{Home, Homes};
pub use launch::{LaunchError, LaunchOptions, Version, launch};
pub use process::{ExitReason, Process};
pub use process_table::memory_by_group;
pub use user::User;

/// Which Chromium a browser is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `chromium-headless-shell`: the small one, the default.
    HeadlessShell,
    /// The full browser, in its headless mode.
    Chrome,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::HeadlessShell => "headless-shell",
            Self::Chrome => "chrome",
        })
    }
}
