//! Encoding and decoding of bus messages.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{
    error::Error,
    id::{SessionId, Tenant},
    model::{
        input::InputBatch,
        json,
        rpc::{Attachment, OwnerReply, OwnerRequest, ViewBeat, WorkRequest, WorkerReply, WorkerRequest},
    },
    wire,
};

/// The largest request: nothing needs the server's `max_payload` above 1 MiB, and what is decoded may be some
/// hundred times as large as its bytes.
const MAX_REQUEST_BYTES: usize = 1 << 20;

/// How a message is written. A reply is written as its request was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Without a `Content-Type` header.
    #[default]
    Protobuf,
    /// With header `Content-Type: application/json`.
    Json,
}

impl Encoding {
    /// The value of the `Content-Type` header, if it is set at all.
    pub fn content_type(self) -> Option<&'static str> {
        match self {
            Encoding::Protobuf => None,
            Encoding::Json => Some("application/json"),
        }
    }

    /// From the `Content-Type` header of a message. What is not JSON is taken for protobuf, and refused if it is not.
    pub fn of(content_type: Option<&str>) -> Self {
        let media_type = content_type.and_then(|t| t.split(';').next()).map(str::trim);
        match media_type {
            Some(t) if t.eq_ignore_ascii_case("application/json") => Encoding::Json,
            Some(_) | None => Encoding::Protobuf,
        }
    }
}

/// A message of the bus.
pub trait Message: Sized {
    fn encode(&self, encoding: Encoding) -> Bytes;
    /// Never panics. A request that is noise or out of range fails with `invalid_argument` and the field at fault
    /// (`forbidden` for a URL that is, `payload_too_large` above 1 MiB): the answer to its sender. A reply that
    /// cannot be read fails with `internal`: whoever asked did nothing wrong.
    fn decode(bytes: &[u8], encoding: Encoding) -> Result<Self, Error>;
}

macro_rules! requests {
    ($($message:ty: $from_json:expr),* $(,)?) => {$(
        impl Message for $message {
            fn encode(&self, encoding: Encoding) -> Bytes {
                match encoding {
                    Encoding::Protobuf => wire::encode(self),
                    Encoding::Json => to_json(self),
                }
            }

            fn decode(bytes: &[u8], encoding: Encoding) -> Result<Self, Error> {
                let read = || {
                    let message: Self = match encoding {
                        Encoding::Protobuf => wire::decode(bytes)?,
                        Encoding::Json => $from_json(bytes)?,
                    };
                    message.validate()?;
                    Ok(message)
                };
                within_bounds(bytes).and_then(|()| read()).map_err(shortened)
            }
        }
    )*};
}

requests! {
    WorkRequest: json::from_slice,
    OwnerRequest: OwnerRequest::from_json,
    WorkerRequest: WorkerRequest::from_json,
    InputBatch: json::from_slice,
    ViewBeat: json::from_slice,
}

impl WorkRequest {
    /// Of a request that cannot be read: the session that it asks for and its tenant, where these can be.
    pub fn named(bytes: &[u8], encoding: Encoding) -> Option<(SessionId, Tenant)> {
        #[derive(Deserialize)]
        struct Named {
            session: SessionId,
            tenant: Tenant,
        }
        within_bounds(bytes).ok()?;
        match encoding {
            Encoding::Protobuf => wire::named(bytes),
            Encoding::Json => {
                serde_json::from_slice::<Named>(bytes).ok().map(|named| (named.session, named.tenant))
            }
        }
    }
}

fn within_bounds(bytes: &[u8]) -> Result<(), Error> {
    if bytes.len() <= MAX_REQUEST_BYTES {
        return Ok(());
    }
    Err(Error::payload_too_large(format!("a request has at most {MAX_REQUEST_BYTES} bytes")))
}

/// An error repeats names from the request. It must fit into a message, however long they are.
fn shortened(mut e: Error) -> Error {
    let shorten = |text: &mut String, characters: usize| {
        if let Some((end, _)) = text.char_indices().nth(characters) {
            text.truncate(end);
            text.push('…');
        }
    };
    shorten(&mut e.detail, 2_000);
    if let Some(field) = &mut e.field {
        shorten(field, 200);
    }
    e
}

fn unreadable(e: impl std::fmt::Display) -> Error {
    Error::internal(format!("an unreadable reply: {e}"))
}

/// Fields that a reply has and this release does not know are left out: workers are upgraded before edges.
impl Message for WorkerReply {
    fn encode(&self, encoding: Encoding) -> Bytes {
        match encoding {
            Encoding::Protobuf => wire::encode(self),
            Encoding::Json => to_json(self),
        }
    }

    fn decode(bytes: &[u8], encoding: Encoding) -> Result<Self, Error> {
        match encoding {
            Encoding::Protobuf => wire::decode(bytes).map_err(unreadable),
            Encoding::Json => serde_json::from_slice(bytes).map_err(unreadable),
        }
    }
}

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
            Encoding::Protobuf => wire::encode(self),
            Encoding::Json => reply_to_json(self),
        }
    }

    fn decode(bytes: &[u8], encoding: Encoding) -> Result<Self, Error> {
        match encoding {
            Encoding::Protobuf => wire::decode(bytes).map_err(unreadable),
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
    let reply: ReplyJson<'_> = serde_json::from_slice(bytes).map_err(unreadable)?;
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
