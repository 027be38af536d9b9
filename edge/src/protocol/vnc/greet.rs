//! The handshake, with deadlines.

use bytes::BytesMut;
use tokio::time::{Duration, Instant, timeout_at};

use super::{
    rfb::handshake::{GREETING, Handshake, Said},
    wire::{End, Outbox, Reader},
};

/// From the first byte to being in. Somebody may have to look for the password.
const WITHIN: Duration = Duration::from_secs(60);
/// Until the first word of a client, which no person has to think of.
const FIRST_WORD: Duration = Duration::from_secs(10);
/// No handshake has more.
const MOST_BYTES: usize = 4 << 10;

pub struct Greeting<'a> {
    pub handshake: Handshake,
    reader: &'a mut Reader,
    pub outbox: &'a mut Outbox,
    input: &'a mut BytesMut,
    until: Instant,
    said_hello: bool,
}

impl<'a> Greeting<'a> {
    pub fn new(
        handshake: Handshake,
        reader: &'a mut Reader,
        outbox: &'a mut Outbox,
        input: &'a mut BytesMut,
    ) -> Self {
        let until = Instant::now() + WITHIN;
        let mut greeting = Self { handshake, reader, outbox, input, until, said_hello: false };
        greeting.hello();
        greeting
    }

    fn hello(&mut self) {
        self.outbox.buffer().extend_from_slice(GREETING);
    }

    /// What the client says next.
    pub async fn next(&mut self) -> Result<Said, End> {
        loop {
            let said = self.handshake.advance(self.input, self.outbox.buffer());
            if let Err(why) = &said {
                self.handshake.refuse(&why.0, self.outbox.buffer());
            }
            if let Some(said) = said? {
                if matches!(said, Said::Session(_)) {
                    self.hello();
                }
                return Ok(said);
            }
            self.read().await?;
        }
    }

    /// The version of a client that is shown out, which then is told why.
    pub async fn turn_away(&mut self, why: &str) -> Result<(), End> {
        while !super::rfb::handshake::turn_away(self.input, why, self.outbox.buffer())? {
            self.read().await?;
        }
        Ok(())
    }

    async fn read(&mut self) -> Result<(), End> {
        if self.input.len() > MOST_BYTES {
            return Err(End::close(crate::protocol::ws::error::UNSUPPORTED, "too much was said"));
        }
        let until = if self.said_hello { self.until } else { self.until - WITHIN + FIRST_WORD };
        let turn = async {
            tokio::select! {
                read = self.reader.read(self.input) => read.map(|()| true),
                written = self.outbox.advance() => written.map(|()| false),
            }
        };
        match timeout_at(until, turn).await {
            Ok(turn) => {
                self.said_hello |= turn?;
                Ok(())
            }
            Err(_) => Err(End::close(crate::protocol::ws::error::POLICY, "the handshake took too long")),
        }
    }
}
