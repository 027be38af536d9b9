//! Writing to the pipe: straight from the caller while it moves, by a task when it does not.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::unix::pipe;
use tokio::sync::Notify;

use super::patience::Patience;

/// What may wait for a browser that reads slowly; beyond it callers wait.
const BACKLOG: usize = 64 << 20;
const STALL_LIMIT: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_millis(500);

pub(super) struct Outbox {
    pipe: pipe::Sender,
    queue: Mutex<Queue>,
    filled: Notify,
    room: Notify,
}

#[derive(Default)]
struct Queue {
    messages: VecDeque<Vec<u8>>,
    /// How much of the first message is already written.
    written: usize,
    bytes: usize,
    broken: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Push {
    Done,
    /// The backlog is full; the message comes back.
    Full(Vec<u8>),
    Broken,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum WriteEnd {
    Broken,
    Stalled,
}

impl Outbox {
    pub fn new(pipe: pipe::Sender) -> Self {
        Self { pipe, queue: Mutex::default(), filled: Notify::new(), room: Notify::new() }
    }

    /// Writes a whole message with its terminator, or queues what the pipe does not take at once.
    pub fn push(&self, message: Vec<u8>) -> Push {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.broken {
            return Push::Broken;
        }
        if queue.bytes > 0 && queue.bytes + message.len() > BACKLOG {
            return Push::Full(message);
        }
        if queue.take(message, &self.pipe).is_err() {
            return Push::Broken;
        }
        if !queue.messages.is_empty() {
            self.filled.notify_one();
        }
        Push::Done
    }

    /// The same whatever waits already.
    pub fn push_over(&self, message: Vec<u8>) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.broken {
            return;
        }
        if queue.take(message, &self.pipe).is_err() {
            return;
        }
        if !queue.messages.is_empty() {
            self.filled.notify_one();
        }
    }

    /// Whether more than the backlog waits.
    pub fn is_full(&self) -> bool {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).bytes > BACKLOG
    }

    /// Resolves when the backlog has shrunk.
    pub fn room(&self) -> tokio::sync::futures::Notified<'_> {
        self.room.notified()
    }

    /// Writes what was queued, for as long as the pipe lives.
    pub async fn run(&self, frozen: impl Fn() -> bool) -> WriteEnd {
        loop {
            self.filled.notified().await;
            let mut patience = Patience::new(STALL_LIMIT, TICK);
            while !self.is_empty() {
                match tokio::time::timeout(TICK, self.pipe.writable()).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return WriteEnd::Broken,
                    Err(_) if patience.is_over(Instant::now(), frozen()) => return WriteEnd::Stalled,
                    Err(_) => continue,
                }
                match self.queue.lock().unwrap_or_else(PoisonError::into_inner).drain_into(&self.pipe) {
                    Ok(0) => {}
                    Ok(_) => {
                        patience.renew();
                        self.room.notify_waiters();
                    }
                    Err(_) => return WriteEnd::Broken,
                }
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).messages.is_empty()
    }

    /// Nothing more will be written.
    pub fn close(&self) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        *queue = Queue { broken: true, ..Queue::default() };
        self.room.notify_waiters();
    }
}

impl Queue {
    /// Takes a message, and writes it at once if nothing waits before it.
    fn take(&mut self, message: Vec<u8>, pipe: &pipe::Sender) -> io::Result<()> {
        self.bytes += message.len();
        self.messages.push_back(message);
        if self.messages.len() == 1 {
            self.drain_into(pipe)?;
        }
        Ok(())
    }

    /// Writes until the pipe is full; returns the number of bytes it took.
    fn drain_into(&mut self, pipe: &pipe::Sender) -> io::Result<usize> {
        let mut taken = 0;
        while let Some(message) = self.messages.front() {
            match pipe.try_write(&message[self.written..]) {
                Ok(n) => {
                    taken += n;
                    self.written += n;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => {
                    self.broken = true;
                    return Err(error);
                }
            }
            if self.written == message.len() {
                self.bytes -= message.len();
                self.written = 0;
                self.messages.pop_front();
            }
        }
        Ok(taken)
    }
}
