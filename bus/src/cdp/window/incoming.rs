//! What comes in: put together, in order, each piece once.

use bus_schema::model::cdp::Chunk;
use bytes::{Bytes, BytesMut};

use super::{ACK_BYTES, ACK_PIECES, MESSAGE_BYTES};

/// What a piece comes to.
#[derive(Debug, PartialEq, Eq)]
pub enum Accepted {
    /// The message goes on, or it was here before.
    Nothing,
    Message(Bytes),
    /// Pieces before it are missing.
    Gap,
    TooLarge,
}

/// The receiving half.
#[derive(Debug)]
pub struct Incoming {
    /// The next piece in order.
    expected: u64,
    parts: Vec<Bytes>,
    parts_bytes: usize,
    /// The highest piece that was passed on.
    taken: u64,
    told: u64,
    untold_bytes: usize,
    /// The last piece of the last whole message.
    whole: u64,
    /// Whole messages, however often the count of pieces began anew.
    messages: u64,
}

impl Default for Incoming {
    fn default() -> Self {
        Self {
            expected: 1,
            parts: Vec::new(),
            parts_bytes: 0,
            taken: 0,
            told: 0,
            untold_bytes: 0,
            whole: 0,
            messages: 0,
        }
    }
}

impl Incoming {
    pub fn accept(&mut self, chunk: Chunk) -> Accepted {
        if chunk.n < self.expected {
            return Accepted::Nothing;
        }
        let starts = chunk.part == 0;
        if chunk.n > self.expected || starts != self.parts.is_empty() {
            return Accepted::Gap;
        }
        self.expected += 1;
        self.untold_bytes += chunk.data.len();
        self.parts_bytes += chunk.data.len();
        if self.parts_bytes > MESSAGE_BYTES {
            return Accepted::TooLarge;
        }
        if !chunk.last {
            self.parts.push(chunk.data);
            // Kept here: what comes after it needs the credit.
            self.taken = chunk.n;
            return Accepted::Nothing;
        }
        self.messages += 1;
        self.whole = chunk.n;
        let bytes = std::mem::take(&mut self.parts_bytes);
        if self.parts.is_empty() {
            return Accepted::Message(chunk.data);
        }
        let mut message = BytesMut::with_capacity(bytes);
        for part in self.parts.drain(..) {
            message.extend_from_slice(&part);
        }
        message.extend_from_slice(&chunk.data);
        Accepted::Message(message.freeze())
    }

    /// The last message was passed on.
    pub fn taken(&mut self) {
        self.taken = self.expected - 1;
    }

    /// Pieces are counted from 1 again. What is not whole is sent once more.
    pub fn restart(&mut self) {
        *self = Self { messages: self.messages, ..Self::default() };
    }

    /// The last piece of the last whole message.
    pub fn whole(&self) -> u64 {
        self.whole
    }

    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// Whether the other side waits for credit and nothing is on its way that would give it.
    pub fn owes(&self) -> bool {
        self.taken - self.told >= ACK_PIECES || (self.untold_bytes >= ACK_BYTES && self.taken > self.told)
    }

    /// What a chunk that goes out now says.
    pub fn ack(&self) -> u64 {
        self.taken
    }

    /// It went out.
    pub fn told(&mut self) {
        self.told = self.taken;
        self.untold_bytes = 0;
    }

    /// The first piece that is not here.
    pub fn expected(&self) -> u64 {
        self.expected
    }
}
