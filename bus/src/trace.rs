//! Trace context in message headers: injected and extracted here and nowhere else.

use async_nats::HeaderMap;
use opentelemetry::propagation::{Extractor, Injector};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

struct Headers<'a>(&'a mut HeaderMap);

impl Injector for Headers<'_> {
    fn set(&mut self, key: &str, value: String) {
        self.0.insert(key, value.as_str());
    }
}

struct Seen<'a>(&'a HeaderMap);

impl Extractor for Seen<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(|v| v.as_str())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|(k, _)| k.as_ref()).collect()
    }
}

/// Writes the current span's context into the headers. Nothing is written where no tracer is set up.
pub(crate) fn inject(headers: &mut HeaderMap) {
    let context = Span::current().context();
    opentelemetry::global::get_text_map_propagator(|p| p.inject_context(&context, &mut Headers(headers)));
}

/// Makes the sender's span the parent of `span`.
pub(crate) fn adopt(span: &Span, headers: Option<&HeaderMap>) {
    let Some(headers) = headers else { return };
    if headers.get("traceparent").is_none() {
        return;
    }
    let context = opentelemetry::global::get_text_map_propagator(|p| p.extract(&Seen(headers)));
    let _ = span.set_parent(context);
}

/// A W3C trace context from outside the bus.
struct W3c<'a> {
    parent: &'a str,
    state: Option<&'a str>,
}

impl Extractor for W3c<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => Some(self.parent),
            "tracestate" => self.state,
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}

/// Makes a client's span the parent of `span`. `parent` and `state` are the values of `traceparent` and `tracestate`.
pub fn adopt_w3c(span: &Span, parent: &str, state: Option<&str>) {
    let context = opentelemetry::global::get_text_map_propagator(|p| p.extract(&W3c { parent, state }));
    let _ = span.set_parent(context);
}
