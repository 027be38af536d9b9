//! `POST /v1/sessions/{id}/commands`

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bus_schema::{
    Error,
    model::{
        command::{CommandRequest, CommandResult, OpenDialog},
        rpc::Attachment,
        session::Page,
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use super::create::idempotency_key;
use crate::{
    app::App,
    protocol::{
        rest::{
            error::{Problem, ProblemDocument},
            extract::{Id, JsonBody},
        },
        result,
    },
    security::auth::Caller,
    telemetry,
};

/// The form of every result, for the documentation: `result` depends on the action.
#[derive(Serialize, ToSchema)]
#[schema(as = CommandResult)]
pub struct CommandAnswer {
    action: String,
    result: serde_json::Value,
    page: Page,
    /// The dialog that the command opened and that is open still.
    dialog: Option<OpenDialog>,
    duration_ms: u64,
}

/// Run a command
///
/// Answers when it is done. `Idempotency-Key`, or `key` in the body, makes it run at most once: used again, it gives
/// the first answer.
#[utoipa::path(
    post,
    path = "/v1/sessions/{id}/commands",
    operation_id = "run_command",
    tag = "commands",
    params(
        ("id" = bus_schema::SessionId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "The same as `key` in the body."),
    ),
    request_body = CommandRequest,
    responses(
        (status = 200, description = "What it gave", body = CommandAnswer),
        (status = 422, description = "The page or the browser did not go along", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 504, description = "Not done in `timeout_ms`; the detail says what it waited for", body = ProblemDocument, content_type = "application/problem+json"),
        Problem
    )
)]
pub async fn run(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    headers: HeaderMap,
    body: JsonBody,
) -> Result<Json<CommandResult>, Problem> {
    telemetry::session(&id);
    let mut request = CommandRequest::from_json(&body.0)?;
    if let Some(key) = idempotency_key(&headers)? {
        if request.key.as_ref().is_some_and(|k| *k != key) {
            return Err(Error::invalid_argument("key", "not the same as the header `Idempotency-Key`").into());
        }
        request.key = Some(key);
    }
    let (result, attachment) = app.gateway().run(caller.tenant(), &id, request).await?;
    Ok(Json(result::embed(result, attachment)?))
}

/// An attachment as the body of an answer, under its own content type.
pub fn bytes(attachment: Option<Attachment>) -> Result<Response, Problem> {
    let Some(attachment) = attachment else {
        return Err(Error::internal("the owner sent no bytes").into());
    };
    let media_type = HeaderValue::from_str(&attachment.media_type)
        .map_err(|_| Error::internal("the owner sent bytes of an unreadable type"))?;
    Ok(([(header::CONTENT_TYPE, media_type)], attachment.bytes).into_response())
}
