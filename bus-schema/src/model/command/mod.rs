//! The commands a session understands, one struct per action.

mod form;
mod input;
mod navigation;
mod reading;
mod state;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};
use utoipa::ToSchema;

use crate::{
    error::Error,
    model::{json, session::Page},
};

pub use form::{FieldValue, FormFields};
pub use input::*;
pub use navigation::*;
pub use reading::*;
pub use state::*;

/// Time a command has unless it asks for another.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest time a command can ask for.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(600);

// `$name` is a `tt` for utoipa's sake: it passes over a `rename` whose value is a captured `literal`.
macro_rules! commands {
    ($($variant:ident = $name:tt: $class:ident),* $(,)?) => {
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
        let mut request = Self::from_map(json::from_slice(bytes)?)?;
        request.in_order_of(bytes, &[]);
        Ok(request)
    }

    /// Gives the fields of a form the order in which they stand in the JSON that the command was read from, there
    /// below the keys of `path`: an object that was parsed for its fields has lost it.
    pub(crate) fn in_order_of(&mut self, bytes: &[u8], path: &[&str]) {
        if let Command::FillForm(form) = &mut self.command {
            form.fields.arrange(&json::keys(bytes, &[path, &["fields"]].concat()));
        }
    }

    /// From a parsed object, as it stands in a message; [`Self::in_order_of`] MUST follow.
    pub(crate) fn from_map(mut fields: Map<String, Value>) -> Result<Self, Error> {
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
