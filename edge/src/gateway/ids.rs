//! Ids derived from idempotency keys: every edge finds the same session under the same key.

use bus_schema::{Region, SessionId, Tenant, model::create::CreateSession};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::config::Secret;

/// Names what the key is for, so that no two uses of the fleet's secret share one.
const PURPOSE: &[u8] = b"rookery session ids v1";

pub struct Deriver {
    mac: Hmac<Sha256>,
}

impl Deriver {
    pub fn new(secret: &Secret) -> Self {
        Self { mac: secret.mac(PURPOSE) }
    }

    /// 128 bits over tenant and key: nobody without the secret can find or collide with another tenant's session.
    pub fn session(&self, region: Region, tenant: &Tenant, key: &str) -> SessionId {
        let mut mac = self.mac.clone();
        // A tenant's name has no zero byte, so no two pairs give the same input.
        mac.update(tenant.as_str().as_bytes());
        mac.update(&[0]);
        mac.update(key.as_bytes());
        let digest = mac.finalize().into_bytes();
        let mut unique = [0; 16];
        unique.copy_from_slice(&digest[..16]);
        SessionId::derived(region, unique)
    }
}

/// What was asked for under a key, so that another body is found out.
pub fn digest(spec: &CreateSession) -> String {
    let json = serde_json::to_vec(spec).unwrap_or_default();
    Sha256::digest(&json).iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_gives_the_same_session_on_every_edge_of_a_fleet() {
        let (a, b) = (Deriver::new(&Secret::new("fleet")), Deriver::new(&Secret::new("fleet")));
        let (acme, bolt) = (Tenant::new("acme").unwrap(), Tenant::new("bolt").unwrap());
        let id = a.session(Region::default(), &acme, "k");
        assert_eq!(id, b.session(Region::default(), &acme, "k"));
        assert_ne!(id, a.session(Region::default(), &bolt, "k"));
        assert_ne!(id, a.session(Region::default(), &acme, "k2"));
        let other = Deriver::new(&Secret::new("another"));
        assert_ne!(id, other.session(Region::default(), &acme, "k"));
    }

    #[test]
    fn a_digest_is_of_what_is_asked_and_not_of_how() {
        let read =
            |json: &str| bus_schema::model::json::from_slice::<CreateSession>(json.as_bytes()).unwrap();
        let a = read(r#"{"name":"x","labels":{"a":"1","b":"2"}}"#);
        let b = read(r#"{ "labels": {"b":"2","a":"1"}, "name": "x", "idle_timeout_s": 300 }"#);
        assert_eq!(digest(&a), digest(&b));
        assert_ne!(digest(&a), digest(&read("{}")));
    }
}
