//! What a collector of traces is told of a session.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{Router, body::Bytes, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, common::v1::any_value::Value as Attribute,
    trace::v1::Span,
};
use prost::Message;
use serde_json::json;
use tokio::net::TcpListener;

use crate::{
    fleet::{Fleet, SOON},
    site::Site,
};

/// Spans as they came.
#[derive(Clone, Default)]
struct Collected(Arc<Mutex<Vec<Span>>>);

impl Collected {
    /// A collector that speaks OTLP by HTTP, and its address.
    async fn listen() -> (Self, String) {
        let collected = Self::default();
        let spans = collected.clone();
        let take = move |body: Bytes| {
            let request = ExportTraceServiceRequest::decode(body).unwrap();
            let scopes = request.resource_spans.into_iter().flat_map(|of| of.scope_spans);
            spans.0.lock().unwrap().extend(scopes.flat_map(|of| of.spans));
            std::future::ready(())
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(
            async move { axum::serve(listener, Router::new().route("/v1/traces", post(take))).await },
        );
        (collected, endpoint)
    }

    fn all(&self) -> Vec<Span> {
        self.0.lock().unwrap().clone()
    }

    /// The spans of one trace, once all that are wanted are there: each named by what its name begins with.
    async fn trace(&self, id: &str, wanted: &[&str]) -> Vec<Span> {
        let deadline = Instant::now() + SOON;
        loop {
            let of_trace: Vec<_> = self.all().into_iter().filter(|span| hex(&span.trace_id) == id).collect();
            let missing: Vec<_> = wanted
                .iter()
                .filter(|name| !of_trace.iter().any(|span| span.name.starts_with(**name)))
                .collect();
            if missing.is_empty() {
                return of_trace;
            }
            let names: Vec<_> = of_trace.iter().map(|span| &span.name).collect();
            assert!(Instant::now() < deadline, "no {missing:?} in {names:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The names from a span up to where its trace comes in.
fn ancestry<'a>(span: &'a Span, trace: &'a [Span]) -> Vec<&'a str> {
    let mut names = vec![span.name.as_str()];
    let mut parent = &span.parent_span_id;
    while let Some(found) = trace.iter().find(|of| of.span_id == *parent) {
        names.push(&found.name);
        parent = &found.parent_span_id;
    }
    names
}

/// Sends a request as part of a trace of the client's own.
async fn traced(fleet: &Fleet, path: &str, trace: &str, body: serde_json::Value) -> serde_json::Value {
    let client = reqwest::Client::builder().no_proxy().timeout(SOON).build().unwrap();
    let request =
        client.post(fleet.url(path)).header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    let answer = request.json(&body).send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert!(status.is_success(), "{status} {text}");
    serde_json::from_str(&text).unwrap()
}

const CREATE: &str = "0af7651916cd43dd8448eb211c80319c";
const COMMAND: &str = "1af7651916cd43dd8448eb211c80319c";
const SECRETS: [&str; 4] = ["hunter2", "sid-value", "secret-path", "typed-text"];

#[tokio::test]
async fn one_trace_goes_from_the_request_to_each_call_of_the_browser() {
    let ((collected, endpoint), site) = (Collected::listen().await, Site::start().await);
    let environment =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("OTEL_BSP_SCHEDULE_DELAY", "100")];
    let fleet = Fleet::with(&["--slots", "2", "--warm", "1"], &environment);
    let spec = json!({
        "url": site.url("/secret-path?key=hunter2"),
        "storage_state": { "cookies": [{ "name": "sid", "value": "sid-value", "domain": "127.0.0.1", "path": "/" }] },
    });
    let session = fleet.known(traced(&fleet, "/v1/sessions", CREATE, spec).await);
    let path = format!("/v1/sessions/{}/commands", session.id);
    let command = json!({ "action": "evaluate", "expression": "document.title + 'typed-text'" });
    traced(&fleet, &path, COMMAND, command).await;

    let create = collected
        .trace(CREATE, &["POST /v1/sessions", "publish work.", "process work.", "cdp.Page.navigate"])
        .await;
    let navigate = create.iter().find(|span| span.name == "cdp.Page.navigate").unwrap();
    let expected = ["cdp.Page.navigate", "process work.", "publish work.", "POST /v1/sessions"];
    let found = ancestry(navigate, &create);
    assert!(
        found.len() == 4 && found.iter().zip(expected).all(|(name, of)| name.starts_with(of)),
        "{found:?}"
    );

    let command = collected
        .trace(COMMAND, &["POST /v1/sessions/{id}/commands", "publish cmd.", "session.run", "cdp."])
        .await;
    for call in command.iter().filter(|span| span.name.starts_with("cdp.")) {
        let found = ancestry(call, &command);
        let expected = ["cdp.", "session.run", "publish cmd.", "POST /v1/sessions/{id}/commands"];
        assert!(
            found.len() == 4 && found.iter().zip(expected).all(|(name, of)| name.starts_with(of)),
            "{found:?}"
        );
    }

    // With the typed text, an error of the page's, and the end: nothing of it is told anybody.
    session.try_run(json!({ "action": "type", "text": "typed-text", "timeout_ms": 500 })).await.ok();
    session.go_fails(&site.url("/secret-path").replace("http:", "https:")).await;
    session.end().await;
    drop(fleet);
    let site = site.address.to_string();
    for span in collected.all() {
        assert!(!span.name.contains(&session_part(&session_id(&create))), "an id in a name: {}", span.name);
        let texts = span.attributes.iter().chain(span.events.iter().flat_map(|event| &event.attributes));
        for (key, text) in texts.filter_map(|of| Some((&of.key, text(of.value.as_ref()?.value.as_ref()?)?))) {
            let told = SECRETS.iter().chain([&site.as_str()]).any(|secret| text.contains(secret));
            assert!(!told && !text.contains("://"), "{}: {key}={text}", span.name);
        }
        assert!(span.events.is_empty(), "lines of the log in {}: {:?}", span.name, span.events);
    }
}

fn text(value: &Attribute) -> Option<String> {
    if let Attribute::StringValue(text) = value { Some(text.clone()) } else { None }
}

fn session_id(spans: &[Span]) -> String {
    let attributes = spans.iter().flat_map(|span| &span.attributes);
    let mut ids = attributes.filter(|of| of.key == "session_id");
    ids.find_map(|of| text(of.value.as_ref()?.value.as_ref()?)).unwrap()
}

fn session_part(id: &str) -> String {
    id.rsplit('_').next().unwrap().to_owned()
}
