//! Where the fleet is, and what of it a client's request means.

use anyhow::{Context, ensure};
use url::Url;

/// The edge behind a bridge: its address, where its CDP begins, and what goes with each request.
#[derive(Clone, Debug)]
pub struct Target {
    /// Scheme, host and port, as `http` or `https`.
    origin: Url,
    /// What stands before `/cdp`: nothing, or a session.
    prefix: String,
    options: Vec<(String, String)>,
    pub token: Option<String>,
}

impl Target {
    /// Reads the URL of an edge: its address alone, or that of a socket with its options.
    pub fn new(url: &str) -> anyhow::Result<Self> {
        let text = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let mut origin = Url::parse(&text).with_context(|| format!("`{url}` is not a URL"))?;
        let scheme = match origin.scheme() {
            "http" | "ws" => "http",
            "https" | "wss" => "https",
            other => anyhow::bail!("`{other}:` is not spoken here: http, https, ws or wss"),
        };
        ensure!(origin.has_host(), "`{url}` names no host");
        let mut options: Vec<(String, String)> = origin.query_pairs().into_owned().collect();
        let token = take_token(&mut options);
        let path = origin.path().trim_end_matches('/');
        let prefix = path.strip_suffix("/cdp").unwrap_or(path).to_owned();
        origin.set_path("/");
        origin.set_query(None);
        origin.set_fragment(None);
        // The parser refuses to change between special and other schemes, and all four are special.
        let _ = origin.set_scheme(scheme);
        Ok(Self { origin, prefix, options, token })
    }

    /// What a client means that opens a socket at `path`.
    pub fn socket(&self, path: &str, query: &str) -> Url {
        let path = match path {
            "" | "/" | "/cdp" => format!("{}/cdp", self.prefix),
            path if path.starts_with("/devtools/browser") => format!("{}/cdp", self.prefix),
            path => self.place(path),
        };
        self.as_socket(self.with_options(&path, query))
    }

    /// What it means with another request, `/json/version` and its like.
    pub fn page(&self, path: &str, query: &str) -> Url {
        self.with_options(&self.place(path), query)
    }

    /// Where a connection of a session is taken up.
    pub fn resume(&self, session: &str, conn: &str, after: u64) -> Url {
        let mut url = self.at(&format!("/v1/sessions/{session}/cdp"));
        url.query_pairs_mut().append_pair("resume", conn).append_pair("after", &after.to_string());
        self.as_socket(url)
    }

    /// A file of a session: `kind` is `uploads` or `downloads`.
    pub fn file(&self, session: &str, kind: &str, name: Option<&str>) -> Url {
        let mut url = self.at(&format!("/v1/sessions/{session}/files/{kind}"));
        if let (Some(name), Ok(mut path)) = (name, url.path_segments_mut()) {
            path.push(name);
        }
        url
    }

    /// Says in a page of the edge's that the way is through here.
    pub fn rename(&self, page: &str, here: &str) -> String {
        let authority = self.origin.authority();
        let mut page = page.to_owned();
        for (theirs, ours) in
            [("ws://", "ws://"), ("wss://", "ws://"), ("http://", "http://"), ("https://", "http://")]
        {
            page = page.replace(&format!("{theirs}{authority}"), &format!("{ours}{here}"));
        }
        page.replace(&format!("ws={authority}"), &format!("ws={here}"))
    }

    fn place(&self, path: &str) -> String {
        let is_whole = path.starts_with("/v1/") || self.prefix.is_empty();
        if is_whole { path.to_owned() } else { format!("{}{path}", self.prefix) }
    }

    fn at(&self, path: &str) -> Url {
        let mut url = self.origin.clone();
        url.set_path(path);
        url
    }

    /// What a client says itself goes before what was said for all. A session that is there has its options.
    fn with_options(&self, path: &str, query: &str) -> Url {
        let mut url = self.at(path);
        let mut given = read(query);
        take_token(&mut given);
        let is_said = |name: &str| path.starts_with("/v1/") || given.iter().any(|(other, _)| other == name);
        let ours = self.options.iter().filter(|(name, _)| !is_said(name));
        let pairs: Vec<&(String, String)> = given.iter().chain(ours).collect();
        if !pairs.is_empty() {
            url.query_pairs_mut().extend_pairs(pairs);
        }
        url
    }

    fn as_socket(&self, mut url: Url) -> Url {
        let scheme = if self.origin.scheme() == "https" { "wss" } else { "ws" };
        let _ = url.set_scheme(scheme);
        url
    }
}

fn read(query: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// A token travels in a header: URLs are written to logs.
fn take_token(options: &mut Vec<(String, String)>) -> Option<String> {
    options.extract_if(.., |(name, _)| name == "token").map(|(_, token)| token).last()
}

/// The token that a client brings itself.
pub fn token_in(query: &str) -> Option<String> {
    take_token(&mut read(query))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_is_named_by_its_address_or_by_a_socket() {
        for (url, path, query, expected) in [
            ("127.0.0.1:8080", "/", "", "ws://127.0.0.1:8080/cdp"),
            ("http://h:1", "/devtools/browser/x", "", "ws://h:1/cdp"),
            ("https://h/", "/cdp", "name=a", "wss://h/cdp?name=a"),
            ("ws://h/cdp?token=t&name=a", "/", "name=b", "ws://h/cdp?name=b"),
            ("ws://h/v1/sessions/s/cdp", "/", "", "ws://h/v1/sessions/s/cdp"),
            ("ws://h/v1/sessions/s/cdp", "/devtools/page/p", "", "ws://h/v1/sessions/s/devtools/page/p"),
            (
                "ws://h/v1/sessions/s/cdp",
                "/v1/sessions/s/devtools/page/p",
                "",
                "ws://h/v1/sessions/s/devtools/page/p",
            ),
            ("ws://h/cdp?name=a", "/v1/sessions/s/cdp", "", "ws://h/v1/sessions/s/cdp"),
            ("ws://h", "/devtools/page/p", "", "ws://h/devtools/page/p"),
        ] {
            assert_eq!(Target::new(url).unwrap().socket(path, query).as_str(), expected, "{url} {path}");
        }
        let target = Target::new("wss://h/v1/sessions/s/cdp?token=t").unwrap();
        assert_eq!(target.page("/json/version", "").as_str(), "https://h/v1/sessions/s/json/version");
        assert_eq!(target.resume("s", "s.c", 3).as_str(), "wss://h/v1/sessions/s/cdp?resume=s.c&after=3");
        assert_eq!(
            target.file("s", "uploads", Some("a b/ü.txt")).as_str(),
            "https://h/v1/sessions/s/files/uploads/a%20b%2F%C3%BC.txt"
        );
        assert_eq!((target.token.as_deref(), token_in("a=b&token=u").as_deref()), (Some("t"), Some("u")));
        for wrong in ["ftp://h", "http://", "ws://h:port"] {
            Target::new(wrong).unwrap_err();
        }
    }

    #[test]
    fn a_page_of_the_edge_leads_through_the_bridge() {
        let target = Target::new("http://127.0.0.1:8080").unwrap();
        let page = r#"{"webSocketDebuggerUrl":"ws://127.0.0.1:8080/cdp?a=b","x":"ws=127.0.0.1:8080/x"}"#;
        let expected = r#"{"webSocketDebuggerUrl":"ws://localhost:9/cdp?a=b","x":"ws=localhost:9/x"}"#;
        assert_eq!(target.rename(page, "localhost:9"), expected);
    }
}
