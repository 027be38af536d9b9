//! What a client asks for. Texts are the protocol's own.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

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
        Self::of(&Fields::read(text).map_err(|error| Refused::json(&error))?)
    }

    fn of(fields: &Fields<'_>) -> Result<Self, Refused> {
        let given = fields.get("action_type").ok_or(Refused::NoAction)?;
        let named: Option<String> = serde_json::from_str(given).ok();
        let action = named.as_deref().unwrap_or(given);
        if named.is_none() || !ACTIONS.contains(&action) {
            return Err(Refused::UnknownAction(clipped(action)));
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

const NAMES: [&str; 10] =
    ["action_type", "x", "y", "text", "delta_x", "delta_y", "url", "width", "height", "timeout"];

/// The known fields as they were written. Nothing else of a message is kept, for as values it could be many times as
/// large.
#[derive(Default)]
struct Fields<'a>(BTreeMap<&'static str, &'a str>);

impl<'a> Fields<'a> {
    fn read(message: &'a str) -> Result<Self, serde_json::Error> {
        let mut json = serde_json::Deserializer::from_str(message);
        let fields = json.deserialize_any(OfObject)?;
        json.end()?;
        Ok(fields)
    }

    /// As JSON.
    fn get(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).copied().filter(|value| *value != "null")
    }

    fn text(&self, name: &'static str) -> Result<Option<String>, Refused> {
        let read = |value| serde_json::from_str(value).map_err(|_| Refused::BadField(name, clipped(value)));
        self.get(name).map(read).transpose()
    }

    /// Clients send numbers also as strings.
    fn number(&self, name: &'static str) -> Result<Option<f64>, Refused> {
        let read = |value| {
            let written: Option<String> = serde_json::from_str(value).ok();
            let number: Option<f64> = match &written {
                Some(text) => text.trim().parse().ok(),
                None => serde_json::from_str(value).ok(),
            };
            let finite = number.filter(|number| number.is_finite());
            finite.ok_or_else(|| Refused::BadField(name, clipped(value)))
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
            return Err(Refused::BadField(name, size.to_string()));
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
            return Err(Refused::BadField("timeout", timeout.to_string()));
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

/// As it is repeated to whoever sent it.
fn clipped(value: &str) -> String {
    value.chars().take(200).collect()
}

/// Takes what is no object as one without fields.
struct OfObject;

impl<'de> Visitor<'de> for OfObject {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a request")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            match NAMES.iter().find(|known| **known == name) {
                Some(known) => {
                    fields.0.insert(known, map.next_value::<&RawValue>()?.get());
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(fields)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Fields::default())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Fields::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Fields::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Fields::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Fields::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Fields::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Fields::default())
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
            ("null", format!("{CREATING}Missing 'action_type' in message")),
            ("-1.5", format!("{CREATING}Missing 'action_type' in message")),
            ("\"click\"", format!("{CREATING}Missing 'action_type' in message")),
            ("[{\"action_type\":\"click\"}]", format!("{CREATING}Missing 'action_type' in message")),
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
    fn of_two_fields_of_one_name_the_last_counts_and_names_may_be_escaped() {
        let message = br#"{"action_type":"fly","x":1,"\u0061ction_type":"screenshot"}"#;
        assert_eq!(Action::read(message), Ok(Action::Screenshot));
    }

    #[test]
    fn what_is_repeated_to_the_client_is_short() {
        let long = "x".repeat(1 << 20);
        for message in
            [format!(r#"{{"action_type":"{long}"}}"#), format!(r#"{{"action_type":"click","x":"{long}"}}"#)]
        {
            assert!(refused(message.as_bytes()).len() < 400);
        }
    }

    #[test]
    fn what_is_no_json_is_said_to_be_none() {
        let front = "Action deserialization error: Failed to decode JSON: ";
        for message in [b"".as_slice(), b"{", b"hello", b"{\"a\":1}x", b"{\"x\":}", b"[1", b"\xff\xfe"] {
            let text = refused(message);
            assert!(text.starts_with(front) && text.len() > front.len(), "{text}");
        }
    }
}
