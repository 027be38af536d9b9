//! Encoding and decoding of bus messages.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{
    error::Error,
    model::{
        input::InputBatch,
        json,
        rpc::{Attachment, OwnerReply, OwnerRequest, ViewBeat, WorkRequest, WorkerReply, WorkerRequest},
    },
};

/// How a message is written. A reply is written as its request was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// With header `Content-Type: application/json`.
    #[default]
    Json,
}

impl Encoding {
    /// The value of the `Content-Type` header, if it is set at all.
    pub fn content_type(self) -> Option<&'static str> {
        match self {
            Encoding::Json => Some("application/json"),
        }
    }

    /// From the `Content-Type` header of a message.
    pub fn of(content_type: Option<&str>) -> Self {
        let _ = content_type;
        Encoding::Json
    }
}

/// A message of the bus.
pub trait Message: Sized {
    fn encode(&self, encoding: Encoding) -> Bytes;
    /// Fails with `invalid_argument` on noise.
    fn decode(bytes: &[u8], encoding: Encoding) -> Result<Self, Error>;
}

macro_rules! messages {
    ($($message:ty),* $(,)?) => {$(
        impl Message for $message {
            fn encode(&self, encoding: Encoding) -> Bytes {
                match encoding {
                    Encoding::Json => to_json(self),
                }
            }

            fn decode(bytes: &[u8], encoding: Encoding) -> Result<Self, Error> {
                match encoding {
                    Encoding::Json => json::from_slice(bytes),
                }
            }
        }
    )*};
}

messages!(WorkRequest, OwnerRequest, WorkerRequest, WorkerReply, InputBatch, ViewBeat);

fn to_json<T: Serialize>(value: &T) -> Bytes {
    // Our own types have string keys and finite floats by construction; should that ever break, the reader says so.
    serde_json::to_vec(value).unwrap_or_default().into()
}

/// JSON form of an [`OwnerReply`].
#[derive(Serialize, Deserialize)]
struct ReplyJson<'a> {
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    ok: Option<&'a RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<Error>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attachment: Option<AttachmentJson>,
}

#[derive(Serialize, Deserialize)]
struct AttachmentJson {
    media_type: String,
    /// Base64.
    data: String,
}

impl Message for OwnerReply {
    fn encode(&self, encoding: Encoding) -> Bytes {
        match encoding {
            Encoding::Json => reply_to_json(self),
        }
    }

    fn decode(bytes: &[u8], encoding: Encoding) -> Result<Self, Error> {
        match encoding {
            Encoding::Json => reply_from_json(bytes),
        }
    }
}

fn reply_to_json(reply: &OwnerReply) -> Bytes {
    let attachment = reply
        .attachment
        .as_ref()
        .map(|a| AttachmentJson { media_type: a.media_type.clone(), data: STANDARD.encode(&a.bytes) });
    let json = match &reply.outcome {
        Ok(bytes) => match serde_json::from_slice::<&RawValue>(bytes) {
            Ok(raw) => ReplyJson { ok: Some(raw), error: None, attachment },
            Err(e) => {
                let error = Error::internal(format!("the reply is not JSON: {e}"));
                ReplyJson { ok: None, error: Some(error), attachment: None }
            }
        },
        Err(error) => ReplyJson { ok: None, error: Some(error.clone()), attachment: None },
    };
    to_json(&json)
}

fn reply_from_json(bytes: &[u8]) -> Result<OwnerReply, Error> {
    let reply: ReplyJson<'_> =
        serde_json::from_slice(bytes).map_err(|e| Error::internal(format!("an unreadable reply: {e}")))?;
    if let Some(error) = reply.error {
        return Ok(OwnerReply::error(error));
    }
    let Some(ok) = reply.ok else { return Err(Error::internal("a reply with neither result nor error")) };
    let attachment = match reply.attachment {
        None => None,
        Some(a) => {
            let bytes = STANDARD
                .decode(&a.data)
                .map_err(|e| Error::internal(format!("an unreadable attachment: {e}")))?;
            Some(Attachment { media_type: a.media_type, bytes: bytes.into() })
        }
    };
    Ok(OwnerReply { outcome: Ok(Bytes::copy_from_slice(ok.get().as_bytes())), attachment })
}

/// Reads the result of a reply as the type its request is bound to.
pub fn read_result<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|e| Error::internal(format!("an unreadable result: {e}")))
}
