//! Which connections are there: clients, and those that send input. Silence means gone, whatever killed them.

use std::{collections::HashMap, time::Duration};

use bus_schema::ConnId;
use tokio::time::Instant;

/// A connection that is not heard of for this long is gone. Those who are there beat three times as often.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(6);
/// The most of one kind.
const MOST: usize = 256;

/// What a connection is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It keeps the session, where that ends with its last client.
    Client,
    /// It sends input.
    Input,
    /// A client that speaks CDP. While it is there the session is not idle.
    Cdp,
}

/// Pure.
#[derive(Debug, Default)]
pub struct Presence {
    present: HashMap<ConnId, (Role, Instant)>,
    /// A session that no client ever joined is not left by its last one.
    had_clients: bool,
}

impl Presence {
    /// `false`: there are too many of its kind.
    pub fn arrive(&mut self, conn: ConnId, role: Role, now: Instant) -> bool {
        let full = self.count(role) >= MOST && !self.present.contains_key(&conn);
        if !full {
            self.had_clients |= role != Role::Input;
            self.present.insert(conn, (role, now));
        }
        !full
    }

    /// Somebody unknown is not let in by a beat. Says whether it is known.
    pub fn beat(&mut self, conn: &ConnId, now: Instant) -> bool {
        let present = self.present.get_mut(conn);
        present.is_some_and(|(_, heard)| {
            *heard = now;
            true
        })
    }

    pub fn is_here(&self, conn: &ConnId) -> bool {
        self.present.contains_key(conn)
    }

    pub fn leave(&mut self, conn: &ConnId) -> bool {
        self.present.remove(conn).is_some()
    }

    /// Those that have fallen silent, now gone.
    pub fn expire(&mut self, now: Instant) -> Vec<ConnId> {
        let silent = |heard: Instant| now.saturating_duration_since(heard) >= HEARTBEAT;
        let gone: Vec<ConnId> =
            self.present.iter().filter(|(_, (_, heard))| silent(*heard)).map(|(c, _)| c.clone()).collect();
        for conn in &gone {
            self.present.remove(conn);
        }
        gone
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.present.values().map(|(_, heard)| *heard + HEARTBEAT).min()
    }

    pub fn has_clients_ever(&self) -> bool {
        self.had_clients
    }

    pub fn count(&self, role: Role) -> usize {
        self.present.values().filter(|(r, _)| *r == role).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conn(s: &str) -> ConnId {
        ConnId::new(s).unwrap()
    }

    #[test]
    fn who_falls_silent_is_gone_and_who_is_unknown_stays_out() {
        let now = Instant::now();
        let mut p = Presence::default();
        assert!(p.arrive(conn("a"), Role::Client, now));
        assert!(p.arrive(conn("b"), Role::Input, now));
        assert!(p.beat(&conn("a"), now + Duration::from_secs(3)));
        assert!(!p.beat(&conn("x"), now));
        assert_eq!((p.count(Role::Client), p.count(Role::Input)), (1, 1));
        assert_eq!(p.deadline(), Some(now + HEARTBEAT));
        assert_eq!(p.expire(now + HEARTBEAT), [conn("b")]);
        assert!(p.leave(&conn("a")));
        assert!(!p.leave(&conn("a")));
        assert_eq!(p.deadline(), None);
    }

    #[test]
    fn there_is_a_limit() {
        let now = Instant::now();
        let mut p = Presence::default();
        for n in 0..MOST {
            assert!(p.arrive(conn(&n.to_string()), Role::Input, now));
        }
        assert!(!p.arrive(conn("more"), Role::Input, now));
        assert!(p.arrive(conn("0"), Role::Input, now), "one that is there already");
        assert!(p.arrive(conn("more"), Role::Client, now), "of another kind");
    }
}
