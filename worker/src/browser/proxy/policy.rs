//! Where a session may go.

use std::net::IpAddr;

use bus_schema::model::create;

use super::pattern::{Patterns, plain};

/// What the session asked for as its `policy`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    allow: Patterns,
    block: Patterns,
}

impl From<&create::Policy> for Policy {
    fn from(policy: &create::Policy) -> Self {
        Self { allow: Patterns::new(&policy.allow), block: Patterns::new(&policy.block) }
    }
}

impl Policy {
    pub(super) fn admits(&self, host: &str) -> bool {
        let host = plain(host);
        !self.block.match_host(&host) && (self.allow.is_empty() || self.allow.match_host(&host))
    }

    /// Whether an address that an admitted name leads to may be used: a name of one's own choice must be no way
    /// round a blocked address.
    pub(super) fn admits_address(&self, address: IpAddr) -> bool {
        !self.block.name_address(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(allow: &[&str], block: &[&str]) -> Policy {
        let owned = |patterns: &[&str]| patterns.iter().map(|&pattern| pattern.into()).collect();
        Policy::from(&create::Policy { allow: owned(allow), block: owned(block) })
    }

    #[test]
    fn block_wins_and_an_empty_list_allows_everything() {
        let cases: &[(&[&str], &[&str], &str, bool)] = &[
            (&[], &[], "a.test", true),
            (&[], &["a.test"], "A.test.", false),
            (&[], &["a.test"], "b.a.test", true),
            (&[], &["*.a.test"], "b.a.test", false),
            (&["a.test"], &[], "a.test", true),
            (&["a.test"], &[], "b.test", false),
            (&["*.a.test"], &["x.a.test"], "x.a.test", false),
            (&["*.a.test"], &["x.a.test"], "y.a.test", true),
            (&[], &["*"], "a.test", false),
            (&["<local>"], &[], "intranet", true),
            (&["<local>"], &[], "a.test", false),
            (&[], &["::1"], "[0:0::1]", false),
            (&[], &["10.0.0.1"], "::ffff:10.0.0.1", false),
        ];
        for (allow, block, host, admitted) in cases {
            assert_eq!(policy(allow, block).admits(host), *admitted, "{allow:?} {block:?} {host}");
        }
    }

    #[test]
    fn a_blocked_address_is_blocked_by_whatever_name() {
        let policy = policy(&[], &["127.0.0.1", "a.test"]);
        assert!(!policy.admits_address("127.0.0.1".parse().unwrap()));
        assert!(!policy.admits_address("::ffff:127.0.0.1".parse().unwrap()));
        assert!(policy.admits_address("127.0.0.2".parse().unwrap()));
    }
}
