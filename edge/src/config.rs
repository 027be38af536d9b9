//! What a gateway is told at its start. Where the values come from is the binary's business.

use std::{fmt, net::SocketAddr, path::PathBuf, time::Duration};

use bus_schema::{Tenant, model::create::CreateSession, model::json};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit};
use serde_json::{Map, Value};
use sha2::Sha256;
use url::Url;

/// The largest JSON body.
pub const DEFAULT_BODY_LIMIT: usize = 1 << 20;
/// The largest file that a client may stage.
pub const DEFAULT_UPLOAD_LIMIT: u64 = 1 << 30;
/// How long requests in flight may go on after the call to stop.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(10);

/// Configuration of one gateway.
#[derive(Clone, Debug)]
pub struct Config {
    pub listen: SocketAddr,
    /// Listeners for single protocols beside that one.
    pub ports: Vec<Port>,
    pub tls: Option<Tls>,
    /// Empty: one tenant `default` without a token, on loopback only.
    pub tenants: Vec<TenantConfig>,
    /// Names by which clients reach this gateway besides loopback names and the address it listens on.
    pub allowed_hosts: Vec<String>,
    /// Origins of web pages that may use the API besides its own.
    pub allowed_origins: Vec<String>,
    /// Bytes of a JSON body.
    pub body_limit: usize,
    /// Bytes of one uploaded file.
    pub upload_limit: u64,
    /// The fleet's secret: derived ids come from it.
    pub secret: Secret,
    /// Fields for `POST /v1/sessions` where the client gives none.
    pub session_defaults: Map<String, Value>,
    /// How long requests in flight may go on after the call to stop.
    pub grace: Duration,
}

impl Config {
    /// A configuration with defaults for all but where to listen and the fleet's secret.
    pub fn new(listen: SocketAddr, secret: Secret) -> Self {
        Self {
            listen,
            ports: Vec::new(),
            tls: None,
            tenants: Vec::new(),
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            body_limit: DEFAULT_BODY_LIMIT,
            upload_limit: DEFAULT_UPLOAD_LIMIT,
            secret,
            session_defaults: Map::new(),
            grace: DEFAULT_GRACE,
        }
    }

    /// Where a protocol has a listener of its own.
    pub fn port(&self, protocol: Protocol) -> Option<SocketAddr> {
        self.ports.iter().find(|port| port.protocol == protocol).map(|port| port.address)
    }

    /// Fails on what would leave the gateway open or of no use.
    pub fn validate(&self) -> Result<(), Invalid> {
        let guarded = !self.tenants.is_empty() && self.tenants.iter().all(|t| !t.tokens.is_empty());
        let addresses = std::iter::once(self.listen).chain(self.ports.iter().map(|port| port.address));
        if let Some(open) = addresses.into_iter().find(|address| !address.ip().is_loopback() && !guarded) {
            return Err(Invalid::OpenToTheNetwork(open));
        }
        if self.tenants.len() > 1 && !guarded {
            return Err(Invalid::TenantWithoutToken);
        }
        for (i, tenant) in self.tenants.iter().enumerate() {
            if self.tenants[..i].iter().any(|t| t.name == tenant.name) {
                return Err(Invalid::TenantTwice(tenant.name.clone()));
            }
            for token in &tenant.tokens {
                if token.expose().len() < Secret::MIN_TOKEN_BYTES {
                    return Err(Invalid::ShortToken(tenant.name.clone()));
                }
                let others = self.tenants[..i].iter().flat_map(|t| &t.tokens);
                if others.into_iter().any(|t| t.expose() == token.expose()) {
                    return Err(Invalid::SharedToken(tenant.name.clone()));
                }
            }
        }
        for origin in &self.allowed_origins {
            let ok = Url::parse(origin).is_ok_and(|u| u.origin().ascii_serialization() == *origin);
            if !ok {
                return Err(Invalid::Origin(origin.clone()));
            }
        }
        let defaults = Value::Object(self.session_defaults.clone());
        json::from_value::<CreateSession>(defaults, None)
            .and_then(|spec| spec.validate())
            .map_err(Invalid::SessionDefaults)
    }
}

/// A listener for one protocol, behind the same layers as the gateway's own where that is HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port {
    pub protocol: Protocol,
    pub address: SocketAddr,
    /// Somebody asked for it. One that is there by default is left out, with a warning, where its address is taken.
    pub required: bool,
}

/// What a listener of its own may be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// CDP, as at a browser's debugging port.
    Cdp,
    /// That of WayPoint's client: each connection is a session.
    Tzafonwright,
    /// RFB as it is, without WebSockets: a password names the session.
    Vnc,
}

