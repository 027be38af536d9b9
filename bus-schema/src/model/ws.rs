//! Messages of the session WebSocket. Binary messages are frames, see [`super::frame`].

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};
use utoipa::ToSchema;

use crate::{
    error::Error,
    id::ConnId,
    model::{
        command::CommandRequest,
        control::{Access, ControlRequest},
        input::InputBatch,
        json,
        note::{AnswerFields, Chooser, ChooserAnswer, Viewer},
        session::Session,
    },
};

/// What a viewer wants to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FramesWish {
    /// 1 to 60; 30 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_fps: Option<u32>,
    /// JPEG quality, 1 to 100; 80 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_height: Option<u32>,
    /// `tabs[].n`; absent: follows the active tab.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tab: Option<u32>,
}

/// A text message from a client. `id` only matches the answer on the same socket.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientMessage {
    Command {
        id: Option<Value>,
        request: CommandRequest,
    },
    Input(InputBatch),
    Control {
        id: Option<Value>,
        request: ControlRequest,
    },
    FramesStart {
        id: Option<Value>,
        wish: FramesWish,
    },
    /// The client has shown this frame: it may get the next.
    FramesAck {
        seq: u32,
    },
    FramesStop,
    /// The person in control has chosen.
    ChooserAnswer {
        id: Option<Value>,
        chooser: String,
        answer: ChooserAnswer,
    },
    Ping {
        id: Option<Value>,
    },
}

/// The message types a client may send.
pub const CLIENT_TYPES: &[&str] =
    &["command", "input", "control", "frames:start", "frames:ack", "frames:stop", "chooser:answer", "ping"];

/// A client's message that cannot be read, with the `id` it carried if that much could be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Unreadable {
    pub id: Option<Value>,
    pub error: Error,
}

impl ClientMessage {
    pub fn from_json(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut fields: Map<String, Value> =
            json::from_slice(bytes).map_err(|error| Unreadable { id: None, error })?;
        let id = fields.remove("id");
        let mut message = Self::from_map(id.clone(), fields).map_err(|error| Unreadable { id, error })?;
        if let Self::Command { request, .. } = &mut message {
            request.in_order_of(bytes, &[]);
        }
        Ok(message)
    }

    fn from_map(id: Option<Value>, mut fields: Map<String, Value>) -> Result<Self, Error> {
        let kind = match fields.remove("type") {
            Some(Value::String(kind)) => kind,
            Some(_) => return Err(Error::invalid_argument("type", "must be a string")),
            None => return Err(Error::invalid_argument("type", "missing field `type`")),
        };
        let rest = |fields| Value::Object(fields);
        match kind.as_str() {
            "command" => Ok(Self::Command { id, request: CommandRequest::from_map(fields)? }),
            "input" => Ok(Self::Input(json::from_value(rest(fields), None)?)),
            "control" => Ok(Self::Control { id, request: json::from_value(rest(fields), None)? }),
            "frames:start" => Ok(Self::FramesStart { id, wish: json::from_value(rest(fields), None)? }),
            "frames:ack" => {
                json::from_value::<FramesAck>(rest(fields), None).map(|a| Self::FramesAck { seq: a.seq })
            }
            "frames:stop" => json::from_value::<Nothing>(rest(fields), None).map(|_| Self::FramesStop),
            "chooser:answer" => chooser_answer(id, fields),
            "ping" => json::from_value::<Nothing>(rest(fields), None).map(|_| Self::Ping { id }),
            other => {
                let shown: String = other.chars().take(80).collect();
                let detail = match json::nearest(&shown, CLIENT_TYPES) {
                    Some(known) => format!("unknown type `{shown}`, did you mean `{known}`?"),
                    None => format!("unknown type `{shown}`, expected one of {}", CLIENT_TYPES.join(", ")),
                };
                Err(Error::invalid_argument("type", detail))
            }
        }
    }
}

fn chooser_answer(id: Option<Value>, mut fields: Map<String, Value>) -> Result<ClientMessage, Error> {
    let chooser = match fields.remove("chooser") {
        Some(Value::String(chooser)) => chooser,
        Some(_) => return Err(Error::invalid_argument("chooser", "must be a string")),
        None => return Err(Error::invalid_argument("chooser", "missing field `chooser`")),
    };
    let answer: AnswerFields = json::from_value(Value::Object(fields), None)?;
    let answer = ChooserAnswer::try_from(answer)?;
    answer.validate()?;
    Ok(ClientMessage::ChooserAnswer { id, chooser, answer })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FramesAck {
    seq: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// A text message to a client.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum ServerMessage<'a> {
    /// The first one.
    Hello {
        session: &'a Session,
        seq: Option<&'a str>,
        /// This viewer, as others are told of it.
        conn: &'a ConnId,
        /// What it may do: all, or what its link is for.
        access: Access,
        /// Given as `?resume=`, another socket takes over the control that this one holds.
        resume: &'a str,
    },
    /// The answer to a command or a control request.
    Result {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a Value>,
        #[serde(flatten)]
        body: ResultBody<'a>,
    },
    /// `seq` is the cursor to resume from; absent for what is live only.
    Event {
        #[serde(skip_serializing_if = "Option::is_none")]
        seq: Option<&'a str>,
        event: &'a RawValue,
    },
    /// Who watches.
    Viewers {
        viewers: &'a [Viewer],
        #[serde(skip_serializing_if = "is_zero")]
        more: u32,
    },
    Cursor {
        cursor: &'a str,
    },
    /// Without a chooser: the one of this `id` is over.
    Chooser {
        chooser: Option<&'a Chooser>,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
    },
    Clipboard {
        text: &'a str,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        truncated: bool,
    },
    Error {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a Value>,
        error: &'a Error,
    },
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a Value>,
    },
}

/// The body of a `result`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum ResultBody<'a> {
    Command(&'a crate::model::command::CommandResult),
    Control { control: &'a crate::model::control::Control },
    Nothing {},
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks like this")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}
