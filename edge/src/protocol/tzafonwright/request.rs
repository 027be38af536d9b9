//! What a client asks for. Texts are the protocol's own.

use serde_json::{Map, Value};

use super::answer::Refused;

/// What `timeout` is where it is absent, in milliseconds.
const DEFAULT_TIMEOUT_MS: u64 = 30_000;

/// One request with all that it needs.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A left click, CSS pixels.
    Click {
        x: f64,
        y: f64,
    },
    /// Into whatever has the focus.
    Type {
        text: String,
    },
    /// A turn of the mouse wheel, CSS pixels.
    Scroll {
        delta_x: f64,
        delta_y: f64,
    },
    /// 0: no limit but the gateway's.
    Goto {
        url: String,
        timeout_ms: u64,
    },
    Screenshot,
    SetViewport {
        width: u32,
        height: u32,
    },
}

impl Action {
    /// Reads one message.
    pub fn read(message: &[u8]) -> Result<Self, Refused> {
        let text = std::str::from_utf8(message).map_err(|error| Refused::json(&error))?;
        let value: Value = serde_json::from_str(text).map_err(|error| Refused::json(&error))?;
        // Whatever is no object has no `action_type` either.
        Self::of(&Fields(value.as_object().cloned().unwrap_or_default()))
    }

    fn of(fields: &Fields) -> Result<Self, Refused> {
        let action = fields.get("action_type").ok_or(Refused::NoAction)?;
        let action = action.as_str().ok_or_else(|| Refused::UnknownAction(action.to_string()))?;
        if !ACTIONS.contains(&action) {
            return Err(Refused::UnknownAction(action.to_owned()));
        }
        // All are read whatever the action: one that cannot be is the client's error even where it means nothing.
        let (x, y) = (fields.number("x")?, fields.number("y")?);
        let (text, url) = (fields.text("text")?, fields.text("url")?);
        let (delta_x, delta_y) = (fields.integer("delta_x")?, fields.integer("delta_y")?);
        let (width, height) = (fields.size("width")?, fields.size("height")?);
        let timeout_ms = fields.timeout()?;
        match action {
            "click" => match (x, y) {
                (Some(x), Some(y)) => Ok(Self::Click { x, y }),
                (None, _) | (_, None) => Err(Refused::NoPlace),
            },
            "type" => text.map(|text| Self::Type { text }).ok_or(Refused::NoText),
            "scroll" => Ok(Self::Scroll {
                delta_x: delta_x.unwrap_or_default(),
                delta_y: delta_y.unwrap_or_default(),
            }),
            "goto" => match url.filter(|url| !url.is_empty()) {
                Some(url) => Ok(Self::Goto { url, timeout_ms }),
                None => Err(Refused::NoUrl),
            },
            "set_viewport_size" => match (width, height) {
                (Some(width), Some(height)) => Ok(Self::SetViewport { width, height }),
                (None, _) | (_, None) => Err(Refused::NoSize),
            },
            _ => Ok(Self::Screenshot),
        }
    }
}

const ACTIONS: [&str; 6] = ["click", "type", "scroll", "goto", "screenshot", "set_viewport_size"];

struct Fields(Map<String, Value>);

