//! Human input: numbered, without an answer, dropped unless its control epoch is current.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::command::{KeyEvent, Modifier, MouseButton, MouseEvent};

/// The most events in one message.
pub const MAX_EVENTS: usize = 256;

/// Some input events of one sender, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InputBatch {
    /// Of [`crate::model::control::Control`]; other epochs are dropped.
    pub epoch: u64,
    /// Number of the first event, counted by the sender.
    #[serde(default)]
    pub n: u64,
    /// `tabs[].n`; absent: the active tab.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tab: Option<u32>,
    /// At most 256.
    pub events: Vec<InputEvent>,
}

/// Coordinates are CSS pixels of the frame's `input_width` and `input_height`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum InputEvent {
    Mouse {
        event: MouseEvent,
        x: f64,
        y: f64,
        #[serde(default)]
        button: MouseButton,
        #[serde(default = "one")]
        click_count: u32,
        #[serde(default)]
        modifiers: Vec<Modifier>,
    },
    Wheel {
        x: f64,
        y: f64,
        delta_x: f64,
        delta_y: f64,
        #[serde(default)]
        modifiers: Vec<Modifier>,
    },
    Key {
        event: KeyEvent,
        /// `KeyboardEvent.key`.
        key: String,
        /// `KeyboardEvent.code`.
        #[serde(default)]
        code: String,
        #[serde(default)]
        modifiers: Vec<Modifier>,
        #[serde(default)]
        repeat: bool,
    },
    Touch {
        event: TouchEvent,
        points: Vec<TouchPoint>,
    },
    /// Text that no key names: an IME's commit, emoji.
    Text {
        text: String,
    },
    /// Text for the session's clipboard, which is then pasted as by Ctrl+V.
    Paste {
        text: String,
    },
    /// As Ctrl+C.
    Copy {},
    /// As Ctrl+X.
    Cut {},
    /// What an input method has composed so far, in place of what it had before. `text` commits it; an empty one ends it
    /// without a commit.
    Compose {
        text: String,
        /// What of it is selected, in UTF-16 units; without both the caret is at its end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<u32>,
    },
}

fn one() -> u32 {
    1
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TouchEvent {
    Start,
    Move,
    End,
    Cancel,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TouchPoint {
    pub id: u32,
    pub x: f64,
    pub y: f64,
}
