//! Passwords of the plain VNC port: they name a session and what may be done with it.

use bus_schema::{Error, SessionId, Tenant};
use hkdf::Hkdf;
use sha2::Sha256;

use super::Gateway;
use crate::config::Secret;
pub use crate::security::link::Access;

/// Names what the keys are for, so that no two uses of the fleet's secret share one.
const PURPOSE: &str = "rookery vnc passwords v1";
/// VNC authentication looks at no more.
const LENGTH: usize = 8;
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Makes the passwords of a fleet: every gateway finds the same, and none is kept.
#[derive(Clone)]
pub struct Passwords {
    key: Hkdf<Sha256>,
}

impl Passwords {
    pub fn new(secret: &Secret) -> Self {
        Self { key: Hkdf::new(Some(PURPOSE.as_bytes()), secret.expose().as_bytes()) }
    }

    /// 40 bits: as much as fits into eight characters that can be typed.
    pub fn of(&self, id: &SessionId, access: Access) -> String {
        let mut bytes = [0; LENGTH];
        // So few bytes HKDF never refuses.
        let _ = self
            .key
            .expand_multi_info(&[access.to_string().as_bytes(), b" ", id.to_string().as_bytes()], &mut bytes);
        bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
    }
}

/// A session and what its password allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    pub tenant: Tenant,
    pub id: SessionId,
    pub access: Access,
}

impl Gateway {
    pub fn vnc_password(&self, id: &SessionId, access: Access) -> String {
        self.inner.passwords.of(id, access)
    }

    /// The live session of this region whose password `fits`; of this id, where one is `named`. Fails where that is not one
    /// and only one.
    pub async fn opened_by(
        &self,
        named: Option<String>,
        fits: impl Fn(&str) -> bool + Clone + Send + 'static,
    ) -> Result<Opened, Error> {
        for fresh in [false, true] {
            let live = self.live(fresh).await?;
            let (passwords, named, fits) = (self.inner.passwords.clone(), named.clone(), fits.clone());
            // Among ten thousand sessions this takes tens of milliseconds.
            let search = move || search(live, named.as_deref(), &passwords, fits);
            let mut found = tokio::task::spawn_blocking(search).await.unwrap_or_default();
            match (found.pop(), found.is_empty()) {
                (Some(only), true) => return Ok(only),
                (Some(_), false) => {
                    return Err(Error::conflict(
                        "several sessions have this password: name one by ID:<session>",
                    ));
                }
                // It may be younger than what was counted.
                (None, _) => {}
            }
        }
        Err(Error::unauthenticated("this is the password of no live session"))
    }
}

fn search(
    live: Vec<(Tenant, SessionId)>,
    named: Option<&str>,
    passwords: &Passwords,
    fits: impl Fn(&str) -> bool,
) -> Vec<Opened> {
    let asked = live.into_iter().filter(|(_, id)| named.is_none_or(|named| named == id.to_string()));
    let fitting = asked.filter_map(|(tenant, id)| {
        // Both are made and tried, so that the time taken tells nothing.
        let [control, view] = [Access::Control, Access::View].map(|access| fits(&passwords.of(&id, access)));
        let access = if control { Access::Control } else { Access::View };
        (control || view).then_some(Opened { tenant, id, access })
    });
    fitting.collect()
}

#[cfg(test)]
mod tests {
    use bus_schema::Region;

    use super::*;

    #[test]
    fn a_password_is_of_one_session_one_access_and_one_fleet() {
        let (a, b) = (Passwords::new(&Secret::new("fleet")), Passwords::new(&Secret::new("fleet")));
        let other = Passwords::new(&Secret::new("another"));
        let (one, two) = (SessionId::random(Region::default()), SessionId::random(Region::default()));
        let password = a.of(&one, Access::Control);
        assert_eq!(password, b.of(&one, Access::Control));
        assert_eq!(password.len(), LENGTH);
        for another in
            [a.of(&one, Access::View), a.of(&two, Access::Control), other.of(&one, Access::Control)]
        {
            assert_ne!(password, another);
        }
    }

    #[test]
    fn the_password_finds_its_session_and_the_name_narrows_the_search() {
        let passwords = Passwords::new(&Secret::new("fleet"));
        let ids: Vec<_> = (0..50).map(|_| SessionId::random(Region::default())).collect();
        let live: Vec<_> = ids.iter().map(|id| (Tenant::default(), id.clone())).collect();
        for access in [Access::View, Access::Control] {
            let password = passwords.of(&ids[7], access);
            let found = |named: Option<&str>| search(live.clone(), named, &passwords, |p| p == password);
            let opened = Opened { tenant: Tenant::default(), id: ids[7].clone(), access };
            assert_eq!(found(None), std::slice::from_ref(&opened));
            assert_eq!(found(Some(&ids[7].to_string())), [opened]);
            assert_eq!(found(Some(&ids[8].to_string())), []);
        }
        assert_eq!(search(live.clone(), None, &passwords, |_| false), []);
        assert_eq!(search(live, None, &passwords, |_| true).len(), 50);
    }
}
