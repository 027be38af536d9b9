//! URLs as seen by whoever asks.

use std::{convert::Infallible, net::SocketAddr};

use axum::{extract::FromRequestParts, http::request::Parts};
use bus_schema::{
    SessionId,
    model::session::{Session, Urls},
};

use crate::{app::App, security::host};

/// Scheme and authority by which the client reached this gateway.
pub struct Base {
    secure: bool,
    authority: String,
}

impl FromRequestParts<App> for Base {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        // Told by a proxy that ends TLS. A client that lies gets useless links, nobody else does.
        let forwarded = parts.headers.get("x-forwarded-proto").and_then(|v| v.to_str().ok());
        let secure = forwarded.map_or(app.secure(), |proto| proto.eq_ignore_ascii_case("https"));
        let authority = host::authority(&parts.headers, &parts.uri).unwrap_or("localhost").to_owned();
        Ok(Self { secure, authority })
    }
}

impl Base {
    /// Whether the client speaks TLS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Of pages.
    pub fn http(&self, path: &str) -> String {
        format!("http{}://{}{path}", if self.secure { "s" } else { "" }, self.authority)
    }

    /// Of WebSockets.
    pub fn ws(&self, path: &str) -> String {
        format!("ws{}://{}{path}", if self.secure { "s" } else { "" }, self.authority)
    }

    /// Another listener, as the client reaches this machine.
    pub fn at(&self, listener: SocketAddr) -> String {
        if !listener.ip().is_unspecified() {
            return listener.to_string();
        }
        let (host, port) = (self.authority.rsplit_once(':'), listener.port());
        // An address of version 6 without a port ends in a bracket.
        let host =
            host.map_or(
                self.authority.as_str(),
                |(host, rest)| if rest.ends_with(']') { &self.authority } else { host },
            );
        format!("{host}:{port}")
    }

    pub fn urls(&self, id: &SessionId) -> Urls {
        Urls {
            cdp: self.ws(&format!("/v1/sessions/{id}/cdp")),
            ws: self.ws(&format!("/v1/sessions/{id}/ws")),
            events: self.http(&format!("/v1/sessions/{id}/events")),
            view: self.http(&format!("/view/{id}")),
            vnc: self.http(&format!("/vnc/{id}")),
        }
    }

    /// The session with its URLs.
    pub fn complete(&self, mut session: Session) -> Session {
        session.urls = Some(self.urls(&session.id));
        session
    }
}
