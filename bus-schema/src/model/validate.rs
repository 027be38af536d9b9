//! Ranges and forms that serde cannot express. Each error names its field.

use std::collections::BTreeMap;

use url::Url;

use crate::{
    error::Error,
    model::{
        args,
        create::{CreateSession, Geolocation, PatchSession, Proxy, Viewport},
    },
};

/// The largest side of a viewport and the largest area, in CSS pixels.
pub const MAX_VIEWPORT_SIDE: u32 = 8_192;
pub const MAX_VIEWPORT_AREA: u64 = 33_554_432;

impl CreateSession {
    pub fn validate(&self) -> Result<(), Error> {
        name(self.name.as_deref())?;
        labels(&self.labels)?;
        if let Some(u) = &self.url {
            url("url", u)?;
        }
        self.viewport.validate("viewport")?;
        if let Some(g) = &self.geolocation {
            geolocation(g)?;
        }
        if let Some(p) = &self.proxy {
            proxy(p)?;
        }
        if let Some(p) = &self.policy {
            host_patterns("policy.allow", &p.allow, &[])?;
            host_patterns("policy.block", &p.block, &[])?;
        }
        headers(&self.headers)?;
        browser_args(&self.args)?;
        self.validate_texts()?;
        range("idle_timeout_s", self.idle_timeout_s.0, 1, 86_400)?;
        range("max_lifetime_s", self.max_lifetime_s.0, 1, 604_800)?;
        range("queue_timeout_s", self.queue_timeout_s.0, 1, 3_600)?;
        range("keep_alive_s", self.keep_alive_s.0, 0, 3_600)?;
        range("dialog_timeout_s", self.dialog_timeout_s.0, 0, 600)?;
        self.validate_storage()
    }

    fn validate_texts(&self) -> Result<(), Error> {
        for (field, text, max) in [
            ("user_agent", &self.user_agent, 1_000),
            ("locale", &self.locale, 35),
            ("timezone", &self.timezone, 64),
        ] {
            if let Some(t) = text {
                one_line(field, t, max)?;
            }
        }
        if self.init_scripts.len() > 64 {
            return Err(Error::invalid_argument("init_scripts", "at most 64 scripts"));
        }
        if let Some(p) = &self.profile {
            let ok = !p.name.is_empty()
                && p.name.len() <= 64
                && p.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
            if !ok {
                return Err(Error::invalid_argument("profile.name", "1 to 64 characters of A-Z a-z 0-9 _ -"));
            }
        }
        Ok(())
    }

    fn validate_storage(&self) -> Result<(), Error> {
        let Some(state) = &self.storage_state else { return Ok(()) };
        for (i, c) in state.cookies.iter().enumerate() {
            if c.url.is_none() && c.domain.is_none() {
                return Err(Error::invalid_argument(
                    format!("storage_state.cookies[{i}]"),
                    "a cookie needs a `url` or a `domain`",
                ));
            }
        }
        for (i, o) in state.origins.iter().enumerate() {
            let opaque = Url::parse(&o.origin).map_or(true, |u| !u.origin().is_tuple());
            if opaque {
                return Err(Error::invalid_argument(
                    format!("storage_state.origins[{i}].origin"),
                    "not an origin such as https://example.com",
                ));
            }
        }
        Ok(())
    }
}

impl PatchSession {
    pub fn validate(&self) -> Result<(), Error> {
        name(self.name.as_deref())?;
        if let Some(l) = &self.labels {
            labels(l)?;
        }
        if let Some(s) = self.idle_timeout_s {
            range("idle_timeout_s", s, 1, 86_400)?;
        }
        if let Some(s) = self.max_lifetime_s {
            range("max_lifetime_s", s, 1, 604_800)?;
        }
        Ok(())
    }
}

impl Viewport {
    pub fn validate(&self, field: &str) -> Result<(), Error> {
        range(&format!("{field}.width"), self.width, 1, MAX_VIEWPORT_SIDE)?;
        range(&format!("{field}.height"), self.height, 1, MAX_VIEWPORT_SIDE)?;
        if u64::from(self.width) * u64::from(self.height) > MAX_VIEWPORT_AREA {
            return Err(Error::invalid_argument(field, format!("at most {MAX_VIEWPORT_AREA} pixels in all")));
        }
        if !(self.scale > 0.0 && self.scale <= 4.0) {
            return Err(Error::invalid_argument(format!("{field}.scale"), "above 0 and at most 4"));
        }
        Ok(())
    }
}

