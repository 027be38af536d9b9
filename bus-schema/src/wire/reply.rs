//! What an owner answers.

use super::{
    field::{present, required},
    v1,
};
use crate::{
    error::Error,
    model::rpc::{Attachment, OwnerReply},
};

impl From<&OwnerReply> for v1::OwnerReply {
    fn from(r: &OwnerReply) -> Self {
        use v1::owner_reply::Outcome;
        match &r.outcome {
            Ok(json) => Self {
                outcome: Some(Outcome::Result(json.clone())),
                attachment: r.attachment.as_ref().map(Into::into),
            },
            Err(e) => Self { outcome: Some(Outcome::Error(e.into())), attachment: None },
        }
    }
}

impl TryFrom<v1::OwnerReply> for OwnerReply {
    type Error = Error;

    fn try_from(r: v1::OwnerReply) -> Result<Self, Error> {
        use v1::owner_reply::Outcome;
        Ok(match present("outcome", r.outcome)? {
            Outcome::Result(json) => Self { outcome: Ok(json), attachment: r.attachment.map(Into::into) },
            Outcome::Error(e) => Self::error(required("error", Some(e))?),
        })
    }
}

impl From<&Attachment> for v1::Attachment {
    fn from(a: &Attachment) -> Self {
        Self { media_type: a.media_type.clone(), data: a.bytes.clone() }
    }
}

impl From<v1::Attachment> for Attachment {
    fn from(a: v1::Attachment) -> Self {
        Self { media_type: a.media_type, bytes: a.data }
    }
}
