//! Identifiers, validated when built. Their alphabet `[A-Za-z0-9_-]+` is that of one NATS subject token.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Why a string is not the identifier it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {value:?} is malformed: {expected}")]
pub struct Malformed {
    pub kind: &'static str,
    pub value: String,
    pub expected: &'static str,
}

impl Malformed {
    pub(crate) fn new(kind: &'static str, value: &str, expected: &'static str) -> Self {
        // What is echoed is bounded: it may come from an untrusted client and goes into an answer.
        Self { kind, value: value.chars().take(80).collect(), expected }
    }
}

fn is_token(s: &str, max: usize) -> bool {
    !s.is_empty() && s.len() <= max && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

macro_rules! token_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String)]
        pub struct $name(String);

        impl $name {
            /// Fails unless `s` is 1 to the maximum length of `[A-Za-z0-9_-]`.
            pub fn new(s: impl AsRef<str>) -> Result<Self, Malformed> {
                let s = s.as_ref();
                if is_token(s, $max) {
                    Ok(Self(s.to_owned()))
                } else {
                    Err(Malformed::new($kind, s, concat!("1 to ", $max, " characters of A-Z a-z 0-9 _ -")))
                }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = Malformed;
            fn from_str(s: &str) -> Result<Self, Malformed> {
                Self::new(s)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Malformed;
            fn try_from(s: String) -> Result<Self, Malformed> {
                Self::new(s)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}

token_id!(
    /// A place with its own JetStream. Part of every stream subject and of every session id.
    Region, "region", 32
);
token_id!(
    /// A group of workers that serve the same kind of request.
    Pool, "pool", 32
);
token_id!(
    /// Who a session belongs to. Nothing of one tenant is visible to another.
    Tenant, "tenant", 64
);
token_id!(
    /// One start of one worker process. A restarted worker has a new id, so an owner never comes back from the dead.
    WorkerId, "worker id", 64
);
token_id!(
    /// One attached connection (viewer, input, CDP client) of a session.
    ConnId, "connection id", 64
);

impl Default for Region {
    fn default() -> Self {
        Self("local".into())
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self("default".into())
    }
}

impl Default for Tenant {
    fn default() -> Self {
        Self("default".into())
    }
}

/// Priority class of a request, in the order in which workers look.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    High,
    #[default]
    Normal,
    Low,
}

impl Class {
    pub const ALL: [Class; 3] = [Class::High, Class::Normal, Class::Low];

    pub fn as_str(self) -> &'static str {
        match self {
            Class::High => "high",
            Class::Normal => "normal",
            Class::Low => "low",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Class {
    type Err = Malformed;
    fn from_str(s: &str) -> Result<Self, Malformed> {
        Class::ALL
            .into_iter()
            .find(|c| c.as_str() == s)
            .ok_or_else(|| Malformed::new("class", s, "high, normal or low"))
    }
}

/// Counts the owners an entry has had. A higher epoch in the entry means that this owner has lost the session.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl Epoch {
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `<region>_<32 hex>`: any edge knows from the id alone where the session lives.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionId {
    region: Region,
    unique: u128,
}

impl SessionId {
    /// A new id, ordered by time within its region (UUIDv7).
    pub fn random(region: Region) -> Self {
        Self { region, unique: uuid::Uuid::now_v7().as_u128() }
    }

    /// An id that a caller derived itself, e.g. from an idempotency key, so that every edge finds the same one.
    pub fn derived(region: Region, unique: [u8; 16]) -> Self {
        Self { region, unique: u128::from_be_bytes(unique) }
    }

    pub fn region(&self) -> &Region {
        &self.region
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{:032x}", self.region, self.unique)
    }
}

impl FromStr for SessionId {
    type Err = Malformed;
    fn from_str(s: &str) -> Result<Self, Malformed> {
        let malformed =
            || Malformed::new("session id", s, "a region, an underscore and 32 lower-case hex digits");
        let (region, hex) = s.rsplit_once('_').ok_or_else(malformed)?;
        let lower_hex =
            hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if !lower_hex {
            return Err(malformed());
        }
        let region = Region::new(region).map_err(|_| malformed())?;
        let unique = u128::from_str_radix(hex, 16).map_err(|_| malformed())?;
        Ok(Self { region, unique })
    }
}

impl utoipa::PartialSchema for SessionId {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some("^[A-Za-z0-9_-]{1,32}_[0-9a-f]{32}$"))
            .examples(["local_0198f3c2a7e07b3c9d1f4a5b6c7d8e9f"])
            .into()
    }
}

impl utoipa::ToSchema for SessionId {}

impl TryFrom<String> for SessionId {
    type Error = Malformed;
    fn try_from(s: String) -> Result<Self, Malformed> {
        s.parse()
    }
}

impl From<SessionId> for String {
    fn from(id: SessionId) -> String {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn malformed_ids_are_refused() {
        for bad in [
            "",
            "local",
            "local_",
            "_0198f3c2a7e07b3c9d1f4a5b6c7d8e9f",
            "lo.cal_0198f3c2a7e07b3c9d1f4a5b6c7d8e9f",
        ] {
            assert!(bad.parse::<SessionId>().is_err(), "{bad}");
        }
        assert!(
            "local_0198F3C2A7E07B3C9D1F4A5B6C7D8E9F".parse::<SessionId>().is_err(),
            "upper case has two spellings"
        );
        assert!(Region::new("a.b").is_err());
        assert!(Region::new("a b").is_err());
        assert!(Tenant::new(">").is_err());
        assert!(Tenant::new("x".repeat(65)).is_err());
    }

    proptest! {
        #[test]
        fn session_ids_round_trip(region in "[A-Za-z0-9_-]{1,32}", unique: u128) {
            let id = SessionId { region: Region::new(region).unwrap(), unique };
            prop_assert_eq!(id.to_string().parse::<SessionId>().unwrap(), id);
        }
    }
}
