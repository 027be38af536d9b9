//! `/v1/sessions/{id}/files/downloads`

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bus_schema::{Error, SessionId, model::rpc::Files};

use super::{
    FileList, name,
    range::{Wanted, wanted},
};
use crate::{
    app::App,
    protocol::rest::{
        error::Problem,
        extract::{FileName, Id, NoParams, Query},
    },
    security::auth::Caller,
    telemetry,
};

/// List downloads
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}/files/downloads",
    operation_id = "list_downloads",
    tag = "files",
    params(("id" = SessionId, Path)),
    responses((status = 200, description = "What the browser downloaded or is downloading", body = FileList), Problem)
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    _: Query<NoParams>,
) -> Result<Json<FileList>, Problem> {
    telemetry::session(&id);
    let reply = app.gateway().files(caller.tenant(), &id, Files::Downloads).await?;
    Ok(Json(FileList { files: reply.files }))
}

/// Fetch a download
///
/// One byte range may be asked for.
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}/files/downloads/{name}",
    operation_id = "get_download",
    tag = "files",
    params(
        ("id" = SessionId, Path),
        ("name" = String, Path),
        ("Range" = Option<String>, Header, description = "E.g. `bytes=0-1023`."),
    ),
    responses(
        (status = 200, description = "The file", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, description = "The part of it that was asked for", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 416, description = "The file has no such part"),
        Problem
    )
)]
pub async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    FileName(file): FileName,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    telemetry::session(&id);
    name::check(&file)?;
    let download = app.gateway().download(caller.tenant(), &id, &file).await?;
    let size = download.size;
    let (status, first, length) = match wanted(&headers, size) {
        Wanted::Whole => (StatusCode::OK, 0, size),
        Wanted::Part(first, last) => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Wanted::Unsatisfiable => {
            let range = header_value(format!("bytes */{size}"))?;
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, range)]).into_response());
        }
    };
    let body = Body::from_stream(download.part(first, length));
    let mut response = (status, body).into_response();
    let h = response.headers_mut();
    // Never a type that a browser would show: the file came from a web page.
    h.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    h.insert(header::CONTENT_DISPOSITION, name::attachment(&file));
    h.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    h.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if status == StatusCode::PARTIAL_CONTENT {
        let range = header_value(format!("bytes {first}-{}/{size}", first + length - 1))?;
        h.insert(header::CONTENT_RANGE, range);
    }
    Ok(response)
}

fn header_value(text: String) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(&text).map_err(|e| Error::internal(e.to_string()))
}

/// Delete a download
#[utoipa::path(
    delete,
    path = "/v1/sessions/{id}/files/downloads/{name}",
    operation_id = "delete_download",
    tag = "files",
    params(("id" = SessionId, Path), ("name" = String, Path)),
    responses((status = 204, description = "Deleted"), Problem)
)]
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    FileName(file): FileName,
) -> Result<StatusCode, Problem> {
    telemetry::session(&id);
    name::check(&file)?;
    app.gateway().files(caller.tenant(), &id, Files::DeleteDownload { name: file }).await?;
    Ok(StatusCode::NO_CONTENT)
}
