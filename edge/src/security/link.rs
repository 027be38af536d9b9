//! Links for others: signed, until a time, for one session, to watch it or to drive it too.

use std::{fmt, str::FromStr};

use axum::http::Method;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bus_schema::{Error, SessionId, Tenant, model::time::Timestamp};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::config::Secret;

/// Names what the key is for, so that no two uses of the fleet's secret share one.
const PURPOSE: &[u8] = b"rookery links v1";

/// What somebody may do who was given a link, or a password for VNC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// To watch.
    View,
    /// To watch, and to take the wheel.
    Control,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Access::View => "view",
            Access::Control => "control",
        })
    }
}

impl FromStr for Access {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "view" => Ok(Access::View),
            "control" => Ok(Access::Control),
            _ => Err(()),
        }
    }
}

/// What its bearer may do, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub tenant: Tenant,
    pub session: SessionId,
    pub access: Access,
    pub expires_at: Timestamp,
}

impl Link {
    /// When it ends, by this machine's clock.
    pub fn ends_at(&self) -> Instant {
        Instant::now() + self.expires_at.since(Timestamp::now())
    }

    /// Whether this is among the few things that a link is for.
    pub fn allows(&self, method: &Method, path: &str) -> bool {
        let Some((session, rest)) = session_of(path) else { return false };
        if session != self.session.to_string() {
            return false;
        }
        let reads = method == Method::GET;
        match rest {
            "" | "ws" | "vnc" => reads,
            "files/downloads" => reads && self.access == Access::Control,
            _ if rest.starts_with("files/downloads/") => reads && self.access == Access::Control,
            _ if rest == "files/uploads" || rest.starts_with("files/uploads/") => {
                self.access == Access::Control
            }
            _ => false,
        }
    }
}

/// The session that a path is about, and what of it.
fn session_of(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix("/v1/sessions/")?;
    Some(rest.split_once('/').unwrap_or((rest, "")))
}

/// Signs links and knows them again, at every edge of a fleet.
pub struct Links {
    mac: Hmac<Sha256>,
}

impl Links {
    pub fn new(secret: &Secret) -> Self {
        Self { mac: secret.mac(PURPOSE) }
    }

    /// `<access>.<expires, ms since 1970>.<tenant>.<mac>`; which session it is for says the address it is sent to.
    pub fn sign(&self, link: &Link) -> String {
        let claim = format!("{}.{}.{}", link.access, link.expires_at.0, link.tenant);
        let mac = BASE64_URL_SAFE_NO_PAD
            .encode(self.keyed(&claim, &link.session.to_string()).finalize().into_bytes());
        format!("{claim}.{mac}")
    }

    fn keyed(&self, claim: &str, session: &str) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        // Neither has a zero byte, so no two pairs give the same input.
        for part in [claim.as_bytes(), &[0], session.as_bytes()] {
            mac.update(part);
        }
        mac
    }

    /// Reads a link that was sent to `path`.
    pub fn read(&self, text: &str, path: &str, now: Timestamp) -> Result<Link, Error> {
        let link =
            self.verified(text, path).ok_or_else(|| Error::unauthenticated("this link is not valid"))?;
        if link.expires_at <= now {
            return Err(Error::unauthenticated("this link has expired"));
        }
        Ok(link)
    }

    fn verified(&self, text: &str, path: &str) -> Option<Link> {
        let (session, _) = session_of(path)?;
        let (claim, mac) = text.rsplit_once('.')?;
        let mac = BASE64_URL_SAFE_NO_PAD.decode(mac).ok()?;
        self.keyed(claim, session).verify_slice(&mac).ok()?;
        let mut parts = claim.split('.');
        let (access, expires, tenant) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Link {
            tenant: Tenant::new(tenant).ok()?,
            session: session.parse().ok()?,
            access: access.parse().ok()?,
            expires_at: Timestamp(expires.parse().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use bus_schema::Region;

    use super::*;

    fn link(access: Access) -> (Links, Link, String) {
        let link = Link {
            tenant: Tenant::new("acme").unwrap(),
            session: SessionId::random(Region::default()),
            access,
            expires_at: Timestamp(2_000),
        };
        let path = format!("/v1/sessions/{}/ws", link.session);
        (Links::new(&Secret::new("fleet")), link, path)
    }

    #[test]
    fn what_was_signed_is_known_again_at_every_edge() {
        let (links, link, path) = link(Access::Control);
        let text = links.sign(&link);
        let another = Links::new(&Secret::new("fleet"));
        assert_eq!(another.read(&text, &path, Timestamp(1_999)).unwrap(), link);
        let late = another.read(&text, &path, Timestamp(2_000)).unwrap_err();
        assert_eq!(late.detail, "this link has expired");
    }

    #[test]
    fn what_was_altered_is_refused() {
        let (links, link, path) = link(Access::View);
        let text = links.sign(&link);
        let other = format!("/v1/sessions/{}/ws", SessionId::random(Region::default()));
        let foreign = Links::new(&Secret::new("another")).sign(&link);
        for (text, path) in [
            (text.replace("view", "control"), &path),
            (text.replace("2000", "9000"), &path),
            (text.replace("acme", "bolt"), &path),
            (text.clone() + "A", &path),
            (text[..text.len() - 4].to_owned(), &path),
            (text.clone(), &other),
            (text, &"/v1/sessions".to_owned()),
            (foreign, &path),
            (String::new(), &path),
            ("....".to_owned(), &path),
        ] {
            let refused = links.read(&text, path, Timestamp(0)).unwrap_err();
            assert_eq!(refused.detail, "this link is not valid", "{text} {path}");
        }
    }

    #[test]
    fn it_is_for_what_a_view_needs_and_no_more() {
        let (_, view, _) = link(Access::View);
        let control = Link { access: Access::Control, ..view.clone() };
        let (get, put, post, delete) = (Method::GET, Method::PUT, Method::POST, Method::DELETE);
        for (method, rest, by_view, by_control) in [
            (&get, "", true, true),
            (&get, "/ws", true, true),
            (&get, "/vnc", true, true),
            (&put, "/files/uploads/cat.png", false, true),
            (&delete, "/files/uploads/cat.png", false, true),
            (&get, "/files/downloads", false, true),
            (&get, "/files/downloads/report.csv", false, true),
            (&delete, "/files/downloads/report.csv", false, false),
            (&delete, "", false, false),
            (&post, "/commands", false, false),
            (&put, "/control", false, false),
            (&get, "/cdp", false, false),
            (&get, "/screenshot", false, false),
            (&get, "/events", false, false),
            (&get, "/recording", false, false),
            (&post, "/links", false, false),
            (&get, "/tabs", false, false),
        ] {
            let path = format!("/v1/sessions/{}{rest}", view.session);
            assert_eq!(view.allows(method, &path), by_view, "{method} {rest}");
            assert_eq!(control.allows(method, &path), by_control, "{method} {rest}");
        }
        assert!(!view.allows(&get, "/v1/sessions"));
        assert!(!view.allows(&get, &format!("/v1/sessions/{}/ws", SessionId::random(Region::default()))));
    }
}
