//! Requests to workers and what they answer.

use super::{
    enums::Enumerated,
    field::{finite, id, present, required, required_enum, time},
    v1::{self, worker_reply as reply, worker_request as request},
};
use crate::{
    error::Error,
    id::Pool,
    model::{
        rpc::{WorkerReply, WorkerRequest},
        worker::{BrowserVersion, Worker},
    },
};

impl From<&WorkerRequest> for v1::WorkerRequest {
    fn from(r: &WorkerRequest) -> Self {
        let verb = match r {
            WorkerRequest::Ping => request::Verb::Ping(request::Ping {}),
            WorkerRequest::Inspect => request::Verb::Inspect(request::Inspect {}),
            WorkerRequest::Drain { grace_s } => {
                request::Verb::Drain(request::Drain { grace_s: Some(*grace_s) })
            }
        };
        Self { verb: Some(verb) }
    }
}

impl TryFrom<v1::WorkerRequest> for WorkerRequest {
    type Error = Error;

    fn try_from(r: v1::WorkerRequest) -> Result<Self, Error> {
        Ok(match present("verb", r.verb)? {
            request::Verb::Ping(request::Ping {}) => WorkerRequest::Ping,
            request::Verb::Inspect(request::Inspect {}) => WorkerRequest::Inspect,
            request::Verb::Drain(d) => WorkerRequest::Drain { grace_s: present("grace_s", d.grace_s)? },
        })
    }
}

impl From<&WorkerReply> for v1::WorkerReply {
    fn from(r: &WorkerReply) -> Self {
        let reply = match r {
            WorkerReply::Pong => reply::Reply::Pong(reply::Pong {}),
            WorkerReply::Worker(w) => reply::Reply::Worker(w.into()),
            WorkerReply::Error(e) => reply::Reply::Error(e.into()),
        };
        Self { reply: Some(reply) }
    }
}

impl TryFrom<v1::WorkerReply> for WorkerReply {
    type Error = Error;

    fn try_from(r: v1::WorkerReply) -> Result<Self, Error> {
        Ok(match present("reply", r.reply)? {
            reply::Reply::Pong(reply::Pong {}) => WorkerReply::Pong,
            reply::Reply::Worker(w) => WorkerReply::Worker(required("worker", Some(w))?),
            reply::Reply::Error(e) => WorkerReply::Error(required("error", Some(e))?),
        })
    }
}

impl From<&Worker> for v1::Worker {
    fn from(w: &Worker) -> Self {
        Self {
            id: w.id.to_string(),
            region: w.region.to_string(),
            pools: w.pools.iter().map(ToString::to_string).collect(),
            version: w.version.clone(),
            host: w.host.clone(),
            pid: w.pid,
            slots: w.slots,
            busy: w.busy,
            warm: w.warm,
            pressure: w.pressure,
            draining: w.draining,
            frozen: w.frozen,
            browsers: w.browsers.clone(),
            simulated: w.simulated,
            started_at_ms: Some(w.started_at.0),
            seen_at_ms: Some(w.seen_at.0),
            versions: w.versions.iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<v1::Worker> for Worker {
    type Error = Error;

    fn try_from(w: v1::Worker) -> Result<Self, Error> {
        Ok(Self {
            id: id("id", w.id)?,
            region: id("region", w.region)?,
            pools: w.pools.into_iter().map(|p| id("pools", p)).collect::<Result<Vec<Pool>, Error>>()?,
            version: w.version,
            host: w.host,
            pid: w.pid,
            slots: w.slots,
            busy: w.busy,
            warm: w.warm,
            pressure: finite("pressure", w.pressure)?,
            draining: w.draining,
            frozen: w.frozen,
            browsers: w.browsers,
            simulated: w.simulated,
            started_at: time("started_at_ms", w.started_at_ms)?,
            seen_at: time("seen_at_ms", w.seen_at_ms)?,
            versions: w.versions.into_iter().map(TryInto::try_into).collect::<Result<_, Error>>()?,
        })
    }
}

impl From<&BrowserVersion> for v1::BrowserVersion {
    fn from(v: &BrowserVersion) -> Self {
        Self {
            kind: v.kind.number(),
            product: v.product.clone(),
            protocol: v.protocol.clone(),
            user_agent: v.user_agent.clone(),
            js: v.js.clone(),
            revision: v.revision.clone(),
        }
    }
}

impl TryFrom<v1::BrowserVersion> for BrowserVersion {
    type Error = Error;

    fn try_from(v: v1::BrowserVersion) -> Result<Self, Error> {
        Ok(Self {
            kind: required_enum("kind", v.kind)?,
            product: v.product,
            protocol: v.protocol,
            user_agent: v.user_agent,
            js: v.js,
            revision: v.revision,
        })
    }
}
