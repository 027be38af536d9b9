//! What the owner of a session tells those who watch it, and the person who drives it: never stored, and of use only now.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{control::Access, event::Event};
use crate::{error::Error, id::ConnId};

/// The most that one note may have as JSON: NATS takes 1 MiB with subject and headers.
const MAX_NOTE: usize = 1_000_000;
/// Viewers that are named; the others are counted.
pub const MAX_NAMED: usize = 50;
/// Characters of a viewer's name.
pub const MAX_NAME: usize = 100;
const MAX_ID: usize = 64;
const MAX_CURSOR: usize = 32;
const MAX_OPTIONS: usize = 1_000;
const MAX_ACCEPTS: usize = 100;
const MAX_FILES: usize = 1_000;
/// Bytes of a value, of an option or of a file's name.
const MAX_VALUE: usize = 4 << 10;

/// One note. A reader passes over those it does not know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "snake_case")]
pub enum Note {
    /// Who watches now.
    Viewers(Viewers),
    /// The CSS cursor under the pointer of whoever drives.
    Cursor { cursor: String },
    /// The page wants something chosen.
    Chooser { chooser: Chooser },
    /// Nothing is to be chosen any more: it was answered, its field is gone, or somebody else drives.
    ChooserOver { id: String },
    /// The page copied or cut text.
    Clipboard { text: String, truncated: bool },
    /// An event that is not for everybody.
    Event { event: Event },
}

/// Whom a note is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// All who watch.
    Everybody,
    /// The person who drives, and nobody else.
    Driver,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Viewers {
    /// At most 50.
    pub viewers: Vec<Viewer>,
    /// So many more are there.
    #[serde(default)]
    pub more: u32,
}

/// Somebody who watches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Viewer {
    pub conn: ConnId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub access: Access,
    pub holds_control: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Chooser {
    pub id: String,
    /// `tabs[].n`.
    pub tab: u32,
    #[serde(flatten)]
    pub wanted: Wanted,
}

/// What is to be chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Wanted {
    File(FileField),
    Date(Field),
    Time(Field),
    DatetimeLocal(Field),
    Month(Field),
    Week(Field),
    Color(Field),
    Datalist(Field),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct FileField {
    pub multiple: bool,
    pub accept: Vec<String>,
    pub directory: bool,
}

/// A field and where it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Field {
    pub value: String,
    pub min: String,
    pub max: String,
    pub step: String,
    pub options: Vec<Choice>,
    pub rect: Rect,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Choice {
    pub value: String,
    pub label: String,
}

/// CSS pixels of the viewport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// How a person answers a chooser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChooserAnswer {
    Value(String),
    /// Names of staged uploads.
    Files(Vec<String>),
    Cancel,
}

impl ChooserAnswer {
    pub fn validate(&self) -> Result<(), Error> {
        match self {
            Self::Value(value) => short("value", value, MAX_VALUE),
            Self::Files(files) if files.is_empty() || files.len() > MAX_FILES => {
                Err(Error::invalid_argument("files", format!("1 to {MAX_FILES} names")))
            }
            Self::Files(files) => files
                .iter()
                .enumerate()
                .try_for_each(|(i, name)| short(&format!("files[{i}]"), name, MAX_VALUE)),
            Self::Cancel => Ok(()),
        }
    }
}

/// As a client writes it: exactly one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnswerFields {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<String>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cancel: bool,
}

impl TryFrom<AnswerFields> for ChooserAnswer {
    type Error = Error;

    fn try_from(fields: AnswerFields) -> Result<Self, Error> {
        match (fields.value, fields.files, fields.cancel) {
            (Some(value), None, false) => Ok(Self::Value(value)),
            (None, Some(files), false) => Ok(Self::Files(files)),
            (None, None, true) => Ok(Self::Cancel),
            _ => Err(Error::invalid_argument("value", "exactly one of `value`, `files` and `cancel: true`")),
        }
    }
}

