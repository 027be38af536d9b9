//! Session requests in the work stream.

use prost::Message as _;

use super::{
    field::{id, optional, time},
    v1,
};
use crate::{
    error::Error,
    id::{SessionId, Tenant},
    model::rpc::WorkRequest,
};

/// The session and tenant of a request, whatever else is wrong with it.
pub(crate) fn named(bytes: &[u8]) -> Option<(SessionId, Tenant)> {
    let request = v1::WorkRequest::decode(bytes).ok()?;
    Some((request.session.parse().ok()?, request.tenant.parse().ok()?))
}

impl From<&WorkRequest> for v1::WorkRequest {
    fn from(r: &WorkRequest) -> Self {
        Self {
            session: r.session.to_string(),
            tenant: r.tenant.to_string(),
            spec: Some((&r.spec).into()),
            deadline_ms: r.deadline.map(|t| t.0),
        }
    }
}

impl TryFrom<v1::WorkRequest> for WorkRequest {
    type Error = Error;

    fn try_from(r: v1::WorkRequest) -> Result<Self, Error> {
        Ok(Self {
            session: id("session", r.session)?,
            tenant: id("tenant", r.tenant)?,
            spec: optional("spec", r.spec)?.unwrap_or_default(),
            deadline: r.deadline_ms.map(|ms| time("deadline_ms", Some(ms))).transpose()?,
        })
    }
}
