//! Requests to the owner of a session.

use super::{
    enums::Enumerated,
    field::{enum_or_default, id, optional, optional_id, present, required, required_enum, time},
    v1::{self, files, owner_request as wire},
};
use crate::{
    error::Error,
    model::{
        control::Access,
        note::ChooserAnswer,
        rpc::{AnswerChooser, Attach, End, Files, Inspect, Links, OwnerRequest, Resume, Run, SetControl},
    },
};

impl From<&OwnerRequest> for v1::OwnerRequest {
    fn from(r: &OwnerRequest) -> Self {
        let verb = match r {
            OwnerRequest::Run(r) => wire::Verb::Run(wire::Run {
                request: Some((&r.request).into()),
                deadline_ms: Some(r.deadline.0),
                conn: r.conn.as_ref().map(ToString::to_string),
            }),
            OwnerRequest::End(e) => wire::Verb::End(wire::End { reason: e.reason.number() }),
            OwnerRequest::Inspect(Inspect {}) => wire::Verb::Inspect(wire::Inspect {}),
            OwnerRequest::Patch(p) => wire::Verb::Patch(p.into()),
            OwnerRequest::Control(c) => wire::Verb::Control(wire::SetControl {
                request: Some((&c.request).into()),
                conn: c.conn.as_ref().map(ToString::to_string),
            }),
            OwnerRequest::Attach(a) => wire::Verb::Attach(wire::Attach {
                kind: a.kind.number(),
                conn: a.conn.to_string(),
                wish: Some((&a.wish).into()),
                links: a
                    .links
                    .as_ref()
                    .map(|links| wire::Links { view: links.view.clone(), cdp: links.cdp.clone() }),
                resume: a
                    .resume
                    .as_ref()
                    .map(|r| wire::Resume { conn: r.conn.to_string(), after: Some(r.after) }),
                target: a.target.clone(),
                name: a.name.clone(),
                // As those wrote it who did not know of it.
                access: if a.access == Access::Full { 0 } else { a.access.number() },
            }),
            OwnerRequest::Files(f) => wire::Verb::Files(f.into()),
            OwnerRequest::AnswerChooser(a) => wire::Verb::AnswerChooser(a.into()),
        };
        Self { verb: Some(verb) }
    }
}

impl TryFrom<v1::OwnerRequest> for OwnerRequest {
    type Error = Error;

    fn try_from(r: v1::OwnerRequest) -> Result<Self, Error> {
        Ok(match present("verb", r.verb)? {
            wire::Verb::Run(r) => OwnerRequest::Run(Run {
                request: required("request", r.request)?,
                deadline: time("deadline_ms", r.deadline_ms)?,
                conn: optional_id("conn", r.conn)?,
            }),
            wire::Verb::End(e) => OwnerRequest::End(End { reason: required_enum("reason", e.reason)? }),
            wire::Verb::Inspect(wire::Inspect {}) => OwnerRequest::Inspect(Inspect {}),
            wire::Verb::Patch(p) => OwnerRequest::Patch(p.into()),
            wire::Verb::Control(c) => OwnerRequest::Control(SetControl {
                request: required("request", c.request)?,
                conn: optional_id("conn", c.conn)?,
            }),
            wire::Verb::Attach(a) => OwnerRequest::Attach(Attach {
                kind: required_enum("kind", a.kind)?,
                conn: id("conn", a.conn)?,
                wish: optional("wish", a.wish)?.unwrap_or_default(),
                resume: optional("resume", a.resume)?,
                links: a.links.map(|links| Links { view: links.view, cdp: links.cdp }),
                target: a.target,
                name: a.name,
                access: enum_or_default("access", a.access)?,
            }),
            wire::Verb::Files(f) => OwnerRequest::Files(f.try_into()?),
            wire::Verb::AnswerChooser(a) => OwnerRequest::AnswerChooser(a.try_into()?),
        })
    }
}

impl From<&AnswerChooser> for wire::AnswerChooser {
    fn from(a: &AnswerChooser) -> Self {
        let answer = match &a.answer {
            ChooserAnswer::Value(value) => Some(wire::answer_chooser::Answer::Value(value.clone())),
            ChooserAnswer::Files(names) => {
                Some(wire::answer_chooser::Answer::Files(wire::Names { names: names.clone() }))
            }
            ChooserAnswer::Cancel => None,
        };
        Self { chooser: a.chooser.clone(), conn: a.conn.to_string(), answer }
    }
}

impl TryFrom<wire::AnswerChooser> for AnswerChooser {
    type Error = Error;

    fn try_from(a: wire::AnswerChooser) -> Result<Self, Error> {
        let answer = match a.answer {
            Some(wire::answer_chooser::Answer::Value(value)) => ChooserAnswer::Value(value),
            Some(wire::answer_chooser::Answer::Files(files)) => ChooserAnswer::Files(files.names),
            None => ChooserAnswer::Cancel,
        };
        Ok(Self { chooser: a.chooser, conn: id("conn", a.conn)?, answer })
    }
}

impl TryFrom<wire::Resume> for Resume {
    type Error = Error;

    fn try_from(r: wire::Resume) -> Result<Self, Error> {
        Ok(Self { conn: id("conn", r.conn)?, after: present("after", r.after)? })
    }
}

impl From<&Files> for v1::Files {
    fn from(f: &Files) -> Self {
        let op = match f.clone() {
            Files::Stage { object, name } => {
                files::Op::Stage(files::Stage { object: Some(object), name: Some(name) })
            }
            Files::Staged => files::Op::Staged(files::Staged {}),
            Files::Unstage { name } => files::Op::Unstage(files::Unstage { name: Some(name) }),
            Files::Downloads => files::Op::Downloads(files::Downloads {}),
            Files::Publish { name } => files::Op::Publish(files::Publish { name: Some(name) }),
            Files::DeleteDownload { name } => {
                files::Op::DeleteDownload(files::DeleteDownload { name: Some(name) })
            }
        };
        Self { op: Some(op) }
    }
}

impl TryFrom<v1::Files> for Files {
    type Error = Error;

    fn try_from(f: v1::Files) -> Result<Self, Error> {
        Ok(match present("op", f.op)? {
            files::Op::Stage(s) => {
                Files::Stage { object: present("object", s.object)?, name: present("name", s.name)? }
            }
            files::Op::Staged(files::Staged {}) => Files::Staged,
            files::Op::Unstage(u) => Files::Unstage { name: present("name", u.name)? },
            files::Op::Downloads(files::Downloads {}) => Files::Downloads,
            files::Op::Publish(p) => Files::Publish { name: present("name", p.name)? },
            files::Op::DeleteDownload(d) => Files::DeleteDownload { name: present("name", d.name)? },
        })
    }
}
