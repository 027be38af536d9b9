//! The commands a session understands, one struct per action.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::{Map, Value, value::RawValue};
use utoipa::ToSchema;

use crate::{
    error::Error,
    model::{
        create::{Cookie, StorageState},
        json,
        session::Page,
        target::Target,
    },
};

/// Time a command has unless it asks for another.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest time a command can ask for.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(600);

macro_rules! commands {
    ($($variant:ident = $name:literal: $class:ident),* $(,)?) => {
        /// One action with its fields, tagged by `action`.
        #[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
        #[serde(tag = "action")]
        pub enum Command {
            $(#[serde(rename = $name)] $variant($variant),)*
        }

        impl Command {
            /// Every action name, in the order of the documentation.
            pub const ACTIONS: &'static [&'static str] = &[$($name),*];

            pub fn action(&self) -> &'static str {
                match self { $(Command::$variant(_) => $name),* }
            }

            /// Whether it changes something, only reads, or answers a dialog.
            pub fn class(&self) -> CommandClass {
                match self { $(Command::$variant(_) => CommandClass::$class),* }
            }

            /// Reads the fields of `action`. Errors name the field.
            pub fn from_fields(action: &str, fields: Map<String, Value>) -> Result<Self, Error> {
                match action {
                    $($name => json::from_value(Value::Object(fields), None).map(Command::$variant),)*
                    other => Err(unknown_action(other)),
                }
            }
        }
    };
}

/// What a command does to the session: acting commands of a tab run one at a time, reads run beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandClass {
    Act,
    Read,
    Dialog,
}

commands! {
    Navigate = "navigate": Act,
    Reload = "reload": Act,
    Back = "back": Act,
    Forward = "forward": Act,
    Click = "click": Act,
    Hover = "hover": Act,
    Type = "type": Act,
    Press = "press": Act,
    SelectOption = "select_option": Act,
    Check = "check": Act,
    Uncheck = "uncheck": Act,
    FillForm = "fill_form": Act,
    Scroll = "scroll": Act,
    Drag = "drag": Act,
    Mouse = "mouse": Act,
    Key = "key": Act,
    Upload = "upload": Act,
    WaitFor = "wait_for": Read,
    Evaluate = "evaluate": Act,
    Content = "content": Read,
    Screenshot = "screenshot": Read,
    Pdf = "pdf": Read,
    SetViewport = "set_viewport": Act,
    CookiesGet = "cookies_get": Read,
    CookiesSet = "cookies_set": Act,
    CookiesClear = "cookies_clear": Act,
    StorageGet = "storage_get": Read,
    StorageSet = "storage_set": Act,
    Dialog = "dialog": Dialog,
    Tabs = "tabs": Read,
    NewTab = "new_tab": Act,
    ActivateTab = "activate_tab": Act,
    CloseTab = "close_tab": Act,
    Observe = "observe": Read,
}

fn unknown_action(given: &str) -> Error {
    let shown: String = given.chars().take(80).collect();
    let detail = match json::nearest(&shown, Command::ACTIONS) {
        Some(known) => format!("unknown action `{shown}`, did you mean `{known}`?"),
        None => format!("unknown action `{shown}`, expected one of {}", Command::ACTIONS.join(", ")),
    };
    Error::invalid_argument("action", detail)
}

/// One command with what goes for all of them. Body of `POST /v1/sessions/{id}/commands`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CommandRequest {
    #[serde(flatten)]
    pub command: Command,
    /// `tabs[].n`; absent: the active tab.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tab: Option<u32>,
    /// 1 to 600 000; 30 000 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u32>,
    /// A command runs at most once per key: used again, it gives the first answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_human_control: Option<OnHumanControl>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnHumanControl {
    #[default]
    Wait,
    Fail,
}

impl CommandRequest {
    pub fn new(command: Command) -> Self {
        Self { command, tab: None, timeout_ms: None, key: None, on_human_control: None }
    }

    pub fn timeout(&self) -> Duration {
        self.timeout_ms.map_or(DEFAULT_TIMEOUT, |ms| Duration::from_millis(u64::from(ms)))
    }

