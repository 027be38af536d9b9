//! REST: one file per endpoint holds its documentation, its errors, its handler and its tests.

pub mod base;
pub mod error;
pub mod extract;
pub mod files;
pub mod fleet;
pub mod page;
pub mod request_id;
pub mod service;
pub mod sessions;
pub mod sse;

use std::collections::BTreeMap;

use axum::extract::DefaultBodyLimit;
use utoipa::{
    IntoResponses, Modify, OpenApi, ToSchema,
    openapi::{
        Content, Ref, RefOr, Response, ResponseBuilder,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::error::{Problem, ProblemDocument};
use super::{cdp, vnc, ws};
use crate::app::App;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Rookery",
        description = "A fleet of real browsers for AI agents, automation and people.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "sessions", description = "Browsers and their life"),
        (name = "commands", description = "What a session can do"),
        (name = "pages", description = "What a page shows, as bytes"),
        (name = "tabs"),
        (name = "files", description = "Uploads and downloads"),
        (name = "cdp", description = "The Chrome DevTools Protocol, for the clients that people already have"),
        (name = "events", description = "What happens, live and from the log"),
        (name = "fleet", description = "Workers, queues, pressure"),
        (name = "service", description = "The gateway itself; no token needed")
    ),
    components(schemas(ProblemDocument)),
    security(("token" = []), ()),
    modifiers(&Token)
)]
struct Document;

struct Token;

impl Modify for Token {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        openapi.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

/// Every endpoint may answer with a problem; endpoints name those that say more.
impl IntoResponses for Problem {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let schema = Ref::from_schema_name(ProblemDocument::name());
        let problem = ResponseBuilder::new()
            .description("A problem: RFC 9457 with `code`, `retryable` and `request_id`")
            .content("application/problem+json", Content::new(Some(schema)))
            .build();
        BTreeMap::from([("default".to_owned(), problem.into())])
    }
}

/// What needs a token where tokens are configured.
pub fn api() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(sessions::create::create, sessions::list::list))
        .routes(routes!(sessions::one::get, sessions::patch::patch, sessions::end::end))
        .routes(routes!(sessions::commands::run))
        .routes(routes!(page::screenshot::get))
        .routes(routes!(page::content::get))
        .routes(routes!(page::pdf::get))
        .routes(routes!(sessions::events::follow))
        .routes(routes!(ws::upgrade))
        .routes(routes!(vnc::upgrade))
        .routes(routes!(cdp::attach))
        .routes(routes!(cdp::create))
        .routes(routes!(sessions::control::set))
        .routes(routes!(sessions::stream::get))
        .routes(routes!(sessions::links::create))
        .routes(routes!(sessions::recording::get))
        .routes(routes!(sessions::tabs::list, sessions::tabs::open))
        .routes(routes!(sessions::tabs::close))
        .routes(routes!(sessions::tabs::activate))
        .merge(uploads())
        .routes(routes!(files::downloads::list))
        .routes(routes!(files::downloads::get, files::downloads::delete))
        .routes(routes!(fleet::events::follow))
        .routes(routes!(fleet::workers::list))
        .routes(routes!(fleet::drain::drain))
        .routes(routes!(fleet::queue::get))
        .routes(routes!(fleet::pressure::get))
}

/// Files have a limit of their own, kept while they stream.
fn uploads() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(files::uploads::list, files::uploads::post))
        .routes(routes!(files::uploads::put, files::uploads::delete))
        .layer(DefaultBodyLimit::disable())
}

/// What needs none.
pub fn service() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(service::health::live))
        .routes(routes!(service::health::ready))
        .routes(routes!(service::metrics::get))
        .routes(routes!(service::openapi::get))
        .routes(routes!(service::login::whoami))
        .routes(routes!(service::login::login))
        .routes(routes!(service::login::logout))
}

/// The OpenAPI document.
pub fn document() -> String {
    let mut document = api().merge(service()).into_openapi();
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    // Types of our own always serialise.
    document.to_pretty_json().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_documented() {
        let document: serde_json::Value = serde_json::from_str(&document()).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let mut operations = std::collections::BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                assert!(operation["summary"].is_string(), "{method} {path} has no summary");
                let id = operation["operationId"].as_str().unwrap().to_owned();
                assert!(operations.insert(id.clone()), "{id} is there twice");
            }
        }
        assert!(operations.len() >= 30, "{operations:?}");
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let text = document();
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        for reference in text.split("\"$ref\": \"#").skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer} leads nowhere");
        }
    }
}
