//! What is under way in both directions of a connection: credit, order, and what is to be sent once more. Pure.

use std::collections::VecDeque;

use bus_schema::{
    model::cdp::{CHUNK_BYTES, Chunk, Kind},
    stream,
};
use bytes::{Bytes, BytesMut};

/// Sent and not yet passed on by the other side, at the most.
const CREDIT_BYTES: usize = 4 << 20;
/// The same in pieces, so that small ones do not outrun the subscription that takes them.
const CREDIT_PIECES: usize = 1_024;
/// What waits for the other side, or may have to be sent once more.
const BUFFER_BYTES: usize = 32 << 20;
/// After so much, or so many pieces, the other side is told that it was passed on, if nothing is sent that says so.
const ACK_BYTES: usize = CREDIT_BYTES / 8;
const ACK_PIECES: u64 = (CREDIT_PIECES / 8) as u64;
/// The largest message that is put together.
const MESSAGE_BYTES: usize = stream::MAX_ANSWER_BYTES + (1 << 20);

/// The buffer is full: the other side has not taken what it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what was sent is not taken")]
pub struct Full;

/// What is asked for once more was too large to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotKept;

#[derive(Debug)]
struct Piece {
    part: u16,
    last: bool,
    len: usize,
    /// Of a message too large to be kept, until it is sent.
    data: Option<Bytes>,
    keep: bool,
}

/// The sending half.
#[derive(Debug)]
pub struct Outgoing {
    /// Sent and not acknowledged, then not sent.
    pieces: VecDeque<Piece>,
    /// The number of the first of them.
    first: u64,
    /// How many of them were sent.
    sent: usize,
    sent_bytes: usize,
    kept_bytes: usize,
}

impl Default for Outgoing {
    fn default() -> Self {
        Self { pieces: VecDeque::new(), first: 1, sent: 0, sent_bytes: 0, kept_bytes: 0 }
    }
}

impl Outgoing {
    /// Takes a message. One that is larger than the buffer passes through it and is not kept.
    pub fn push(&mut self, message: &Bytes) -> Result<(), Full> {
        let keep = message.len() <= BUFFER_BYTES;
        if keep && self.kept_bytes + message.len() > BUFFER_BYTES {
            return Err(Full);
        }
        let count = message.len().div_ceil(CHUNK_BYTES).max(1);
        for part in 0..count {
            let from = part * CHUNK_BYTES;
            let data = message.slice(from..message.len().min(from + CHUNK_BYTES));
            let (part, last) = (u16::try_from(part).unwrap_or(u16::MAX), part + 1 == count);
            self.kept_bytes += if keep { data.len() } else { 0 };
            self.pieces.push_back(Piece { part, last, len: data.len(), data: Some(data), keep });
        }
        Ok(())
    }

    /// The next piece that may be sent.
    pub fn peek(&self, ack: u64) -> Option<Chunk> {
        let piece = self.pieces.get(self.sent)?;
        let fits = self.sent < CREDIT_PIECES && self.sent_bytes + piece.len <= CREDIT_BYTES;
        if !fits && self.sent > 0 {
            return None;
        }
        let data = piece.data.clone()?;
        let n = self.first + self.sent as u64;
        Some(Chunk { kind: Kind::Data, n, part: piece.part, last: piece.last, ack, data })
    }

    /// The piece that was peeked at is on its way.
    pub fn sent(&mut self) {
        if let Some(piece) = self.pieces.get_mut(self.sent) {
            if !piece.keep {
                piece.data = None;
            }
            self.sent_bytes += piece.len;
            self.sent += 1;
        }
    }

    /// Everything up to `n` was passed on. Says whether that is news.
    pub fn ack(&mut self, n: u64) -> bool {
        let mut news = false;
        while self.sent > 0 && self.first <= n {
            let Some(piece) = self.pieces.pop_front() else { break };
            self.first += 1;
            self.sent -= 1;
            self.sent_bytes -= piece.len;
            self.kept_bytes -= if piece.keep { piece.len } else { 0 };
            news = true;
        }
        news
    }

    /// Sends everything from `n` on once more.
    pub fn again(&mut self, n: u64) -> Result<(), NotKept> {
        let from = usize::try_from(n.saturating_sub(self.first)).unwrap_or(usize::MAX).min(self.sent);
        let mut lost = self.pieces.range(from..self.sent);
        if n < self.first || lost.any(|piece| piece.data.is_none()) {
            return Err(NotKept);
        }
        self.sent = from;
        self.sent_bytes = self.pieces.range(..from).map(|piece| piece.len).sum();
        Ok(())
    }

    /// The last piece that was sent; `None` when all that was sent was passed on.
    pub fn unacknowledged(&self) -> Option<u64> {
        (self.sent > 0).then(|| self.first + self.sent as u64 - 1)
    }

    /// Whether everything is on its way.
    pub fn is_drained(&self) -> bool {
        self.sent == self.pieces.len()
    }
}

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
}

