//! The protobuf form of what is on the bus. Generated types never leave this module: each file turns one family of
//! messages into the model's types and back, and refuses what protobuf lets pass (an unknown enum value, an absent
//! field that is required, a malformed id, a number that is not finite).

mod actions;
mod command;
mod control;
mod create;
mod enums;
mod error;
mod field;
mod input;
mod owner;
mod reads;
#[cfg(test)]
mod refusals;
mod reply;
mod storage;
mod target;
mod view;
mod work;
mod worker;

pub(crate) use work::named;

use bytes::Bytes;
use prost::Message as _;

use crate::{
    error::Error,
    model::{
        input::InputBatch,
        rpc::{OwnerReply, OwnerRequest, ViewBeat, WorkRequest, WorkerReply, WorkerRequest},
    },
};

/// Generated from `proto/rookery/v1`.
mod v1 {
    include!(concat!(env!("OUT_DIR"), "/rookery.v1.rs"));
}

/// A model type that is a whole message, and its generated form.
pub(crate) trait Wire: Sized {
    type Form: prost::Message + Default + for<'a> From<&'a Self> + TryInto<Self, Error = Error>;
}

macro_rules! whole_messages {
    ($($message:ident),* $(,)?) => {$(
        impl Wire for $message {
            type Form = v1::$message;
        }
    )*};
}

whole_messages!(WorkRequest, OwnerRequest, OwnerReply, WorkerRequest, WorkerReply, InputBatch, ViewBeat);

pub(crate) fn encode<T: Wire>(message: &T) -> Bytes {
    T::Form::from(message).encode_to_vec().into()
}

/// Fails with `invalid_argument`; the field is named where the message could be read that far.
pub(crate) fn decode<T: Wire>(bytes: &[u8]) -> Result<T, Error> {
    T::Form::decode(bytes)
        .map_err(|e| Error::invalid_argument("", format!("not valid protobuf: {e}")))?
        .try_into()
}