impl Note {
    /// What was copied, cut where it is more than one note may carry.
    pub fn clipboard(mut text: String) -> Self {
        let room = MAX_NOTE - 1_000;
        let mut taken = 0;
        let end = text.char_indices().find(|(_, c)| {
            taken += written(*c);
            taken > room
        });
        let truncated = end.is_some();
        if let Some((at, _)) = end {
            text.truncate(at);
        }
        Self::Clipboard { text, truncated }
    }

    pub fn audience(&self) -> Audience {
        match self {
            Self::Viewers(_) | Self::Cursor { .. } => Audience::Everybody,
            Self::Chooser { .. } | Self::ChooserOver { .. } | Self::Clipboard { .. } | Self::Event { .. } => {
                Audience::Driver
            }
        }
    }

    /// Fails for what no reader would take.
    pub fn encode(&self) -> Result<Bytes, Error> {
        self.validate()?;
        let bytes =
            serde_json::to_vec(self).map_err(|e| Error::internal(format!("an unwritable note: {e}")))?;
        if bytes.len() > MAX_NOTE {
            return Err(Error::payload_too_large(format!("a note may have {MAX_NOTE} bytes")));
        }
        Ok(bytes.into())
    }

    /// `None` for what is noise, out of range, or not known yet.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let note: Self = (bytes.len() <= MAX_NOTE).then(|| serde_json::from_slice(bytes).ok())??;
        note.validate().is_ok().then_some(note)
    }

    fn validate(&self) -> Result<(), Error> {
        match self {
            Self::Viewers(v) => {
                if v.viewers.len() > MAX_NAMED {
                    return Err(Error::invalid_argument("viewers", format!("at most {MAX_NAMED} are named")));
                }
                v.viewers.iter().filter_map(|v| v.name.as_deref()).try_for_each(check_name)
            }
            Self::Cursor { cursor } => {
                let keyword =
                    !cursor.is_empty() && cursor.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
                if keyword { short("cursor", cursor, MAX_CURSOR) } else { Err(no_keyword()) }
            }
            Self::Chooser { chooser } => chooser.validate(),
            Self::ChooserOver { id } => short("id", id, MAX_ID),
            Self::Clipboard { .. } | Self::Event { .. } => Ok(()),
        }
    }
}

/// A viewer's name.
pub fn check_name(name: &str) -> Result<(), Error> {
    if (1..=MAX_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Error::invalid_argument(
        "name",
        format!("1 to {MAX_NAME} characters, none of them a control character"),
    ))
}

impl Chooser {
    fn validate(&self) -> Result<(), Error> {
        short("id", &self.id, MAX_ID)?;
        match &self.wanted {
            Wanted::File(file) => {
                few("accept", file.accept.len(), MAX_ACCEPTS)?;
                file.accept.iter().try_for_each(|a| short("accept", a, MAX_VALUE))
            }
            Wanted::Date(field)
            | Wanted::Time(field)
            | Wanted::DatetimeLocal(field)
            | Wanted::Month(field)
            | Wanted::Week(field)
            | Wanted::Color(field)
            | Wanted::Datalist(field) => field.validate(),
        }
    }
}

impl Field {
    fn validate(&self) -> Result<(), Error> {
        for (name, text) in
            [("value", &self.value), ("min", &self.min), ("max", &self.max), ("step", &self.step)]
        {
            short(name, text, MAX_VALUE)?;
        }
        few("options", self.options.len(), MAX_OPTIONS)?;
        self.options.iter().try_for_each(|o| {
            short("options", &o.value, MAX_VALUE)?;
            short("options", &o.label, MAX_VALUE)
        })
    }
}

/// Bytes of a character within JSON.
fn written(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        c if c < ' ' => 6,
        c => c.len_utf8(),
    }
}

fn no_keyword() -> Error {
    Error::invalid_argument("cursor", "a keyword of CSS")
}

fn short(field: &str, text: &str, most: usize) -> Result<(), Error> {
    if text.len() <= most {
        return Ok(());
    }
    Err(Error::invalid_argument(field, format!("at most {most} bytes")))
}

