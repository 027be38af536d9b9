//! Client hints that fit a user agent string: a page that compares the two finds no contradiction.

use serde_json::{Value, json};

/// The parameters of `Emulation.setUserAgentOverride`. `own` is the browser's own user agent, kept where only
/// the language is set.
pub(super) fn override_params(user_agent: Option<&str>, own: &str, locale: Option<&str>) -> Value {
    let mut params = json!({ "userAgent": user_agent.unwrap_or(own) });
    if let Some(locale) = locale {
        params["acceptLanguage"] = accept_language(locale).into();
    }
    if let Some(user_agent) = user_agent {
        let system = System::of(user_agent);
        params["platform"] = system.navigator_platform.into();
        if let Some(version) = chrome_version(user_agent) {
            params["userAgentMetadata"] = metadata(user_agent, version, &system);
        }
    }
    params
}

/// `de-DE` becomes `de-DE,de`; Chromium adds the weights.
fn accept_language(locale: &str) -> String {
    match locale.split_once('-') {
        Some((language, _)) => format!("{locale},{language}"),
        None => locale.to_owned(),
    }
}

/// As Chromium sends the languages: each further one counts a tenth less.
pub(super) fn weighted_languages(locale: &str) -> String {
    let weighted = |(i, language): (usize, &str)| match i {
        0 => language.to_owned(),
        i => format!("{language};q=0.{}", 10 - i.min(9)),
    };
    accept_language(locale).split(',').enumerate().map(weighted).collect::<Vec<_>>().join(",")
}

/// What the navigator says of a user agent.
pub(super) fn navigator(user_agent: &str) -> Value {
    json!({
        "userAgent": user_agent,
        "appVersion": user_agent.strip_prefix("Mozilla/").unwrap_or(user_agent),
        "platform": System::of(user_agent).navigator_platform,
    })
}

struct System {
    /// `navigator.platform`.
    navigator_platform: &'static str,
    /// The platform in client hints.
    hint: &'static str,
    version: String,
    mobile: bool,
}

impl System {
    fn of(user_agent: &str) -> Self {
        let after = |start: &str| {
            let rest = user_agent.split_once(start).map_or("", |(_, rest)| rest);
            let digits =
                rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(rest.len());
            rest[..digits].replace('_', ".")
        };
        let mobile = user_agent.contains("Mobile");
        let (navigator_platform, hint, version) = if user_agent.contains("Android") {
            ("Linux armv8l", "Android", after("Android "))
        } else if user_agent.contains("iPhone") || user_agent.contains("iPad") {
            ("iPhone", "iOS", after(" OS "))
        } else if user_agent.contains("Windows") {
            ("Win32", "Windows", "10.0.0".to_owned())
        } else if user_agent.contains("Mac OS X") {
            ("MacIntel", "macOS", after("Mac OS X "))
        } else if user_agent.contains("CrOS") {
            ("Linux x86_64", "Chrome OS", String::new())
        } else {
            ("Linux x86_64", "Linux", String::new())
        };
        Self { navigator_platform, hint, version, mobile }
    }
}

fn chrome_version(user_agent: &str) -> Option<&str> {
    let rest = ["Chrome/", "HeadlessChrome/"].iter().find_map(|name| user_agent.split_once(name))?.1;
    rest.split_whitespace().next()
}

fn metadata(user_agent: &str, version: &str, system: &System) -> Value {
    let major = version.split('.').next().unwrap_or(version);
    let product = match user_agent.split_once("Edg/") {
        Some(_) => "Microsoft Edge",
        None => "Google Chrome",
    };
    let brands = |version: &str, grease: &str| {
        json!([
            { "brand": "Chromium", "version": version },
            { "brand": product, "version": version },
            { "brand": "Not/A)Brand", "version": grease },
        ])
    };
    json!({
        "brands": brands(major, "24"),
        "fullVersionList": brands(version, "24.0.0.0"),
        "platform": system.hint,
        "platformVersion": system.version,
        "architecture": if system.mobile { "" } else { "x86" },
        "bitness": if system.mobile { "" } else { "64" },
        "model": "",
        "mobile": system.mobile,
        "wow64": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_follow_the_user_agent() {
        let cases = [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.1.2 Safari/537.36",
                ("Win32", "Windows", "10.0.0", false, "131"),
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
                ("MacIntel", "macOS", "10.15.7", false, "130"),
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Mobile Safari/537.36",
                ("Linux armv8l", "Android", "14", true, "129"),
            ),
        ];
        for (user_agent, (platform, hint, version, mobile, major)) in cases {
            let params = override_params(Some(user_agent), "own", None);
            let metadata = &params["userAgentMetadata"];
            assert_eq!(params["platform"], platform);
            assert_eq!(metadata["platform"], hint);
            assert_eq!(metadata["platformVersion"], version);
            assert_eq!(metadata["mobile"], mobile);
            assert_eq!(metadata["brands"][0]["version"], major);
        }
    }

    #[test]
    fn a_foreign_browser_has_no_hints_and_a_language_alone_keeps_the_own_agent() {
        let firefox = override_params(
            Some("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"),
            "own",
            None,
        );
        assert!(firefox.get("userAgentMetadata").is_none());
        let language = override_params(None, "own", Some("de-DE"));
        assert_eq!(language, json!({ "userAgent": "own", "acceptLanguage": "de-DE,de" }));
    }
}
