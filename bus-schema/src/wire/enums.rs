//! Enums, by the names they share with the model. A variant that one side lacks does not compile.

use super::v1;
use crate::{
    error::{ErrorCode, Outcome},
    id::Class,
    model::{
        command::{
            ContentFormat, ElementState, ImageFormat, KeyEvent, Modifier, MouseButton, MouseEvent,
            ObservePreset, OnHumanControl, ScrollTo, WaitUntil,
        },
        control::{Access, ControlAction},
        create::{BrowserKind, ColorScheme, Isolation, OnBrowserCrash, OnDisconnect, OnWorkerLoss, SameSite},
        input::TouchEvent,
        rpc::AttachKind,
        session::EndReason,
    },
};

/// An enum of the model with numbers on the wire.
pub(super) trait Enumerated: Copy {
    /// `None` for a number nobody knows, `Some(None)` for 0, which stands for absent.
    fn from_number(number: i32) -> Option<Option<Self>>;
    fn number(self) -> i32;
}

/// The number of an enum that may be absent.
pub(super) fn optional_number<E: Enumerated>(value: Option<E>) -> i32 {
    value.map_or(0, E::number)
}

pub(super) fn numbers<E: Enumerated>(values: &[E]) -> Vec<i32> {
    values.iter().map(|v| v.number()).collect()
}

macro_rules! enumerated {
    ($($name:ident { $($variant:ident),* $(,)? })*) => {$(
        impl Enumerated for $name {
            fn from_number(number: i32) -> Option<Option<Self>> {
                Some(match v1::$name::try_from(number).ok()? {
                    v1::$name::Unspecified => None,
                    $(v1::$name::$variant => Some($name::$variant),)*
                })
            }

            fn number(self) -> i32 {
                match self {
                    $($name::$variant => v1::$name::$variant,)*
                }
                .into()
            }
        }
    )*};
}

enumerated! {
    ErrorCode {
        InvalidArgument, Unauthenticated, Forbidden, NotFound, Conflict, Gone, PayloadTooLarge, ResourceExhausted,
        BrowserError, Timeout, Unavailable, Cancelled, Internal,
    }
    Outcome { NotStarted, Unknown }
    Class { High, Normal, Low }
    BrowserKind { HeadlessShell, Chrome }
    Isolation { Process, Context }
    ColorScheme { Light, Dark, NoPreference }
    OnDisconnect { Keep, Close }
    OnWorkerLoss { Recover, Fail }
    OnBrowserCrash { Recover, End }
    SameSite { Strict, Lax, None }
    OnHumanControl { Wait, Fail }
    WaitUntil { Load, Domcontentloaded, Networkidle, Commit }
    MouseButton { Left, Middle, Right, Back, Forward }
    Modifier { Alt, Control, Meta, Shift }
    MouseEvent { Move, Down, Up }
    KeyEvent { Down, Up }
    TouchEvent { Start, Move, End, Cancel }
    ScrollTo { Top, Bottom }
    ElementState { Visible, Hidden, Attached, Detached }
    ContentFormat { Html, Text, Markdown }
    ImageFormat { Png, Jpeg, Webp }
    ObservePreset { Compact, Full, Interactive }
    ControlAction { TakeControl, ReturnControl, Pause, Resume, Request, Give, Decline }
    Access { Full, Control, View }
    AttachKind { Input, View, Client, Cdp }
    EndReason {
        Released, Cancelled, QueueTimeout, IdleTimeout, Lifetime, ClientGone, Drained, Crashed, Oom, Evicted,
        WorkerLost, RegionLost, StartFailed,
    }
}
