//! `/json/version`

use bus_schema::model::worker::BrowserVersion;
use serde::Serialize;

/// What is not known is left out: no browser has run yet that could have told.
#[derive(Debug, Serialize)]
pub struct Version {
    #[serde(rename = "Browser", skip_serializing_if = "Option::is_none")]
    browser: Option<String>,
    #[serde(rename = "Protocol-Version")]
    protocol: String,
    #[serde(rename = "User-Agent", skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    #[serde(rename = "V8-Version", skip_serializing_if = "Option::is_none")]
    v8: Option<String>,
    #[serde(rename = "WebKit-Version", skip_serializing_if = "Option::is_none")]
    webkit: Option<String>,
    #[serde(rename = "webSocketDebuggerUrl")]
    url: String,
}

/// The one that has been spoken since Chromium 64, and by the gate here.
const PROTOCOL: &str = "1.3";

impl Version {
    pub fn new(known: Option<BrowserVersion>, url: String) -> Self {
        let Some(known) = known else {
            let protocol = PROTOCOL.to_owned();
            return Self { browser: None, protocol, user_agent: None, v8: None, webkit: None, url };
        };
        Self {
            webkit: webkit(&known),
            browser: Some(known.product),
            protocol: known.protocol,
            user_agent: Some(known.user_agent),
            v8: Some(known.js),
            url,
        }
    }
}

/// The engine's number as the user agent has it, and the revision it was built from.
fn webkit(known: &BrowserVersion) -> Option<String> {
    let (_, behind) = known.user_agent.split_once("AppleWebKit/")?;
    let number = behind.split(' ').next()?;
    Some(format!("{number} ({})", known.revision))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_a_browser_says_of_itself_and_nothing_that_is_not_known() {
        let known = BrowserVersion {
            product: "HeadlessChrome/156.0.8078.79".into(),
            protocol: "1.3".into(),
            user_agent:
                "Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.8078.79".into(),
            js: "15.6.75.27".into(),
            revision: "@a21ce95c".into(),
            ..BrowserVersion::default()
        };
        let shown = serde_json::to_value(Version::new(Some(known), "ws://x/cdp".into())).unwrap();
        assert_eq!(shown["Browser"], "HeadlessChrome/156.0.8078.79");
        assert_eq!(shown["WebKit-Version"], "537.36 (@a21ce95c)");
        assert_eq!(shown["V8-Version"], "15.6.75.27");
        let shown = serde_json::to_value(Version::new(None, "ws://x/cdp".into())).unwrap();
        assert_eq!(
            shown,
            serde_json::json!({ "Protocol-Version": "1.3", "webSocketDebuggerUrl": "ws://x/cdp" })
        );
    }
}
