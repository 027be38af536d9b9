//! Command-line arguments that a session may bring along.

/// A closed list: what is not in it is refused, because arguments such as `--renderer-cmd-prefix` run
/// programs on the worker and others take the sandbox away.
const WITH_VALUE: &[&str] = &[
    "--accept-lang",
    "--autoplay-policy",
    "--blink-settings",
    "--disable-blink-features",
    "--enable-blink-features",
    "--force-color-profile",
    "--force-device-scale-factor",
    "--font-render-hinting",
    "--lang",
    "--touch-events",
    "--window-position",
    "--window-size",
];

const PLAIN: &[&str] = &[
    "--disable-3d-apis",
    "--disable-lcd-text",
    "--disable-notifications",
    "--disable-smooth-scrolling",
    "--disable-webgl",
    "--force-dark-mode",
    "--force-prefers-reduced-motion",
    "--hide-scrollbars",
    "--mute-audio",
    "--site-per-process",
    "--start-maximized",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
];

/// An argument from the closed list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Arg(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the browser argument {0:?} is not allowed")]
pub struct ArgError(pub String);

impl Arg {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Arg {
    type Err = ArgError;

    fn from_str(text: &str) -> Result<Self, ArgError> {
        let known = match text.split_once('=') {
            Some((name, value)) => WITH_VALUE.contains(&name) && !value.contains('\0'),
            None => PLAIN.contains(&text),
        };
        if known && text.len() <= 1024 { Ok(Self(text.to_owned())) } else { Err(ArgError(text.to_owned())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_closed_list_passes() {
        for allowed in ["--lang=de", "--window-size=800,600", "--mute-audio"] {
            assert!(allowed.parse::<Arg>().is_ok(), "{allowed}");
        }
        for refused in [
            "--no-sandbox",
            "--renderer-cmd-prefix=/bin/sh",
            "--user-data-dir=/etc",
            "--remote-debugging-port=9222",
            "--lang",
            "--mute-audio=1",
            "--MUTE-AUDIO",
            "https://example.com",
            "--lang=a\0b",
            "",
        ] {
            assert!(refused.parse::<Arg>().is_err(), "{refused}");
        }
    }
}
