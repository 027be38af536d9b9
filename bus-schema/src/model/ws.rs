//! Messages of the session WebSocket. Binary messages are frames, see [`super::frame`].

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};
use utoipa::ToSchema;

use crate::{
    error::Error,
    model::{command::CommandRequest, control::ControlRequest, input::InputBatch, json, session::Session},
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
    Ping {
        id: Option<Value>,
    },
}

/// The message types a client may send.
pub const CLIENT_TYPES: &[&str] =
    &["command", "input", "control", "frames:start", "frames:ack", "frames:stop", "ping"];

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
    /// The first one. `access` is what this client may do: `full`, or what its link is for, `control` or `view`.
    Hello { session: &'a Session, seq: Option<&'a str>, access: &'static str },
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
}