impl Protocol {
    pub fn name(self) -> &'static str {
        match self {
            Self::Cdp => "CDP",
            Self::Tzafonwright => "tzafonwright",
            Self::Vnc => "VNC",
        }
    }

    /// The option that says where.
    pub fn option(self) -> &'static str {
        match self {
            Self::Cdp => "--cdp-listen",
            Self::Tzafonwright => "--tzafonwright-listen",
            Self::Vnc => "--vnc-listen",
        }
    }
}

/// Certificate chain and key, PEM.
#[derive(Clone, Debug)]
pub struct Tls {
    pub cert: PathBuf,
    pub key: PathBuf,
}

/// One tenant: who it is, how it shows that, and what it may use.
#[derive(Clone, Debug)]
pub struct TenantConfig {
    pub name: Tenant,
    pub tokens: Vec<Secret>,
    pub limits: Limits,
    /// Share of the fleet in the workers' round robin.
    pub weight: u32,
    /// May drain workers. A tenant that is the only one always may.
    pub operator: bool,
}

impl TenantConfig {
    pub fn new(name: Tenant, tokens: Vec<Secret>) -> Self {
        Self { name, tokens, limits: Limits::default(), weight: 1, operator: false }
    }
}

/// What a tenant may use at once in one region. `None`: without limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Sessions that have not ended, queued ones included.
    pub sessions: Option<u32>,
    /// Sessions that wait for a worker.
    pub queued: Option<u32>,
}

/// A secret that never shows itself in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Shorter tokens could be guessed over the network.
    const MIN_TOKEN_BYTES: usize = 8;

    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Signs with a key of its own for each purpose, so that no two uses of the secret share one.
    pub(crate) fn mac(&self, purpose: &[u8]) -> Hmac<Sha256> {
        let mut key = [0; 64];
        // 64 bytes are two blocks of output, which HKDF never refuses.
        let _ = Hkdf::<Sha256>::new(None, self.0.as_bytes()).expand(purpose, &mut key);
        Hmac::new(&key.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum Invalid {
    #[error("listening on {0}, beyond loopback, needs a tenant with a token: everybody could start browsers")]
    OpenToTheNetwork(SocketAddr),
    #[error("with several tenants each needs a token: who speaks could not be told")]
    TenantWithoutToken,
    #[error("tenant `{0}` is given twice")]
    TenantTwice(Tenant),
    #[error("a token of tenant `{0}` is shorter than 8 characters")]
    ShortToken(Tenant),
    #[error("a token of tenant `{0}` belongs to another tenant too")]
    SharedToken(Tenant),
    #[error("allowed origin `{0}` is not an origin such as https://example.com")]
    Origin(String),
    #[error("session defaults: {0}")]
    SessionDefaults(bus_schema::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(listen: &str) -> Config {
        Config::new(listen.parse().unwrap(), Secret::new("fleet"))
    }

    fn tenant(name: &str, token: &str) -> TenantConfig {
        TenantConfig::new(Tenant::new(name).unwrap(), vec![Secret::new(token)])
    }

    #[test]
    fn beyond_loopback_there_must_be_a_token() {
        config("127.0.0.1:0").validate().unwrap();
        assert!(matches!(config("0.0.0.0:0").validate(), Err(Invalid::OpenToTheNetwork(_))));
        let mut c = config("0.0.0.0:0");
        c.tenants.push(tenant("acme", "long-enough"));
        c.validate().unwrap();
        c.tenants.push(TenantConfig::new(Tenant::new("open").unwrap(), vec![]));
        assert!(c.validate().is_err());
    }

    #[test]
    fn a_token_names_one_tenant() {
        let mut c = config("127.0.0.1:0");
        c.tenants = vec![tenant("a", "long-enough"), tenant("b", "long-enough")];
        assert!(matches!(c.validate(), Err(Invalid::SharedToken(_))));
        c.tenants = vec![tenant("a", "short")];
        assert!(matches!(c.validate(), Err(Invalid::ShortToken(_))));
        c.tenants = vec![tenant("a", "long-enough"), tenant("a", "long-enough-2")];
        assert!(matches!(c.validate(), Err(Invalid::TenantTwice(_))));
    }

    #[test]
    fn defaults_and_origins_are_checked_at_start() {
        let mut c = config("127.0.0.1:0");
        c.session_defaults.insert("idle_timeout".into(), Value::from(3));
        let e = c.validate().unwrap_err().to_string();
        assert!(e.contains("did you mean `idle_timeout_s`"), "{e}");
        let mut c = config("127.0.0.1:0");
        c.allowed_origins.push("example.com".into());
        assert!(matches!(c.validate(), Err(Invalid::Origin(_))));
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        let mut c = config("127.0.0.1:0");
        c.tenants = vec![tenant("a", "very-secret-token")];
        assert!(!format!("{c:?}").contains("very-secret"));
    }
}
