//! A VNC viewer by hand, written from RFC 6143 and not from what it tests.

use std::collections::VecDeque;

use des::{
    Des,
    cipher::{Array, BlockCipherEncrypt, KeyInit},
};
use futures::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};
use zune_core::bytestream::ZCursor;
use zune_jpeg::JpegDecoder;

use super::support::{SOON, fleet::Gateway};

pub const TIGHT: i32 = 7;
pub const LEVEL_6: i32 = -26;
pub const CURSOR: i32 = -239;
pub const DESKTOP_NAME: i32 = -307;
pub const EXTENDED_SIZE: i32 = -308;
pub const FENCE: i32 = -312;
pub const CONTINUOUS: i32 = -313;
pub const CLIPBOARD: i32 = 0xc0a1_e5ce_u32 as i32;

pub enum Stream {
    Tcp(TcpStream),
    WebSocket(Box<WebSocketStream<MaybeTlsStream<TcpStream>>>),
}

pub struct Viewer {
    stream: Stream,
    buffer: Vec<u8>,
    /// Of an update, and not looked at yet.
    rects: VecDeque<Rect>,
    pub width: u16,
    pub height: u16,
    pub name: String,
    pub pixel_bytes: usize,
}

#[derive(Debug)]
pub struct Rect {
    pub at: [u16; 4],
    pub encoding: i32,
    pub data: Vec<u8>,
}

impl Rect {
    /// Three bytes for each pixel of a picture that came as JPEG.
    pub fn decoded(&self) -> Vec<u8> {
        assert_eq!(self.encoding, TIGHT);
        JpegDecoder::new(ZCursor::new(&self.data)).decode().unwrap()
    }
}

#[derive(Debug)]
pub enum Said {
    Update(Vec<Rect>),
    Bell,
    EndOfContinuousUpdates,
    Fence(u32, Vec<u8>),
    Clipboard(Vec<u8>),
}

/// Why a connection ended: what was said, or a close code.
#[derive(Debug, PartialEq)]
pub struct Ended(pub String);

