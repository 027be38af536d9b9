//! Prometheus metrics of a gateway, in the process-wide registry that `/metrics` shows.

use std::{sync::LazyLock, time::Duration};

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    TextEncoder, core::Collector,
};

const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// Every metric of this crate.
pub struct Metrics {
    requests: IntCounterVec,
    request_seconds: HistogramVec,
    commands: HistogramVec,
    created: IntCounterVec,
    ended: IntCounterVec,
    sessions: IntGaugeVec,
    queue_depth: IntGaugeVec,
    queue_oldest: IntGaugeVec,
    ready_seconds: HistogramVec,
    sockets: IntGauge,
    frames: IntCounter,
    frame_bytes: IntCounter,
    frames_skipped: IntCounter,
    slow_viewers: IntCounter,
    slow_readers: IntCounterVec,
}

/// The metrics of this process.
pub fn metrics() -> &'static Metrics {
    static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::register);
    &METRICS
}

/// What a metric is built of is constant and covered by a test; a name that another crate took stays unregistered.
fn register<C: Collector + Clone + 'static>(metric: prometheus::Result<C>) -> C {
    #[expect(clippy::expect_used, reason = "names and labels are constants, built by the test below")]
    let metric = metric.expect("a valid metric");
    if let Err(error) = prometheus::register(Box::new(metric.clone())) {
        tracing::warn!(%error, "a metric is not shown");
    }
    metric
}

fn counters(name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    register(IntCounterVec::new(Opts::new(name, help), labels))
}

fn counter(name: &str, help: &str) -> IntCounter {
    register(IntCounter::new(name, help))
}

fn gauges(name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
    register(IntGaugeVec::new(Opts::new(name, help), labels))
}

fn histograms(name: &str, help: &str, labels: &[&str]) -> HistogramVec {
    register(HistogramVec::new(HistogramOpts::new(name, help).buckets(SECONDS.to_vec()), labels))
}

impl Metrics {
    fn register() -> Self {
        Self {
            requests: counters(
                "rookery_http_requests_total",
                "HTTP requests",
                &["method", "route", "status"],
            ),
            request_seconds: histograms(
                "rookery_http_request_seconds",
                "Time to the head of the answer",
                &["route"],
            ),
            commands: histograms(
                "rookery_command_seconds",
                "Latency of commands as clients see it",
                &["action", "code"],
            ),
            created: counters(
                "rookery_sessions_created_total",
                "Requests for a session by outcome",
                &["outcome"],
            ),
            ended: counters("rookery_sessions_ended_total", "Sessions that this gateway ended", &["reason"]),
            sessions: gauges("rookery_sessions", "Sessions of the region as last counted", &["state"]),
            queue_depth: gauges("rookery_queue_depth", "Sessions that wait for a worker", &["pool", "class"]),
            queue_oldest: gauges(
                "rookery_queue_oldest_seconds",
                "Wait of the oldest so far",
                &["pool", "class"],
            ),
            ready_seconds: histograms(
                "rookery_session_ready_seconds",
                "From the request to ready",
                &["phase"],
            ),
            sockets: register(IntGauge::new("rookery_websockets", "Open session WebSockets")),
            frames: counter("rookery_frames_sent_total", "Frames sent to viewers"),
            frame_bytes: counter("rookery_frames_sent_bytes_total", "Bytes of frames sent to viewers"),
            frames_skipped: counter("rookery_frames_skipped_total", "Frames a viewer was too slow for"),
            slow_viewers: counter("rookery_slow_viewers_total", "Times a viewer was found to fall behind"),
            slow_readers: counters(
                "rookery_slow_readers_total",
                "Clients closed for not reading",
                &["protocol"],
            ),
        }
    }

    pub fn request(&self, method: &str, route: &str, status: u16, took: Duration) {
        self.requests.with_label_values(&[method, route, &status.to_string()]).inc();
        self.request_seconds.with_label_values(&[route]).observe(took.as_secs_f64());
    }

    /// `code` is `ok` or an error code.
    pub fn command(&self, action: &str, code: &str, took: Duration) {
        self.commands.with_label_values(&[action, code]).observe(took.as_secs_f64());
    }

    /// `outcome` is `ready`, `queued` or an error code.
    pub fn created(&self, outcome: &str) {
        self.created.with_label_values(&[outcome]).inc();
    }

    pub fn ended(&self, reason: &str) {
        self.ended.with_label_values(&[reason]).inc();
    }

    /// `phase` is `queued` (request to claim), `start` (claim to ready) or `total`.
    pub fn ready(&self, phase: &str, took: Duration) {
        self.ready_seconds.with_label_values(&[phase]).observe(took.as_secs_f64());
    }

    pub fn sessions(&self, state: &str, count: usize) {
        self.sessions.with_label_values(&[state]).set(clamp(count));
    }

    /// Forgets queues that have emptied.
    pub fn clear_queues(&self) {
        self.queue_depth.reset();
        self.queue_oldest.reset();
    }

    pub fn queue(&self, pool: &str, class: &str, depth: usize, oldest: Duration) {
        self.queue_depth.with_label_values(&[pool, class]).set(clamp(depth));
        let seconds = i64::try_from(oldest.as_secs()).unwrap_or(i64::MAX);
        self.queue_oldest.with_label_values(&[pool, class]).set(seconds);
    }

    pub fn socket_opened(&self) {
        self.sockets.inc();
    }

    pub fn socket_closed(&self) {
        self.sockets.dec();
    }

    pub fn frame_sent(&self, bytes: usize) {
        self.frames.inc();
        self.frame_bytes.inc_by(bytes as u64);
    }

    pub fn frames_skipped(&self, count: u64) {
        self.frames_skipped.inc_by(count);
    }

    pub fn slow_viewer(&self) {
        self.slow_viewers.inc();
    }

    /// `protocol` is `ws` or `sse`.
    pub fn slow_reader(&self, protocol: &str) {
        self.slow_readers.with_label_values(&[protocol]).inc();
    }
}

fn clamp(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The text form of everything registered in this process.
pub fn render() -> Result<String, prometheus::Error> {
    let mut out = Vec::new();
    TextEncoder::new().encode(&prometheus::gather(), &mut out)?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_valid_and_shown() {
        let m = metrics();
        m.request("GET", "/v1/sessions", 200, Duration::from_millis(3));
        m.command("evaluate", "ok", Duration::from_millis(1));
        m.queue("default", "normal", 3, Duration::from_secs(2));
        let text = render().unwrap();
        for name in [
            "rookery_http_requests_total",
            "rookery_command_seconds_bucket",
            "rookery_queue_depth",
            "rookery_frames_sent_total",
        ] {
            assert!(text.contains(name), "{name} is not in\n{text}");
        }
    }
}
