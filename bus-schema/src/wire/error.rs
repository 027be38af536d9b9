//! The error that every reply may carry.

use super::{
    enums::{Enumerated, optional_number},
    field::{json, optional_enum, required_enum},
    v1,
};
use crate::error::Error;

impl From<&Error> for v1::Error {
    fn from(e: &Error) -> Self {
        Self {
            code: e.code.number(),
            detail: e.detail.clone(),
            retryable: e.retryable,
            field: e.field.clone(),
            outcome: optional_number(e.outcome),
            retry_after_s: e.retry_after_s,
            context: e.context.as_ref().map(ToString::to_string),
        }
    }
}

impl TryFrom<v1::Error> for Error {
    type Error = Error;

    fn try_from(e: v1::Error) -> Result<Self, Error> {
        Ok(Self {
            code: required_enum("code", e.code)?,
            detail: e.detail,
            retryable: e.retryable,
            field: e.field,
            outcome: optional_enum("outcome", e.outcome)?,
            retry_after_s: e.retry_after_s,
            context: e.context.map(|text| json("context", &text)).transpose()?,
        })
    }
}
