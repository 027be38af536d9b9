//! The same for a session: its tabs are the pages.

use axum::{
    Json, Router,
    extract::{Path, RawQuery, State},
    response::Response,
    routing::{get, put},
};
use bus_schema::{
    Error, SessionId, Tenant,
    model::{
        command::{ActivateTab, CloseTab, Command, CommandRequest, NewTab},
        create::Isolation,
        session::{Session, Tab},
    },
};
use serde::Deserialize;

use super::{Page, both, only_put, said, unknown, url, version::Version};
use crate::{
    app::App,
    protocol::rest::{
        base::Base,
        error::Problem,
        extract::{Id, NoParams, Query},
    },
    security::auth::Caller,
    telemetry,
};

pub fn routes() -> Router<App> {
    let of_session = [
        ("/version", get(version)),
        ("/list", get(list)),
        ("", get(list)),
        ("/new", put(new).fallback(only_put)),
        ("/activate/{target}", get(activate).put(activate)),
        ("/close/{target}", get(close).put(close)),
    ];
    of_session.iter().fold(Router::new(), |router, (name, method)| {
        both(router, &format!("/v1/sessions/{{id}}/json{name}"), method)
    })
}

/// The token, where it came in the query: clients connect to what they are told.
fn token(query: Option<String>) -> String {
    let query = query.unwrap_or_default();
    let token = query.split('&').find(|part| part.starts_with("token="));
    token.unwrap_or_default().to_owned()
}

fn page(base: &Base, id: &SessionId, tab: Tab, token: &str) -> Option<Page> {
    // What another client made is that client's.
    let target = tab.target.filter(|_| tab.context.is_none())?;
    let address = base.ws(&format!("/v1/sessions/{id}/devtools/page/{target}"));
    Some(Page {
        description: "",
        id: target,
        title: tab.title,
        kind: "page",
        url: tab.url,
        web_socket_debugger_url: url::with_query(address, token),
    })
}

/// The session as it is now, if it offers CDP.
async fn look(app: &App, tenant: &Tenant, id: &SessionId) -> Result<Session, Error> {
    telemetry::session(id);
    let session = app.gateway().inspect(tenant, id).await?;
    if session.isolation == Isolation::Context {
        return Err(Error::conflict(
            "a session with `isolation: context` shares its browser and offers no CDP",
        ));
    }
    Ok(session)
}

async fn version(
    State(app): State<App>,
    base: Base,
    caller: Caller,
    Id(id): Id,
    _: Query<NoParams>,
    RawQuery(query): RawQuery,
) -> Result<Json<Version>, Problem> {
    let session = look(&app, caller.tenant(), &id).await?;
    let known = app.gateway().browser_version(session.browser, session.worker.as_ref()).await;
    let address = base.ws(&format!("/v1/sessions/{id}/cdp"));
    Ok(Json(Version::new(known, url::with_query(address, &token(query)))))
}

async fn list(
    State(app): State<App>,
    base: Base,
    caller: Caller,
    Id(id): Id,
    _: Query<NoParams>,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<Page>>, Problem> {
    let session = look(&app, caller.tenant(), &id).await?;
    let token = token(query);
    Ok(Json(session.tabs.into_iter().filter_map(|tab| page(&base, &id, tab, &token)).collect()))
}

async fn new(
    State(app): State<App>,
    base: Base,
    caller: Caller,
    Id(id): Id,
    RawQuery(query): RawQuery,
) -> Result<Json<Page>, Problem> {
    #[derive(Deserialize)]
    struct Opened {
        tab: u32,
    }
    let address = address(query.as_deref().unwrap_or_default())?;
    look(&app, caller.tenant(), &id).await?;
    let request = CommandRequest::new(Command::NewTab(NewTab { url: address }));
    request.validate()?;
    let (opened, _) = app.gateway().run(caller.tenant(), &id, request).await?;
    let opened: Opened =
        serde_json::from_str(opened.result.get()).map_err(|e| Error::internal(e.to_string()))?;
    let tabs = look(&app, caller.tenant(), &id).await?.tabs;
    let tab = tabs.into_iter().find(|tab| tab.n == opened.tab);
    let token = token(query);
    let page = tab.and_then(|tab| page(&base, &id, tab, &token));
    Ok(Json(page.ok_or_else(|| Error::not_found("the new tab is gone already"))?))
}

/// The address behind the token.
fn address(query: &str) -> Result<Option<String>, Error> {
    let query = url::as_option(query);
    let mut address = None;
    for (name, value) in ::url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "token" => {}
            "url" => address = Some(value.into_owned()),
            other => {
                let shown: String = other.chars().take(80).collect();
                return Err(Error::invalid_argument(&shown, format!("unknown parameter `{shown}`")));
            }
        }
    }
    Ok(address)
}

async fn activate(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    Path((_, target)): Path<(String, String)>,
    _: Query<NoParams>,
) -> Result<Response, Problem> {
    let Some(tab) = find(&app, &caller, &id, &target).await? else { return Ok(unknown(&target)) };
    run(&app, &caller, &id, Command::ActivateTab(ActivateTab { tab })).await?;
    Ok(said("Target activated"))
}

async fn close(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    Path((_, target)): Path<(String, String)>,
    _: Query<NoParams>,
) -> Result<Response, Problem> {
    let Some(tab) = find(&app, &caller, &id, &target).await? else { return Ok(unknown(&target)) };
    run(&app, &caller, &id, Command::CloseTab(CloseTab { tab })).await?;
    Ok(said("Target is closing"))
}

async fn find(app: &App, caller: &Caller, id: &SessionId, target: &str) -> Result<Option<u32>, Error> {
    let tabs = look(app, caller.tenant(), id).await?.tabs;
    let tab = tabs.iter().find(|tab| tab.context.is_none() && tab.target.as_deref() == Some(target));
    Ok(tab.map(|tab| tab.n))
}

async fn run(app: &App, caller: &Caller, id: &SessionId, command: Command) -> Result<(), Error> {
    app.gateway().run(caller.tenant(), id, CommandRequest::new(command)).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_page_has_an_address_or_none_and_nothing_else() {
        assert_eq!(address("").unwrap(), None);
        assert_eq!(address("token=t").unwrap(), None);
        assert_eq!(address("token=t&http://a/?b=c&d").unwrap().as_deref(), Some("http://a/?b=c&d"));
        assert_eq!(address("url=http%3A%2F%2Fa").unwrap().as_deref(), Some("http://a"));
        assert_eq!(address("name=x").unwrap_err().field.as_deref(), Some("name"));
        assert_eq!(token(Some("a=b&token=t%20".into())), "token=t%20");
    }
}
