//! `/v1/sessions/{id}/files/uploads`

use axum::{
    Json,
    body::Body,
    extract::{FromRequest, Multipart, Request, State},
    http::{StatusCode, header},
};
use bus_schema::{Error, SessionId, model::rpc::Files};
use futures::TryStreamExt;
use tokio_util::io::StreamReader;

use super::{FileList, name};
use crate::{
    app::App,
    protocol::rest::{
        error::{Problem, ProblemDocument},
        extract::{FileName, Id, NoParams, Query},
    },
    security::auth::Caller,
    telemetry,
};

/// List staged files
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}/files/uploads",
    operation_id = "list_uploads",
    tag = "files",
    params(("id" = SessionId, Path)),
    responses((status = 200, description = "What `upload` can use", body = FileList), Problem)
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    _: Query<NoParams>,
) -> Result<Json<FileList>, Problem> {
    telemetry::session(&id);
    let reply = app.gateway().files(caller.tenant(), &id, Files::Staged).await?;
    Ok(Json(FileList { files: reply.files }))
}

/// Stage a file
///
/// The body is the file. Afterwards the command `upload` can name it. A file of the same name is replaced.
#[utoipa::path(
    put,
    path = "/v1/sessions/{id}/files/uploads/{name}",
    operation_id = "stage_upload",
    tag = "files",
    params(("id" = SessionId, Path), ("name" = String, Path)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, description = "Staged", body = FileList),
        (status = 413, description = "Larger than this gateway takes", body = ProblemDocument, content_type = "application/problem+json"),
        Problem
    )
)]
pub async fn put(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    FileName(file): FileName,
    body: Body,
) -> Result<(StatusCode, Json<FileList>), Problem> {
    telemetry::session(&id);
    name::check(&file)?;
    let reader = StreamReader::new(body.into_data_stream().map_err(std::io::Error::other));
    let reply = app.gateway().stage(caller.tenant(), &id, &file, reader, app.upload_limit()).await?;
    Ok((StatusCode::CREATED, Json(FileList { files: reply.files })))
}

/// Stage files of a form
///
/// `multipart/form-data`; each part with a file name is staged under it.
#[utoipa::path(
    post,
    path = "/v1/sessions/{id}/files/uploads",
    operation_id = "stage_uploads",
    tag = "files",
    params(("id" = SessionId, Path)),
    request_body(content = Vec<u8>, content_type = "multipart/form-data"),
    responses((status = 201, description = "Staged", body = FileList), Problem)
)]
pub async fn post(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    request: Request,
) -> Result<(StatusCode, Json<FileList>), Problem> {
    telemetry::session(&id);
    let mut form = Multipart::from_request(request, &app).await.map_err(|_| {
        Error::invalid_argument(
            header::CONTENT_TYPE.as_str(),
            "multipart/form-data, or `PUT …/uploads/{name}`",
        )
    })?;
    let mut files = Vec::new();
    while let Some(part) = form.next_field().await.map_err(|_| cut_short())? {
        let Some(file) = part.file_name().map(str::to_owned) else { continue };
        name::check(&file)?;
        let reader = StreamReader::new(part.map_err(std::io::Error::other));
        let reply = app.gateway().stage(caller.tenant(), &id, &file, reader, app.upload_limit()).await?;
        // Each answer lists all that is staged by then.
        files = reply.files;
    }
    if files.is_empty() {
        return Err(Error::invalid_argument("", "no part of the form has a file name").into());
    }
    Ok((StatusCode::CREATED, Json(FileList { files })))
}

/// Remove a staged file
#[utoipa::path(
    delete,
    path = "/v1/sessions/{id}/files/uploads/{name}",
    operation_id = "unstage_upload",
    tag = "files",
    params(("id" = SessionId, Path), ("name" = String, Path)),
    responses((status = 204, description = "Removed"), Problem)
)]
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    FileName(file): FileName,
) -> Result<StatusCode, Problem> {
    telemetry::session(&id);
    name::check(&file)?;
    app.gateway().files(caller.tenant(), &id, Files::Unstage { name: file }).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn cut_short() -> Error {
    Error::invalid_argument("", "the body ended before its time")
}
