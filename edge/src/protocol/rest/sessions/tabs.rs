//! `/v1/sessions/{id}/tabs`

use axum::{Json, extract::State, http::StatusCode};
use bus_schema::{
    SessionId,
    model::{
        command::{ActivateTab, CloseTab, Command, CommandRequest, CommandResult, NewTab},
        session::Tab,
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use super::commands::CommandAnswer;
use crate::{
    app::App,
    protocol::rest::{
        error::Problem,
        extract::{Id, NoParams, OptionalJsonBody, Query, TabNumber},
    },
    security::auth::Caller,
    telemetry,
};

/// The tabs of a session.
#[derive(Debug, Serialize, ToSchema)]
pub struct TabList {
    tabs: Vec<Tab>,
}

/// List tabs
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}/tabs",
    operation_id = "list_tabs",
    tag = "tabs",
    params(("id" = SessionId, Path)),
    responses((status = 200, description = "In the order in which they were opened", body = TabList), Problem)
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    _: Query<NoParams>,
) -> Result<Json<TabList>, Problem> {
    telemetry::session(&id);
    let session = app.gateway().inspect(caller.tenant(), &id).await?;
    Ok(Json(TabList { tabs: session.tabs }))
}

/// Open a tab
#[utoipa::path(
    post,
    path = "/v1/sessions/{id}/tabs",
    operation_id = "open_tab",
    tag = "tabs",
    params(("id" = SessionId, Path)),
    request_body = NewTab,
    responses((status = 201, description = "The new tab is in `result`", body = CommandAnswer), Problem)
)]
pub async fn open(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    OptionalJsonBody(body): OptionalJsonBody,
) -> Result<(StatusCode, Json<CommandResult>), Problem> {
    let result = run(&app, &caller, &id, Command::NewTab(body.read()?)).await?;
    Ok((StatusCode::CREATED, result))
}

/// Bring a tab to the front
#[utoipa::path(
    post,
    path = "/v1/sessions/{id}/tabs/{n}/activate",
    operation_id = "activate_tab",
    tag = "tabs",
    params(("id" = SessionId, Path), ("n" = u32, Path, description = "`tabs[].n`")),
    responses((status = 200, description = "Done", body = CommandAnswer), Problem)
)]
pub async fn activate(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    TabNumber(tab): TabNumber,
) -> Result<Json<CommandResult>, Problem> {
    run(&app, &caller, &id, Command::ActivateTab(ActivateTab { tab })).await
}

/// Close a tab
#[utoipa::path(
    delete,
    path = "/v1/sessions/{id}/tabs/{n}",
    operation_id = "close_tab",
    tag = "tabs",
    params(("id" = SessionId, Path), ("n" = u32, Path, description = "`tabs[].n`")),
    responses((status = 200, description = "Done", body = CommandAnswer), Problem)
)]
pub async fn close(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    TabNumber(tab): TabNumber,
) -> Result<Json<CommandResult>, Problem> {
    run(&app, &caller, &id, Command::CloseTab(CloseTab { tab })).await
}

async fn run(
    app: &App,
    caller: &Caller,
    id: &SessionId,
    command: Command,
) -> Result<Json<CommandResult>, Problem> {
    telemetry::session(id);
    let request = CommandRequest::new(command);
    request.validate()?;
    let (result, _) = app.gateway().run(caller.tenant(), id, request).await?;
    Ok(Json(result))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_a_new_tab_is_judged_as_that_of_any_command() {
        let request = CommandRequest::new(Command::NewTab(NewTab { url: Some("file:///etc/passwd".into()) }));
        assert_eq!(request.validate().unwrap_err().code, bus_schema::ErrorCode::Forbidden);
    }
}
