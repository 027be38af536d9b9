//! How a command names an element.

use super::{
    field::{present, required, required_finite},
    v1,
};
use crate::{
    error::Error,
    model::{
        command::Position,
        target::{FrameRef, Locator, Target},
    },
};

impl From<&Target> for v1::Target {
    fn from(t: &Target) -> Self {
        use v1::target::{Frame, Locator as Wire};
        let locator = match t.locator.clone() {
            Locator::Ref(r) => Wire::Ref(r),
            Locator::Role { role, name } => Wire::Role(v1::Role { role: Some(role), name }),
            Locator::Text(s) => Wire::Text(s),
            Locator::Label(s) => Wire::Label(s),
            Locator::Placeholder(s) => Wire::Placeholder(s),
            Locator::TestId(s) => Wire::TestId(s),
            Locator::Selector(s) => Wire::Selector(s),
            Locator::Point { x, y } => Wire::Point(v1::Position { x: Some(x), y: Some(y) }),
        };
        let frame = t.frame.clone().map(|f| match f {
            FrameRef::Number(n) => Frame::FrameNumber(n),
            FrameRef::Name(name) => Frame::FrameName(name),
        });
        Self { locator: Some(locator), frame, nth: t.nth }
    }
}

impl TryFrom<v1::Target> for Target {
    type Error = Error;

    fn try_from(t: v1::Target) -> Result<Self, Error> {
        use v1::target::{Frame, Locator as Wire};
        let locator = match present("locator", t.locator)? {
            Wire::Ref(r) => Locator::Ref(r),
            Wire::Role(r) => Locator::Role { role: present("role", r.role)?, name: r.name },
            Wire::Text(s) => Locator::Text(s),
            Wire::Label(s) => Locator::Label(s),
            Wire::Placeholder(s) => Locator::Placeholder(s),
            Wire::TestId(s) => Locator::TestId(s),
            Wire::Selector(s) => Locator::Selector(s),
            Wire::Point(p) => {
                let p: Position = required("point", Some(p))?;
                Locator::Point { x: p.x, y: p.y }
            }
        };
        let frame = t.frame.map(|f| match f {
            Frame::FrameNumber(n) => FrameRef::Number(n),
            Frame::FrameName(name) => FrameRef::Name(name),
        });
        Ok(Self { locator, frame, nth: t.nth })
    }
}

impl From<&Position> for v1::Position {
    fn from(p: &Position) -> Self {
        Self { x: Some(p.x), y: Some(p.y) }
    }
}

impl TryFrom<v1::Position> for Position {
    type Error = Error;

    fn try_from(p: v1::Position) -> Result<Self, Error> {
        Ok(Self { x: required_finite("x", p.x)?, y: required_finite("y", p.y)? })
    }
}
