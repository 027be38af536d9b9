//! What a client has sent and may have to be sent once more. Pure.

use std::collections::VecDeque;

use bytes::Bytes;

/// What may wait to be sent; beyond it nothing more is read from the client.
const WAITING_BYTES: usize = 64 << 20;
/// What is kept of what was sent and not answered. What is older cannot be sent again.
const KEPT_BYTES: usize = 128 << 20;

/// What has to be sent again is not kept any more.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("messages are missing that were not answered in time")]
pub struct Missing;

#[derive(Debug)]
struct Message {
    /// By which its answer names it.
    id: Option<i64>,
    text: Bytes,
}

/// The messages of one client, in order.
#[derive(Debug, Default)]
pub struct Log {
    messages: VecDeque<Message>,
    /// How many came before them.
    before: u64,
    /// How many of them were sent.
    sent: usize,
    sent_bytes: usize,
    waiting_bytes: usize,
}

impl Log {
    pub fn push(&mut self, id: Option<i64>, text: Bytes) {
        self.waiting_bytes += text.len();
        self.messages.push_back(Message { id, text });
    }

    /// Whether more may be read from the client.
    pub fn has_room(&self) -> bool {
        self.waiting_bytes < WAITING_BYTES
    }

    /// What is to be sent next.
    pub fn next(&self) -> Option<Bytes> {
        self.messages.get(self.sent).map(|message| message.text.clone())
    }

    /// It is on its way.
    pub fn sent(&mut self) {
        let Some(message) = self.messages.get(self.sent) else { return };
        self.sent += 1;
        self.waiting_bytes -= message.text.len();
        self.sent_bytes += message.text.len();
        while self.sent_bytes > KEPT_BYTES {
            self.forget();
        }
    }

    /// An answer has come: that message has arrived, and so has all that was sent before it.
    pub fn answered(&mut self, id: i64) {
        let asked = self.messages.range(..self.sent).position(|message| message.id == Some(id));
        for _ in 0..asked.map_or(0, |at| at + 1) {
            self.forget();
        }
    }

    /// So many have arrived, ever. What came after them is sent again.
    pub fn resume(&mut self, arrived: u64) -> Result<(), Missing> {
        let newly = arrived.checked_sub(self.before).ok_or(Missing)?;
        let newly = usize::try_from(newly).ok().filter(|n| *n <= self.sent).ok_or(Missing)?;
        for _ in 0..newly {
            self.forget();
        }
        self.waiting_bytes += std::mem::take(&mut self.sent_bytes);
        self.sent = 0;
        Ok(())
    }

    /// Keeps the first of those that were sent no longer.
    fn forget(&mut self) {
        let Some(message) = self.messages.pop_front() else { return };
        self.before += 1;
        self.sent -= 1;
        self.sent_bytes -= message.text.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(texts: &[&'static str]) -> Log {
        let mut log = Log::default();
        for (n, text) in texts.iter().enumerate() {
            log.push(Some(n as i64), Bytes::from_static(text.as_bytes()));
        }
        log
    }

    fn drain(log: &mut Log) -> Vec<Bytes> {
        std::iter::from_fn(|| {
            let next = log.next();
            log.sent();
            next
        })
        .collect()
    }

    #[test]
    fn what_did_not_arrive_is_sent_again_and_nothing_else() {
        let mut log = log(&["a", "b", "c", "d"]);
        assert_eq!(drain(&mut log), ["a", "b", "c", "d"]);
        log.answered(1);
        log.answered(1);
        log.answered(77);
        log.push(Some(9), "e".into());
        log.resume(3).unwrap();
        assert_eq!(drain(&mut log), ["d", "e"]);
        log.resume(5).unwrap();
        assert_eq!(log.next(), None);
        assert_eq!(log.resume(4), Err(Missing), "it was said to have arrived");
        assert_eq!(log.resume(6), Err(Missing), "it was never sent");
    }

    #[test]
    fn what_is_kept_has_an_end() {
        let large = Bytes::from(vec![0; KEPT_BYTES / 2]);
        let mut log = Log::default();
        log.push(None, large.clone());
        assert!(!log.has_room());
        log.sent();
        assert!(log.has_room());
        for _ in 0..2 {
            log.push(None, large.clone());
            log.sent();
        }
        assert_eq!(log.resume(0), Err(Missing));
        log.resume(1).unwrap();
        assert_eq!(drain(&mut log).len(), 2);
    }
}
