//! Words by which a person whose socket broke is known again, on any edge of the fleet: nothing is kept for them.

use bus_schema::{ConnId, Error, SessionId};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::config::Secret;

const PURPOSE: &[u8] = b"rookery resumed sockets v1";

pub struct Resumes {
    mac: Hmac<Sha256>,
}

impl Resumes {
    pub fn new(secret: &Secret) -> Self {
        Self { mac: secret.mac(PURPOSE) }
    }

    /// For the client of this connection alone. The connection itself is known to all who watch.
    pub fn word(&self, id: &SessionId, conn: &ConnId) -> String {
        let proof = self.over(id, conn).finalize().into_bytes();
        let proof: String = proof.iter().take(16).map(|b| format!("{b:02x}")).collect();
        format!("{conn}.{proof}")
    }

    /// The connection that a word was given to.
    pub fn read(&self, id: &SessionId, word: &str) -> Result<ConnId, Error> {
        let refused =
            || Error::invalid_argument("resume", "not a word that a socket of this session was given");
        let (conn, proof) = word.split_once('.').ok_or_else(refused)?;
        let conn = ConnId::new(conn).map_err(|_| refused())?;
        let mut bytes = [0; 16];
        if proof.len() != 32 || !proof.is_ascii() {
            return Err(refused());
        }
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&proof[2 * i..2 * i + 2], 16).map_err(|_| refused())?;
        }
        self.over(id, &conn).verify_truncated_left(&bytes).map_err(|_| refused())?;
        Ok(conn)
    }

    fn over(&self, id: &SessionId, conn: &ConnId) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        // Neither name has a zero byte.
        mac.update(id.to_string().as_bytes());
        mac.update(&[0]);
        mac.update(conn.as_str().as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use bus_schema::Region;

    use super::*;

    #[test]
    fn a_word_is_good_for_its_session_and_connection_on_every_edge() {
        let (a, b) = (Resumes::new(&Secret::new("fleet")), Resumes::new(&Secret::new("fleet")));
        let id = SessionId::derived(Region::default(), [1; 16]);
        let conn = ConnId::new("v1").unwrap();
        let word = a.word(&id, &conn);
        assert_eq!(b.read(&id, &word).unwrap(), conn);
        let other = SessionId::derived(Region::default(), [2; 16]);
        assert!(a.read(&other, &word).is_err());
        assert!(Resumes::new(&Secret::new("another")).read(&id, &word).is_err());
        let forged = word.replacen("v1", "v2", 1);
        for noise in ["", ".", "v1", "v1.", "v1.00", &forged, &format!("v1.{}", "ä".repeat(16))] {
            assert!(a.read(&id, noise).is_err(), "{noise}");
        }
    }
}
