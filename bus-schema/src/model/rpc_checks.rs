//! Ranges of bus messages that neither serde nor protobuf can express.

use super::{
    control::ControlRequest,
    input::{InputBatch, MAX_EVENTS},
    rpc::{OwnerRequest, ViewBeat, WorkRequest, WorkerRequest},
    validate::range,
    ws::FramesWish,
};
use crate::error::Error;

/// Bytes of the name of a CDP target. Browsers make them of 32.
const MAX_TARGET: usize = 128;

impl WorkRequest {
    pub fn validate(&self) -> Result<(), Error> {
        self.spec.validate().map_err(|e| e.within("spec"))
    }
}

impl OwnerRequest {
    pub fn validate(&self) -> Result<(), Error> {
        match self {
            OwnerRequest::Run(r) => r.request.validate().map_err(|e| e.within("request")),
            OwnerRequest::Patch(p) => p.validate(),
            OwnerRequest::Control(c) => c.request.validate().map_err(|e| e.within("request")),
            OwnerRequest::Attach(a) => {
                if a.target.as_ref().is_some_and(|target| target.len() > MAX_TARGET) {
                    return Err(Error::invalid_argument("target", format!("at most {MAX_TARGET} bytes")));
                }
                a.name.as_deref().map_or(Ok(()), super::note::check_name)?;
                a.wish.validate().map_err(|e| e.within("wish"))
            }
            OwnerRequest::AnswerChooser(a) => a.answer.validate(),
            OwnerRequest::End(_) | OwnerRequest::Inspect(_) | OwnerRequest::Files(_) => Ok(()),
        }
    }
}

impl WorkerRequest {
    pub fn validate(&self) -> Result<(), Error> {
        match self {
            // Any grace is one that somebody may mean.
            WorkerRequest::Ping | WorkerRequest::Inspect | WorkerRequest::Drain { grace_s: _ } => Ok(()),
        }
    }
}

impl InputBatch {
    pub fn validate(&self) -> Result<(), Error> {
        if self.events.len() > MAX_EVENTS {
            return Err(Error::invalid_argument("events", format!("at most {MAX_EVENTS} events")));
        }
        Ok(())
    }
}

impl ViewBeat {
    pub fn validate(&self) -> Result<(), Error> {
        self.wish.validate().map_err(|e| e.within("wish"))
    }
}

impl ControlRequest {
    pub fn validate(&self) -> Result<(), Error> {
        match &self.note {
            Some(note) if note.chars().count() > 1_000 => {
                Err(Error::invalid_argument("note", "at most 1000 characters"))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl FramesWish {
    pub fn validate(&self) -> Result<(), Error> {
        if let Some(fps) = self.max_fps {
            range("max_fps", fps, 1, 60)?;
        }
        if let Some(quality) = self.quality {
            range("quality", quality, 1, 100)?;
        }
        Ok(())
    }
}
