//! How full the machine is: available memory and the kernel's pressure stall information.

use std::{
    fs,
    sync::Mutex,
    time::{Duration, Instant},
};

use super::one::lock;

/// Read at most this often.
const FRESH: Duration = Duration::from_secs(1);
/// Below this share of memory nothing more is taken.
const SCARCE: f64 = 0.08;
/// Tasks that waited for memory for this share of the last 10 s: the machine thrashes.
const THRASHING: f64 = 20.0;
/// CPU alone never closes a worker: its slots say how much it is meant to bear.
const CPU_AT_MOST: f64 = 0.9;

#[derive(Default)]
pub(super) struct Pressure {
    last: Mutex<Option<(Instant, f64)>>,
}

impl Pressure {
    /// 0 to 1.
    pub(super) fn read(&self) -> f64 {
        let mut last = lock(&self.last);
        if let Some((at, value)) = *last
            && at.elapsed() < FRESH
        {
            return value;
        }
        let file = |path| fs::read_to_string(path).unwrap_or_default();
        let value =
            measure(&file("/proc/meminfo"), &file("/proc/pressure/memory"), &file("/proc/pressure/cpu"));
        *last = Some((Instant::now(), value));
        value
    }
}

/// What a system does not tell counts as no pressure.
fn measure(meminfo: &str, memory: &str, cpu: &str) -> f64 {
    let scarce = match (kib(meminfo, "MemAvailable:"), kib(meminfo, "MemTotal:")) {
        (Some(available), Some(total)) if total > 0.0 => {
            let used = 1.0 - available / total;
            used / (1.0 - SCARCE)
        }
        _ => 0.0,
    };
    let thrashing = average(memory, "some") / THRASHING;
    let cpu = (average(cpu, "some") / 100.0).min(CPU_AT_MOST);
    scarce.max(thrashing).max(cpu).clamp(0.0, 1.0)
}

fn kib(meminfo: &str, name: &str) -> Option<f64> {
    meminfo.lines().find_map(|l| l.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

fn average(psi: &str, line: &str) -> f64 {
    let value = psi.lines().find(|l| l.starts_with(line)).and_then(|l| l.split("avg10=").nth(1));
    value.and_then(|v| v.split_whitespace().next()?.parse().ok()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_counts() {
        let info = |available| format!("MemTotal: 1000 kB\nMemAvailable: {available} kB\n");
        let psi =
            |some| format!("some avg10={some} avg60=0.00 avg300=0.00 total=1\nfull avg10=0.00 total=0\n");
        let close = |a: f64, b: f64| assert!((a - b).abs() < 0.01, "{a} is not {b}");
        close(measure(&info(1000), &psi("0.00"), &psi("0.00")), 0.0);
        close(measure(&info(80), &psi("0.00"), &psi("0.00")), 1.0);
        close(measure(&info(1000), &psi("10.00"), &psi("0.00")), 0.5);
        close(measure(&info(1000), &psi("90.00"), &psi("0.00")), 1.0);
        close(measure(&info(1000), &psi("0.00"), &psi("100.00")), 0.9);
        close(measure("", "", ""), 0.0);
    }
}
