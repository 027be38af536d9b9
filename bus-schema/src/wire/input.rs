//! Human input.

use super::{
    enums::{Enumerated, numbers},
    field::{enum_or_default, enums, list, present, required_enum, required_finite},
    v1::{self, input_event as wire},
};
use crate::{
    error::Error,
    model::input::{InputBatch, InputEvent, TouchPoint},
};

impl From<&InputBatch> for v1::InputBatch {
    fn from(b: &InputBatch) -> Self {
        Self { epoch: Some(b.epoch), n: b.n, tab: b.tab, events: b.events.iter().map(Into::into).collect() }
    }
}

impl TryFrom<v1::InputBatch> for InputBatch {
    type Error = Error;

    fn try_from(b: v1::InputBatch) -> Result<Self, Error> {
        Ok(Self { epoch: present("epoch", b.epoch)?, n: b.n, tab: b.tab, events: list("events", b.events)? })
    }
}

impl From<&InputEvent> for v1::InputEvent {
    fn from(e: &InputEvent) -> Self {
        let kind = match e {
            InputEvent::Mouse { event, x, y, button, click_count, modifiers } => {
                wire::Kind::Mouse(wire::Mouse {
                    event: event.number(),
                    x: Some(*x),
                    y: Some(*y),
                    button: button.number(),
                    click_count: Some(*click_count),
                    modifiers: numbers(modifiers),
                })
            }
            InputEvent::Wheel { x, y, delta_x, delta_y, modifiers } => wire::Kind::Wheel(wire::Wheel {
                x: Some(*x),
                y: Some(*y),
                delta_x: Some(*delta_x),
                delta_y: Some(*delta_y),
                modifiers: numbers(modifiers),
            }),
            InputEvent::Key { event, key, code, modifiers, repeat } => wire::Kind::Key(wire::Key {
                event: event.number(),
                key: Some(key.clone()),
                code: code.clone(),
                modifiers: numbers(modifiers),
                repeat: *repeat,
            }),
            InputEvent::Touch { event, points } => wire::Kind::Touch(wire::Touch {
                event: event.number(),
                points: points.iter().map(Into::into).collect(),
            }),
            InputEvent::Text { text } => wire::Kind::Text(wire::Text { text: Some(text.clone()) }),
            InputEvent::Paste { text } => wire::Kind::Paste(wire::Paste { text: Some(text.clone()) }),
            InputEvent::Copy {} => wire::Kind::Copy(wire::Copy {}),
            InputEvent::Cut {} => wire::Kind::Cut(wire::Cut {}),
            InputEvent::Compose { text, from, to } => {
                wire::Kind::Compose(wire::Compose { text: Some(text.clone()), from: *from, to: *to })
            }
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<v1::InputEvent> for InputEvent {
    type Error = Error;

    fn try_from(e: v1::InputEvent) -> Result<Self, Error> {
        Ok(match present("kind", e.kind)? {
            wire::Kind::Mouse(m) => InputEvent::Mouse {
                event: required_enum("event", m.event)?,
                x: required_finite("x", m.x)?,
                y: required_finite("y", m.y)?,
                button: enum_or_default("button", m.button)?,
                click_count: m.click_count.unwrap_or(1),
                modifiers: enums("modifiers", m.modifiers)?,
            },
            wire::Kind::Wheel(w) => InputEvent::Wheel {
                x: required_finite("x", w.x)?,
                y: required_finite("y", w.y)?,
                delta_x: required_finite("delta_x", w.delta_x)?,
                delta_y: required_finite("delta_y", w.delta_y)?,
                modifiers: enums("modifiers", w.modifiers)?,
            },
            wire::Kind::Key(k) => InputEvent::Key {
                event: required_enum("event", k.event)?,
                key: present("key", k.key)?,
                code: k.code,
                modifiers: enums("modifiers", k.modifiers)?,
                repeat: k.repeat,
            },
            wire::Kind::Touch(t) => InputEvent::Touch {
                event: required_enum("event", t.event)?,
                points: list("points", t.points)?,
            },
            wire::Kind::Text(t) => InputEvent::Text { text: present("text", t.text)? },
            wire::Kind::Paste(p) => InputEvent::Paste { text: present("text", p.text)? },
            wire::Kind::Copy(wire::Copy {}) => InputEvent::Copy {},
            wire::Kind::Cut(wire::Cut {}) => InputEvent::Cut {},
            wire::Kind::Compose(c) => {
                InputEvent::Compose { text: present("text", c.text)?, from: c.from, to: c.to }
            }
        })
    }
}

impl From<&TouchPoint> for v1::TouchPoint {
    fn from(p: &TouchPoint) -> Self {
        Self { id: Some(p.id), x: Some(p.x), y: Some(p.y) }
    }
}

impl TryFrom<v1::TouchPoint> for TouchPoint {
    type Error = Error;

    fn try_from(p: v1::TouchPoint) -> Result<Self, Error> {
        Ok(Self { id: present("id", p.id)?, x: required_finite("x", p.x)?, y: required_finite("y", p.y)? })
    }
}