    /// Reads and validates a command. Errors name the field.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Error> {
        Self::from_map(json::from_slice(bytes)?)
    }

    /// The same from a parsed object, as it stands in a WebSocket message.
    pub fn from_map(mut fields: Map<String, Value>) -> Result<Self, Error> {
        let Some(action) = fields.remove("action") else {
            return Err(Error::invalid_argument("action", "missing field `action`"));
        };
        let Value::String(action) = action else {
            return Err(Error::invalid_argument("action", "must be a string"));
        };
        // Actions with a `tab` of their own: the common field of that name is theirs.
        let own_tab = matches!(action.as_str(), "activate_tab" | "close_tab");
        let tab = if own_tab { None } else { take(&mut fields, "tab")? };
        // The action `key` has a field `key` too; its idempotency key travels as the header `Idempotency-Key` only.
        let key = if action == "key" { None } else { take(&mut fields, "key")? };
        let request = Self {
            tab,
            timeout_ms: take(&mut fields, "timeout_ms")?,
            key,
            on_human_control: take(&mut fields, "on_human_control")?,
            command: Command::from_fields(&action, fields)?,
        };
        request.validate()?;
        Ok(request)
    }

    pub fn validate(&self) -> Result<(), Error> {
        if let Some(ms) = self.timeout_ms {
            super::validate::range("timeout_ms", u64::from(ms), 1, MAX_TIMEOUT.as_millis() as u64)?;
        }
        if let Some(k) = &self.key
            && (k.is_empty() || k.len() > 255 || k.chars().any(char::is_control))
        {
            return Err(Error::invalid_argument("key", "1 to 255 characters without control characters"));
        }
        let own_tab = matches!(self.command, Command::ActivateTab(_) | Command::CloseTab(_));
        if own_tab && self.tab.is_some() {
            return Err(Error::invalid_argument("tab", "this action names its tab itself"));
        }
        self.command.validate()
    }
}

impl<'de> Deserialize<'de> for CommandRequest {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let fields = Map::<String, Value>::deserialize(d)?;
        Self::from_map(fields).map_err(D::Error::custom)
    }
}

fn take<T: serde::de::DeserializeOwned>(
    fields: &mut Map<String, Value>,
    name: &str,
) -> Result<Option<T>, Error> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => json::from_value(value, Some(name)).map(Some),
    }
}

/// What a command gives back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CommandResult {
    pub action: String,
    /// Its form depends on the action. Passed on as it came from the worker.
    pub result: Box<RawValue>,
    pub page: Page,
    /// The dialog that the command opened and that is open still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialog: Option<OpenDialog>,
    pub duration_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenDialog {
    pub tab: u32,
    #[serde(rename = "type")]
    pub kind: DialogKind,
    pub message: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub default_value: String,
    pub url: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DialogKind {
    Alert,
    Confirm,
    Prompt,
    Beforeunload,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WaitUntil {
    #[default]
    Load,
    Domcontentloaded,
    /// No request for 500 ms.
    Networkidle,
    /// The response has begun and the document is the new one.
    Commit,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Navigate {
    pub url: String,
    #[serde(default)]
    pub wait_until: WaitUntil,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referrer: Option<String>,
}

macro_rules! history {
    ($($name:ident),*) => {$(
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            pub wait_until: WaitUntil,
        }
    )*};
}

history!(Reload, Back, Forward);

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

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectOption {
    pub target: Target,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
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

/// Fields by their label; a value is text, or true or false for a box.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FillForm {
    pub fields: BTreeMap<String, FieldValue>,
}

impl std::fmt::Debug for FillForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.fields.keys()).finish()
    }
}

#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum FieldValue {
    Checked(bool),
    Text(String),
    /// Of a multiple select.
    Texts(Vec<String>),
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

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ElementState {
    #[default]
    Visible,
    Hidden,
    Attached,
    Detached,
}

/// Waits until all that is given holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WaitFor {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    pub state: ElementState,
    /// A glob such as `**/checkout*`, or a part of the URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// JavaScript that becomes truthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_state: Option<WaitUntil>,
    /// Only waits this long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ms: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Evaluate {
    /// An expression, or a function that is called with `args` (after the element, where there is a `target`).
    pub expression: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ContentFormat {
    #[default]
    Html,
    Text,
    Markdown,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Content {
    pub format: ContentFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ImageFormat {
    #[default]
    Png,
    Jpeg,
    Webp,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Screenshot {
    pub format: ImageFormat,
    /// 0 to 100, for jpeg and webp; 80 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<u32>,
    pub full_page: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
}

/// Lengths in inches. What is absent is Chromium's default: US Letter, margins of 0.4.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Pdf {
    pub landscape: bool,
    pub print_background: bool,
    /// 0.1 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paper_width: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paper_height: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin_top: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin_bottom: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin_left: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin_right: Option<f64>,
    /// E.g. `1-5, 8`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_ranges: Option<String>,
    pub prefer_css_page_size: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetViewport {
    pub width: u32,
    pub height: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CookiesGet {
    /// Only those that would be sent to one of these; empty: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CookiesSet {
    pub cookies: Vec<Cookie>,
}

macro_rules! no_fields {
    ($($name:ident),*) => {$(
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {}
    )*};
}

no_fields!(CookiesClear, StorageGet, Tabs);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StorageSet {
    pub storage_state: StorageState,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Dialog {
    pub accept: bool,
    /// Of a prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewTab {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivateTab {
    pub tab: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseTab {
    pub tab: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ObservePreset {
    /// What can be acted on and what is read, without wrappers.
    #[default]
    Compact,
    /// The whole accessibility tree.
    Full,
    /// Only what can be acted on.
    Interactive,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Observe {
    /// Size of the outline; 1 000 to 1 000 000, 20 000 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u32>,
    /// `next_cursor` of the answer before: continues the same outline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    pub screenshot: bool,
    pub preset: ObservePreset,
}