/// Judges a URL after WHATWG parsing, as the browser will read it: `"fi\nle:…"` is a file URL.
pub fn url(field: &str, given: &str) -> Result<Url, Error> {
    let parsed = Url::parse(given.trim_matches(|c: char| c <= ' '))
        .map_err(|e| Error::invalid_argument(field, format!("not an absolute URL: {e}")))?;
    match parsed.scheme() {
        "http" | "https" | "data" => Ok(parsed),
        "about" if parsed.path() == "blank" => Ok(parsed),
        scheme => Err(Error::forbidden(format!(
            "URLs of scheme `{scheme}` are not allowed: http, https, data and about:blank are"
        ))
        .with_field(field)),
    }
}

/// `from <= value <= to`, or an error that says so.
pub fn range<T: PartialOrd + std::fmt::Display>(field: &str, value: T, from: T, to: T) -> Result<(), Error> {
    if value >= from && value <= to {
        return Ok(());
    }
    Err(Error::invalid_argument(field, format!("{value} is out of range: {from} to {to}")))
}

fn name(name: Option<&str>) -> Result<(), Error> {
    match name {
        Some(n) => one_line("name", n, 200),
        None => Ok(()),
    }
}

fn one_line(field: &str, text: &str, max: usize) -> Result<(), Error> {
    if text.chars().count() > max || text.chars().any(char::is_control) {
        return Err(Error::invalid_argument(
            field,
            format!("at most {max} characters without control characters"),
        ));
    }
    Ok(())
}

fn labels(labels: &BTreeMap<String, String>) -> Result<(), Error> {
    if labels.len() > 32 {
        return Err(Error::invalid_argument("labels", "at most 32 labels"));
    }
    for (key, value) in labels {
        let plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/'));
        if key.is_empty() || key.len() > 63 || !plain {
            return Err(Error::invalid_argument(
                "labels",
                format!("key {key:?}: 1 to 63 characters of A-Z a-z 0-9 _ - . /"),
            ));
        }
        one_line(&format!("labels.{key}"), value, 255)?;
    }
    Ok(())
}

