//! `GET /v1/sessions/{id}/events`

use crate::gateway::events::Logged;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use bus_schema::{Error, model::event::Event};
use utoipa::IntoParams;

use crate::{
    app::App,
    gateway::events::SessionEvents,
    protocol::rest::{
        error::Problem,
        extract::{FromParams, Id, Params, Query},
        sse,
    },
    security::auth::Caller,
    telemetry,
};

/// Where to begin.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventParams {
    /// Only what is newer than this `seq`; 0 or absent: all that the log has. `Last-Event-ID` goes before it.
    after: Option<u64>,
}

impl FromParams for EventParams {
    fn from_params(p: &mut Params) -> Result<Self, Error> {
        Ok(Self { after: p.parsed("after", "the `seq` of an event")? })
    }
}

impl sse::Source for SessionEvents {
    async fn next(&mut self) -> Result<Option<(Logged, Option<String>)>, Error> {
        Ok(self.next().await?.map(|event| {
            let id = event.seq.map(|seq| seq.to_string());
            (event, id)
        }))
    }
}

/// Events of a session
///
/// Server-sent events: first what the log has, then live, until the session has ended. The id of each is its `seq`; a
/// reconnect with `Last-Event-ID` misses nothing. `session:console` and `session:network` are live only.
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}/events",
    operation_id = "session_events",
    tag = "events",
    params(
        ("id" = bus_schema::SessionId, Path),
        EventParams,
        ("Last-Event-ID" = Option<u64>, Header, description = "The last `seq` seen."),
    ),
    responses(
        (status = 200, description = "A stream of events", content_type = "text/event-stream", body = Event),
        (status = 204, description = "The session has ended and its last event was seen"),
        Problem
    )
)]
pub async fn follow(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    headers: HeaderMap,
    Query(params): Query<EventParams>,
) -> Result<Response, Problem> {
    telemetry::session(&id);
    let after = match sse::last_event_id(&headers) {
        Some(seq) => {
            seq.parse().map_err(|_| Error::invalid_argument("Last-Event-ID", "the `seq` of an event"))?
        }
        None => params.after.unwrap_or(0),
    };
    let events = app.gateway().session_events(caller.tenant(), &id, Some(after)).await?;
    if events.done() {
        // What tells an EventSource not to come back.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok(sse::respond(events, "sse", app.stop()))
}
