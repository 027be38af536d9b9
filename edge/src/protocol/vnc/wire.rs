//! A connection as a stream of bytes, over TCP or in the messages of a WebSocket.

use std::{future::pending, io};

use axum::{
    body::Bytes,
    extract::ws::{CloseFrame, Message, WebSocket},
};
use bus_schema::{Error, model::cdp::Close};
use bytes::BytesMut;
use futures::{
    FutureExt, SinkExt, StreamExt,
    future::BoxFuture,
    stream::{SplitSink, SplitStream},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::{Duration, Instant, timeout},
};

use super::{LIMIT, rfb::Malformed};
use crate::protocol::ws::error as code;

/// Read at once.
const CHUNK: usize = 16 << 10;
/// How long a client may take to read the goodbye, and what was sent before.
const GOODBYE: Duration = Duration::from_secs(5);

/// How a connection ends.
#[derive(Debug)]
pub enum End {
    /// The client has said goodbye, or is not there any more.
    Gone,
    /// It is told why, where there are words for that.
    Close(Close),
}

impl End {
    pub fn close(code: u16, reason: impl Into<String>) -> Self {
        Self::Close(Close::new(code, reason))
    }
}

impl From<Malformed> for End {
    fn from(malformed: Malformed) -> Self {
        Self::close(code::UNSUPPORTED, malformed.0)
    }
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::close(code::close_code(error.code), code::shown(error).detail)
    }
}

fn too_large() -> End {
    End::close(code::TOO_LARGE, "this message is too large")
}

pub enum Reader {
    Tcp(OwnedReadHalf),
    WebSocket(SplitStream<WebSocket>),
}

impl Reader {
    /// Adds what has come. Cancel safe.
    pub async fn read(&mut self, input: &mut BytesMut) -> Result<(), End> {
        match self {
            Self::Tcp(stream) => {
                input.reserve(CHUNK);
                match stream.read_buf(input).await {
                    Ok(0) | Err(_) => Err(End::Gone),
                    Ok(_) => Ok(()),
                }
            }
            Self::WebSocket(stream) => match stream.next().await {
                Some(Ok(Message::Binary(bytes))) if bytes.len() > LIMIT => Err(too_large()),
                Some(Ok(Message::Binary(bytes))) => {
                    input.extend_from_slice(&bytes);
                    Ok(())
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
                Some(Ok(Message::Text(_))) => Err(End::close(code::UNSUPPORTED, "RFB is binary")),
                Some(Ok(Message::Close(_))) | None => Err(End::Gone),
                Some(Err(error)) if code::is_too_large(&error) => Err(too_large()),
                Some(Err(_)) => Err(End::Gone),
            },
        }
    }
}

pub enum Writer {
    Tcp(OwnedWriteHalf),
    WebSocket(SplitSink<WebSocket, Message>),
}

impl Writer {
    async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.write_all(&bytes).await,
            Self::WebSocket(sink) => sink.send(Message::Binary(bytes)).await.map_err(io::Error::other),
        }
    }

    /// Asks whether the client is there, where the protocol below does not.
    async fn ping(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(_) => Ok(()),
            Self::WebSocket(sink) => sink.send(Message::Ping(Bytes::new())).await.map_err(io::Error::other),
        }
    }

    async fn close(&mut self, end: End) {
        let goodbye = async {
            match (self, end) {
                (Self::Tcp(stream), End::Gone | End::Close(_)) => drop(stream.shutdown().await),
                (Self::WebSocket(sink), end) => {
                    if let End::Close(close) = end {
                        let frame = CloseFrame { code: close.code, reason: close.reason.into() };
                        let _ = sink.send(Message::Close(Some(frame))).await;
                    }
                    let _ = sink.close().await;
                }
            }
        };
        let _ = timeout(GOODBYE, goodbye).await;
    }
}

pub fn of_tcp(stream: TcpStream) -> (Reader, Outbox) {
    let (reader, writer) = stream.into_split();
    (Reader::Tcp(reader), Outbox::new(Writer::Tcp(writer)))
}

pub fn of_websocket(socket: WebSocket) -> (Reader, Outbox) {
    let (sink, stream) = socket.split();
    (Reader::WebSocket(stream), Outbox::new(Writer::WebSocket(sink)))
}

type Written = (Writer, io::Result<()>);

/// What is on its way to a client. Its writing goes on beside all else, so that one who does not read holds up nothing.
pub struct Outbox {
    writing: Option<BoxFuture<'static, Written>>,
    idle: Option<Writer>,
    waiting: BytesMut,
    since: Instant,
    is_websocket: bool,
}

impl Outbox {
    fn new(writer: Writer) -> Self {
        let is_websocket = matches!(writer, Writer::WebSocket(_));
        Self {
            writing: None,
            idle: Some(writer),
            waiting: BytesMut::new(),
            since: Instant::now(),
            is_websocket,
        }
    }

    pub fn is_websocket(&self) -> bool {
        self.is_websocket
    }

    /// What is put here goes out with [`Self::advance`].
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.waiting
    }

    /// Bytes that are not on their way yet.
    pub fn backlog(&self) -> usize {
        self.waiting.len()
    }

    /// Whether all that there was has been taken.
    pub fn is_idle(&self) -> bool {
        self.writing.is_none() && self.waiting.is_empty()
    }

    /// How long a client has not taken what is on its way to it.
    pub fn stalled(&self) -> Duration {
        if self.writing.is_some() { self.since.elapsed() } else { Duration::ZERO }
    }

    /// Asks whether the client is there, unless something is on its way to it anyway.
    pub fn ping(&mut self) {
        if let Some(mut writer) = self.idle.take() {
            self.since = Instant::now();
            self.writing = Some(
                async move {
                    let written = writer.ping().await;
                    (writer, written)
                }
                .boxed(),
            );
        }
    }

    fn start(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        if let Some(mut writer) = self.idle.take() {
            let bytes = self.waiting.split().freeze();
            self.since = Instant::now();
            self.writing = Some(
                async move {
                    let written = writer.write(bytes).await;
                    (writer, written)
                }
                .boxed(),
            );
        }
    }

    /// Writes on; returns when the client has taken something. Cancel safe.
    pub async fn advance(&mut self) -> Result<(), End> {
        self.start();
        let Some(writing) = &mut self.writing else { return pending().await };
        let (writer, written) = writing.await;
        self.writing = None;
        self.idle = Some(writer);
        written.map_err(|_| End::Gone)
    }

    /// Writes until all is taken, for as long as this may take.
    pub async fn flush(&mut self, within: Duration) -> Result<(), End> {
        let all = async {
            while !self.is_idle() {
                self.advance().await?;
            }
            Ok(())
        };
        timeout(within, all).await.unwrap_or(Err(End::Gone))
    }

    /// Says why, behind whatever the client has not read yet.
    pub async fn close(mut self, end: End) {
        if matches!(end, End::Gone) || self.flush(GOODBYE).await.is_err() {
            return;
        }
        if let Some(mut writer) = self.idle.take() {
            writer.close(end).await;
        }
    }
}
