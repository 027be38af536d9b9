//! Workers of pages: dedicated, shared and service workers.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use serde_json::{Value, json};

use super::emulation::{Emulation, Step};
use super::setup::{ROUND, attach_all};
use super::tabs::Inner;
use super::user_agent;
use crate::cdp::SessionId;
use crate::inject;

/// Lets a worker see and send what a page does, and lets it run.
pub(super) async fn set_up(inner: Arc<Inner>, session: SessionId, script: Option<String>, own: bool) {
    // Not held: a service worker only answers once its script has come, and that goes on by the same emulation.
    let emulation = if own { inner.emulation.read().await.clone() } else { Emulation::default() };
    let cdp = inner.root.on_session(&session).with_timeout(ROUND);
    let mut steps = vec![Step { method: "Target.setAutoAttach", params: attach_all(), field: "session" }];
    steps.extend(emulation.worker_steps(&inner.user_agent));
    steps.extend(script.and_then(|url| hold_script(&emulation, &url)));
    steps.extend(emulation.user_agent.as_deref().map(navigator));
    let configure = join_all(steps.iter().map(|step| cdp.call_answer(step.method, &step.params)));
    let resume = async { cdp.resume() };
    let (outcomes, ()) = tokio::join!(biased; configure, resume);
    for (step, outcome) in steps.iter().zip(outcomes) {
        if let Err(error) = outcome
            && !error.is_gone()
        {
            // Not each kind of worker knows each call.
            tracing::debug!(method = step.method, %error, "not applied to a worker");
        }
    }
}

/// In workers Chromium's override changes what is sent, the languages and the client hints; of the navigator's own
/// words it changes none in a shared or a service worker, and not the platform in any.
fn navigator(user_agent: &str) -> Step {
    let words = user_agent::navigator(user_agent);
    let params = json!({ "expression": format!("{}({words})", *inject::NAVIGATOR) });
    Step { method: "Runtime.evaluate", params, field: "user_agent" }
}

/// Chromium asks for a service worker's script before there is a worker, and as itself. So the request is held, to go
/// on with the headers that a page's would have.
fn hold_script(emulation: &Emulation, url: &str) -> Option<Step> {
    // With credentials every request is held already.
    if emulation.http_credentials.is_some() || own_headers(emulation).is_empty() {
        return None;
    }
    let mut pattern = String::with_capacity(url.len());
    for c in url.chars() {
        if matches!(c, '*' | '?' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    let params = json!({ "patterns": [{ "urlPattern": pattern }] });
    Some(Step { method: "Fetch.enable", params, field: "user_agent" })
}

/// What a session sends in the place of what the browser itself would.
fn own_headers(emulation: &Emulation) -> BTreeMap<&str, String> {
    let mut headers = BTreeMap::new();
    headers.extend(emulation.user_agent.iter().map(|agent| ("User-Agent", agent.clone())));
    let language = emulation.locale.as_deref().map(user_agent::weighted_languages);
    headers.extend(language.map(|language| ("Accept-Language", language)));
    headers.extend(emulation.headers.iter().map(|(name, value)| (name.as_str(), value.clone())));
    headers
}

/// The headers with which the request for a service worker's script goes on, in the form of `Fetch.continueRequest`.
pub(super) fn script_headers(emulation: &Emulation, sent: &BTreeMap<String, String>) -> Value {
    let own = own_headers(emulation);
    let kept = sent.iter().filter(|(name, _)| !own.keys().any(|own| own.eq_ignore_ascii_case(name)));
    let kept = kept.map(|(name, value)| json!({ "name": name, "value": value }));
    kept.chain(own.iter().map(|(name, value)| json!({ "name": name, "value": value }))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_asked_for_as_its_session_would() {
        let emulation = Emulation {
            user_agent: Some("mine".into()),
            locale: Some("de-DE".into()),
            headers: [("X-Team".to_owned(), "rook".to_owned())].into(),
            ..Emulation::default()
        };
        let sent = [("user-agent", "own"), ("Accept", "*/*"), ("x-team", "none")];
        let sent = sent.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let expected = [
            ("Accept", "*/*"),
            ("Accept-Language", "de-DE,de;q=0.9"),
            ("User-Agent", "mine"),
            ("X-Team", "rook"),
        ];
        let expected: Vec<Value> =
            expected.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        assert_eq!(script_headers(&emulation, &sent), Value::Array(expected));
    }

    #[test]
    fn only_that_script_is_held_and_only_where_it_matters() {
        assert_eq!(hold_script(&Emulation::default(), "https://a.test/sw.js"), None);
        let emulation = Emulation { locale: Some("de-DE".into()), ..Emulation::default() };
        let step = hold_script(&emulation, "https://a.test/sw.js?v=*").unwrap();
        assert_eq!(step.params["patterns"][0]["urlPattern"], r"https://a.test/sw.js\?v=\*");
    }
}
