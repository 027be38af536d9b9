//! Patterns of hosts, as `proxy.bypass` and `policy` have them.

use std::net::IpAddr;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Patterns(Vec<String>);

impl Patterns {
    pub fn new(patterns: &[String]) -> Self {
        let plain = |pattern: &String| pattern.trim().trim_end_matches('.').to_ascii_lowercase();
        Self(patterns.iter().map(plain).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the list has this very text.
    pub fn has(&self, text: &str) -> bool {
        self.0.iter().any(|pattern| pattern == text)
    }

    /// Whether a host, as [`plain`] gives it, is meant by any of them.
    pub fn match_host(&self, host: &str) -> bool {
        self.0.iter().any(|pattern| matches(pattern, host))
    }

    /// Whether an address is named by any of them.
    pub fn name_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|pattern| is_address(pattern, address))
    }
}

/// A host in the one form that patterns are compared with.
pub(super) fn plain(host: &str) -> String {
    host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase()
}

fn matches(pattern: &str, host: &str) -> bool {
    match pattern {
        "*" => true,
        "<local>" => !host.contains('.') && !host.contains(':'),
        _ => match pattern.strip_prefix("*.").or_else(|| pattern.strip_prefix('.')) {
            Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')),
            None => match host.parse::<IpAddr>() {
                Ok(address) => is_address(pattern, address.to_canonical()),
                Err(_) => pattern == host,
            },
        },
    }
}

fn is_address(pattern: &str, address: IpAddr) -> bool {
    pattern.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|named| named.to_canonical() == address)
}