impl Default for Incoming {
    fn default() -> Self {
        Self { expected: 1, parts: Vec::new(), parts_bytes: 0, taken: 0, told: 0, untold_bytes: 0 }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn send_all(out: &mut Outgoing) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        while let Some(chunk) = out.peek(0) {
            out.sent();
            chunks.push(chunk);
        }
        chunks
    }

    #[test]
    fn credit_is_bytes_and_pieces() {
        let mut out = Outgoing::default();
        for _ in 0..2_000 {
            out.push(&Bytes::from_static(b"{}")).unwrap();
        }
        assert_eq!(send_all(&mut out).len(), CREDIT_PIECES);
        assert!(out.ack(10));
        assert!(!out.ack(10), "no news");
        assert_eq!(send_all(&mut out).len(), 10);

        let mut out = Outgoing::default();
        out.push(&Bytes::from(vec![b'x'; 6 << 20])).unwrap();
        assert_eq!(send_all(&mut out).len(), 8);
        assert_eq!(out.unacknowledged(), Some(8));
        assert!(!out.is_drained());
        out.ack(8);
        assert_eq!(send_all(&mut out).len(), 4);
        assert!(out.is_drained());
        out.ack(12);
        assert_eq!(out.unacknowledged(), None);
    }

    #[test]
    fn the_buffer_has_an_end_and_what_is_too_large_for_it_passes() {
        let mut out = Outgoing::default();
        let quarter = Bytes::from(vec![0; BUFFER_BYTES / 4]);
        for _ in 0..4 {
            out.push(&quarter).unwrap();
        }
        assert_eq!(out.push(&Bytes::from_static(b"x")), Err(Full));
        out.push(&Bytes::from(vec![0; BUFFER_BYTES + 1])).unwrap();
        while out.unacknowledged().is_some() || !out.is_drained() {
            send_all(&mut out);
            out.ack(u64::MAX);
        }
        out.push(&quarter).unwrap();

        let mut out = Outgoing::default();
        out.push(&Bytes::from(vec![0; BUFFER_BYTES + 1])).unwrap();
        send_all(&mut out);
        assert_eq!(out.again(3), Err(NotKept));
        assert_eq!(out.again(out.unacknowledged().unwrap() + 1), Ok(()));
    }

    #[test]
    fn a_gap_is_seen_and_mended() {
        let (mut out, mut inn) = (Outgoing::default(), Incoming::default());
        for text in ["one", "two", "three"] {
            out.push(&Bytes::from_static(text.as_bytes())).unwrap();
        }
        let mut chunks = send_all(&mut out).into_iter();
        assert_eq!(inn.accept(chunks.next().unwrap()), Accepted::Message("one".into()));
        inn.taken();
        assert_eq!(inn.accept(chunks.nth(1).unwrap()), Accepted::Gap);
        out.ack(inn.ack());
        out.again(inn.expected()).unwrap();
        let again: Vec<Accepted> = send_all(&mut out).into_iter().map(|chunk| inn.accept(chunk)).collect();
        assert_eq!(again, [Accepted::Message("two".into()), Accepted::Message("three".into())]);
    }

    #[test]
    fn what_was_acknowledged_cannot_be_had_again() {
        let mut out = Outgoing::default();
        out.push(&Bytes::from_static(b"a")).unwrap();
        send_all(&mut out);
        out.ack(1);
        assert_eq!(out.again(1), Err(NotKept));
        assert_eq!(out.again(2), Ok(()));
    }

    #[test]
    fn who_takes_much_says_so() {
        let mut inn = Incoming::default();
        let piece = |n, len| Chunk {
            kind: Kind::Data,
            n,
            part: 0,
            last: true,
            ack: 0,
            data: Bytes::from(vec![0; len]),
        };
        inn.accept(piece(1, ACK_BYTES));
        assert!(!inn.owes(), "not passed on yet");
        inn.taken();
        assert!(inn.owes());
        inn.told();
        assert!(!inn.owes());
        for n in 0..ACK_PIECES {
            inn.accept(piece(2 + n, 1));
            inn.taken();
        }
        assert!(inn.owes());
    }

    proptest! {
        #[test]
        fn whatever_is_lost_on_the_way_arrives_once_and_in_order(
            sizes in prop::collection::vec(prop_oneof![0usize..9, CHUNK_BYTES - 1..CHUNK_BYTES * 3], 1..12),
            luck in prop::collection::vec(any::<bool>(), 64),
        ) {
            let messages: Vec<Bytes> = sizes.iter().enumerate().map(|(i, n)| vec![i as u8; *n].into()).collect();
            let (mut out, mut inn) = (Outgoing::default(), Incoming::default());
            for message in &messages {
                out.push(message).unwrap();
            }
            let mut arrived = Vec::new();
            let mut luck = luck.into_iter().chain(std::iter::repeat(true));
            while arrived.len() < messages.len() {
                for chunk in send_all(&mut out) {
                    if !luck.next().unwrap_or(true) {
                        continue;
                    }
                    if let Accepted::Message(message) = inn.accept(chunk) {
                        arrived.push(message);
                        inn.taken();
                    }
                }
                out.ack(inn.ack());
                out.again(inn.expected()).unwrap();
            }
            prop_assert_eq!(arrived, messages);
        }
    }
}
