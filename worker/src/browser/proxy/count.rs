//! A stream to the network that counts, and that lets nothing out while the worker may not act.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use actors::Gate;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::CancellationToken;

use super::Traffic;

#[derive(Debug, Default)]
pub(super) struct Counters {
    sent: AtomicU64,
    received: AtomicU64,
    pub connections: AtomicU64,
}

impl Counters {
    pub fn read(&self) -> Traffic {
        Traffic {
            sent: self.sent.load(Relaxed),
            received: self.received.load(Relaxed),
            connections: self.connections.load(Relaxed),
        }
    }
}

/// A connection to the network; what passes it is added to the counters.
///
/// What a browser has sent may lie in its worker's buffers when the worker is stopped. Let out when the worker goes
/// on, it would be an act beside those of the session's new owner: so the gate is asked before each write.
pub(super) struct Counted<S> {
    stream: S,
    counters: Arc<Counters>,
    gate: Gate,
    /// Cancelled when the proxy is closed, which tasks hear only after their next turn.
    stop: CancellationToken,
    /// For the gate to open, while it is closed.
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl<S> Counted<S> {
    pub fn new(stream: S, counters: Arc<Counters>, gate: Gate, stop: CancellationToken) -> Self {
        Self { stream, counters, gate, stop, waiting: None }
    }

    fn poll_gate(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.gate.may_act() {
            let gate = &self.gate;
            let waiting = self.waiting.get_or_insert_with(|| {
                let gate = gate.clone();
                Box::pin(async move { gate.wait().await })
            });
            ready!(waiting.as_mut().poll(cx));
            self.waiting = None;
        }
        if self.stop.is_cancelled() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.counters.received.fetch_add((buf.filled().len() - before) as u64, Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_gate(cx))?;
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        self.counters.sent.fetch_add(written as u64, Relaxed);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nothing_is_let_out_while_the_gate_is_closed() {
        let (near, mut far) = tokio::io::duplex(64);
        let (gate, stop) = (Gate::new(), CancellationToken::new());
        gate.extend(Instant::now() + Duration::from_secs(2));
        gate.open();
        let mut stream = Counted::new(near, Arc::default(), gate.clone(), stop.clone());
        stream.write_all(b"a").await.unwrap();
        tokio::time::advance(Duration::from_secs(3)).await;
        let writing = tokio::spawn(async move {
            stream.write_all(b"b").await.unwrap();
            stream
        });
        let mut seen = [0; 2];
        assert_eq!(far.read(&mut seen).await.unwrap(), 1, "what was written before");
        let late = tokio::time::timeout(Duration::from_secs(60), far.read(&mut seen)).await;
        assert!(late.is_err(), "the lease has run out");
        gate.extend(Instant::now() + Duration::from_secs(2));
        assert_eq!(far.read(&mut seen).await.unwrap(), 1);
        let mut stream = writing.await.unwrap();
        stop.cancel();
        assert_eq!(stream.write(b"c").await.unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
    }
}
