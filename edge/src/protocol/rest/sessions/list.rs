//! `GET /v1/sessions`

use axum::{Json, extract::State};
use bus_schema::{
    Error, Region,
    model::session::{Session, State as SessionState},
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    gateway::list::{Cursor, Filter, LabelFilter},
    protocol::rest::{
        base::Base,
        error::Problem,
        extract::{FromParams, Params, Query},
    },
    security::auth::Caller,
};

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1_000;

/// Parameters of a list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// Only sessions in one of these states. May be repeated.
    #[param(value_type = Option<Vec<SessionState>>, style = Form, explode)]
    state: Vec<SessionState>,
    /// `key:value`, `key=value`, or `key` alone for any value. Repeated, all must hold.
    #[param(value_type = Option<Vec<String>>, style = Form, explode, example = json!(["team:search"]))]
    label: Vec<LabelFilter>,
    /// 1 to 1 000; 100 if absent.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: usize,
    /// `next_cursor` of the answer before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

impl FromParams for ListParams {
    fn from_params(p: &mut Params) -> Result<Self, Error> {
        let mut state = Vec::new();
        for given in p.all("state").iter().flat_map(|s| s.split(',')) {
            let found = SessionState::ALL.into_iter().find(|s| s.as_str() == given);
            let known = SessionState::ALL.map(SessionState::as_str).join(", ");
            state.push(found.ok_or_else(|| {
                let shown: String = given.chars().take(80).collect();
                Error::invalid_argument("state", format!("{shown:?} is not one of {known}"))
            })?);
        }
        let label = p.all("label").iter().map(|l| l.parse()).collect::<Result<_, Error>>()?;
        let limit = p.parsed("limit", "a number from 1 to 1000")?.unwrap_or(DEFAULT_LIMIT);
        bus_schema::model::validate::range("limit", limit, 1, MAX_LIMIT)?;
        let cursor = p.parsed("cursor", "a `next_cursor` of an earlier answer")?;
        Ok(Self { state, label, limit, cursor })
    }
}

/// Sessions, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionList {
    pub sessions: Vec<Session>,
    /// Give it as `cursor` to get the rest; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Regions that did not answer in time: their sessions are not in the list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_regions: Vec<Region>,
}

/// List sessions
///
/// Newest first, over all regions. Ended sessions stay for 15 minutes.
#[utoipa::path(
    get,
    path = "/v1/sessions",
    operation_id = "list_sessions",
    tag = "sessions",
    params(ListParams),
    responses((status = 200, description = "A page of sessions", body = SessionList), Problem)
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    base: Base,
    Query(params): Query<ListParams>,
) -> Result<Json<SessionList>, Problem> {
    let filter =
        Filter { states: params.state, labels: params.label, limit: params.limit, after: params.cursor };
    let page = app.gateway().list(caller.tenant(), filter).await?;
    Ok(Json(SessionList {
        sessions: page.sessions.into_iter().map(|s| base.complete(s)).collect(),
        next_cursor: page.next.map(|c| c.to_string()),
        missing_regions: page.missing_regions,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<ListParams, Error> {
        ListParams::from_params(&mut Params::new(query))
    }

    #[test]
    fn filters_are_read() {
        let p = read("state=ready,queued&state=ended&label=a:b&label=c=d&limit=5").unwrap();
        assert_eq!(p.state, [SessionState::Ready, SessionState::Queued, SessionState::Ended]);
        assert_eq!((p.label.len(), p.limit), (2, 5));
        assert_eq!(read("").unwrap().limit, DEFAULT_LIMIT);
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        for (query, field) in [
            ("state=redy", "state"),
            ("limit=0", "limit"),
            ("limit=1001", "limit"),
            ("cursor=x", "cursor"),
            ("label=", "label"),
        ] {
            assert_eq!(read(query).unwrap_err().field.as_deref(), Some(field), "{query}");
        }
    }
}
