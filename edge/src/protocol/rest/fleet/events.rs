//! `GET /v1/events`

use crate::gateway::events::Logged;
use axum::{extract::State, http::HeaderMap, response::Response};
use bus_schema::{Error, model::event::Event};
use utoipa::IntoParams;

use crate::{
    app::App,
    gateway::events::{Cursor, TenantEvents},
    protocol::rest::{
        error::Problem,
        extract::{FromParams, Params, Query},
        sse,
    },
    security::auth::Caller,
};

/// Where to begin.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AllEventParams {
    /// A cursor: `<region>:<seq>`, joined by commas. Absent: only what comes. `Last-Event-ID` goes before it.
    #[param(value_type = Option<String>, example = "local:0")]
    after: Option<Cursor>,
}

impl FromParams for AllEventParams {
    fn from_params(p: &mut Params) -> Result<Self, Error> {
        let after = p.text("after")?.map(|text| text.parse()).transpose()?;
        Ok(Self { after })
    }
}

impl sse::Source for TenantEvents {
    async fn next(&mut self) -> Result<Option<(Logged, Option<String>)>, Error> {
        let tracked = self.next().await?;
        Ok(Some((tracked.event, tracked.cursor)))
    }
}

/// Events of all sessions
///
/// Server-sent events of the whole tenant, over all regions. The id of each is a cursor to resume from.
#[utoipa::path(
    get,
    path = "/v1/events",
    operation_id = "all_events",
    tag = "events",
    params(
        AllEventParams,
        ("Last-Event-ID" = Option<String>, Header, description = "The last cursor seen."),
    ),
    responses(
        (status = 200, description = "A stream of events", content_type = "text/event-stream", body = Event),
        Problem
    )
)]
pub async fn follow(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Query(params): Query<AllEventParams>,
) -> Result<Response, Problem> {
    let after = match sse::last_event_id(&headers) {
        Some(cursor) => Some(cursor.parse::<Cursor>().map_err(|e| e.with_field("Last-Event-ID"))?),
        None => params.after,
    };
    let events = app.gateway().tenant_events(caller.tenant(), after).await?;
    Ok(sse::respond(events, "sse", app.stop()))
}
