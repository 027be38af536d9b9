//! The `Host` check: a web page whose name was rebound to loopback reaches this server under its own name.

use std::{collections::BTreeSet, net::IpAddr, net::SocketAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Uri, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bus_schema::Error;

use crate::protocol::rest::error::Problem;

/// The names this gateway answers to.
#[derive(Clone, Debug)]
pub struct Hosts(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    listen: SocketAddr,
    allowed: BTreeSet<String>,
}

impl Hosts {
    pub fn new(listen: SocketAddr, allowed: &[String]) -> Self {
        let allowed = allowed.iter().map(|h| host_of(h).to_ascii_lowercase()).collect();
        Self(Arc::new(Inner { listen, allowed }))
    }

    /// Ports are not compared: a forwarded port is another one on the client's side.
    fn knows(&self, authority: &str) -> bool {
        if authority.contains('@') || authority.parse::<Authority>().is_err() {
            return false;
        }
        let host = host_of(authority).to_ascii_lowercase();
        if host == "localhost" || host.ends_with(".localhost") || self.0.allowed.contains(&host) {
            return true;
        }
        let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>() else { return false };
        // Rebinding needs a name. On all interfaces any address may be ours; on one it must be that one.
        ip.is_loopback() || ip == self.0.listen.ip() || self.0.listen.ip().is_unspecified()
    }
}

/// Without the port.
fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !host.ends_with(':') => host,
        _ => authority,
    }
}

/// Whom the client believes to speak to: `Host`, or `:authority` in HTTP/2.
pub fn authority<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    match headers.get(header::HOST) {
        Some(host) => host.to_str().ok(),
        None => uri.authority().map(Authority::as_str),
    }
}

/// Layer: refuses a host it does not know.
pub async fn check(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    let twice = request.headers().get_all(header::HOST).iter().count() > 1;
    match authority(request.headers(), request.uri()) {
        Some(host) if !twice && hosts.knows(host) => next.run(request).await,
        Some(_) | None => Problem(Error::forbidden(
            "this `Host` is not known here; add it to `allowed_hosts` if clients shall use it",
        ))
        .into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(listen: &str) -> Hosts {
        Hosts::new(listen.parse().unwrap(), &["Rookery.example.com".into(), "edge.local:8443".into()])
    }

    #[test]
    fn loopback_names_and_allowed_ones_are_known() {
        let h = hosts("127.0.0.1:8080");
        for good in [
            "127.0.0.1:8080",
            "localhost",
            "localhost:9000",
            "LOCALHOST:1",
            "[::1]:8080",
            "[::1]",
            "rookery.example.com",
            "rookery.example.com:443",
            "edge.local",
            "a.localhost:8080",
        ] {
            assert!(h.knows(good), "{good}");
        }
        for bad in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "192.168.1.5:8080",
            "",
            "user@localhost",
            "x/localhost",
        ] {
            assert!(!h.knows(bad), "{bad}");
        }
    }

    #[test]
    fn on_all_interfaces_an_address_is_enough_but_a_name_is_not() {
        let h = hosts("0.0.0.0:8080");
        assert!(h.knows("192.168.1.5:8080"));
        assert!(h.knows("[fe80::1]:8080"));
        assert!(!h.knows("evil.example"));
        let h = hosts("10.0.0.7:8080");
        assert!(h.knows("10.0.0.7:8080"));
        assert!(!h.knows("10.0.0.8:8080"));
    }
}
