//! Counters of the bus, in the process-wide Prometheus registry.

use std::sync::LazyLock;

use prometheus::{IntCounter, IntCounterVec, Opts};

macro_rules! counter_vec {
    ($static:ident, $name:literal, $help:literal, $labels:expr) => {
        static $static: LazyLock<Option<IntCounterVec>> = LazyLock::new(|| {
            let counter = IntCounterVec::new(Opts::new($name, $help), &$labels).ok()?;
            prometheus::register(Box::new(counter.clone())).ok()?;
            Some(counter)
        });
    };
}

counter_vec!(ERRORS, "rookery_bus_errors_total", "Errors of the connection to NATS by kind", ["kind"]);
counter_vec!(NOISE, "rookery_bus_noise_total", "Messages that could not be read, by subject", ["subject"]);
counter_vec!(EVENTS, "rookery_events_total", "Events published, by outcome", ["outcome"]);

static CAS_LOSSES: LazyLock<Option<IntCounter>> = LazyLock::new(|| {
    let counter =
        IntCounter::new("rookery_cas_losses_total", "Writes of an entry or lease that another writer won")
            .ok()?;
    prometheus::register(Box::new(counter.clone())).ok()?;
    Some(counter)
});

pub(crate) fn bus_error(kind: &str) {
    if let Some(c) = &*ERRORS {
        c.with_label_values(&[kind]).inc();
    }
}

/// `template` is that of the subject on which it came.
pub(crate) fn noise(template: &str) {
    if let Some(c) = &*NOISE {
        c.with_label_values(&[template]).inc();
    }
}

pub(crate) fn cas_loss() {
    if let Some(c) = &*CAS_LOSSES {
        c.inc();
    }
}

pub(crate) fn event(outcome: &str) {
    if let Some(c) = &*EVENTS {
        c.with_label_values(&[outcome]).inc();
    }
}
