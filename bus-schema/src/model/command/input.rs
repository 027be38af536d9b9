//! What a mouse, a keyboard and a form are for.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::form::FormFields;
use crate::model::target::Target;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MouseButton {
    #[default]
    Left,
    Middle,
    Right,
    Back,
    Forward,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Modifier {
    Alt,
    Control,
    Meta,
    Shift,
}

/// CSS pixels from the top left corner.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Position {
    pub x: f64,
    pub y: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Click {
    pub target: Target,
    #[serde(default)]
    pub button: MouseButton,
    /// 1 to 3.
    #[serde(default = "one_click")]
    pub click_count: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modifiers: Vec<Modifier>,
    /// Within the element; its centre if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

fn one_click() -> u32 {
    1
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Hover {
    pub target: Target,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Type {
    /// Absent: the focused element.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    pub text: String,
    /// Empties the field first.
    #[serde(default)]
    pub clear: bool,
    /// Presses Enter afterwards.
    #[serde(default)]
    pub submit: bool,
    /// Milliseconds between characters; 0 inserts the text at once. At most 1 000.
    #[serde(default)]
    pub delay_ms: u32,
    /// The text appears in no log and no event.
    #[serde(default)]
    pub sensitive: bool,
}

impl std::fmt::Debug for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Type")
            .field("target", &self.target)
            .field("characters", &self.text.chars().count())
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Press {
    /// Chords such as `Control+A`, `Shift+Tab`, `Enter`; several are separated by a space.
    pub keys: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
}

/// One of `values` and `labels`; an empty list deselects all, which only a multiple select can be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectOption {
    pub target: Target,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    pub target: Target,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Uncheck {
    pub target: Target,
}

/// Fields by their label, filled in the order in which they stand; a value is text, or true or false for a box.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FillForm {
    #[schema(value_type = std::collections::BTreeMap<String, super::FieldValue>)]
    pub fields: FormFields,
}

impl std::fmt::Debug for FillForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.fields.iter().map(|(label, _)| label)).finish()
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Scroll {
    /// Scrolled into view, or scrolled itself where deltas or `to` are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    pub delta_x: f64,
    pub delta_y: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<ScrollTo>,
    /// Turns the mouse wheel by the deltas at this place of the viewport instead: pages hear of it, and what is under
    /// the pointer scrolls. Without `target` and `to`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wheel_at: Option<Position>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ScrollTo {
    Top,
    Bottom,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Drag {
    pub from: Target,
    pub to: Target,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MouseEvent {
    Move,
    Down,
    Up,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mouse {
    pub event: MouseEvent,
    pub x: f64,
    pub y: f64,
    #[serde(default)]
    pub button: MouseButton,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyEvent {
    Down,
    Up,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Key {
    pub event: KeyEvent,
    /// `KeyboardEvent.key`, e.g. `a`, `Enter`, `Shift`.
    pub key: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Upload {
    pub target: Target,
    /// Names of staged files; an empty list clears the field.
    pub files: Vec<String>,
}
