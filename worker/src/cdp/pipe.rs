//! Framing: NUL-terminated JSON in both directions.

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt};

/// What is read at once. Messages up to half of it are copied out of the buffer, so that a small event never
/// keeps a large block of memory alive; a longer message takes the buffer with it.
const BLOCK: usize = 64 << 10;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum ReadError {
    Closed,
    Oversized,
}

pub(super) struct Reader<R> {
    source: R,
    buffer: Vec<u8>,
    /// Where the first message not yet handed out begins.
    start: usize,
    /// Up to where there is known to be no terminator.
    searched: usize,
    limit: usize,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    pub fn new(source: R, limit: usize) -> Self {
        Self { source, buffer: Vec::with_capacity(BLOCK), start: 0, searched: 0, limit }
    }

    /// The next message without its terminator.
    pub async fn next(&mut self) -> Result<Bytes, ReadError> {
        loop {
            if let Some(offset) = memchr::memchr(0, &self.buffer[self.searched..]) {
                return Ok(self.take(self.searched + offset));
            }
            self.searched = self.buffer.len();
            if self.searched - self.start > self.limit {
                return Err(ReadError::Oversized);
            }
            self.make_room();
            match self.source.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return Err(ReadError::Closed),
                Ok(_) => {}
            }
        }
    }

    fn take(&mut self, end: usize) -> Bytes {
        let length = end - self.start;
        let message = if self.start == 0 && length > BLOCK / 2 {
            let mut rest = Vec::with_capacity(BLOCK.max(self.buffer.len() - end));
            rest.extend_from_slice(&self.buffer[end + 1..]);
            let mut message = std::mem::replace(&mut self.buffer, rest);
            message.truncate(length);
            Bytes::from(message)
        } else {
            let message = Bytes::copy_from_slice(&self.buffer[self.start..end]);
            self.start = end + 1;
            message
        };
        self.searched = self.start;
        if self.start == self.buffer.len() {
            self.buffer.clear();
            (self.start, self.searched) = (0, 0);
        }
        message
    }

    fn make_room(&mut self) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.searched -= self.start;
            self.start = 0;
        }
        if self.buffer.capacity() - self.buffer.len() < BLOCK / 2 {
            self.buffer.reserve(self.buffer.len().max(BLOCK));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    proptest! {
        #[test]
        fn messages_of_any_size_come_out_as_they_went_in(
            sizes in prop::collection::vec(prop_oneof![0usize..300, 30_000usize..70_000, 100_000usize..300_000], 1..12),
        ) {
            let messages: Vec<Vec<u8>> =
                sizes.iter().enumerate().map(|(n, size)| vec![b'a' + (n % 26) as u8; *size]).collect();
            let mut stream = Vec::new();
            for message in &messages {
                stream.extend_from_slice(message);
                stream.push(0);
            }
            block_on(async {
                let mut reader = Reader::new(stream.as_slice(), 1 << 20);
                for message in &messages {
                    assert_eq!(reader.next().await.unwrap(), message.as_slice());
                }
                assert_eq!(reader.next().await, Err(ReadError::Closed));
            });
        }
    }

    #[test]
    fn a_message_over_the_limit_is_an_error_before_it_is_complete() {
        block_on(async {
            let mut reader = Reader::new(tokio::io::repeat(b'x'), 100_000);
            assert_eq!(reader.next().await, Err(ReadError::Oversized));
        });
    }
}
