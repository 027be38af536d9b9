//! What clients asked for while a person drives. Pure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::cdp::route::ClientId;

/// Who waits longer is told so, and what was asked for is never done.
const PATIENCE: Duration = Duration::from_secs(25);
/// What one client may have waiting.
const MESSAGES: usize = 256;
const BYTES: usize = 8 << 20;

#[derive(Debug)]
pub struct Message {
    pub client: ClientId,
    pub text: Bytes,
    until: Instant,
}

#[derive(Debug, Default)]
pub struct Held(VecDeque<Message>);

impl Held {
    /// `false`: this client has too much waiting already.
    pub fn hold(&mut self, client: ClientId, text: Bytes, now: Instant) -> bool {
        let of_client = self.0.iter().filter(|held| held.client == client);
        let (count, bytes) =
            of_client.fold((0, 0), |(count, bytes), held| (count + 1, bytes + held.text.len()));
        if count >= MESSAGES || bytes + text.len() > BYTES {
            return false;
        }
        self.0.push_back(Message { client, text, until: now + PATIENCE });
        true
    }

    /// The agent drives again: everything, in order of arrival.
    pub fn release(&mut self) -> VecDeque<Message> {
        std::mem::take(&mut self.0)
    }

    /// What has waited for too long.
    pub fn overdue(&mut self, now: Instant) -> Vec<Message> {
        let late = self.0.iter().take_while(|held| held.until <= now).count();
        self.0.drain(..late).collect()
    }

    pub fn forget(&mut self, client: ClientId) {
        self.0.retain(|held| held.client != client);
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.0.front().map(|held| held.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_has_limits_in_number_size_and_time() {
        let (alice, bob) = (ClientId(1), ClientId(2));
        let now = Instant::now();
        let mut held = Held::default();
        for _ in 0..MESSAGES {
            assert!(held.hold(alice, Bytes::from_static(b"{}"), now));
        }
        assert!(!held.hold(alice, Bytes::from_static(b"{}"), now));
        assert!(!held.hold(bob, Bytes::from(vec![0; BYTES + 1]), now));
        assert!(held.hold(bob, Bytes::from_static(b"{}"), now + Duration::from_secs(1)));
        assert_eq!(held.deadline(), Some(now + PATIENCE));
        assert_eq!(held.overdue(now + PATIENCE).len(), MESSAGES);
        held.forget(bob);
        assert!(held.release().is_empty() && held.deadline().is_none());
    }
}
