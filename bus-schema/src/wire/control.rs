//! A change of who drives a session.

use super::{enums::Enumerated, field::required_enum, v1};
use crate::{error::Error, model::control::ControlRequest};

impl From<&ControlRequest> for v1::ControlRequest {
    fn from(r: &ControlRequest) -> Self {
        Self { action: r.action.number(), holder: r.holder.clone(), note: r.note.clone(), by: r.by.clone() }
    }
}

impl TryFrom<v1::ControlRequest> for ControlRequest {
    type Error = Error;

    fn try_from(r: v1::ControlRequest) -> Result<Self, Error> {
        Ok(Self { action: required_enum("action", r.action)?, holder: r.holder, by: r.by, note: r.note })
    }
}
