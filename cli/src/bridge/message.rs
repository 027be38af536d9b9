//! What of CDP a bridge has to understand.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

/// What a message is, before anything else of it is looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Head<'a> {
    pub id: Option<i64>,
    #[serde(borrow)]
    pub method: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "sessionId")]
    pub session: Option<Cow<'a, str>>,
}

impl<'a> Head<'a> {
    /// Noise has an empty head: it is passed on, and refused where it arrives.
    pub fn read(text: &'a [u8]) -> Self {
        serde_json::from_slice(text).unwrap_or_default()
    }

    pub fn method(&self) -> &str {
        self.method.as_deref().unwrap_or_default()
    }
}

/// The parameters of a message.
pub fn params(text: &[u8]) -> Value {
    let message: Option<Value> = serde_json::from_slice(text).ok();
    message.and_then(|mut message| message.get_mut("params").map(Value::take)).unwrap_or_default()
}

/// The message with other parameters.
pub fn with_params(text: &[u8], params: Value) -> Option<Bytes> {
    let mut message: Value = serde_json::from_slice(text).ok()?;
    message["params"] = params;
    Some(message.to_string().into())
}

/// The answer to a message that does not go on.
pub fn refusal(text: &[u8], why: &str) -> Bytes {
    let head = Head::read(text);
    let mut answer = json!({ "id": head.id, "error": { "code": -32000, "message": why } });
    if let Some(session) = head.session {
        answer["sessionId"] = session.into();
    }
    answer.to_string().into()
}
