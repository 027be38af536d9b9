//! Profiles: named storage states of a tenant, which outlive the sessions that wrote them.
//!
//! They lie in the object store, as cookies and storage that act for people. None of it is ever logged or put into an
//! error.

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

use bus::Bus;
use bus_schema::{
    Error,
    model::create::{Cookie, OriginState, StorageState},
};
use tokio::{
    io::AsyncReadExt,
    time::{Instant, timeout},
};
use url::Url;

use super::one::Whose;
use crate::command;

/// The largest profile. An origin's local storage alone may have 5 MB.
const BYTES: u64 = 16 << 20;
/// How long the object store may take to give one.
const LOAD: Duration = Duration::from_secs(10);
/// How long reading the browser's storage may take of the time that an end leaves.
const READ: Duration = Duration::from_secs(2);

/// A session's profile.
pub(super) struct Profile {
    bus: Bus,
    whose: Whose,
    object: String,
    /// What the session began with: the origins that it does not visit are kept as they are.
    began_with: Vec<OriginState>,
}

impl Profile {
    /// Reads what earlier sessions left under this name, if any did.
    pub(super) async fn load(bus: Bus, whose: Whose, name: &str) -> Result<(Self, Vec<Cookie>), Error> {
        let object = format!("{}/profiles/{name}", whose.tenant);
        let read = timeout(LOAD, read(&bus, &whose, &object)).await;
        let state =
            read.map_err(|_| Error::unavailable("the object store did not give the profile in time"))??;
        let StorageState { mut cookies, origins } = state.unwrap_or_default();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        cookies.retain(|c| c.expires.is_none_or(|at| at < 0.0 || at > now));
        Ok((Self { bus, whose, object, began_with: origins }, cookies))
    }

    /// The origins that the session begins with: the profile's, and over them those that were asked for.
    pub(super) fn lay_under(&mut self, asked: Vec<OriginState>) -> Vec<OriginState> {
        self.began_with = merged(std::mem::take(&mut self.began_with), asked);
        self.began_with.clone()
    }

    /// Writes what the browser has now. An origin without a document keeps what it had.
    pub(super) async fn save(&self, context: &command::Context) -> Result<(), Error> {
        let StorageState { cookies, origins } = command::storage(context, Instant::now() + READ).await?;
        let mut origins = merged_by_origin(self.began_with.clone(), origins);
        origins.retain(|of| !of.local_storage.is_empty());
        let json = serde_json::to_vec(&StorageState { cookies, origins })
            .map_err(|_| Error::internal("the profile cannot be written as JSON"))?;
        // Judged before it is put there: a profile that is too large must not take the place of the last good one.
        if json.len() as u64 > BYTES {
            return Err(Error::payload_too_large(format!("a profile has at most {BYTES} bytes")));
        }
        self.bus.profiles().put(self.whose.id.region(), &self.object, json.as_slice(), BYTES).await?;
        Ok(())
    }
}

async fn read(bus: &Bus, whose: &Whose, object: &str) -> Result<Option<StorageState>, Error> {
    let Some(found) = bus.profiles().get(whose.id.region(), object).await? else { return Ok(None) };
    let mut json = Vec::new();
    let read = found.reader.take(BYTES + 1).read_to_end(&mut json).await;
    read.map_err(|e| Error::unavailable(format!("the object store: {e}")))?;
    // The parser's words may quote a value.
    let unreadable =
        |_| Error::internal("the profile in the object store is not readable").with_field("profile.name");
    serde_json::from_slice(&json).map(Some).map_err(unreadable)
}

fn origin(of: &OriginState) -> String {
    Url::parse(&of.origin).map_or_else(|_| of.origin.clone(), |url| url.origin().ascii_serialization())
}

/// `above` stands over `below`, origin by origin as a whole.
fn merged_by_origin(mut below: Vec<OriginState>, above: Vec<OriginState>) -> Vec<OriginState> {
    let named: BTreeSet<String> = above.iter().map(origin).collect();
    below.retain(|of| !named.contains(&origin(of)));
    below.extend(above);
    below
}

/// `above` stands over `below`, item by item.
fn merged(below: Vec<OriginState>, above: Vec<OriginState>) -> Vec<OriginState> {
    let mut all = below;
    for of in above {
        match all.iter_mut().find(|known| origin(known) == origin(&of)) {
            Some(known) => {
                known.local_storage.retain(|item| of.local_storage.iter().all(|new| new.name != item.name));
                known.local_storage.extend(of.local_storage);
            }
            None => all.push(of),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(of: &[(&str, &[(&str, &str)])]) -> Vec<OriginState> {
        let json: Vec<_> = of
            .iter()
            .map(|(origin, items)| {
                let items: Vec<_> = items
                    .iter()
                    .map(|(name, value)| serde_json::json!({ "name": name, "value": value }))
                    .collect();
                serde_json::json!({ "origin": origin, "localStorage": items })
            })
            .collect();
        serde_json::from_value(json.into()).unwrap()
    }

    #[test]
    fn what_is_asked_for_stands_over_the_profile_item_by_item() {
        let profile =
            origins(&[("https://a.test", &[("x", "old"), ("y", "kept")]), ("https://b.test", &[("z", "1")])]);
        let asked = origins(&[("https://a.test/", &[("x", "new")]), ("https://c.test", &[("w", "2")])]);
        let expected = origins(&[
            ("https://a.test", &[("y", "kept"), ("x", "new")]),
            ("https://b.test", &[("z", "1")]),
            ("https://c.test", &[("w", "2")]),
        ]);
        assert_eq!(merged(profile, asked), expected);
    }

    #[test]
    fn what_a_visited_origin_has_forgotten_stays_forgotten() {
        let began = origins(&[("https://a.test", &[("x", "1")]), ("https://b.test", &[("z", "1")])]);
        let now = origins(&[("https://a.test", &[])]);
        let expected = origins(&[("https://b.test", &[("z", "1")]), ("https://a.test", &[])]);
        assert_eq!(merged_by_origin(began, now), expected);
    }
}
