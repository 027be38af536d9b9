//! Addresses with the client's options in them.

use super::super::options;

/// Token and options of the query go on: clients that ask by HTTP connect to what they are told.
pub fn with_query(url: String, query: &str) -> String {
    if query.is_empty() { url } else { format!("{url}?{query}") }
}

/// The query of `/json/new` with the address at its end, which has no name there, as the option `url`.
pub fn as_option(query: &str) -> String {
    let (options, address) = split(query);
    let Some(address) = address else { return query.to_owned() };
    let given: String = percent_encoding::percent_decode_str(address).decode_utf8_lossy().into_owned();
    let mut query = options.to_owned();
    if !query.is_empty() {
        query.push('&');
    }
    query.push_str("url=");
    query.extend(::url::form_urlencoded::byte_serialize(given.as_bytes()));
    query
}

/// Options, and what stands behind them.
pub fn split(query: &str) -> (&str, Option<&str>) {
    let mut at = 0;
    loop {
        let rest = &query[at..];
        if rest.is_empty() {
            return (query, None);
        }
        let part = rest.split('&').next().unwrap_or_default();
        let name = part.split('=').next().unwrap_or_default();
        if !looks_like_an_address(part, name) {
            at = (at + part.len() + 1).min(query.len());
            continue;
        }
        return (query[..at].trim_end_matches('&'), Some(rest));
    }
}

/// An option's name has no colon, and an address has one, escaped or not, before anything else that is special.
fn looks_like_an_address(part: &str, name: &str) -> bool {
    if part.is_empty() || options::is_known(name) {
        return false;
    }
    name.contains(':') || name.to_ascii_lowercase().contains("%3a")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_new_page_stands_behind_the_options() {
        for (query, expected) in [
            ("", ""),
            ("token=t", "token=t"),
            ("https://example.com/?a=b&c=d", "url=https%3A%2F%2Fexample.com%2F%3Fa%3Db%26c%3Dd"),
            ("token=t&name=x&about:blank", "token=t&name=x&url=about%3Ablank"),
            ("https%3A%2F%2Fexample.com%2Fa%20b", "url=https%3A%2F%2Fexample.com%2Fa+b"),
            ("url=https://example.com&name=x", "url=https://example.com&name=x"),
            ("nam=x", "nam=x"),
        ] {
            assert_eq!(as_option(query), expected, "{query}");
        }
        assert_eq!(with_query("ws://h/cdp".into(), "a=b"), "ws://h/cdp?a=b");
        assert_eq!(with_query("ws://h/cdp".into(), ""), "ws://h/cdp");
    }
}