fn few(field: &str, count: usize, most: usize) -> Result<(), Error> {
    if count <= most {
        return Ok(());
    }
    Err(Error::invalid_argument(field, format!("at most {most}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(note: &serde_json::Value) -> Option<Note> {
        Note::decode(note.to_string().as_bytes())
    }

    #[test]
    fn what_is_written_is_read_back_and_the_rest_passed_over() {
        let rect = json!({ "x": 1.0, "y": 2.0, "width": 3.0, "height": 4.0 });
        for note in [
            json!({ "note": "viewers", "more": 2, "viewers": [
                { "conn": "a", "name": "Ann", "access": "control", "holds_control": true },
                { "conn": "b", "access": "view", "holds_control": false }] }),
            json!({ "note": "cursor", "cursor": "ew-resize" }),
            json!({ "note": "chooser", "chooser": { "id": "1", "kind": "file", "tab": 1, "multiple": true,
                "accept": [".png", "image/*"], "directory": false } }),
            json!({ "note": "chooser", "chooser": { "id": "2", "kind": "datetime-local", "tab": 1, "value": "",
                "min": "", "max": "", "step": "", "options": [{ "value": "a", "label": "A" }], "rect": rect } }),
            json!({ "note": "chooser_over", "id": "2" }),
            json!({ "note": "clipboard", "text": "ä\"\n", "truncated": false }),
        ] {
            let read = read(&note).unwrap_or_else(|| panic!("{note}"));
            let written: serde_json::Value = serde_json::from_slice(&read.encode().unwrap()).unwrap();
            assert_eq!(written, note);
        }
        for noise in [
            json!({ "note": "of_another_release", "x": 1 }),
            json!({ "note": "cursor", "cursor": "url(http://elsewhere)" }),
            json!({ "note": "cursor", "cursor": "" }),
            json!({ "note": "chooser_over", "id": "x".repeat(65) }),
            json!({ "note": "viewers", "viewers": [{ "conn": "a", "name": "", "access": "view", "holds_control": false }] }),
            json!({ "note": "clipboard", "text": "x".repeat(MAX_NOTE), "truncated": false }),
            json!([1]),
        ] {
            assert_eq!(read(&noise), None, "{noise:.80}");
        }
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_between_characters_to_what_one_note_carries() {
        assert_eq!(
            Note::clipboard("short".into()),
            Note::Clipboard { text: "short".into(), truncated: false }
        );
        for unit in ["a", "\u{1}", "日本", "\"", "\u{1f600}"] {
            let Note::Clipboard { text, truncated } = Note::clipboard(unit.repeat(1 << 20)) else {
                panic!("another note")
            };
            assert!(truncated && unit.repeat(1 << 20).starts_with(&text));
            let bytes = Note::Clipboard { text, truncated }.encode().unwrap();
            assert!(bytes.len() > MAX_NOTE - 1_100, "no more is cut than must be: {}", bytes.len());
        }
    }

    #[test]
    fn an_answer_is_exactly_one_thing() {
        let read = |json| {
            serde_json::from_value::<AnswerFields>(json).map_err(|_| ()).and_then(|f| {
                ChooserAnswer::try_from(f).and_then(|a| a.validate().map(|()| a)).map_err(|_| ())
            })
        };
        assert_eq!(read(json!({ "value": "x" })), Ok(ChooserAnswer::Value("x".into())));
        assert_eq!(read(json!({ "files": ["a"] })), Ok(ChooserAnswer::Files(vec!["a".into()])));
        assert_eq!(read(json!({ "cancel": true })), Ok(ChooserAnswer::Cancel));
        for wrong in [
            json!({}),
            json!({ "cancel": false }),
            json!({ "value": "x", "cancel": true }),
            json!({ "files": [] }),
            json!({ "value": "x".repeat(MAX_VALUE + 1) }),
        ] {
            assert_eq!(read(wrong), Err(()));
        }
    }
}
