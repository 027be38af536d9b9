//! RFB as RFC 6143 and the community's registry have it: what is read, written and decided, without I/O.

pub mod auth;
pub mod clipboard;
pub mod cursor;
pub mod handshake;
pub mod keyboard;
mod keysym;
mod picture;
pub mod pixel;
pub mod pointer;
pub mod read;
mod scancode;
pub mod screen;
pub mod updates;
pub mod write;

/// What a client may list in SetEncodings, as far as it means something here.
pub mod encoding {
    pub const RAW: i32 = 0;
    pub const TIGHT: i32 = 7;
    pub const DESKTOP_SIZE: i32 = -223;
    pub const CURSOR: i32 = -239;
    pub const QEMU_KEYS: i32 = -258;
    pub const DESKTOP_NAME: i32 = -307;
    pub const EXTENDED_DESKTOP_SIZE: i32 = -308;
    pub const FENCE: i32 = -312;
    pub const CONTINUOUS_UPDATES: i32 = -313;
    pub const EXTENDED_BUTTONS: i32 = -316;
    pub const EXTENDED_CLIPBOARD: i32 = 0xc0a1_e5ce_u32 as i32;
    /// JPEG quality in ten levels, and in hundred.
    pub const QUALITY_LEVELS: std::ops::RangeInclusive<i32> = -32..=-23;
    pub const FINE_QUALITY_LEVELS: std::ops::RangeInclusive<i32> = -512..=-412;
}

/// Why a client is shown out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

impl Malformed {
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}
