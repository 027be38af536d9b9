//! What a call comes back with.

use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;

/// Why a browser can no longer be spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Gone {
    #[error("the browser closed its end of the pipe")]
    PipeClosed,
    #[error("the browser stopped reading its pipe")]
    WriteStalled,
    #[error("the browser stopped answering")]
    Unresponsive,
    #[error("the browser sent a message over the limit")]
    OversizedMessage,
    #[error("the browser was closed by its owner")]
    Closed,
}

/// Why a call has no result. `Timeout`, `Detached`, `Crashed` and `Closed` say nothing about whether the browser acted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The browser refused, in its own words.
    #[error("{message} ({code})")]
    Protocol { code: i64, message: String },
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The target of this CDP session is gone: closed, crashed or swapped for another.
    #[error("the target is gone")]
    Detached,
    /// The renderer of this CDP session crashed while the call was on its way.
    #[error("the page crashed")]
    Crashed,
    #[error("{0}")]
    Closed(Gone),
    #[error("a message of {bytes} bytes is over the limit of {limit}")]
    Oversized { bytes: usize, limit: usize },
    /// The parameters cannot be written, or the answer is not what this version of the protocol promises.
    #[error("{0}")]
    Decode(String),
}

impl CallError {
    /// For metrics and traces: one of few words. What the browser said may quote the page.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Protocol { .. } => "protocol",
            Self::Timeout(_) => "timeout",
            Self::Detached => "detached",
            Self::Crashed => "crashed",
            Self::Closed(_) => "closed",
            Self::Oversized { .. } => "oversized",
            Self::Decode(_) => "decode",
        }
    }

    /// Whether the target or the whole browser is gone, so that nothing further on this session can succeed.
    pub fn is_gone(&self) -> bool {
        match self {
            Self::Detached | Self::Closed(_) => true,
            // -32001: "Session with given id not found."
            Self::Protocol { code, .. } => *code == -32001,
            Self::Timeout(_) | Self::Crashed | Self::Oversized { .. } | Self::Decode(_) => false,
        }
    }
}

/// The text of a result, not yet parsed; it shares the memory of the message it came in.
#[derive(Clone, Debug)]
pub struct Answer(pub(super) Bytes);

impl Answer {
    /// The JSON text of the result.
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        serde_json::from_slice(&self.0).map_err(|error| CallError::Decode(error.to_string()))
    }
}
