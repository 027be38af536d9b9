//! `POST /v1/sessions/{id}/links`

use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode};
use bus_schema::{
    Error,
    model::{time::Timestamp, validate::range},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    protocol::rest::{
        base::Base,
        error::Problem,
        extract::{Id, JsonBody},
    },
    security::{
        auth::Caller,
        link::{Access, Link},
    },
    telemetry,
};

const LONGEST_S: u32 = 7 * 24 * 3_600;
const LONGEST_NAME: usize = 100;

/// A link for somebody else.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    access: Access,
    /// 1 to 604 800; an hour if absent.
    #[serde(default = "an_hour")]
    expires_in_s: u32,
    /// How whoever opens it is shown to others, 1 to 100 characters.
    name: Option<String>,
}

fn an_hour() -> u32 {
    3_600
}

/// A link that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkMade {
    /// The page to open.
    url: String,
    /// What the page, or another client, presents as `?link=`.
    link: String,
    access: Access,
    expires_at: Timestamp,
}

/// Make a link for somebody else
///
/// Signed, for this session alone, to watch it or to take control too, until its time is over or the session's.
#[utoipa::path(
    post,
    path = "/v1/sessions/{id}/links",
    operation_id = "create_link",
    tag = "sessions",
    params(("id" = bus_schema::SessionId, Path)),
    request_body = LinkRequest,
    responses((status = 201, description = "A link", body = LinkMade), Problem)
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    base: Base,
    Id(id): Id,
    body: JsonBody,
) -> Result<(StatusCode, Json<LinkMade>), Problem> {
    telemetry::session(&id);
    let request: LinkRequest = body.read()?;
    range("expires_in_s", request.expires_in_s, 1, LONGEST_S)?;
    if request.name.as_ref().is_some_and(|name| name.is_empty() || name.chars().count() > LONGEST_NAME) {
        return Err(Error::invalid_argument("name", format!("1 to {LONGEST_NAME} characters")).into());
    }
    app.gateway().must_live(caller.tenant(), &id).await?;
    let link = Link {
        tenant: caller.tenant().clone(),
        session: id.clone(),
        access: request.access,
        expires_at: Timestamp::now().plus(Duration::from_secs(request.expires_in_s.into())),
    };
    let text = app.tokens().links().sign(&link);
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("link", &text);
    if let Some(name) = &request.name {
        query.append_pair("name", name);
    }
    let url = base.http(&format!("/view/{id}?{}", query.finish()));
    Ok((
        StatusCode::CREATED,
        Json(LinkMade { url, link: text, access: link.access, expires_at: link.expires_at }),
    ))
}
