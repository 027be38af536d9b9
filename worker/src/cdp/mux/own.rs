//! Methods that are not the browser's: a script hands the session to a person, or leaves it for a while. Under our own
//! name, and under those by which scripts written for other services call the same.

use std::time::Duration;

use serde::Deserialize;

/// How long a person may take, where the script does not say.
const PATIENCE: Duration = Duration::from_mins(5);
const LONGEST: Duration = Duration::from_hours(24);
/// How long a session outlives a script that leaves it, where that does not say.
const AWAY: Duration = Duration::from_secs(30);
const LONGEST_AWAY: Duration = Duration::from_hours(1);
const INSTRUCTIONS: usize = 1_000;

/// Whose names are spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Rookery,
    Cloudflare,
    Browserless,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Own {
    /// Where a person sees the session. With `patience` they are waited for, too.
    LiveView {
        patience: Option<Duration>,
    },
    HandOff {
        instructions: Option<String>,
        patience: Duration,
    },
    /// Where the session is found again, which lives on without its client for so long.
    Reconnect {
        away: Duration,
    },
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Params {
    instructions: Option<String>,
    /// Milliseconds.
    timeout: Option<f64>,
    interactable: Option<bool>,
}

/// Reads a call. `None`: the method is not one of these.
pub fn read(method: &str, params: &[u8]) -> Option<Result<(Dialect, Own), String>> {
    let (domain, name) = method.split_once('.')?;
    let dialect = match domain {
        "Rookery" => Dialect::Rookery,
        "Cloudflare" => Dialect::Cloudflare,
        "Browserless" => Dialect::Browserless,
        _ => return None,
    };
    let read = match (dialect, name) {
        (Dialect::Rookery | Dialect::Cloudflare, "getLiveView") => {
            |_: Params| Ok(Own::LiveView { patience: None })
        }
        (Dialect::Rookery | Dialect::Cloudflare, "handoff") => hand_off,
        (Dialect::Browserless, "liveURL") => live_url,
        (Dialect::Browserless, "reconnect") => reconnect,
        _ => return None,
    };
    let params = if params.is_empty() { Ok(Params::default()) } else { serde_json::from_slice(params) };
    Some(params.map_err(|e| e.to_string()).and_then(read).map(|own| (dialect, own)))
}

fn hand_off(params: Params) -> Result<Own, String> {
    let patience = within(params.timeout, PATIENCE, LONGEST)?;
    if params.instructions.as_ref().is_some_and(|text| text.chars().count() > INSTRUCTIONS) {
        return Err(format!("`instructions` may have {INSTRUCTIONS} characters"));
    }
    Ok(Own::HandOff { instructions: params.instructions, patience })
}

fn live_url(params: Params) -> Result<Own, String> {
    let patience = within(params.timeout, PATIENCE, LONGEST)?;
    Ok(Own::LiveView { patience: Some(patience).filter(|_| params.interactable != Some(false)) })
}

fn reconnect(params: Params) -> Result<Own, String> {
    Ok(Own::Reconnect { away: within(params.timeout, AWAY, LONGEST_AWAY)? })
}

fn within(given: Option<f64>, default: Duration, longest: Duration) -> Result<Duration, String> {
    let Some(ms) = given else { return Ok(default) };
    let time = Duration::try_from_secs_f64(ms / 1_000.0).ok();
    time.filter(|time| !time.is_zero() && *time <= longest)
        .ok_or_else(|| format!("`timeout` is in milliseconds, above 0 and at most {}", longest.as_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_has_its_names() {
        let (away, patience) = (Own::Reconnect { away: AWAY }, PATIENCE);
        let hand_off =
            Own::HandOff { instructions: Some("log in".into()), patience: Duration::from_secs(600) };
        let view = Own::LiveView { patience: None };
        for (method, params, expected) in [
            ("Rookery.getLiveView", "", (Dialect::Rookery, view.clone())),
            ("Cloudflare.getLiveView", r#"{"mode":"tab"}"#, (Dialect::Cloudflare, view.clone())),
            (
                "Rookery.handoff",
                r#"{"instructions":"log in","timeout":600000}"#,
                (Dialect::Rookery, hand_off),
            ),
            (
                "Cloudflare.handoff",
                "{}",
                (Dialect::Cloudflare, Own::HandOff { instructions: None, patience }),
            ),
            ("Browserless.liveURL", "{}", (Dialect::Browserless, Own::LiveView { patience: Some(patience) })),
            ("Browserless.liveURL", r#"{"interactable":false}"#, (Dialect::Browserless, view)),
            ("Browserless.reconnect", "{}", (Dialect::Browserless, away)),
        ] {
            assert_eq!(read(method, params.as_bytes()), Some(Ok(expected)), "{method} {params}");
        }
        for method in ["Page.navigate", "Rookery.liveURL", "Browserless.handoff", "Rookery", "Cloudflare.x.y"]
        {
            assert_eq!(read(method, b"{}"), None, "{method}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for params in
            [r#"{"timeout":0}"#, r#"{"timeout":-1}"#, r#"{"timeout":1e12}"#, r#"{"timeout":"soon"}"#, "[1"]
        {
            assert!(matches!(read("Rookery.handoff", params.as_bytes()), Some(Err(_))), "{params}");
        }
        let long = format!(r#"{{"instructions":"{}"}}"#, "x".repeat(1_001));
        assert!(matches!(read("Rookery.handoff", long.as_bytes()), Some(Err(_))));
    }
}
