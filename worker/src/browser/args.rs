//! Command-line arguments that a session may bring along.

use bus_schema::model::args;

/// An argument from the closed list. The edge has refused others already; a request that came by another way is
/// judged here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Arg(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", args::refusal(.0))]
pub struct ArgError(pub String);

impl Arg {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Arg {
    type Err = ArgError;

    fn from_str(text: &str) -> Result<Self, ArgError> {
        if args::is_allowed(text) { Ok(Self(text.to_owned())) } else { Err(ArgError(text.to_owned())) }
    }
}
