//! `GET /v1/sessions/{id}/screenshot`

use axum::{
    extract::State,
    http::{HeaderName, HeaderValue},
    response::Response,
};
use bus_schema::{
    Error,
    model::{
        command::{Command, CommandRequest, CommandResult, ImageFormat, Screenshot},
        target::Target,
    },
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    app::App,
    protocol::rest::{
        error::Problem,
        extract::{FromParams, Id, Params, Query},
        sessions::commands::bytes,
    },
    security::auth::Caller,
    telemetry,
};

/// Says that a picture does not show all that was asked for.
const TRUNCATED: HeaderName = HeaderName::from_static("x-truncated");

/// Parameters of a screenshot.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ScreenshotParams {
    /// `png` if absent.
    #[param(value_type = Option<ImageFormat>)]
    format: ImageFormat,
    /// 0 to 100, for jpeg and webp.
    #[param(maximum = 100)]
    quality: Option<u32>,
    /// All of the page and not only what is in view.
    #[param(value_type = Option<bool>)]
    full_page: bool,
    /// Only this element.
    selector: Option<String>,
    /// `tabs[].n`; absent: the active tab.
    tab: Option<u32>,
    /// 1 to 600 000; 30 000 if absent.
    timeout_ms: Option<u32>,
}

impl FromParams for ScreenshotParams {
    fn from_params(p: &mut Params) -> Result<Self, Error> {
        Ok(Self {
            format: p.choice("format")?.unwrap_or_default(),
            quality: p.parsed("quality", "a number from 0 to 100")?,
            full_page: p.flag("full_page")?,
            selector: p.text("selector")?,
            tab: p.parsed("tab", "the number of a tab")?,
            timeout_ms: p.parsed("timeout_ms", "a number of milliseconds")?,
        })
    }
}

impl ScreenshotParams {
    fn request(self) -> Result<CommandRequest, Error> {
        let command = Command::Screenshot(Screenshot {
            format: self.format,
            quality: self.quality,
            full_page: self.full_page,
            target: self.selector.map(Target::selector),
        });
        let request =
            CommandRequest { tab: self.tab, timeout_ms: self.timeout_ms, ..CommandRequest::new(command) };
        request.validate().map_err(of_selector)?;
        Ok(request)
    }
}

/// Screenshot
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}/screenshot",
    operation_id = "screenshot",
    tag = "pages",
    params(("id" = bus_schema::SessionId, Path), ScreenshotParams),
    responses(
        (
            status = 200,
            description = "The image",
            content_type = "image/png",
            body = Vec<u8>,
            headers(("x-truncated" = bool, description = "`true` where the page or the element is larger than can be drawn; absent otherwise"))
        ),
        Problem
    )
)]
pub async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    Query(params): Query<ScreenshotParams>,
) -> Result<Response, Problem> {
    telemetry::session(&id);
    let done = app.gateway().run(caller.tenant(), &id, params.request()?).await;
    let (done, image) = done.map_err(of_selector)?;
    let mut response = bytes(image)?;
    if is_truncated(&done) {
        response.headers_mut().insert(TRUNCATED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// An error of the command, in the terms of the one parameter that names an element here.
fn of_selector(mut error: Error) -> Error {
    let Some(rest) = error.field.as_deref().and_then(|field| field.strip_prefix("target")) else {
        return error;
    };
    if !rest.is_empty() && !rest.starts_with('.') {
        return error;
    }
    // How one of several is chosen in a command is of no use here.
    if let Some(count) = error.context.as_ref().and_then(|context| context.get("count")) {
        error.detail = format!("the selector matches {count} elements; give one that matches a single one");
    }
    error.with_field("selector")
}

fn is_truncated(done: &CommandResult) -> bool {
    #[derive(Deserialize)]
    struct Done {
        truncated: bool,
    }
    serde_json::from_str(done.result.get()).is_ok_and(|done: Done| done.truncated)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn errors_speak_of_the_selector() {
        let many = Error::invalid_argument("target", "selector \"p\" matches 2 elements; add `nth`")
            .with_context(json!({ "count": 2 }));
        let many = of_selector(many);
        assert_eq!(many.field.as_deref(), Some("selector"));
        assert!(many.detail.contains("2 elements") && !many.detail.contains("nth"), "{many}");
        let empty = of_selector(Error::invalid_argument("target.selector", "must not be empty"));
        assert_eq!((empty.field.as_deref(), empty.detail.as_str()), (Some("selector"), "must not be empty"));
        let other = of_selector(Error::invalid_argument("tab", "no such tab"));
        assert_eq!(other.field.as_deref(), Some("tab"));
    }

    #[test]
    fn a_picture_that_leaves_something_out_says_so() {
        let done = |result: &str| -> CommandResult {
            serde_json::from_str(&format!(
                r#"{{"action":"screenshot","result":{result},"page":{{"url":"","title":""}},"duration_ms":1}}"#
            ))
            .unwrap()
        };
        assert!(is_truncated(&done(r#"{"truncated":true,"width":1}"#)));
        assert!(!is_truncated(&done(r#"{"truncated":false}"#)) && !is_truncated(&done("{}")));
    }

    #[test]
    fn parameters_are_checked_before_anybody_is_asked() {
        for (query, field) in [
            ("quality=101", "quality"),
            ("full_page=1&selector=h1", "selector"),
            ("timeout_ms=0", "timeout_ms"),
            ("timeout_ms=-1", "timeout_ms"),
            ("format=bmp", "format"),
        ] {
            let e =
                ScreenshotParams::from_params(&mut Params::new(query)).and_then(|p| p.request()).unwrap_err();
            assert_eq!(e.field.as_deref(), Some(field), "{query}: {e}");
        }
    }
}
