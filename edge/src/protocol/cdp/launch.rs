//! `launch=`: a client's launch options in one parameter, as JSON or as that in base64, the form that browserless has.
//! What a session has a field for becomes that field. Nothing of it reaches a browser unseen: among arguments are some
//! that run programs.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bus_schema::{
    Error,
    model::{args, json},
};
use serde_json::{Map, Value, json};

const KNOWN: &[&str] = &[
    "args",
    "defaultViewport",
    "acceptInsecureCerts",
    "ignoreHTTPSErrors",
    "timeout",
    "headless",
    "stealth",
    "slowMo",
];

/// They mean nothing here, or what they ask for is so anyway.
const IGNORED: &[&str] = &["headless", "stealth", "slowMo"];
const IGNORED_ARGS: &[&str] = &[
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-setuid-sandbox",
    "--headless",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-sandbox",
];

/// In pixels, as `--window-size` has them.
const VIEWPORT: &[(&str, &str)] = &[
    ("width", "width"),
    ("height", "height"),
    ("deviceScaleFactor", "scale"),
    ("isMobile", "mobile"),
    ("hasTouch", "touch"),
];

/// What launch options come to.
#[derive(Debug, Default, PartialEq)]
pub struct Launch {
    /// Fields of a new session.
    pub fields: Map<String, Value>,
    /// What was left out, to be told.
    pub ignored: Vec<String>,
}

pub fn read(text: &str) -> Result<Launch, Error> {
    let mut launch = Launch::default();
    for (name, value) in parse(text)? {
        match name.as_str() {
            "args" => launch.take_args(&value)?,
            // The client then sizes its pages itself.
            "defaultViewport" if value.is_null() => {}
            "defaultViewport" => launch.take_viewport(&value)?,
            "acceptInsecureCerts" | "ignoreHTTPSErrors" => {
                let trusts = value.as_bool().ok_or_else(|| wrong(&name, "true or false"))?;
                launch.fields.insert("ignore_https_errors".into(), trusts.into());
            }
            "timeout" => launch.take_timeout(&value)?,
            _ if IGNORED.contains(&name.as_str()) => launch.ignored.push(format!("launch.{name}")),
            _ => return Err(unknown("", &name, KNOWN)),
        }
    }
    Ok(launch)
}

fn parse(text: &str) -> Result<Map<String, Value>, Error> {
    let refused = || Error::invalid_argument("launch", "a JSON object, as it is or in base64");
    let text = text.trim();
    if text.starts_with('{') {
        return serde_json::from_str(text).map_err(|_| refused());
    }
    // A plus that was not escaped is a space by now, and either alphabet is in use.
    let text: String = text.chars().map(plain).collect();
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let bytes = GeneralPurpose::new(&STANDARD, config).decode(text).map_err(|_| refused())?;
    serde_json::from_slice(&bytes).map_err(|_| refused())
}

fn plain(c: char) -> char {
    match c {
        ' ' | '-' => '+',
        '_' => '/',
        c => c,
    }
}

impl Launch {
    fn take_args(&mut self, given: &Value) -> Result<(), Error> {
        let list = given.as_array().ok_or_else(|| wrong("args", "a list"))?;
        for (n, arg) in list.iter().enumerate() {
            let at = format!("args[{n}]");
            let arg = arg.as_str().ok_or_else(|| wrong(&at, "text"))?;
            self.take_arg(&at, arg)?;
        }
        Ok(())
    }

    /// An argument that a session has a field for, or one that it may have as it is.
    fn take_arg(&mut self, at: &str, arg: &str) -> Result<(), Error> {
        let (name, value) = arg.split_once('=').unwrap_or((arg, ""));
        match name {
            "--window-size" => {
                // The size of the page is the viewport's; `defaultViewport` says it better.
                let size = window_size(value).ok_or_else(|| wrong(at, "--window-size=WIDTH,HEIGHT"))?;
                self.fields.entry("viewport").or_insert(size);
            }
            "--lang" => self.set("locale", value),
            "--user-agent" => self.set("user_agent", value),
            "--proxy-server" => self.proxy("server", proxy_url(value).into()),
            "--proxy-bypass-list" => {
                let list = value.split([';', ',']).map(str::trim).filter(|host| !host.is_empty());
                self.proxy("bypass", list.collect());
            }
            "--ignore-certificate-errors" => {
                drop(self.fields.insert("ignore_https_errors".into(), true.into()))
            }
            _ if IGNORED_ARGS.contains(&name) => self.ignored.push(format!("launch.{at}")),
            _ if args::is_allowed(arg) => {
                let list = self.fields.entry("args").or_insert_with(|| json!([]));
                if let Some(list) = list.as_array_mut() {
                    list.push(arg.into());
                }
            }
            _ => return Err(Error::invalid_argument(format!("launch.{at}"), args::refusal(arg))),
        }
        Ok(())
    }

    fn set(&mut self, field: &str, value: &str) {
        self.fields.insert(field.into(), value.into());
    }

    fn proxy(&mut self, field: &str, value: Value) {
        let proxy = self.fields.entry("proxy").or_insert_with(|| json!({}));
        proxy[field] = value;
    }

    fn take_viewport(&mut self, given: &Value) -> Result<(), Error> {
        let given = given.as_object().ok_or_else(|| wrong("defaultViewport", "an object or null"))?;
        let mut viewport = Map::new();
        for (name, value) in given {
            if name == "isLandscape" {
                self.ignored.push(format!("launch.defaultViewport.{name}"));
                continue;
            }
            let Some((_, field)) = VIEWPORT.iter().find(|(of, _)| of == name) else {
                let known: Vec<&str> = VIEWPORT.iter().map(|(of, _)| *of).collect();
                return Err(unknown("defaultViewport.", name, &known));
            };
            viewport.insert((*field).to_owned(), value.clone());
        }
        self.fields.insert("viewport".into(), viewport.into());
        Ok(())
    }

