//! CDP connections. One that is lost is kept as it is for a while: a client whose socket broke comes back to it.

use std::{collections::HashMap, time::Duration};

use bus_schema::ConnId;
use tokio::time::Instant;

/// How long a client may stay away.
pub(super) const RESUME_WINDOW: Duration = Duration::from_secs(15);

#[derive(Debug)]
struct Kept<G> {
    guard: G,
    /// The name under which its messages travel: another one with each socket.
    line: ConnId,
    /// What the socket was told that it has now: how many messages of the client had come.
    received: Option<u64>,
    /// When a client that is away is waited for no longer.
    until: Option<Instant>,
}

/// Pure. `G` is what keeps a connection.
#[derive(Debug)]
pub struct Connections<G>(HashMap<ConnId, Kept<G>>);

impl<G> Default for Connections<G> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<G> Connections<G> {
    pub fn open(&mut self, conn: ConnId, guard: G) {
        self.0.insert(conn.clone(), Kept { guard, line: conn, received: None, until: None });
    }

    pub fn get(&self, conn: &ConnId) -> Option<&G> {
        self.0.get(conn).map(|kept| &kept.guard)
    }

    /// Whether a line is there: because it always was, or because it is heard of in time.
    pub fn revive(&mut self, line: &ConnId) -> bool {
        let kept = self.by_line(line);
        kept.is_some_and(|kept| {
            kept.until = None;
            true
        })
    }

    /// Another socket has taken a connection up. Gives the line it had.
    pub fn resumed(&mut self, conn: &ConnId, line: ConnId, received: u64) -> Option<ConnId> {
        let kept = self.0.get_mut(conn)?;
        kept.received = Some(received);
        kept.until = None;
        Some(std::mem::replace(&mut kept.line, line))
    }

    /// What was answered when this line took the connection up, if it did.
    pub fn received(&self, conn: &ConnId, line: &ConnId) -> Option<u64> {
        self.0.get(conn).filter(|kept| kept.line == *line)?.received
    }

    pub fn lose(&mut self, line: &ConnId, now: Instant) {
        if let Some(kept) = self.by_line(line) {
            kept.until.get_or_insert(now + RESUME_WINDOW);
        }
    }

    /// It has said goodbye. Gives its line with what kept it.
    pub fn close(&mut self, conn: &ConnId) -> Option<(ConnId, G)> {
        self.0.remove(conn).map(|kept| (kept.line, kept.guard))
    }

    /// How many are lost and may come back.
    pub fn lost(&self) -> usize {
        self.0.values().filter(|kept| kept.until.is_some()).count()
    }

    /// Lets go of those that did not come back.
    pub fn expire(&mut self, now: Instant) -> Vec<(ConnId, G)> {
        let over = self.0.extract_if(|_, kept| kept.until.is_some_and(|until| until <= now));
        over.map(|(conn, kept)| (conn, kept.guard)).collect()
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.0.values().filter_map(|kept| kept.until).min()
    }

    fn by_line(&mut self, line: &ConnId) -> Option<&mut Kept<G>> {
        self.0.values_mut().find(|kept| kept.line == *line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conn(name: &str) -> ConnId {
        ConnId::new(name).unwrap()
    }

    #[test]
    fn a_lost_connection_is_kept_for_a_while_and_no_longer() {
        let (a, b) = (conn("a"), conn("b"));
        let now = Instant::now();
        let mut connections = Connections::default();
        connections.open(a.clone(), "a");
        connections.open(b.clone(), "b");
        connections.lose(&a, now);
        connections.lose(&b, now + Duration::from_secs(1));
        assert_eq!(connections.deadline(), Some(now + RESUME_WINDOW));
        assert_eq!(connections.lost(), 2);
        assert!(connections.revive(&a) && connections.revive(&a));
        assert!(connections.expire(now + RESUME_WINDOW).is_empty());
        assert_eq!(connections.expire(now + RESUME_WINDOW + Duration::from_secs(1)), [(b.clone(), "b")]);
        assert!(!connections.revive(&b));
        assert_eq!(connections.close(&a), Some((a.clone(), "a")));
        assert_eq!((connections.close(&a), connections.lost()), (None, 0));
        assert_eq!(connections.deadline(), None);
    }

    #[test]
    fn a_socket_that_was_followed_by_another_has_no_say_any_more() {
        let (first, second, third) = (conn("first"), conn("second"), conn("third"));
        let now = Instant::now();
        let mut connections = Connections::default();
        connections.open(first.clone(), "guard");
        connections.lose(&first, now);
        assert_eq!(connections.resumed(&first, second.clone(), 7), Some(first.clone()));
        assert_eq!((connections.lost(), connections.deadline()), (0, None));
        assert_eq!(connections.received(&first, &second), Some(7));
        assert_eq!(connections.received(&first, &third), None);
        connections.lose(&first, now);
        assert_eq!(connections.lost(), 0, "the line it had is another's news");
        connections.lose(&second, now);
        assert_eq!(connections.lost(), 1);
        assert_eq!(connections.resumed(&first, third.clone(), 9), Some(second));
        assert_eq!(connections.get(&first), Some(&"guard"));
        assert_eq!(connections.close(&first), Some((third, "guard")));
        assert_eq!(connections.resumed(&first, conn("fourth"), 9), None);
    }
}
