//! Reading requests of the bus from JSON. serde's tagged enums would lose the path of a field at fault and let any
//! field pass beside a variant without fields, so the tag is read here and the rest by the type it stands for.

use std::borrow::Cow;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{
    command::{Command, CommandRequest},
    json,
    rpc::{Files, Inspect, OwnerRequest, Rpc, Run, WorkerRequest},
    time::Timestamp,
};
use crate::{
    error::Error,
    id::ConnId,
    model::{
        create::PatchSession,
        note::{AnswerFields, ChooserAnswer},
        rpc::{AnswerChooser, Attach, End, SetControl},
    },
};

type Fields = Map<String, Value>;

impl OwnerRequest {
    /// Errors name the field.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Error> {
        let mut fields: Fields = json::from_slice(bytes)?;
        let verb = take_tag(&mut fields, "verb")?;
        let rest = Value::Object(fields);
        match verb.as_str() {
            Run::VERB => {
                let mut run = run(rest)?;
                run.request.in_order_of(bytes, &["request"]);
                Ok(Self::Run(run))
            }
            End::VERB => json::from_value(rest, None).map(Self::End),
            Inspect::VERB => json::from_value(rest, None).map(Self::Inspect),
            PatchSession::VERB => json::from_value(rest, None).map(Self::Patch),
            SetControl::VERB => json::from_value(rest, None).map(Self::Control),
            Attach::VERB => json::from_value(rest, None).map(Self::Attach),
            Files::VERB => files(rest).map(Self::Files),
            AnswerChooser::VERB => json::from_value(rest, None).and_then(answer).map(Self::AnswerChooser),
            other => Err(unknown("verb", other, OwnerRequest::VERBS)),
        }
    }
}

impl WorkerRequest {
    /// Errors name the field.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Error> {
        let mut fields: Fields = json::from_slice(bytes)?;
        let verb = take_tag(&mut fields, "verb")?;
        let rest = Value::Object(fields);
        match verb.as_str() {
            "ping" => nothing_in(rest).map(|()| Self::Ping),
            "inspect" => nothing_in(rest).map(|()| Self::Inspect),
            "drain" => json::from_value::<Drain>(rest, None).map(|d| Self::Drain { grace_s: d.grace_s }),
            other => Err(unknown("verb", other, &["ping", "inspect", "drain"])),
        }
    }
}

fn take_tag(fields: &mut Fields, tag: &str) -> Result<String, Error> {
    match fields.remove(tag) {
        Some(Value::String(value)) => Ok(value),
        Some(_) => Err(Error::invalid_argument(tag, "must be a string")),
        None => Err(Error::invalid_argument(tag, format!("missing field `{tag}`"))),
    }
}

fn unknown(tag: &str, given: &str, known: &[&str]) -> Error {
    let shown: String = given.chars().take(80).collect();
    Error::invalid_argument(tag, format!("unknown {tag} `{shown}`, expected one of {}", known.join(", ")))
}

fn nothing_in(rest: Value) -> Result<(), Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}
    json::from_value::<Nothing>(rest, None).map(|Nothing {}| ())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Drain {
    grace_s: u32,
}

fn files(rest: Value) -> Result<Files, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Named {
        name: String,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Stage {
        object: String,
        name: String,
    }
    let mut fields: Fields = json::from_value(rest, None)?;
    let op = take_tag(&mut fields, "op")?;
    let rest = Value::Object(fields);
    let named = |rest| json::from_value::<Named>(rest, None).map(|n| n.name);
    match op.as_str() {
        "stage" => {
            json::from_value::<Stage>(rest, None).map(|s| Files::Stage { object: s.object, name: s.name })
        }
        "staged" => nothing_in(rest).map(|()| Files::Staged),
        "unstage" => named(rest).map(|name| Files::Unstage { name }),
        "downloads" => nothing_in(rest).map(|()| Files::Downloads),
        "publish" => named(rest).map(|name| Files::Publish { name }),
        "delete_download" => named(rest).map(|name| Files::DeleteDownload { name }),
        other => Err(unknown(
            "op",
            other,
            &["stage", "staged", "unstage", "downloads", "publish", "delete_download"],
        )),
    }
}

/// `AnswerChooser` as JSON. Flattened, a field that nobody knows could not be refused.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChooserFields {
    chooser: String,
    conn: ConnId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    files: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    cancel: bool,
}

fn answer(fields: ChooserFields) -> Result<AnswerChooser, Error> {
    let ChooserFields { chooser, conn, value, files, cancel } = fields;
    Ok(AnswerChooser { chooser, conn, answer: AnswerFields { value, files, cancel }.try_into()? })
}

impl Serialize for AnswerChooser {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let (value, files, cancel) = match self.answer.clone() {
            ChooserAnswer::Value(value) => (Some(value), None, false),
            ChooserAnswer::Files(files) => (None, Some(files), false),
            ChooserAnswer::Cancel => (None, None, true),
        };
        ChooserFields { chooser: self.chooser.clone(), conn: self.conn.clone(), value, files, cancel }
            .serialize(s)
    }
}

fn run(rest: Value) -> Result<Run, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct RunFields {
        request: Fields,
        deadline: Timestamp,
        key: Option<String>,
        conn: Option<ConnId>,
    }
    let fields: RunFields = json::from_value(rest, None)?;
    let mut request = CommandRequest::from_map(fields.request).map_err(|e| e.within("request"))?;
    if let Some(key) = fields.key {
        if !has_own_key(&request.command) {
            return Err(Error::invalid_argument("key", "stands in `request`"));
        }
        request.key = Some(key);
    }
    Ok(Run { request, deadline: fields.deadline, conn: fields.conn })
}

/// In the JSON of a command its fields stand beside the idempotency key, which the action `key` has no room for.
fn has_own_key(command: &Command) -> bool {
    matches!(command, Command::Key(_))
}

impl Serialize for Run {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct RunFields<'a> {
            request: Cow<'a, CommandRequest>,
            deadline: Timestamp,
            #[serde(skip_serializing_if = "Option::is_none")]
            key: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            conn: Option<&'a ConnId>,
        }
        let mut fields = RunFields {
            request: Cow::Borrowed(&self.request),
            deadline: self.deadline,
            key: None,
            conn: self.conn.as_ref(),
        };
        if has_own_key(&self.request.command) && self.request.key.is_some() {
            fields.key = self.request.key.as_deref();
            fields.request.to_mut().key = None;
        }
        fields.serialize(s)
    }
}
