//! What happened while a person drove, for whoever drives next: where the tabs went and which fields were touched,
//! never what was typed.

use serde_json::{Value, json};
use tokio::time::Instant;

/// The most that is told of each kind.
const MOST: usize = 50;
/// Characters of a URL or a label.
const MAX_URL: usize = 2_000;
const MAX_LABEL: usize = 100;

#[derive(Debug, PartialEq, Eq)]
struct Navigation {
    tab: u32,
    url: String,
}

#[derive(Debug, PartialEq, Eq)]
struct Touched {
    tab: u32,
    label: String,
    kind: String,
}

/// Pure.
#[derive(Debug)]
pub struct Driven {
    since: Instant,
    navigations: Vec<Navigation>,
    fields: Vec<Touched>,
}

impl Driven {
    pub fn since(now: Instant) -> Self {
        Self { since: now, navigations: Vec::new(), fields: Vec::new() }
    }

    /// `data` is that of `session:navigated`.
    pub fn navigated(&mut self, data: &Value) {
        let tab = data["tab"].as_u64().and_then(|n| u32::try_from(n).ok());
        let (Some(tab), Some(url)) = (tab, data["url"].as_str()) else { return };
        let next = Navigation { tab, url: url.chars().take(MAX_URL).collect() };
        let here = self.navigations.iter().rfind(|n| n.tab == tab);
        if here != Some(&next) && self.navigations.len() < MOST {
            self.navigations.push(next);
        }
    }

    pub fn touched(&mut self, tab: u32, label: &str, kind: &str) {
        let cut = |text: &str| text.chars().take(MAX_LABEL).collect();
        let field = Touched { tab, label: cut(label), kind: cut(kind) };
        if !self.fields.contains(&field) && self.fields.len() < MOST {
            self.fields.push(field);
        }
    }

    /// As `session:control_changed` has it.
    pub fn changed(self, now: Instant) -> Value {
        let navigation = |n: Navigation| json!({ "tab": n.tab, "url": n.url });
        let field = |f: Touched| json!({ "tab": f.tab, "label": f.label, "kind": f.kind });
        json!({
            "navigations": self.navigations.into_iter().map(navigation).collect::<Vec<_>>(),
            "fields": self.fields.into_iter().map(field).collect::<Vec<_>>(),
            "seconds": now.saturating_duration_since(self.since).as_secs(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_tells_where_tabs_went_and_what_was_touched_once_each() {
        let now = Instant::now();
        let mut driven = Driven::since(now);
        for url in ["https://a/", "https://a/", "https://b/", "https://a/"] {
            driven.navigated(&json!({ "tab": 1, "url": url, "same_document": false }));
        }
        driven.navigated(&json!({ "url": "of no tab" }));
        driven.touched(1, "Password", "password");
        driven.touched(1, "Password", "password");
        assert_eq!(
            driven.changed(now + Duration::from_millis(12_900)),
            json!({
                "navigations": [{ "tab": 1, "url": "https://a/" }, { "tab": 1, "url": "https://b/" },
                    { "tab": 1, "url": "https://a/" }],
                "fields": [{ "tab": 1, "label": "Password", "kind": "password" }],
                "seconds": 12,
            })
        );
    }

    #[test]
    fn there_is_a_limit() {
        let mut driven = Driven::since(Instant::now());
        for n in 0..MOST + 9 {
            driven.navigated(&json!({ "tab": 1, "url": format!("https://a/{n}/{}", "x".repeat(9_000)) }));
            driven.touched(1, &format!("{n} {}", "x".repeat(9_000)), "text");
        }
        let told = driven.changed(Instant::now());
        assert_eq!(told["navigations"].as_array().map(Vec::len), Some(MOST));
        assert_eq!(told["fields"].as_array().map(Vec::len), Some(MOST));
        assert!(told.to_string().len() < MOST * (MAX_URL + MAX_LABEL + 100));
    }
}
