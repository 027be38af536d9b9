//! Who drives a session.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::time::Timestamp;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ControlMode {
    /// Commands and CDP clients act.
    #[default]
    AiControl,
    /// A person acts; commands that act wait.
    UserControl,
    /// Nobody acts.
    Paused,
}

/// What a viewer may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// All that the tenant may.
    #[default]
    Full,
    /// Watch, and drive by hand.
    Control,
    /// Watch.
    View,
}

impl Access {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks like this")]
    pub(crate) fn is_full(&self) -> bool {
        *self == Self::Full
    }

    /// Whether who has it may hold control.
    pub fn may_drive(self) -> bool {
        match self {
            Self::Full | Self::Control => true,
            Self::View => false,
        }
    }
}

/// Part of the entry: exactly one holder drives a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Control {
    pub mode: ControlMode,
    /// Who holds it, where that is a person.
    pub holder: Option<String>,
    /// Counts the changes. Input of an older epoch is dropped.
    pub epoch: u64,
    /// Left by the last holder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Who asks to have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
    /// The agent wants a person to do something, and waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handoff: Option<Handoff>,
}

/// What a person is wanted for. It is done when they hand control back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Handoff {
    /// For the person. At most 1 000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// When the agent stops waiting.
    pub expires_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ControlAction {
    /// A person takes the wheel; repeated within 30 s it keeps it.
    TakeControl,
    /// Hands it back to the agent.
    ReturnControl,
    /// Nobody acts until `resume`.
    Pause,
    Resume,
    /// Asks the person who holds it.
    Request,
    /// The holder gives it to `holder`.
    Give,
    /// The holder does not give it to whoever asks.
    Decline,
}

/// Body of `PUT /v1/sessions/{id}/control`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlRequest {
    pub action: ControlAction,
    /// The person, as shown to others; of `give`, who gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// Of `give` and `decline` over REST: who holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// To whoever comes next. At most 1 000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}
