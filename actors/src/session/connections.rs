//! CDP connections. One that is lost is kept as it is for a while: a client whose socket broke comes back to it.

use std::{collections::HashMap, time::Duration};

use bus_schema::ConnId;
use tokio::time::Instant;

/// How long a client may stay away.
pub(super) const RESUME_WINDOW: Duration = Duration::from_secs(15);

/// Pure. `G` is what keeps a connection.
#[derive(Debug)]
pub struct Connections<G> {
    open: HashMap<ConnId, G>,
    lost: HashMap<ConnId, (G, Instant)>,
}

impl<G> Default for Connections<G> {
    fn default() -> Self {
        Self { open: HashMap::new(), lost: HashMap::new() }
    }
}

impl<G> Connections<G> {
    pub fn open(&mut self, conn: ConnId, guard: G) {
        self.open.insert(conn, guard);
    }

    /// Whether it is there: because it always was, or because it comes back in time.
    pub fn revive(&mut self, conn: &ConnId) -> bool {
        if let Some((guard, _)) = self.lost.remove(conn) {
            self.open.insert(conn.clone(), guard);
        }
        self.open.contains_key(conn)
    }

    pub fn lose(&mut self, conn: &ConnId, now: Instant) {
        if let Some(guard) = self.open.remove(conn) {
            self.lost.insert(conn.clone(), (guard, now + RESUME_WINDOW));
        }
    }

    /// It has said goodbye.
    pub fn close(&mut self, conn: &ConnId) -> Option<G> {
        self.open.remove(conn).or_else(|| self.lost.remove(conn).map(|(guard, _)| guard))
    }

    /// How many are lost and may come back.
    pub fn lost(&self) -> usize {
        self.lost.len()
    }

    /// Lets go of those that did not come back.
    pub fn expire(&mut self, now: Instant) -> Vec<G> {
        self.lost.extract_if(|_, (_, until)| *until <= now).map(|(_, (guard, _))| guard).collect()
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.lost.values().map(|(_, until)| *until).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_is_kept_for_a_while_and_no_longer() {
        let (a, b) = (ConnId::new("a").unwrap(), ConnId::new("b").unwrap());
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
        assert_eq!(connections.expire(now + RESUME_WINDOW + Duration::from_secs(1)), ["b"]);
        assert!(!connections.revive(&b));
        assert_eq!(connections.close(&a), Some("a"));
        assert_eq!((connections.close(&a), connections.lost()), (None, 0));
        assert_eq!(connections.deadline(), None);
    }
}