impl Fields {
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &'static str) -> Result<Option<String>, Refused> {
        let read = |value: &Value| {
            value.as_str().map(str::to_owned).ok_or_else(|| Refused::BadField(name, value.clone()))
        };
        self.get(name).map(read).transpose()
    }

    /// Clients send numbers also as strings.
    fn number(&self, name: &'static str) -> Result<Option<f64>, Refused> {
        let read = |value: &Value| {
            let number = match value {
                Value::Number(number) => number.as_f64(),
                Value::String(text) => text.trim().parse().ok(),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
            };
            let finite = number.filter(|number| number.is_finite());
            finite.ok_or_else(|| Refused::BadField(name, value.clone()))
        };
        self.get(name).map(read).transpose()
    }

    /// Without what is behind the point.
    fn integer(&self, name: &'static str) -> Result<Option<f64>, Refused> {
        Ok(self.number(name)?.map(f64::trunc))
    }

    fn size(&self, name: &'static str) -> Result<Option<u32>, Refused> {
        let Some(size) = self.integer(name)? else { return Ok(None) };
        if !(1.0..=f64::from(u32::MAX)).contains(&size) {
            return Err(Refused::BadField(name, self.0[name].clone()));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is a whole number in range"
        )]
        let size = size as u32;
        Ok(Some(size))
    }

    fn timeout(&self) -> Result<u64, Refused> {
        let Some(timeout) = self.integer("timeout")? else { return Ok(DEFAULT_TIMEOUT_MS) };
        if timeout < 0.0 {
            return Err(Refused::BadField("timeout", self.0["timeout"].clone()));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "what is beyond all numbers is the largest"
        )]
        let timeout = timeout as u64;
        Ok(timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(message: &[u8]) -> String {
        Action::read(message).unwrap_err().to_string()
    }

    #[test]
    fn numbers_may_be_strings_nulls_and_unknown_keys_mean_nothing() {
        for (message, action) in [
            (r#"{"action_type":"click","x":"3.5","y":4}"#, Action::Click { x: 3.5, y: 4.0 }),
            (r#"{"action_type":"type","text":"","timeout":30000}"#, Action::Type { text: String::new() }),
            (
                r#"{"action_type":"scroll","delta_y":" -200 ","delta_x":null}"#,
                Action::Scroll { delta_x: 0.0, delta_y: -200.0 },
            ),
            (r#"{"action_type":"scroll"}"#, Action::Scroll { delta_x: 0.0, delta_y: 0.0 }),
            (
                r#"{"action_type":"goto","url":"http://a/","timeout":"500","more":[{}]}"#,
                Action::Goto { url: "http://a/".into(), timeout_ms: 500 },
            ),
            (
                r#"{"action_type":"goto","url":"http://a/"}"#,
                Action::Goto { url: "http://a/".into(), timeout_ms: 30_000 },
            ),
            (r#" {"action_type":"screenshot","x":null} "#, Action::Screenshot),
            (
                r#"{"action_type":"set_viewport_size","width":"800","height":600.0}"#,
                Action::SetViewport { width: 800, height: 600 },
            ),
        ] {
            assert_eq!(Action::read(message.as_bytes()), Ok(action), "{message}");
        }
    }

    #[test]
    fn what_is_missing_is_said_in_the_protocols_words() {
        const CREATING: &str = "Action deserialization error: Error creating Command object: ";
        for (message, text) in [
            (r#"{"action_type":"goto","timeout":30000}"#, "Missing 'url' for goto action".to_owned()),
            (r#"{"action_type":"goto","url":""}"#, "Missing 'url' for goto action".to_owned()),
            (r#"{"action_type":"click","x":1}"#, "Missing x or y for click action".to_owned()),
            (r#"{"action_type":"click","x":1,"y":null}"#, "Missing x or y for click action".to_owned()),
            (r#"{"action_type":"type"}"#, "Missing text for type action".to_owned()),
            (
                r#"{"action_type":"set_viewport_size","width":1}"#,
                "Missing width or height for set_viewport_size action".to_owned(),
            ),
            ("{}", format!("{CREATING}Missing 'action_type' in message")),
            (r#"{"action_type":null}"#, format!("{CREATING}Missing 'action_type' in message")),
            ("[]", format!("{CREATING}Missing 'action_type' in message")),
            ("7", format!("{CREATING}Missing 'action_type' in message")),
            (r#"{"action_type":"hover"}"#, format!("{CREATING}Invalid action_type: hover")),
            (r#"{"action_type":"CLICK"}"#, format!("{CREATING}Invalid action_type: CLICK")),
            (r#"{"action_type":7}"#, format!("{CREATING}Invalid action_type: 7")),
            (r#"{"action_type":"click","x":"left","y":1}"#, format!("{CREATING}Invalid x: \"left\"")),
            (r#"{"action_type":"click","x":"NaN","y":1}"#, format!("{CREATING}Invalid x: \"NaN\"")),
            (r#"{"action_type":"click","x":true,"y":1}"#, format!("{CREATING}Invalid x: true")),
            (r#"{"action_type":"type","text":5}"#, format!("{CREATING}Invalid text: 5")),
            (
                r#"{"action_type":"set_viewport_size","width":-1,"height":1}"#,
                format!("{CREATING}Invalid width: -1"),
            ),
            (r#"{"action_type":"screenshot","timeout":-1}"#, format!("{CREATING}Invalid timeout: -1")),
        ] {
            assert_eq!(refused(message.as_bytes()), text, "{message}");
        }
    }

    #[test]
    fn what_is_no_json_is_said_to_be_none() {
        let front = "Action deserialization error: Failed to decode JSON: ";
        for message in [b"".as_slice(), b"{", b"hello", b"{\"a\":1}x", b"\xff\xfe"] {
            let text = refused(message);
            assert!(text.starts_with(front) && text.len() > front.len(), "{text}");
        }
    }
}
