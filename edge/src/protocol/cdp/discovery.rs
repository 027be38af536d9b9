//! What a browser tells over HTTP at its debugging port, told for a session that there is or that connecting will make.
//! Nothing here takes a browser: only a WebSocket does.

mod protocol;
mod tabs;
mod url;
mod version;

use axum::{
    Json, Router,
    extract::{RawQuery, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, put},
};
use bus_schema::Error;
use serde::Serialize;

use self::{url::with_query, version::Version};
use super::{offering_cdp, options, pages::PLACEHOLDER};
use crate::{
    app::App,
    protocol::rest::{base::Base, error::Problem},
    security::auth::Caller,
};

/// What needs the token where there is one.
pub fn routes() -> Router<App> {
    let root = [
        ("version", get(version)),
        ("list", get(list)),
        ("new", put(new).fallback(only_put)),
        ("activate/{target}", get(activate).put(activate)),
        ("close/{target}", get(close).put(close)),
    ];
    let router = both(Router::new(), "/json", &get(list));
    let router =
        root.iter().fold(router, |router, (name, method)| both(router, &format!("/json/{name}"), method));
    router.merge(tabs::routes())
}

/// What needs none: it says nothing about anybody, and clients that connect with a token in their URL ask without it.
pub fn open_routes() -> Router<App> {
    let router = both(Router::new(), "/json/protocol", &get(protocol::get));
    both(router, "/v1/sessions/{id}/json/protocol", &get(protocol::get))
}

/// Clients ask with and without a slash at the end.
fn both(router: Router<App>, path: &str, method: &MethodRouter<App>) -> Router<App> {
    router.route(path, method.clone()).route(&format!("{path}/"), method.clone())
}

/// A page, in a browser's words.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    description: &'static str,
    id: String,
    title: String,
    #[serde(rename = "type")]
    kind: &'static str,
    url: String,
    web_socket_debugger_url: String,
}

async fn version(
    State(app): State<App>,
    base: Base,
    _: Caller,
    RawQuery(query): RawQuery,
) -> Result<Json<Version>, Problem> {
    let query = query.unwrap_or_default();
    let spec = offering_cdp(&app, options::read(&query)?.fields)?;
    let known = app.gateway().browser_version(spec.browser, None).await;
    Ok(Json(Version::new(known, with_query(base.ws("/cdp"), &query))))
}

async fn list(
    State(app): State<App>,
    base: Base,
    _: Caller,
    RawQuery(query): RawQuery,
) -> Result<Json<[Page; 1]>, Problem> {
    Ok(Json([placeholder(&app, &base, &query.unwrap_or_default())?]))
}

/// As a browser has it the whole query is the address of the new page; here options may stand before it.
async fn new(
    State(app): State<App>,
    base: Base,
    _: Caller,
    RawQuery(query): RawQuery,
) -> Result<Json<Page>, Problem> {
    Ok(Json(placeholder(&app, &base, &url::as_option(&query.unwrap_or_default()))?))
}

fn placeholder(app: &App, base: &Base, query: &str) -> Result<Page, Error> {
    let spec = offering_cdp(app, options::read(query)?.fields)?;
    Ok(Page {
        description: "",
        id: PLACEHOLDER.to_owned(),
        title: spec.name.unwrap_or_default(),
        kind: "page",
        url: spec.url.unwrap_or_else(|| "about:blank".to_owned()),
        web_socket_debugger_url: with_query(base.ws(&format!("/devtools/page/{PLACEHOLDER}")), query),
    })
}

/// There is nothing to activate or close before somebody connects.
async fn activate(_: Caller, target: axum::extract::Path<String>) -> Response {
    if target.as_str() == PLACEHOLDER { said("Target activated") } else { unknown(&target) }
}

async fn close(_: Caller, target: axum::extract::Path<String>) -> Response {
    if target.as_str() == PLACEHOLDER { said("Target is closing") } else { unknown(&target) }
}

/// In a browser's words: clients look for them.
fn said(text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, "application/json; charset=UTF-8")], text).into_response()
}

fn unknown(target: &str) -> Response {
    let shown: String = target.chars().take(80).collect();
    Problem(Error::not_found(format!("No such target id: {shown}"))).into_response()
}

/// A browser refuses other methods so that no page can open one by an image's address.
async fn only_put(method: axum::http::Method) -> Response {
    let text =
        format!("Using unsafe HTTP verb {method} to invoke /json/new. This action supports only PUT verb.");
    let headers = [(header::CONTENT_TYPE, "application/json; charset=UTF-8"), (header::ALLOW, "PUT")];
    (StatusCode::METHOD_NOT_ALLOWED, headers, text).into_response()
}