/// Headers with which Chromium refuses every request.
const OF_CONNECTIONS: &[&str] =
    &["host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "keep-alive"];

fn headers(headers: &BTreeMap<String, String>) -> Result<(), Error> {
    if headers.len() > 64 {
        return Err(Error::invalid_argument("headers", "at most 64 headers"));
    }
    for (key, value) in headers {
        let token = !key.is_empty()
            && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
        if !token {
            return Err(Error::invalid_argument("headers", format!("{key:?} is not a header name")));
        }
        if OF_CONNECTIONS.iter().any(|own| key.eq_ignore_ascii_case(own)) {
            let detail = "belongs to the connection, and the browser makes it";
            return Err(Error::invalid_argument(format!("headers.{key}"), detail));
        }
        one_line(&format!("headers.{key}"), value, 8_192)?;
    }
    Ok(())
}

fn geolocation(g: &Geolocation) -> Result<(), Error> {
    range("geolocation.latitude", g.latitude, -90.0, 90.0)?;
    range("geolocation.longitude", g.longitude, -180.0, 180.0)?;
    range("geolocation.accuracy", g.accuracy, 0.0, 1e9)
}

fn proxy(p: &Proxy) -> Result<(), Error> {
    let parsed = Url::parse(&p.server).map_err(|e| {
        Error::invalid_argument("proxy.server", format!("not a URL such as http://host:3128: {e}"))
    })?;
    if !matches!(parsed.scheme(), "http" | "https" | "socks5") || parsed.host_str().is_none_or(str::is_empty)
    {
        return Err(Error::invalid_argument(
            "proxy.server",
            "http://host:port, https://host:port or socks5://host:port",
        ));
    }
    host_patterns("proxy.bypass", &p.bypass, &["<-loopback>"])
}

/// Patterns of hosts. One that can never match is refused: who blocks `https://example.com/` must not be left to
/// believe that it is blocked. `special`: what else a list may hold.
fn host_patterns(field: &str, patterns: &[String], special: &[&str]) -> Result<(), Error> {
    if patterns.len() > 256 {
        return Err(Error::invalid_argument(field, "at most 256 patterns"));
    }
    for (i, pattern) in patterns.iter().enumerate() {
        let known = pattern == "*" || pattern == "<local>" || special.contains(&pattern.as_str());
        if !known && !is_host_pattern(pattern) {
            return Err(Error::invalid_argument(
                format!("{field}[{i}]"),
                "a host without scheme, port and path: example.com, .example.com, *.example.com, an address or <local>",
            ));
        }
    }
    Ok(())
}

fn is_host_pattern(pattern: &str) -> bool {
    let host = pattern.trim_matches(['[', ']']);
    let name = host.strip_prefix("*.").or_else(|| host.strip_prefix('.')).unwrap_or(host);
    let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_name =
        !name.is_empty() && name.len() <= 253 && !name.starts_with('.') && name.chars().all(in_name);
    is_name || host.parse::<std::net::IpAddr>().is_ok()
}

fn browser_args(given: &[String]) -> Result<(), Error> {
    if given.len() > 64 {
        return Err(Error::invalid_argument("args", "at most 64 arguments"));
    }
    match given.iter().position(|arg| !args::is_allowed(arg)) {
        Some(i) => Err(Error::invalid_argument(format!("args[{i}]"), args::refusal(&given[i]))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::ErrorCode, model::json};

    fn create(json: &str) -> Result<(), Error> {
        json::from_slice::<CreateSession>(json.as_bytes())?.validate()
    }

    #[test]
    fn an_empty_request_is_valid() {
        create("{}").unwrap();
        assert_eq!(serde_json::to_value(CreateSession::default()).unwrap()["idle_timeout_s"], 300);
    }

    #[test]
    fn each_range_is_checked_and_named() {
        for (json, field) in [
            (r#"{"viewport":{"width":0,"height":0}}"#, "viewport.width"),
            (r#"{"viewport":{"width":100000,"height":100000}}"#, "viewport.width"),
            (r#"{"viewport":{"width":8192,"height":8192}}"#, "viewport"),
            (r#"{"viewport":{"width":10,"height":10,"scale":0}}"#, "viewport.scale"),
            (r#"{"idle_timeout_s":-1}"#, "idle_timeout_s"),
            (r#"{"idle_timeout_s":0}"#, "idle_timeout_s"),
            (r#"{"queue_timeout_s":99999}"#, "queue_timeout_s"),
            (r#"{"geolocation":{"latitude":91,"longitude":0}}"#, "geolocation.latitude"),
            (r#"{"labels":{"a b":"x"}}"#, "labels"),
            (r#"{"headers":{"a:b":"x"}}"#, "headers"),
            (r#"{"headers":{"ab":"x\ny"}}"#, "headers.ab"),
            (r#"{"proxy":{"server":"ftp://x"}}"#, "proxy.server"),
            (r#"{"storage_state":{"cookies":[{"name":"a","value":"b"}]}}"#, "storage_state.cookies[0]"),
            (r#"{"pool":"a.b"}"#, "pool"),
            (r#"{"priority":"urgent"}"#, "priority"),
            (r#"{"args":["--mute-audio","--no-sandbox"]}"#, "args[1]"),
            (r#"{"proxy":{"server":"http://p","bypass":["a b"]}}"#, "proxy.bypass[0]"),
            (r#"{"policy":{"allow":["<-loopback>"]}}"#, "policy.allow[0]"),
            (r#"{"policy":{"block":["a.test","https://b.test/"]}}"#, "policy.block[1]"),
            (r#"{"policy":{"block":["a.test:443"]}}"#, "policy.block[0]"),
            (r#"{"profile":{"name":"a/b"}}"#, "profile.name"),
        ] {
            let e = create(json).unwrap_err();
            assert_eq!(e.code, ErrorCode::InvalidArgument, "{json}: {e}");
            assert_eq!(e.field.as_deref(), Some(field), "{json}: {e}");
        }
    }

    #[test]
    fn patterns_of_hosts_are_names_addresses_and_local() {
        create(
            r#"{"policy":{"allow":["*","a.test",".a.test","*.a.test","10.0.0.1","[::1]","<local>"],"block":["::1"]},
                "proxy":{"server":"http://p","bypass":["<-loopback>"]}}"#,
        )
        .unwrap();
    }

    #[test]
    fn urls_are_judged_as_the_browser_reads_them() {
        for bad in [
            "file:///etc/passwd",
            "fi\nle:///etc/hostname",
            "  file:///x",
            "\tFILE:///x",
            "chrome://version",
            "javascript:1",
            "about:config",
            "view-source:http://x",
            "blob:http://x/y",
            "devtools://x",
        ] {
            let e = url("url", bad).unwrap_err();
            assert_eq!(e.code, ErrorCode::Forbidden, "{bad}: {e}");
        }
        for good in ["http://example.com", "  https://example.com/ä ", "about:blank", "data:text/html,<p>hi"]
        {
            url("url", good).unwrap();
        }
        assert_eq!(url("url", "example.com").unwrap_err().code, ErrorCode::InvalidArgument);
    }
}
