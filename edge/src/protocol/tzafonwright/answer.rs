//! Answers, and the words for what failed.

use base64::{Engine, engine::general_purpose::STANDARD};
use bus_schema::{Error, ErrorCode};
use serde::Serialize;

use super::LIMIT;
use crate::protocol::ws::error::shown;

/// What answers one request. Absent fields are left out.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
    /// A JPEG in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
}

impl Answer {
    pub fn done() -> Self {
        Self { success: true, error_message: None, image: None }
    }

    pub fn failed(text: impl Into<String>) -> Self {
        Self { success: false, error_message: Some(text.into()), image: None }
    }

    pub fn image(jpeg: &[u8]) -> Self {
        Self { image: Some(STANDARD.encode(jpeg)), ..Self::done() }
    }

    /// As a message that its reader does not close the connection over.
    pub fn message(&self) -> Result<Vec<u8>, serde_json::Error> {
        let json = serde_json::to_vec(self)?;
        if json.len() <= LIMIT {
            return Ok(json);
        }
        serde_json::to_vec(&Self::failed(server("the answer is larger than a message may be")))
    }
}

/// Why a request was not even begun.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refused {
    #[error("Action deserialization error: Failed to decode JSON: {0}")]
    NotJson(String),
    #[error("Action deserialization error: Error creating Command object: Missing 'action_type' in message")]
    NoAction,
    #[error("Action deserialization error: Error creating Command object: Invalid action_type: {0}")]
    UnknownAction(String),
    #[error("Action deserialization error: Error creating Command object: Invalid {0}: {1}")]
    BadField(&'static str, String),
    #[error("Missing 'url' for goto action")]
    NoUrl,
    #[error("Missing x or y for click action")]
    NoPlace,
    #[error("Missing text for type action")]
    NoText,
    #[error("Missing width or height for set_viewport_size action")]
    NoSize,
}

impl Refused {
    pub fn json(error: &dyn std::fmt::Display) -> Self {
        Self::NotJson(error.to_string())
    }
}

fn server(text: &str) -> String {
    format!("Server execution error: {text}")
}

/// What failed in any action but `goto`.
pub fn failure(error: Error) -> Answer {
    Answer::failed(server(&shown(error).detail))
}

/// What failed in a `goto`, as Playwright words it where the page and not the fleet is at fault.
pub fn goto_failure(error: Error, url: &str, timeout_ms: u64) -> Answer {
    let net = error.context.as_ref().and_then(|context| context["net_error"].as_str());
    let text = match (error.code, net) {
        (ErrorCode::Timeout, _) => format!("Timeout {timeout_ms}ms exceeded."),
        (_, Some(net)) => format!("{net} at {url}"),
        (ErrorCode::InvalidArgument, None) => {
            "Protocol error (Page.navigate): Cannot navigate to invalid URL".to_owned()
        }
        (ErrorCode::BrowserError | ErrorCode::Forbidden, None) => error.detail,
        (
            ErrorCode::Unauthenticated
            | ErrorCode::NotFound
            | ErrorCode::Conflict
            | ErrorCode::Gone
            | ErrorCode::PayloadTooLarge
            | ErrorCode::ResourceExhausted
            | ErrorCode::Unavailable
            | ErrorCode::Cancelled
            | ErrorCode::Internal,
            None,
        ) => return failure(error),
    };
    Answer::failed(format!("Playwright Error: Page.goto: {text}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(answer: Answer) -> String {
        assert!(!answer.success && answer.image.is_none());
        answer.error_message.unwrap()
    }

    #[test]
    fn absent_fields_are_left_out() {
        assert_eq!(Answer::done().message().unwrap(), br#"{"success":true}"#);
        let failed = Answer::failed("why").message().unwrap();
        assert_eq!(failed, br#"{"success":false,"error_message":"why"}"#);
        let image = Answer::image(b"\xff\xd8\xff").message().unwrap();
        assert_eq!(image, br#"{"success":true,"image":"/9j/"}"#);
    }

    #[test]
    fn a_picture_fits_into_a_message_or_is_refused() {
        let most = LIMIT / 4 * 3 - 1024;
        let fits = Answer::image(&vec![0; most]).message().unwrap();
        assert!(fits.starts_with(b"{\"success\":true") && fits.len() <= LIMIT);
        let refused = Answer::image(&vec![0; LIMIT]).message().unwrap();
        assert!(refused.starts_with(b"{\"success\":false") && refused.len() < 200);
    }

    #[test]
    fn a_page_that_cannot_be_reached_is_named_as_playwright_does() {
        let of = |error| text(goto_failure(error, "http://nowhere.test", 500));
        let net =
            Error::browser_error("…").with_context(json!({ "net_error": "net::ERR_NAME_NOT_RESOLVED" }));
        for (error, said) in [
            (net, "Playwright Error: Page.goto: net::ERR_NAME_NOT_RESOLVED at http://nowhere.test"),
            (Error::timeout("…"), "Playwright Error: Page.goto: Timeout 500ms exceeded."),
            (
                Error::invalid_argument("url", "…"),
                "Playwright Error: Page.goto: Protocol error (Page.navigate): Cannot navigate to invalid URL",
            ),
            (Error::browser_error("it broke off"), "Playwright Error: Page.goto: it broke off"),
            (Error::unavailable("no worker"), "Server execution error: no worker"),
        ] {
            assert_eq!(of(error), said);
        }
    }

    #[test]
    fn an_internal_cause_is_not_sent() {
        assert!(!text(failure(Error::internal("secret"))).contains("secret"));
        assert!(!text(goto_failure(Error::internal("secret"), "http://a/", 1)).contains("secret"));
        assert_eq!(text(failure(Error::conflict("why"))), "Server execution error: why");
    }
}
