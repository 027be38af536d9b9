//! The log, and traces if somebody collects them.

use std::{io::IsTerminal, time::Duration};

use anyhow::Context;
use opentelemetry::{global, trace::TracerProvider};
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{LevelFilter, filter_fn},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::config::{Ambient, LogFormat, Settings};

/// Sends what is left of the traces when dropped.
pub struct Telemetry(Option<SdkTracerProvider>);

const LAST_EXPORT: Duration = Duration::from_secs(3);

impl Drop for Telemetry {
    fn drop(&mut self) {
        let ended = self.0.as_ref().map(|traces| traces.shutdown_with_timeout(LAST_EXPORT));
        if let Some(Err(error)) = ended {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Starts logging to stderr and, with `OTEL_EXPORTER_OTLP_ENDPOINT` set, exporting traces. Once per process.
pub fn start(settings: &Settings, ambient: &Ambient) -> anyhow::Result<Telemetry> {
    let mut layers = vec![log_layer(settings, ambient)?];
    // Set also without an exporter: a trace that passes through keeps its context.
    global::set_text_map_propagator(TraceContextPropagator::new());
    let traces = if ambient.otlp { Some(exporting(ambient)?) } else { None };
    if let Some(traces) = &traces {
        let layer = tracing_opentelemetry::layer().with_tracer(traces.tracer("rookery"));
        let spans = filter_fn(is_traced).with_max_level_hint(LevelFilter::DEBUG);
        layers.push(layer.with_filter(spans).boxed());
    }
    Registry::default().with(layers).try_init().context("logging was started twice")?;
    Ok(Telemetry(traces))
}

/// Logs to stderr alone, for what is no part of a fleet.
pub fn log_to_stderr(directives: &str) -> anyhow::Result<()> {
    let levels = EnvFilter::try_new(directives)
        .with_context(|| format!("--log-level: `{directives}` is not understood"))?;
    let ansi = std::io::stderr().is_terminal();
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(ansi);
    Registry::default().with(layer.with_filter(levels)).try_init().context("logging was started twice")
}

/// Whether something is part of the traces: spans of our own, those of single calls to a browser included, whatever the
/// log shows. Lines of the log are not, for they may name URLs; nor are ractor's spans, which last for an actor's
/// whole life and would be exported hours later as the parent of all.
fn is_traced(metadata: &Metadata<'_>) -> bool {
    let part = metadata.target().split("::").next().unwrap_or_default();
    metadata.is_span()
        && *metadata.level() <= Level::DEBUG
        && ["rookery", "edge", "worker", "actors", "bus"].contains(&part)
}

fn log_layer(settings: &Settings, ambient: &Ambient) -> anyhow::Result<BoxedLayer> {
    let levels = filter(settings, ambient)?;
    let to_stderr = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    Ok(match settings.log_format {
        LogFormat::Human => to_stderr.with_ansi(std::io::stderr().is_terminal()).with_filter(levels).boxed(),
        LogFormat::Json => {
            to_stderr.json().flatten_event(true).with_current_span(true).with_filter(levels).boxed()
        }
    })
}

/// The NATS client tells again at `info` what the bus tells, and ractor adds a span of its own to each line.
const DIRECTIVES: &str = "info,async_nats=warn,ractor=warn";

fn filter(settings: &Settings, ambient: &Ambient) -> anyhow::Result<EnvFilter> {
    let directives = settings.log_level.as_deref().or(ambient.rust_log.as_deref()).unwrap_or(DIRECTIVES);
    EnvFilter::try_new(directives).with_context(|| format!("log_level: `{directives}` is not understood"))
}

fn exporting(ambient: &Ambient) -> anyhow::Result<SdkTracerProvider> {
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .build()
        .context("the exporter of traces named by OTEL_EXPORTER_OTLP_ENDPOINT")?;
    let mut resource = Resource::builder();
    if !ambient.named_service {
        resource = resource.with_service_name("rookery");
    }
    let traces = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build());
    let traces = traces.build();
    global::set_tracer_provider(traces.clone());
    Ok(traces)
}
