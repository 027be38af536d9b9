//! `/json/version`

use bus_schema::model::worker::BrowserVersion;
use serde::Serialize;

/// What is not known is empty: no browser has run yet that could have told. It is there all the same, because clients
/// that read the answer into a type, as chromiumoxide does, find no address in it where anything is missing.
#[derive(Debug, Serialize)]
pub struct Version {
    #[serde(rename = "Browser")]
    browser: String,
    #[serde(rename = "Protocol-Version")]
    protocol: String,
    #[serde(rename = "User-Agent")]
    user_agent: String,
    #[serde(rename = "V8-Version")]
    v8: String,
    #[serde(rename = "WebKit-Version")]
    webkit: String,
    #[serde(rename = "webSocketDebuggerUrl")]
    url: String,
}

/// The one that has been spoken since Chromium 64, and by the gate here.
const PROTOCOL: &str = "1.3";

impl Version {
    pub fn new(known: Option<BrowserVersion>, url: String) -> Self {
        let known = known
            .unwrap_or_else(|| BrowserVersion { protocol: PROTOCOL.to_owned(), ..BrowserVersion::default() });
        Self {
            webkit: webkit(&known).unwrap_or_default(),
            browser: known.product,
            protocol: known.protocol,
            user_agent: known.user_agent,
            v8: known.js,
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
    fn it_says_what_a_browser_says_of_itself_and_leaves_empty_what_is_not_known() {
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
            serde_json::json!({
                "Browser": "", "Protocol-Version": "1.3", "User-Agent": "", "V8-Version": "", "WebKit-Version": "",
                "webSocketDebuggerUrl": "ws://x/cdp",
            })
        );
    }
}