impl Viewer {
    async fn new(stream: Stream) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
            rects: VecDeque::new(),
            width: 0,
            height: 0,
            name: String::new(),
            pixel_bytes: 4,
        }
    }

    pub async fn tcp(gateway: &Gateway) -> Self {
        let stream = TcpStream::connect(gateway.vnc.as_deref().unwrap()).await.unwrap();
        Self::new(Stream::Tcp(stream)).await
    }

    /// In by a password.
    pub async fn by_password(gateway: &Gateway, password: &str) -> Result<Self, Ended> {
        let mut viewer = Self::tcp(gateway).await;
        assert_eq!(viewer.take(12).await?, b"RFB 003.008\n");
        viewer.send(b"RFB 003.008\n").await;
        viewer.authenticate(password).await?;
        Ok(viewer)
    }

    pub async fn authenticate(&mut self, password: &str) -> Result<(), Ended> {
        let count = self.take(1).await?[0];
        if count == 0 {
            return Err(Ended(self.reason().await));
        }
        assert_eq!(self.take(count.into()).await?, [2], "VNC authentication alone");
        self.send(&[2]).await;
        let mut challenge = self.take(16).await?;
        let mut key = [0; 8];
        key.iter_mut().zip(password.bytes()).for_each(|(k, byte)| *k = byte.reverse_bits());
        let des = Des::new(&key.into());
        for block in challenge.as_chunks_mut::<8>().0 {
            let mut array = Array::from(*block);
            des.encrypt_block(&mut array);
            *block = array.into();
        }
        self.send(&challenge).await;
        if self.take(4).await? != [0; 4] {
            return Err(Ended(self.reason().await));
        }
        self.init().await
    }

    pub async fn websocket(gateway: &Gateway, id: &str, query: &str) -> Self {
        let url = format!("ws://{}/v1/sessions/{id}/vnc{query}", gateway.address());
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "binary".parse().unwrap());
        let (stream, answer) = connect_async(request).await.unwrap();
        assert_eq!(answer.headers()["sec-websocket-protocol"], "binary");
        let mut viewer = Self::new(Stream::WebSocket(Box::new(stream))).await;
        assert_eq!(viewer.take(12).await.unwrap(), b"RFB 003.008\n");
        viewer.send(b"RFB 003.008\n").await;
        assert_eq!(viewer.take(2).await.unwrap(), [1, 1]);
        viewer.send(&[1]).await;
        assert_eq!(viewer.take(4).await.unwrap(), [0; 4]);
        viewer.init().await.unwrap();
        viewer
    }

    async fn init(&mut self) -> Result<(), Ended> {
        self.send(&[1]).await;
        let init = self.take(24).await?;
        (self.width, self.height) =
            (u16::from_be_bytes([init[0], init[1]]), u16::from_be_bytes([init[2], init[3]]));
        assert_eq!(init[4..8], [32, 24, 0, 1]);
        let length = u32::from_be_bytes(*init[20..].first_chunk().unwrap());
        self.name = String::from_utf8(self.take(length as usize).await?).unwrap();
        Ok(())
    }

    pub async fn reason(&mut self) -> String {
        let length = u32::from_be_bytes(*self.take(4).await.unwrap().first_chunk().unwrap());
        String::from_utf8(self.take(length as usize).await.unwrap()).unwrap()
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        match &mut self.stream {
            Stream::Tcp(stream) => stream.write_all(bytes).await.unwrap(),
            Stream::WebSocket(stream) => stream.send(Message::Binary(bytes.to_vec().into())).await.unwrap(),
        }
    }

    pub async fn take(&mut self, length: usize) -> Result<Vec<u8>, Ended> {
        while self.buffer.len() < length {
            match &mut self.stream {
                Stream::Tcp(stream) => {
                    let read = timeout(SOON, stream.read_buf(&mut self.buffer)).await;
                    match read.unwrap_or_else(|_| panic!("silence")) {
                        Ok(0) | Err(_) => return Err(Ended("closed".into())),
                        Ok(_) => {}
                    }
                }
                Stream::WebSocket(stream) => {
                    match timeout(SOON, stream.next()).await.unwrap_or_else(|_| panic!("silence")) {
                        Some(Ok(Message::Binary(bytes))) => self.buffer.extend_from_slice(&bytes),
                        Some(Ok(Message::Close(Some(c)))) => {
                            return Err(Ended(format!("{} {}", u16::from(c.code), c.reason)));
                        }
                        Some(Ok(_)) => {}
                        other => return Err(Ended(format!("{other:?}"))),
                    }
                }
            }
        }
        Ok(self.buffer.drain(..length).collect())
    }

    async fn number(&mut self) -> Result<u32, Ended> {
        Ok(u32::from_be_bytes(*self.take(4).await?.first_chunk().unwrap()))
    }

    /// The next message of the server.
    pub async fn next(&mut self) -> Result<Said, Ended> {
        let kind = self.take(1).await?[0];
        Ok(match kind {
            0 => {
                let head = self.take(3).await?;
                let count = u16::from_be_bytes([head[1], head[2]]);
                let mut rects = Vec::new();
                for _ in 0..count {
                    rects.push(self.rect().await?);
                }
                Said::Update(rects)
            }
            2 => Said::Bell,
            3 => {
                self.take(3).await?;
                let length = self.number().await? as i32;
                let data = self.take(length.unsigned_abs() as usize).await?;
                assert!(length < 0, "{data:?}: a text for clients of old, of which there is none");
                Said::Clipboard(data)
            }
            150 => Said::EndOfContinuousUpdates,
            248 => {
                self.take(3).await?;
                let flags = self.number().await?;
                let length = self.take(1).await?[0];
                Said::Fence(flags, self.take(length.into()).await?)
            }
            other => panic!("the server said {other}"),
        })
    }

    async fn rect(&mut self) -> Result<Rect, Ended> {
        let head = self.take(12).await?;
        let at = std::array::from_fn(|i| u16::from_be_bytes([head[2 * i], head[2 * i + 1]]));
        let encoding = i32::from_be_bytes(*head[8..].first_chunk().unwrap());
        let [_, _, width, height] = at.map(usize::from);
        let length = match encoding {
            0 => width * height * self.pixel_bytes,
            TIGHT => {
                assert_eq!(self.take(1).await?, [0x90], "a JPEG");
                let mut length = 0;
                for shift in [0, 7, 14] {
                    let part = usize::from(self.take(1).await?[0]);
                    length |= if shift == 14 { part } else { part & 0x7f } << shift;
                    if part & 0x80 == 0 {
                        break;
                    }
                }
                length
            }
            CURSOR => width * height * self.pixel_bytes + width.div_ceil(8) * height,
            DESKTOP_NAME => {
                let length = self.number().await? as usize;
                self.name = String::from_utf8(self.take(length).await?).unwrap();
                0
            }
            EXTENDED_SIZE => 20,
            -223 => 0,
            other => panic!("encoding {other}"),
        };
        if encoding == EXTENDED_SIZE || encoding == -223 {
            (self.width, self.height) = (at[2], at[3]);
        }
        Ok(Rect { at, encoding, data: self.take(length).await? })
    }

    /// The next rectangle of an encoding, asking for updates meanwhile.
    pub async fn until(&mut self, encoding: i32) -> Rect {
        loop {
            while let Some(rect) = self.rects.pop_front() {
                if rect.encoding == encoding {
                    return rect;
                }
            }
            match self.next().await.unwrap() {
                Said::Update(rects) => {
                    self.rects = rects.into();
                    self.request(true).await;
                }
                Said::Fence(flags, payload) => self.answer(flags, &payload).await,
                Said::Bell | Said::EndOfContinuousUpdates | Said::Clipboard(_) => {}
            }
        }
    }

    pub async fn answer(&mut self, flags: u32, payload: &[u8]) {
        let flags = flags & 3;
        let head = [&[248, 0, 0, 0], flags.to_be_bytes().as_slice(), &[payload.len() as u8]].concat();
        self.send(&[&head, payload].concat()).await;
    }

    pub async fn encodings(&mut self, list: &[i32]) {
        let mut message = vec![2, 0];
        message.extend((list.len() as u16).to_be_bytes());
        message.extend(list.iter().flat_map(|encoding| encoding.to_be_bytes()));
        self.send(&message).await;
    }

    pub async fn request(&mut self, incremental: bool) {
        let [w, h] = [self.width, self.height].map(u16::to_be_bytes);
        self.send(&[3, u8::from(incremental), 0, 0, 0, 0, w[0], w[1], h[0], h[1]]).await;
    }

    pub async fn pointer(&mut self, buttons: u8, x: u16, y: u16) {
        let [x, y] = [x, y].map(u16::to_be_bytes);
        self.send(&[5, buttons, x[0], x[1], y[0], y[1]]).await;
    }

    pub async fn click(&mut self, x: u16, y: u16) {
        for buttons in [0, 1, 0] {
            self.pointer(buttons, x, y).await;
        }
    }

    pub async fn key(&mut self, down: bool, keysym: u32) {
        self.send(&[&[4, u8::from(down), 0, 0], keysym.to_be_bytes().as_slice()].concat()).await;
    }

    pub async fn press(&mut self, keysym: u32) {
        self.key(true, keysym).await;
        self.key(false, keysym).await;
    }

    pub async fn type_text(&mut self, text: &str) {
        for c in text.chars() {
            let point = c as u32;
            self.press(if point < 0x100 { point } else { 0x0100_0000 | point }).await;
        }
    }

    pub async fn wish_size(&mut self, width: u16, height: u16) {
        let [w, h] = [width, height].map(u16::to_be_bytes);
        let screen = [&[0; 8], [w, h].concat().as_slice(), &[0; 4]].concat();
        self.send(&[&[251, 0, w[0], w[1], h[0], h[1], 1, 0], screen.as_slice()].concat()).await;
    }

    /// Waits until the server shows it out.
    pub async fn ended(&mut self) -> Ended {
        loop {
            if let Err(ended) = self.next().await {
                return ended;
            }
        }
    }
}
