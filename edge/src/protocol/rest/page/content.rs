//! `GET /v1/sessions/{id}/content`

use axum::{extract::State, response::Response};
use bus_schema::{
    Error,
    model::command::{Command, CommandRequest, Content, ContentFormat},
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

/// Parameters of a page's content.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ContentParams {
    /// `html` if absent.
    #[param(value_type = Option<ContentFormat>)]
    format: ContentFormat,
    /// `tabs[].n`; absent: the active tab.
    tab: Option<u32>,
}

impl FromParams for ContentParams {
    fn from_params(p: &mut Params) -> Result<Self, Error> {
        Ok(Self {
            format: p.choice("format")?.unwrap_or_default(),
            tab: p.parsed("tab", "the number of a tab")?,
        })
    }
}

/// Content of the page
///
/// As HTML, readable text or Markdown. The answer cannot run scripts if a browser shows it.
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}/content",
    operation_id = "content",
    tag = "pages",
    params(("id" = bus_schema::SessionId, Path), ContentParams),
    responses((status = 200, description = "The content", content_type = "text/html", body = String), Problem)
)]
pub async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    Query(params): Query<ContentParams>,
) -> Result<Response, Problem> {
    telemetry::session(&id);
    let command = Command::Content(Content { format: params.format });
    let request = CommandRequest { tab: params.tab, ..CommandRequest::new(command) };
    let (_, content) = app.gateway().run(caller.tenant(), &id, request).await?;
    bytes(content)
}
