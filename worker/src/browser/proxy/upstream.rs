//! The proxy that a session asked for, and what goes past it.

use std::fmt;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bus_schema::model::create;

use super::pattern::{Patterns, plain};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
    Socks5,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Upstream {
    pub(super) scheme: Scheme,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) credentials: Option<(String, String)>,
    bypass: Patterns,
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upstream({:?} {}:{})", self.scheme, self.host, self.port)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    #[error("proxy.server must be http://, https:// or socks5://host:port")]
    Server,
    #[error("a user name or password for a socks5 proxy has at most 255 bytes")]
    Credentials,
}

impl TryFrom<&create::Proxy> for Upstream {
    type Error = UpstreamError;

    fn try_from(proxy: &create::Proxy) -> Result<Self, UpstreamError> {
        let text = match proxy.server.contains("://") {
            true => proxy.server.clone(),
            false => format!("http://{}", proxy.server),
        };
        let url = url::Url::parse(&text).map_err(|_| UpstreamError::Server)?;
        let (scheme, default_port) = match url.scheme() {
            "http" => (Scheme::Http, 80),
            "https" => (Scheme::Https, 443),
            "socks5" | "socks5h" => (Scheme::Socks5, 1080),
            _ => return Err(UpstreamError::Server),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(UpstreamError::Server)?;
        let username = proxy.username.clone().or_else(|| Some(url.username().to_owned()));
        let credentials = username.filter(|name| !name.is_empty()).map(|name| {
            let password = proxy.password.clone().or_else(|| url.password().map(str::to_owned));
            (name, password.unwrap_or_default())
        });
        let too_long = |(name, password): &(String, String)| name.len() > 255 || password.len() > 255;
        if scheme == Scheme::Socks5 && credentials.as_ref().is_some_and(too_long) {
            return Err(UpstreamError::Credentials);
        }
        Ok(Self {
            scheme,
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(default_port),
            credentials,
            bypass: Patterns::new(&proxy.bypass),
        })
    }
}

impl Upstream {
    /// Whether this host is reached directly. Loopback is, as browsers do it, unless `<-loopback>` is listed.
    pub(super) fn bypasses(&self, host: &str) -> bool {
        let host = plain(host);
        (is_loopback(&host) && !self.bypass.has("<-loopback>")) || self.bypass.match_host(&host)
    }

    /// The value of `Proxy-Authorization`.
    pub(super) fn authorization(&self) -> Option<String> {
        let (name, password) = self.credentials.as_ref()?;
        Some(format!("Basic {}", STANDARD.encode(format!("{name}:{password}"))))
    }
}

pub(super) fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback() || address.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upstream(server: &str, bypass: &[&str]) -> Result<Upstream, UpstreamError> {
        let proxy = create::Proxy {
            server: server.into(),
            username: None,
            password: None,
            bypass: bypass.iter().map(|&pattern| pattern.into()).collect(),
        };
        Upstream::try_from(&proxy)
    }

    #[test]
    fn servers_are_read_with_their_defaults() {
        for (server, expected) in [
            ("http://proxy.test:3128", (Scheme::Http, "proxy.test", 3128)),
            ("proxy.test:3128", (Scheme::Http, "proxy.test", 3128)),
            ("https://proxy.test", (Scheme::Https, "proxy.test", 443)),
            ("socks5://u:p@[::1]", (Scheme::Socks5, "::1", 1080)),
        ] {
            let read = upstream(server, &[]).unwrap();
            assert_eq!((read.scheme, read.host.as_str(), read.port), expected, "{server}");
        }
        for server in ["ftp://proxy.test", "http://", "", "http://:80", "not a server"] {
            assert_eq!(upstream(server, &[]), Err(UpstreamError::Server), "{server}");
        }
    }

    #[test]
    fn bypass_patterns_match_as_documented() {
        let upstream =
            upstream("http://p.test", &["exact.test", ".sub.test", "*.star.test", "10.0.0.1", "<local>"])
                .unwrap();
        for (host, bypassed) in [
            ("exact.test", true),
            ("EXACT.test.", true),
            ("a.exact.test", false),
            ("a.sub.test", true),
            ("sub.test", false),
            ("a.star.test", true),
            ("notstar.test", false),
            ("10.0.0.1", true),
            ("10.0.0.2", false),
            ("intranet", true),
            ("localhost", true),
            ("127.0.0.1", true),
            ("[::1]", true),
            ("example.com", false),
        ] {
            assert_eq!(upstream.bypasses(host), bypassed, "{host}");
        }
    }

    #[test]
    fn loopback_can_be_sent_through_the_upstream() {
        let upstream = upstream("http://p.test", &["<-loopback>"]).unwrap();
        assert!(!upstream.bypasses("127.0.0.1"));
    }
}
