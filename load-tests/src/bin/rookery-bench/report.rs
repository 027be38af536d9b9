//! What a benchmark found: for people and for programs.

use std::{fmt, path::Path};

use anyhow::Context;
use serde_json::{Map, Value, json};

use crate::statistics::Times;

pub struct Report {
    name: &'static str,
    lines: Vec<String>,
    numbers: Map<String, Value>,
    targets: Vec<Target>,
}

struct Target {
    what: String,
    value: f64,
    limit: Limit,
}

/// What a value should be.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

impl Target {
    fn is_met(&self) -> bool {
        match self.limit {
            Limit::AtMost(limit) => self.value <= limit,
            Limit::AtLeast(limit) => self.value >= limit,
        }
    }
}

impl Report {
    pub fn new(name: &'static str) -> Self {
        Self { name, lines: Vec::new(), numbers: Map::new(), targets: Vec::new() }
    }

    pub fn times(&mut self, what: &str, times: &Times) {
        self.lines.push(format!("{what:<34} {times}"));
        self.numbers.insert(what.to_owned(), times.json());
    }

    pub fn number(&mut self, what: &str, value: f64, unit: &str) {
        self.lines.push(format!("{what:<34} {value:>12.2} {unit}"));
        self.numbers.insert(what.to_owned(), json!({ "value": value, "unit": unit }));
    }

    pub fn target(&mut self, what: &str, value: f64, limit: Limit) {
        self.targets.push(Target { what: what.to_owned(), value, limit });
    }

    /// Writes `load-tests/results/<name>.json`.
    pub fn save(&self) -> anyhow::Result<()> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
        std::fs::create_dir_all(&directory).context("no directory for results")?;
        let targets = self.targets.iter().map(|target| {
            let (bound, limit) = match target.limit {
                Limit::AtMost(limit) => ("at_most", limit),
                Limit::AtLeast(limit) => ("at_least", limit),
            };
            json!({ "what": target.what, "value": target.value, bound: limit, "met": target.is_met() })
        });
        let document = json!({
            "benchmark": self.name,
            "cores": std::thread::available_parallelism()?.get(),
            "measured": self.numbers,
            "targets": targets.collect::<Vec<_>>(),
        });
        let path = directory.join(format!("{}.json", self.name));
        std::fs::write(&path, format!("{document:#}\n")).with_context(|| path.display().to_string())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{}", self.name)?;
        for line in &self.lines {
            writeln!(f, "  {line}")?;
        }
        for target in &self.targets {
            let verdict = if target.is_met() { "ok" } else { "MISSED" };
            let (sign, limit) = match target.limit {
                Limit::AtMost(limit) => ("≤", limit),
                Limit::AtLeast(limit) => ("≥", limit),
            };
            writeln!(f, "  target: {:<40} {:>8.3}  {sign} {limit:<6} {verdict}", target.what, target.value)?;
        }
        Ok(())
    }
}
