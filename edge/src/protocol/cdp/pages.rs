//! The paths that a browser has at its debugging port: one page, or the browser by whatever name.

use axum::{
    Router,
    extract::{Path, RawQuery, State},
    response::Response,
    routing::get,
};
use bus_schema::Error;

use super::{Upgrade, attach_to, create_for, resume::MayResume};
use crate::{
    app::App,
    gateway::cdp::{Root, To},
    protocol::rest::{
        error::Problem,
        extract::{Id, Query},
    },
    security::auth::Caller,
};

/// The page of a session that there is not yet: connecting to it makes the session.
pub const PLACEHOLDER: &str = "new";

pub fn routes() -> Router<App> {
    Router::new()
        .route("/devtools/browser/{any}", get(super::create))
        .route("/devtools/page/{target}", get(create))
        .route("/v1/sessions/{id}/devtools/browser/{any}", get(super::attach))
        .route("/v1/sessions/{id}/devtools/page/{target}", get(attach))
}

async fn create(
    State(app): State<App>,
    Path(target): Path<String>,
    caller: Caller,
    RawQuery(query): RawQuery,
    upgrade: Upgrade,
) -> Result<Response, Problem> {
    if target != PLACEHOLDER {
        let detail = "pages are found under their session: /v1/sessions/{id}/devtools/page/{target}";
        return Err(Error::not_found(detail).into());
    }
    create_for(&app, &caller, query.as_deref().unwrap_or_default(), Root::FirstPage, upgrade).await
}

async fn attach(
    State(app): State<App>,
    Path((_, target)): Path<(String, String)>,
    caller: Caller,
    Id(id): Id,
    Query(resume): Query<MayResume>,
    upgrade: Upgrade,
) -> Result<Response, Problem> {
    attach_to(&app, &caller, id, To::Page(target), resume, upgrade).await
}
