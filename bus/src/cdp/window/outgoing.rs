//! What goes out: cut into pieces, held back without credit, kept until it need not be sent again.

use std::collections::VecDeque;

use bus_schema::model::cdp::{CHUNK_BYTES, Chunk, Kind};
use bytes::Bytes;

use super::{BUFFER_BYTES, CREDIT_BYTES, CREDIT_PIECES};

/// The buffer is full: the other side has not taken what it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what was sent is not taken")]
pub struct Full;

/// What is asked for once more is not kept: it was too large, or it is too long ago.
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

impl Piece {
    /// What it takes of the buffer.
    fn room(&self) -> usize {
        if self.keep { self.len } else { 0 }
    }
}

/// The sending half.
#[derive(Debug)]
pub struct Outgoing {
    /// Acknowledged and kept, then sent, then not sent.
    pieces: VecDeque<Piece>,
    /// The number of the first of them.
    first: u64,
    /// Messages whose last piece was before it.
    messages: u64,
    /// How many of them were acknowledged.
    acknowledged: usize,
    /// How many of them were sent.
    sent: usize,
    /// Sent and not acknowledged.
    sent_bytes: usize,
    /// Acknowledged, in the buffer.
    kept_bytes: usize,
    /// Not acknowledged, in the buffer.
    waiting_bytes: usize,
    /// What was acknowledged is kept for another socket.
    resumable: bool,
}

impl Outgoing {
    /// With `resumable`, what the other side has passed on is kept until it is known that its client has it.
    pub fn new(resumable: bool) -> Self {
        Self {
            pieces: VecDeque::new(),
            first: 1,
            messages: 0,
            acknowledged: 0,
            sent: 0,
            sent_bytes: 0,
            kept_bytes: 0,
            waiting_bytes: 0,
            resumable,
        }
    }

    /// Takes a message. One that is larger than the buffer passes through it and is not kept.
    pub fn push(&mut self, message: &Bytes) -> Result<(), Full> {
        let keep = message.len() <= BUFFER_BYTES;
        if keep && self.waiting_bytes + message.len() > BUFFER_BYTES {
            return Err(Full);
        }
        let count = message.len().div_ceil(CHUNK_BYTES).max(1);
        for part in 0..count {
            let from = part * CHUNK_BYTES;
            let data = message.slice(from..message.len().min(from + CHUNK_BYTES));
            let (part, last) = (u16::try_from(part).unwrap_or(u16::MAX), part + 1 == count);
            let piece = Piece { part, last, len: data.len(), data: Some(data), keep };
            self.waiting_bytes += piece.room();
            self.pieces.push_back(piece);
        }
        while self.kept_bytes > 0 && self.kept_bytes + self.waiting_bytes > BUFFER_BYTES {
            self.forget();
        }
        Ok(())
    }

    /// The next piece that may be sent.
    pub fn peek(&self, ack: u64) -> Option<Chunk> {
        let piece = self.pieces.get(self.sent)?;
        let under_way = self.sent - self.acknowledged;
        let fits = under_way < CREDIT_PIECES && self.sent_bytes + piece.len <= CREDIT_BYTES;
        if !fits && under_way > 0 {
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
        while self.acknowledged < self.sent && self.first + (self.acknowledged as u64) <= n {
            let Some(piece) = self.pieces.get(self.acknowledged) else { break };
            self.sent_bytes -= piece.len;
            self.waiting_bytes -= piece.room();
            self.kept_bytes += piece.room();
            self.acknowledged += 1;
            news = true;
        }
        while !self.resumable && self.acknowledged > 0 {
            self.forget();
        }
        news
    }

    /// The client itself has everything up to `n`.
    pub fn seen(&mut self, n: u64) {
        while self.acknowledged > 0 && self.first <= n {
            self.forget();
        }
    }

    /// Keeps the first of those that were acknowledged no longer.
    fn forget(&mut self) {
        let Some(piece) = self.pieces.pop_front() else { return };
        self.first += 1;
        self.messages += u64::from(piece.last);
        self.acknowledged -= 1;
        self.sent -= 1;
        self.kept_bytes -= piece.room();
    }

    /// Sends everything from `n` on once more.
    pub fn again(&mut self, n: u64) -> Result<(), NotKept> {
        let unacknowledged = self.first + self.acknowledged as u64;
        let ahead = usize::try_from(n.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let from = ahead.clamp(self.acknowledged, self.sent);
        let mut lost = self.pieces.range(from..self.sent);
        if n < unacknowledged || lost.any(|piece| piece.data.is_none()) {
            return Err(NotKept);
        }
        self.sent = from;
        self.sent_bytes = self.pieces.range(self.acknowledged..from).map(|piece| piece.len).sum();
        Ok(())
    }

    /// Begins anew behind message `after`, with pieces counted from 1.
    pub fn resume(&mut self, after: u64) -> Result<(), NotKept> {
        let mut before = 0;
        let mut messages = self.messages;
        while messages < after {
            let piece = self.pieces.get(before).filter(|_| before < self.sent).ok_or(NotKept)?;
            messages += u64::from(piece.last);
            before += 1;
        }
        let begins = self.pieces.get(before).is_none_or(|piece| piece.part == 0);
        if messages > after || !begins || self.pieces.range(before..).any(|piece| piece.data.is_none()) {
            return Err(NotKept);
        }
        self.pieces.drain(..before);
        self.messages = messages;
        self.first = 1;
        (self.acknowledged, self.sent, self.sent_bytes, self.kept_bytes) = (0, 0, 0, 0);
        self.waiting_bytes = self.pieces.iter().map(Piece::room).sum();
        Ok(())
    }

    /// The last piece that was sent; `None` when all that was sent was passed on.
    pub fn unacknowledged(&self) -> Option<u64> {
        (self.sent > self.acknowledged).then(|| self.first + self.sent as u64 - 1)
    }

    /// Whether everything is on its way.
    pub fn is_drained(&self) -> bool {
        self.sent == self.pieces.len()
    }
}
