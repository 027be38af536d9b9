//! `rookery doctor`: what this machine lacks, and how to mend it.

mod browser;
mod fonts;
mod machine;

use std::{io::Write, path::Path};

use serde::Serialize;

use crate::{config::Settings, exit::Exit, nats, wiring};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Good,
    /// It works, but not as well as it could.
    Warning,
    /// Without it nothing works.
    Missing,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    check: &'static str,
    verdict: Verdict,
    found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

impl Finding {
    fn good(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Good, found: found.into(), mend: None }
    }

    fn warning(check: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Warning, found: found.into(), mend: Some(mend.into()) }
    }

    fn missing(check: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Missing, found: found.into(), mend: Some(mend.into()) }
    }
}

/// Looks at everything, prints what was found, and tells by the exit whether Rookery can work here.
pub async fn examine(settings: &Settings, json: bool) -> anyhow::Result<Exit> {
    let mut findings = browser::examine(settings).await;
    findings.push(nats_server(settings).await);
    findings.push(machine::port(settings.http));
    findings.push(machine::memory());
    findings.extend(fonts::examine().await);
    findings.push(machine::user_namespaces(Path::new("/proc/sys")));
    findings.push(machine::data_dir(&settings.data_dir));
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &findings)?;
        writeln!(out)?;
    } else {
        write!(out, "{}", render(&findings))?;
    }
    let fit = findings.iter().all(|finding| finding.verdict != Verdict::Missing);
    Ok(if fit { Exit::Drained } else { Exit::Unfit })
}

async fn nats_server(settings: &Settings) -> Finding {
    const CHECK: &str = "nats";
    if let Some(url) = &settings.nats_url {
        return match wiring::try_bus(settings, url).await {
            Ok(()) => Finding::good(CHECK, "the server at --nats-url answers and is new enough"),
            Err(error) => {
                Finding::missing(CHECK, error.to_string(), "start the server, or correct --nats-url")
            }
        };
    }
    match nats::binary::find(settings.nats_server.as_deref()) {
        Ok(found) => {
            Finding::good(CHECK, format!("nats-server {} ({})", found.version, found.path.display()))
        }
        Err(error) => Finding::missing(CHECK, error.to_string(), nats::binary::HOW_TO_GET),
    }
}

fn render(findings: &[Finding]) -> String {
    let mut text = String::new();
    for Finding { check, verdict, found, mend } in findings {
        let mark = match verdict {
            Verdict::Good => "ok     ",
            Verdict::Warning => "warning",
            Verdict::Missing => "MISSING",
        };
        text += &format!("{mark}  {check:<16} {found}\n");
        if let Some(mend) = mend {
            text += &format!("{:<25} -> {mend}\n", "");
        }
    }
    let missing = findings.iter().filter(|finding| finding.verdict == Verdict::Missing).count();
    text += &match missing {
        0 => "\nRookery can work here: rookery up\n".to_owned(),
        1 => "\nOne thing is missing.\n".to_owned(),
        n => format!("\n{n} things are missing.\n"),
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_comes_with_its_mend() {
        let findings = [
            Finding::good("memory", "8 GiB"),
            Finding::warning("emoji", "none", "install some"),
            Finding::missing("browser", "none", "install one"),
        ];
        let text = render(&findings);
        assert!(text.contains("ok       memory           8 GiB\n"), "{text}");
        assert!(text.contains("-> install some") && text.contains("-> install one"), "{text}");
        assert!(text.ends_with("One thing is missing.\n"), "{text}");
    }
}
