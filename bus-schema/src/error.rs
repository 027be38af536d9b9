//! The closed set of errors that crosses the bus and reaches clients.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

/// What went wrong, in terms a client can act on. Closed: every protocol maps each code in one total match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    InvalidArgument,
    Unauthenticated,
    Forbidden,
    NotFound,
    Conflict,
    Gone,
    PayloadTooLarge,
    ResourceExhausted,
    BrowserError,
    Timeout,
    Unavailable,
    Cancelled,
    Internal,
}

impl ErrorCode {
    pub const ALL: [ErrorCode; 13] = [
        ErrorCode::InvalidArgument,
        ErrorCode::Unauthenticated,
        ErrorCode::Forbidden,
        ErrorCode::NotFound,
        ErrorCode::Conflict,
        ErrorCode::Gone,
        ErrorCode::PayloadTooLarge,
        ErrorCode::ResourceExhausted,
        ErrorCode::BrowserError,
        ErrorCode::Timeout,
        ErrorCode::Unavailable,
        ErrorCode::Cancelled,
        ErrorCode::Internal,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            ErrorCode::InvalidArgument => "invalid_argument",
            ErrorCode::Unauthenticated => "unauthenticated",
            ErrorCode::Forbidden => "forbidden",
            ErrorCode::NotFound => "not_found",
            ErrorCode::Conflict => "conflict",
            ErrorCode::Gone => "gone",
            ErrorCode::PayloadTooLarge => "payload_too_large",
            ErrorCode::ResourceExhausted => "resource_exhausted",
            ErrorCode::BrowserError => "browser_error",
            ErrorCode::Timeout => "timeout",
            ErrorCode::Unavailable => "unavailable",
            ErrorCode::Cancelled => "cancelled",
            ErrorCode::Internal => "internal",
        }
    }

    /// Whether the same request, sent again later, can succeed without any change.
    fn retryable(self) -> bool {
        match self {
            ErrorCode::ResourceExhausted | ErrorCode::Unavailable => true,
            ErrorCode::InvalidArgument
            | ErrorCode::Unauthenticated
            | ErrorCode::Forbidden
            | ErrorCode::NotFound
            | ErrorCode::Conflict
            | ErrorCode::Gone
            | ErrorCode::PayloadTooLarge
            | ErrorCode::BrowserError
            | ErrorCode::Timeout
            | ErrorCode::Cancelled
            | ErrorCode::Internal => false,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether the effect that was asked for may have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It certainly did not happen.
    NotStarted,
    /// It may have happened, wholly or in part.
    Unknown,
}

/// An error as it crosses the bus. `detail` is for people and never holds a secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Error {
    pub code: ErrorCode,
    pub detail: String,
    pub retryable: bool,
    /// The input field at fault, as a JSON path such as `viewport.width`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Seconds after which a retry makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
    /// What a client needs to act on the error, e.g. the open dialog or the elements that matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<serde_json::Value>,
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $code:ident),* $(,)?) => {
        impl Error {
            $($(#[$doc])* pub fn $name(detail: impl Into<String>) -> Self {
                Self::new(ErrorCode::$code, detail)
            })*
        }
    };
}

constructors! {
    unauthenticated => Unauthenticated,
    forbidden => Forbidden,
    not_found => NotFound,
    conflict => Conflict,
    gone => Gone,
    payload_too_large => PayloadTooLarge,
    resource_exhausted => ResourceExhausted,
    browser_error => BrowserError,
    timeout => Timeout,
    unavailable => Unavailable,
    cancelled => Cancelled,
    internal => Internal,
}

impl Error {
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            retryable: code.retryable(),
            field: None,
            outcome: None,
            retry_after_s: None,
            context: None,
        }
    }

    /// `field` is a JSON path such as `viewport.width`.
    pub fn invalid_argument(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::new(ErrorCode::InvalidArgument, detail) }
    }

    /// From an owner that is one no more, of what it has not begun: the next owner is to be asked.
    pub fn moved() -> Self {
        Self::unavailable("the session moves to another browser")
            .not_started()
            .with_context(serde_json::json!({ "moved": true }))
    }

    pub fn is_moved(&self) -> bool {
        self.code == ErrorCode::Unavailable
            && self.outcome == Some(Outcome::NotStarted)
            && self.context.as_ref().is_some_and(|context| context["moved"] == true)
    }

    /// The command may have had its effect: nobody may repeat it unseen.
    #[must_use]
    pub fn outcome_unknown(mut self) -> Self {
        self.outcome = Some(Outcome::Unknown);
        self.retryable = false;
        self
    }

    #[must_use]
    pub fn not_started(mut self) -> Self {
        self.outcome = Some(Outcome::NotStarted);
        self
    }

    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after_s = Some(u32::try_from(after.as_secs().max(1)).unwrap_or(u32::MAX));
        self
    }

    #[must_use]
    pub fn with_context(mut self, context: serde_json::Value) -> Self {
        self.context = Some(context);
        self
    }

    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// The same error seen from outside: its field lies in the field `outer`.
    #[must_use]
    pub fn within(self, outer: &str) -> Self {
        let field = match self.field.as_deref() {
            None | Some("") => outer.to_owned(),
            Some(inner) => format!("{outer}.{inner}"),
        };
        self.with_field(field)
    }
}

impl From<crate::id::Malformed> for Error {
    fn from(e: crate::id::Malformed) -> Self {
        Error::invalid_argument(e.kind, e.to_string())
    }
}
