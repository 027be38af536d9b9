//! One message of a CDP connection on the bus: a header of 20 bytes, big-endian, then a piece of what is carried.
//!
//! Messages are cut into chunks, and chunks are counted, so that either side knows what got lost with a connection.

use bytes::{BufMut, Bytes, BytesMut};

pub const HEADER_BYTES: usize = 20;
/// What one chunk carries at the most.
pub const CHUNK_BYTES: usize = 512 << 10;
const VERSION: u8 = 1;
const LAST: u8 = 1;

/// What a chunk is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A piece of a message; `n` counts these.
    Data = 1,
    /// Its `ack`; `n` is the last piece that the client itself is known to have, or 0.
    Ack = 2,
    /// Asks what has arrived; `n` is the last piece that was sent.
    Probe = 3,
    /// Asks for everything from piece `n` on once more.
    Again = 4,
    /// The last word: a WebSocket close code, then its reason.
    Close = 5,
}

impl Kind {
    fn read(byte: u8) -> Option<Self> {
        [Self::Data, Self::Ack, Self::Probe, Self::Again, Self::Close].into_iter().find(|k| *k as u8 == byte)
    }
}

/// A piece of a message, or what keeps the pieces coming.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    pub kind: Kind,
    /// Counts pieces from 1, across messages.
    pub n: u64,
    /// Which piece of its message this is, from 0.
    pub part: u16,
    /// The message ends with it.
    pub last: bool,
    /// The highest piece of the other direction that was passed on. It gives credit and frees the sender's buffer.
    pub ack: u64,
    pub data: Bytes,
}

impl Chunk {
    /// One that carries no piece.
    pub fn bare(kind: Kind, n: u64, ack: u64) -> Self {
        Self { kind, n, part: 0, last: false, ack, data: Bytes::new() }
    }

    pub fn close(close: &Close, ack: u64) -> Self {
        let mut data = BytesMut::with_capacity(2 + close.reason.len());
        data.put_u16(close.code);
        data.put_slice(close.reason.as_bytes());
        Self { data: data.freeze(), ..Self::bare(Kind::Close, 0, ack) }
    }

    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(HEADER_BYTES + self.data.len());
        out.put_u8(VERSION);
        out.put_u8(((self.kind as u8) << 1) | if self.last { LAST } else { 0 });
        out.put_u16(self.part);
        out.put_u64(self.n);
        out.put_u64(self.ack);
        out.put_slice(&self.data);
        out.freeze()
    }

    /// `None` for another version, an unknown kind, or a length that no chunk has. Shares the memory of `bytes`.
    pub fn decode(bytes: &Bytes) -> Option<Self> {
        let head: &[u8; HEADER_BYTES] = bytes.first_chunk()?;
        if head[0] != VERSION || bytes.len() > HEADER_BYTES + CHUNK_BYTES {
            return None;
        }
        let u64_at =
            |at: usize| head[at..at + 8].iter().fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
        Some(Self {
            kind: Kind::read(head[1] >> 1)?,
            n: u64_at(4),
            part: u16::from_be_bytes([head[2], head[3]]),
            last: head[1] & LAST != 0,
            ack: u64_at(12),
            data: bytes.slice(HEADER_BYTES..),
        })
    }

    /// What a chunk of kind `Close` says.
    pub fn read_close(&self) -> Option<Close> {
        let (code, reason) = self.data.split_first_chunk::<2>().filter(|_| self.kind == Kind::Close)?;
        let reason = String::from_utf8_lossy(reason).into_owned();
        Some(Close { code: u16::from_be_bytes(*code), reason })
    }
}

/// Why a connection is over, as a WebSocket says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    pub code: u16,
    pub reason: String,
}

impl Close {
    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        // A close frame holds 123 bytes of reason.
        let reason: String = reason.into().chars().take(60).collect();
        Self { code, reason }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_layout_is_as_documented() {
        let chunk = Chunk {
            kind: Kind::Data,
            n: 0x0102_0304_0506_0708,
            part: 0x0a0b,
            last: true,
            ack: 9,
            data: Bytes::from_static(b"{}"),
        };
        let bytes = chunk.encode();
        let expected = [1, 3, 10, 11, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 9, b'{', b'}'];
        assert_eq!(bytes, expected.as_slice());
        assert_eq!(Chunk::decode(&bytes), Some(chunk));
    }

    #[test]
    fn a_goodbye_has_code_and_reason() {
        let close = Close::new(1008, "slow_consumer");
        let read = Chunk::decode(&Chunk::close(&close, 3).encode()).unwrap();
        assert_eq!((read.read_close(), read.ack), (Some(close), 3));
        assert_eq!(Chunk::bare(Kind::Ack, 0, 1).read_close(), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            kind in 1u8..6, n: u64, part: u16, last: bool, ack: u64, data in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let chunk = Chunk { kind: Kind::read(kind).unwrap(), n, part, last, ack, data: data.into() };
            prop_assert_eq!(Chunk::decode(&chunk.encode()), Some(chunk));
        }

        #[test]
        fn noise_is_never_a_panic(noise in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = Chunk::decode(&noise.into()).and_then(|chunk| chunk.read_close());
        }
    }
}
