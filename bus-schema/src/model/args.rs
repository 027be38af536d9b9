//! Command-line arguments that a session may bring along for its browser.

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

/// Whether an argument is in the closed list, in the form that it has there.
pub fn is_allowed(arg: &str) -> bool {
    let known = match arg.split_once('=') {
        Some((name, value)) => {
            WITH_VALUE.contains(&name) && !value.contains('\0') && !opens_the_browser(name, value)
        }
        None => PLAIN.contains(&arg),
    };
    known && arg.len() <= 1_024
}

/// Features that give every page a way to the browser's own processes, past the sandbox.
fn opens_the_browser(name: &str, value: &str) -> bool {
    name == "--enable-blink-features" && value.to_ascii_lowercase().contains("mojo")
}

/// What is wrong with an argument that is not allowed, and what would be right where that can be guessed.
pub fn refusal(arg: &str) -> String {
    let (name, value) = arg.split_once('=').unwrap_or((arg, ""));
    if opens_the_browser(name, value) {
        return format!("{name:?} may not name Mojo features: pages could reach past the sandbox with them");
    }
    let name: String = name.chars().take(64).collect();
    if WITH_VALUE.contains(&name.as_str()) {
        return format!("{name:?} is given as {name}=VALUE, of at most 1 024 characters");
    }
    if PLAIN.contains(&name.as_str()) {
        return format!("{name:?} takes no value");
    }
    let all: Vec<String> = PLAIN
        .iter()
        .map(|&name| name.to_owned())
        .chain(WITH_VALUE.iter().map(|name| format!("{name}=")))
        .collect();
    format!("the browser argument {name:?} is not allowed; these are: {}", all.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_closed_list_passes() {
        for allowed in ["--lang=de", "--window-size=800,600", "--mute-audio"] {
            assert!(is_allowed(allowed), "{allowed}");
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
            "--enable-blink-features=CSSFoo,MojoJS",
            "",
        ] {
            assert!(!is_allowed(refused), "{refused}");
        }
    }

    #[test]
    fn a_refusal_says_what_would_be_right() {
        assert!(refusal("--lang").contains("--lang=VALUE"));
        assert!(refusal("--mute-audio=1").contains("takes no value"));
        let unknown = refusal("--no-sandbox");
        assert!(unknown.contains("--no-sandbox") && unknown.contains("--mute-audio"), "{unknown}");
    }
}