    /// Milliseconds for the whole session.
    fn take_timeout(&mut self, given: &Value) -> Result<(), Error> {
        let ms = given.as_u64().filter(|ms| *ms > 0);
        let ms = ms.ok_or_else(|| wrong("timeout", "a number of milliseconds, for the whole session"))?;
        self.fields.insert("max_lifetime_s".into(), ms.div_ceil(1_000).into());
        Ok(())
    }
}

fn window_size(text: &str) -> Option<Value> {
    let (width, height) = text.split_once([',', 'x'])?;
    let (width, height): (u32, u32) = (width.trim().parse().ok()?, height.trim().parse().ok()?);
    Some(json!({ "width": width, "height": height }))
}

/// As a browser reads it: what names no scheme is an HTTP proxy.
fn proxy_url(server: &str) -> String {
    if server.contains("://") { server.to_owned() } else { format!("http://{server}") }
}

fn wrong(at: &str, what: &str) -> Error {
    Error::invalid_argument(format!("launch.{at}"), format!("must be {what}"))
}

fn unknown(within: &str, name: &str, known: &[&str]) -> Error {
    let shown: String = name.chars().take(80).collect();
    let detail = match json::nearest(&shown, known) {
        Some(near) => format!("`{shown}` cannot be given here, did you mean `{near}`?"),
        None => format!("`{shown}` cannot be given here; these can: {}", known.join(", ")),
    };
    Error::invalid_argument(format!("launch.{within}{shown}"), detail)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD as PADDED, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

    use super::*;

    #[test]
    fn options_become_fields() {
        let given = json!({
            "headless": false, "stealth": true, "slowMo": 50,
            "args": [
                "--window-size=1920,1080", "--lang=de-DE", "--proxy-server=http://p:3128", "--mute-audio",
                "--proxy-bypass-list=<-loopback>;*.example.com", "--user-agent=me", "--no-sandbox",
                "--blink-settings=imagesEnabled=false", "--headless=new",
            ],
            "defaultViewport": { "width": 800, "height": 600, "deviceScaleFactor": 2, "isMobile": true, "isLandscape": false },
            "acceptInsecureCerts": true, "timeout": 90_500,
        });
        let expected = json!({
            "viewport": { "width": 800, "height": 600, "scale": 2, "mobile": true }, "locale": "de-DE",
            "proxy": { "server": "http://p:3128", "bypass": ["<-loopback>", "*.example.com"] }, "user_agent": "me",
            "args": ["--mute-audio", "--blink-settings=imagesEnabled=false"],
            "ignore_https_errors": true, "max_lifetime_s": 91,
        });
        let text = given.to_string();
        let launch = read(&text).unwrap();
        assert_eq!(Value::Object(launch.fields), expected);
        let mut ignored = launch.ignored;
        ignored.sort();
        let left_out = [
            "launch.args[6]",
            "launch.args[8]",
            "launch.defaultViewport.isLandscape",
            "launch.headless",
            "launch.slowMo",
            "launch.stealth",
        ];
        assert_eq!(ignored, left_out);
        for encoded in [PADDED.encode(&text), STANDARD_NO_PAD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
            assert_eq!(Value::Object(read(&encoded).unwrap().fields), expected);
            assert_eq!(Value::Object(read(&encoded.replace('+', " ")).unwrap().fields), expected);
        }
        let sized = read(r#"{"args":["--window-size=640,480"],"defaultViewport":null}"#).unwrap();
        assert_eq!(Value::Object(sized.fields), json!({ "viewport": { "width": 640, "height": 480 } }));
        let proxied = read(r#"{"args":["--proxy-server=p:3128"]}"#).unwrap();
        assert_eq!(Value::Object(proxied.fields), json!({ "proxy": { "server": "http://p:3128" } }));
        assert_eq!(read("{}").unwrap(), Launch::default());
    }

    #[test]
    fn what_cannot_be_given_is_named() {
        for (given, field) in [
            ("", "launch"),
            ("[]", "launch"),
            ("not base64!", "launch"),
            ("e30", "-"),
            (r#"{"executablePath":"/bin/sh"}"#, "launch.executablePath"),
            (r#"{"ignoreDefaultArgs":true}"#, "launch.ignoreDefaultArgs"),
            (r#"{"args":"--mute-audio"}"#, "launch.args"),
            (r#"{"args":["--mute-audio",7]}"#, "launch.args[1]"),
            (r#"{"args":["--renderer-cmd-prefix=x"]}"#, "launch.args[0]"),
            (r#"{"args":["--remote-debugging-port=1"]}"#, "launch.args[0]"),
            (r#"{"args":["--load-extension=/x"]}"#, "launch.args[0]"),
            (r#"{"args":["--window-size=wide"]}"#, "launch.args[0]"),
            (r#"{"args":["--enable-blink-features=MojoJS"]}"#, "launch.args[0]"),
            (r#"{"defaultViewport":7}"#, "launch.defaultViewport"),
            (r#"{"defaultViewport":{"widht":7}}"#, "launch.defaultViewport.widht"),
            (r#"{"acceptInsecureCerts":"yes"}"#, "launch.acceptInsecureCerts"),
            (r#"{"timeout":0}"#, "launch.timeout"),
            (r#"{"timeout":"1s"}"#, "launch.timeout"),
        ] {
            match read(given) {
                Ok(_) => assert_eq!(field, "-", "{given}"),
                Err(error) => assert_eq!(error.field.as_deref(), Some(field), "{given}: {error}"),
            }
        }
    }
}
