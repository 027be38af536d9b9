//! What a session says of itself.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    error::Error,
    id::{Epoch, SessionId},
    model::{session::EndReason, time::Timestamp},
    subject::EventKind,
};

// `$name` is a `tt` for utoipa's sake: it passes over a `rename` whose value is a captured `literal`.
macro_rules! event_types {
    ($($(#[$doc:meta])* $variant:ident = $name:tt => $kind:ident),* $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        pub enum EventType {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl EventType {
            pub const ALL: &'static [EventType] = &[$(EventType::$variant),*];

            pub fn as_str(self) -> &'static str {
                match self { $(EventType::$variant => $name),* }
            }

            /// Whether it is stored, ends the log, or is only passed on.
            pub fn kind(self) -> EventKind {
                match self { $(EventType::$variant => EventKind::$kind),* }
            }
        }
    };
}

event_types! {
    Created = "session:created" => Log,
    Queued = "session:queued" => Log,
    /// `data` is the session.
    Ready = "session:ready" => Log,
    /// A command has run: `{action, ok, duration_ms, code?}`.
    Step = "session:step" => Log,
    Navigated = "session:navigated" => Log,
    Tab = "session:tab" => Log,
    Download = "session:download" => Log,
    Dialog = "session:dialog" => Log,
    ControlChanged = "session:control_changed" => Log,
    Recovering = "session:recovering" => Log,
    Recovered = "session:recovered" => Log,
    Error = "session:error" => Log,
    /// `data` is `{reason, detail?}`. Exactly one, the last.
    Ended = "session:ended" => Ended,
    Console = "session:console" => Live,
    Network = "session:network" => Live,
}

/// An event as it is in the log. Its `seq` is the number the stream gave it and travels beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    #[serde(rename = "type")]
    pub kind: EventType,
    pub session: SessionId,
    pub time: Timestamp,
    /// Of the owner that says so; 0 where there is none.
    pub epoch: Epoch,
    pub data: Value,
}

impl Event {
    pub fn new(kind: EventType, session: SessionId, epoch: Epoch, data: Value) -> Self {
        Self { kind, session, time: Timestamp::now(), epoch, data }
    }

    /// The terminal event.
    pub fn ended(session: SessionId, epoch: Epoch, reason: EndReason, detail: Option<&str>) -> Self {
        let mut data = serde_json::json!({ "reason": reason });
        if let Some(d) = detail {
            data["detail"] = Value::String(d.to_owned());
        }
        Self::new(EventType::Ended, session, epoch, data)
    }

    /// What the request asked for and could not have, where that ended the session.
    pub fn end_error(&self) -> Option<Error> {
        serde_json::from_value(self.data.get("error")?.clone()).ok()
    }

    /// The reason of a terminal event.
    pub fn end_reason(&self) -> Option<EndReason> {
        if self.kind != EventType::Ended {
            return None;
        }
        serde_json::from_value(self.data.get("reason")?.clone()).ok()
    }
}
