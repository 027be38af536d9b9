//! `cookies_get`, `cookies_set` and `cookies_clear`.

use bus_schema::error::Error;
use bus_schema::model::command::{CookiesGet, CookiesSet};
use bus_schema::model::create::{Cookie, SameSite};
use serde::Deserialize;
use serde_json::{Value, json};
use url::{Host, Url};

use super::error::of_call;
use super::{Context, Outcome};
use crate::cdp::CallError;
use crate::page::cookie_param;

pub(super) async fn get(ctx: &Context, c: &CookiesGet) -> Result<Outcome, Error> {
    let mut urls = Vec::with_capacity(c.urls.len());
    for (i, url) in c.urls.iter().enumerate() {
        let parsed = Url::parse(url)
            .map_err(|error| Error::invalid_argument(format!("urls[{i}]"), format!("not a URL: {error}")))?;
        urls.push(parsed);
    }
    let mut cookies = all(ctx).await?;
    cookies.retain(|cookie| urls.is_empty() || urls.iter().any(|url| is_sent(cookie, url)));
    Outcome::of(&json!({ "cookies": cookies }))
}

pub(super) async fn set(ctx: &Context, c: &CookiesSet) -> Result<Outcome, Error> {
    store(ctx, &c.cookies, "cookies").await?;
    Outcome::of(&json!({ "set": c.cookies.len() }))
}

pub(super) async fn clear(ctx: &Context) -> Result<Outcome, Error> {
    remove(ctx).await?;
    Outcome::empty()
}

fn params(ctx: &Context, mut params: Value) -> Value {
    if let Some(context) = ctx.tabs.context_id() {
        params["browserContextId"] = context.into();
    }
    params
}

pub(super) async fn remove(ctx: &Context) -> Result<(), Error> {
    let params = params(ctx, json!({}));
    ctx.tabs.root().call_answer("Storage.clearCookies", &params).await.map_err(of_call)?;
    Ok(())
}

async fn set_all(ctx: &Context, cookies: Vec<Value>) -> Result<(), CallError> {
    let params = params(ctx, json!({ "cookies": cookies }));
    ctx.tabs.root().call_answer("Storage.setCookies", &params).await.map(drop)
}

/// Sets cookies: all of them, or none with the field of the first that the browser refuses.
pub(super) async fn store(ctx: &Context, cookies: &[Cookie], field: &str) -> Result<(), Error> {
    match set_all(ctx, cookies.iter().map(cookie_param).collect()).await {
        Ok(()) => Ok(()),
        Err(CallError::Protocol { message, .. }) => {
            // The browser does not say which one it was.
            for (i, cookie) in cookies.iter().enumerate() {
                if set_all(ctx, vec![cookie_param(cookie)]).await.is_err() {
                    return Err(Error::invalid_argument(format!("{field}[{i}]"), message));
                }
            }
            Err(Error::invalid_argument(field, message))
        }
        Err(error) => Err(of_call(error)),
    }
}

/// Sets cookies that a browser once gave. One that this browser does not take is left out: it may be of another
/// version.
pub(crate) async fn restore(ctx: &Context, cookies: &[Cookie]) -> Result<(), Error> {
    if cookies.is_empty() {
        return Ok(());
    }
    match set_all(ctx, cookies.iter().map(cookie_param).collect()).await {
        Err(CallError::Protocol { .. }) => {}
        done => return done.map_err(of_call),
    }
    let mut left_out = 0;
    for cookie in cookies {
        match set_all(ctx, vec![cookie_param(cookie)]).await {
            Ok(()) => {}
            Err(CallError::Protocol { .. }) => left_out += 1,
            Err(error) => return Err(of_call(error)),
        }
    }
    tracing::info!(left_out, "the browser did not take all cookies of a profile");
    Ok(())
}

/// All cookies of the session.
pub(super) async fn all(ctx: &Context) -> Result<Vec<Cookie>, Error> {
    #[derive(Deserialize)]
    struct Answer {
        cookies: Vec<Stored>,
    }
    let params = params(ctx, json!({}));
    let answer = ctx.tabs.root().call_answer("Storage.getCookies", &params).await.map_err(of_call)?;
    let answer: Answer = answer.decode().map_err(of_call)?;
    Ok(answer.cookies.into_iter().map(Cookie::from).collect())
}

/// A cookie as the browser tells it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    name: String,
    value: String,
    domain: String,
    path: String,
    expires: f64,
    http_only: bool,
    secure: bool,
    same_site: Option<SameSite>,
    partition_key: Option<PartitionKey>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PartitionKey {
    top_level_site: String,
}

impl From<Stored> for Cookie {
    fn from(stored: Stored) -> Self {
        Cookie {
            name: stored.name,
            value: stored.value,
            url: None,
            domain: Some(stored.domain),
            path: Some(stored.path),
            expires: Some(stored.expires),
            http_only: stored.http_only,
            secure: stored.secure,
            // What the browser treats as the default is said as Playwright says it.
            same_site: Some(stored.same_site.unwrap_or(SameSite::Lax)),
            partition_key: stored.partition_key.map(|key| key.top_level_site),
        }
    }
}

/// Whether a cookie goes along with a request for a URL (RFC 6265, 5.4).
fn is_sent(cookie: &Cookie, url: &Url) -> bool {
    let domain = cookie.domain.as_deref().unwrap_or_default();
    let host = url.host_str().unwrap_or_default();
    let of_domain = match domain.strip_prefix('.') {
        Some(parent) => host == parent || host.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.')),
        None => host == domain,
    };
    let path = cookie.path.as_deref().unwrap_or("/");
    let of_path = url
        .path()
        .strip_prefix(path)
        .is_some_and(|rest| path.ends_with('/') || rest.is_empty() || rest.starts_with('/'));
    let is_local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    of_domain && of_path && (!cookie.secure || url.scheme() == "https" || is_local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_goes_where_a_browser_sends_it() {
        let cookie = |domain: &str, path: &str, secure: bool| -> Cookie {
            serde_json::from_value(json!({
                "name": "a", "value": "b", "domain": domain, "path": path, "secure": secure,
            }))
            .unwrap()
        };
        for (domain, path, secure, url, is) in [
            ("a.example", "/", false, "http://a.example/x", true),
            ("a.example", "/", false, "http://b.a.example/x", false),
            (".a.example", "/", false, "http://b.a.example/x", true),
            (".a.example", "/", false, "http://ba.example/", false),
            ("a.example", "/x", false, "http://a.example/xy", false),
            ("a.example", "/x", false, "http://a.example/x/y", true),
            ("a.example", "/", true, "http://a.example/", false),
            ("a.example", "/", true, "https://a.example/", true),
            ("localhost", "/", true, "http://localhost:80/", true),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(is_sent(&cookie(domain, path, secure), &url), is, "{domain} {path} {url}");
        }
    }
}
