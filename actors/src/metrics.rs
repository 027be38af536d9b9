//! Metrics of a worker, in the process-wide registry that `/metrics` shows.

use std::{sync::LazyLock, time::Duration};

use prometheus::{HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, core::Collector};

const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// Every metric of the actors.
pub struct Metrics {
    pub(crate) sessions: IntGauge,
    /// By what became of the request: `ready`, `recovered`, `aside`.
    pub(crate) claims: IntCounterVec,
    pub(crate) starts_failed: IntCounter,
    /// By whether a browser was ready: `warm`, `cold`.
    pub(crate) handed_out: IntCounterVec,
    queued: HistogramVec,
    start: HistogramVec,
    command: HistogramVec,
    pub(crate) ended: IntCounterVec,
    pub(crate) browser_deaths: IntCounterVec,
    pub(crate) freezes: IntCounter,
    pub(crate) reaped: IntCounter,
    pub(crate) warm: IntGauge,
}

/// The metrics of this process.
pub fn metrics() -> &'static Metrics {
    static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::register);
    &METRICS
}

/// A name that is taken in this process already stays with who took it: the metric then counts unseen.
fn register<C: Collector + Clone + 'static>(metric: prometheus::Result<C>) -> C {
    #[expect(clippy::expect_used, reason = "names and labels are constants, built by the test below")]
    let metric = metric.expect("a valid metric");
    if let Err(error) = prometheus::register(Box::new(metric.clone())) {
        tracing::warn!(%error, "a metric is not shown");
    }
    metric
}

fn counter(name: &str, help: &str) -> IntCounter {
    register(IntCounter::new(name, help))
}

fn counters(name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    register(IntCounterVec::new(Opts::new(name, help), labels))
}

fn gauge(name: &str, help: &str) -> IntGauge {
    register(IntGauge::new(name, help))
}

fn seconds(name: &str, help: &str, labels: &[&str]) -> HistogramVec {
    register(HistogramVec::new(HistogramOpts::new(name, help).buckets(SECONDS.to_vec()), labels))
}

impl Metrics {
    fn register() -> Self {
        Self {
            sessions: gauge("rookery_worker_sessions", "Sessions that this worker owns"),
            claims: counters(
                "rookery_worker_claims_total",
                "Requests taken off the queue, by outcome",
                &["outcome"],
            ),
            starts_failed: counter("rookery_worker_starts_failed_total", "Starts of a session that failed"),
            handed_out: counters(
                "rookery_worker_browsers_handed_out_total",
                "Browsers given to a session, by whether one was ready",
                &["pool"],
            ),
            queued: seconds("rookery_worker_queue_wait_seconds", "From the request to its claim", &["class"]),
            start: seconds("rookery_worker_start_seconds", "From the claim to ready", &["pool"]),
            command: seconds(
                "rookery_worker_command_seconds",
                "Time of a command in the browser",
                &["action", "outcome"],
            ),
            ended: counters("rookery_worker_sessions_ended_total", "Sessions ended, by reason", &["reason"]),
            browser_deaths: counters(
                "rookery_worker_browser_deaths_total",
                "Browsers that ended before their session, by reason",
                &["reason"],
            ),
            freezes: counter("rookery_worker_freezes_total", "Times the worker stopped for want of a lease"),
            reaped: counter(
                "rookery_worker_reaped_total",
                "Dead workers whose sessions this one took care of",
            ),
            warm: gauge("rookery_worker_warm_browsers", "Browsers ready to be handed out"),
        }
    }

    pub(crate) fn queued(&self, class: bus_schema::Class, wait: Duration) {
        self.queued.with_label_values(&[class.as_str()]).observe(wait.as_secs_f64());
    }

    pub(crate) fn started(&self, warm: bool, took: Duration) {
        let pool = if warm { "warm" } else { "cold" };
        self.handed_out.with_label_values(&[pool]).inc();
        self.start.with_label_values(&[pool]).observe(took.as_secs_f64());
    }

    /// `outcome`: `ok` or the code of the error.
    pub(crate) fn command(&self, action: &str, outcome: &str, took: Duration) {
        self.command.with_label_values(&[action, outcome]).observe(took.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_well_formed_and_shown() {
        metrics().command("evaluate", "ok", Duration::from_millis(1));
        metrics().started(true, Duration::from_millis(1));
        let names: Vec<_> = prometheus::gather().iter().map(|f| f.name().to_owned()).collect();
        for name in
            ["rookery_worker_sessions", "rookery_worker_command_seconds", "rookery_worker_start_seconds"]
        {
            assert!(names.iter().any(|n| n == name), "{name} is not among {names:?}");
        }
    }
}
