//! Errors as WebSocket clients get them: as `error` messages, or as the code of the close that follows them.

use bus_schema::{Error, ErrorCode};

/// Close codes, RFC 6455 and its registry.
pub const NORMAL: u16 = 1000;
pub const GOING_AWAY: u16 = 1001;
pub const UNSUPPORTED: u16 = 1003;
pub const POLICY: u16 = 1008;
pub const TOO_LARGE: u16 = 1009;
pub const FAILED: u16 = 1011;
pub const TRY_AGAIN: u16 = 1013;

/// The close code where an error ends the socket.
pub fn close_code(code: ErrorCode) -> u16 {
    match code {
        ErrorCode::InvalidArgument => UNSUPPORTED,
        ErrorCode::Unauthenticated | ErrorCode::Forbidden | ErrorCode::Conflict => POLICY,
        ErrorCode::NotFound | ErrorCode::Gone | ErrorCode::Cancelled => NORMAL,
        ErrorCode::PayloadTooLarge => TOO_LARGE,
        ErrorCode::ResourceExhausted | ErrorCode::Timeout | ErrorCode::Unavailable => TRY_AGAIN,
        ErrorCode::BrowserError | ErrorCode::Internal => FAILED,
    }
}

/// Whether a message of a client was refused for its size.
pub fn is_too_large(error: &axum::Error) -> bool {
    // The protocol layer's own error is not a type that can be named here.
    error.to_string().contains("too long")
}

/// The error as it may be shown: an internal cause is logged and not sent.
pub fn shown(error: Error) -> Error {
    if error.code != ErrorCode::Internal {
        return error;
    }
    tracing::error!(error = %error.detail, "internal error");
    Error { detail: "an internal error; the log says more".into(), ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_internal_cause_is_not_shown() {
        assert!(!shown(Error::internal("secret")).detail.contains("secret"));
        assert_eq!(shown(Error::conflict("why")).detail, "why");
    }
}
