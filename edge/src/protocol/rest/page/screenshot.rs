//! `GET /v1/sessions/{id}/screenshot`

use axum::{extract::State, response::Response};
use bus_schema::{
    Error,
    model::{
        command::{Command, CommandRequest, ImageFormat, Screenshot},
        target::Target,
    },
};
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
        request.validate().map_err(|e| match e.field.as_deref() {
            Some("target") => e.with_field("selector"),
            Some(_) | None => e,
        })?;
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
        (status = 200, description = "The image", content_type = "image/png", body = Vec<u8>),
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
    let (_, image) = app.gateway().run(caller.tenant(), &id, params.request()?).await?;
    bytes(image)
}

#[cfg(test)]
mod tests {
    use super::*;

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
