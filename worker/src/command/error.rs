//! Failures of the browser in the terms of the bus.

use bus_schema::error::Error;
use serde_json::json;

use crate::cdp::CallError;
use crate::page::{ApplyError, NavigateError, TabError};

/// What the session's own proxy lets nobody reach.
const BLOCKED: &str = "net::ERR_BLOCKED_BY_ADMINISTRATOR";

/// What a failed call means to whoever sent a command.
pub(super) fn of_call(error: CallError) -> Error {
    match error {
        CallError::Protocol { message, .. } => Error::browser_error(message),
        CallError::Timeout(_) => Error::timeout("the page did not answer in time").outcome_unknown(),
        CallError::Detached => {
            Error::browser_error("the tab was closed while the command ran").outcome_unknown()
        }
        CallError::Crashed => {
            Error::browser_error("the page crashed while the command ran").outcome_unknown()
        }
        CallError::Closed(why) => Error::unavailable(why.to_string()).outcome_unknown(),
        CallError::Oversized { .. } => Error::payload_too_large(error.to_string()),
        CallError::Decode(detail) => {
            Error::internal(format!("the browser's answer cannot be read: {detail}"))
        }
    }
}

pub(super) fn of_tab(error: TabError) -> Error {
    match error {
        TabError::NoSuchTab(_) => Error::not_found(error.to_string()).with_field("tab"),
        TabError::NoTab => Error::conflict("no tab is open; open one with `new_tab`"),
        TabError::NoDialog(_) => Error::conflict(error.to_string()),
        TabError::Crashed(_) => Error::browser_error(error.to_string()),
        TabError::Call(error) => of_call(error),
    }
}

pub(super) fn of_navigation(error: NavigateError, url: &str) -> Error {
    match error {
        NavigateError::Net(net) => unreachable(&net, url, format!("{} at {url}", explain(&net))),
        NavigateError::Elsewhere { net, url: at } => {
            unreachable(&net, &at, format!("{} at {at}, to which {url} redirects", explain(&net)))
        }
        NavigateError::Download => Error::browser_error(format!(
            "{url} is a download and not a page; the file is among the session's downloads"
        )),
        NavigateError::BrokenOff => {
            Error::browser_error(format!("{error} at {url}; the tab shows what came of it"))
        }
        NavigateError::Tab(error) => of_tab(error),
    }
}

fn unreachable(net: &str, url: &str, detail: String) -> Error {
    let error = Error::browser_error(detail).with_context(json!({ "net_error": net }));
    let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    match host {
        Some(host) if net == BLOCKED => error.with_context(json!({ "net_error": net, "refused_host": host })),
        Some(_) | None => error,
    }
}

pub(super) fn of_apply(error: ApplyError) -> Error {
    match error.reason {
        CallError::Protocol { message, .. } => Error::invalid_argument(error.field, message),
        CallError::Decode(detail) => Error::invalid_argument(error.field, detail),
        reason @ (CallError::Timeout(_)
        | CallError::Detached
        | CallError::Crashed
        | CallError::Closed(_)
        | CallError::Oversized { .. }) => of_call(reason),
    }
}

/// The browser's own name of a network error, with what it means in front.
fn explain(net: &str) -> String {
    let meaning = match net {
        "net::ERR_NAME_NOT_RESOLVED" => "the host name does not resolve",
        "net::ERR_CONNECTION_REFUSED" => "the connection was refused",
        "net::ERR_CONNECTION_TIMED_OUT" | "net::ERR_TIMED_OUT" => "the server did not answer",
        "net::ERR_CONNECTION_RESET" | "net::ERR_CONNECTION_CLOSED" | "net::ERR_EMPTY_RESPONSE" => {
            "the server closed the connection"
        }
        "net::ERR_INTERNET_DISCONNECTED" | "net::ERR_ADDRESS_UNREACHABLE" => "the server cannot be reached",
        "net::ERR_PROXY_CONNECTION_FAILED" | "net::ERR_TUNNEL_CONNECTION_FAILED" => "the proxy failed",
        "net::ERR_TOO_MANY_REDIRECTS" => "the page redirects in a circle",
        "net::ERR_ABORTED" => "the navigation was given up",
        BLOCKED => "the session may not reach this host",
        "net::ERR_BLOCKED_BY_CLIENT" => "the address is blocked",
        net if net.starts_with("net::ERR_CERT") || net.starts_with("net::ERR_SSL") => {
            "the TLS connection failed"
        }
        _ => "the page could not be loaded",
    };
    format!("{meaning}: {net}")
}

#[cfg(test)]
mod tests {
    use bus_schema::error::{ErrorCode, Outcome};

    use super::*;
    use crate::cdp::Gone;

    #[test]
    fn a_net_error_keeps_its_own_name() {
        let error =
            of_navigation(NavigateError::Net("net::ERR_NAME_NOT_RESOLVED".into()), "http://x.invalid/");
        assert_eq!(error.code, ErrorCode::BrowserError);
        assert!(error.detail.contains("net::ERR_NAME_NOT_RESOLVED"), "{error}");
        assert!(error.detail.contains("http://x.invalid/"), "{error}");
        assert_eq!(error.context.unwrap()["net_error"], "net::ERR_NAME_NOT_RESOLVED");
    }

    #[test]
    fn a_browser_that_is_gone_leaves_the_outcome_open() {
        let error = of_call(CallError::Closed(Gone::PipeClosed));
        assert_eq!((error.code, error.retryable), (ErrorCode::Unavailable, false));
        assert_eq!(error.outcome, Some(Outcome::Unknown));
    }
}
