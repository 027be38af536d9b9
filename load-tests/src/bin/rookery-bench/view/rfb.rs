//! As much of a VNC viewer as it takes to have the first framebuffer, over the WebSocket.

use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use load_tests::cluster::Client;
use tokio::time::timeout;

use crate::socket::{Got, Socket};

const VERSION: &[u8] = b"RFB 003.008\n";
const TIGHT: i32 = 7;
/// JPEG of level 6 of 9, as noVNC asks for.
const LEVEL_6: i32 = -26;
/// How Tight says that a rectangle is a JPEG.
const JPEG: u8 = 0x90;
const LATEST: Duration = Duration::from_secs(20);

struct Viewer {
    socket: Socket,
    read: Vec<u8>,
}

/// From the opening of the connection to the whole first picture.
pub async fn first_framebuffer(client: &Client, id: &str) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let url = format!("{}/v1/sessions/{id}/vnc", client.base().replacen("http", "ws", 1));
    let mut viewer = Viewer { socket: Socket::connect(&url).await?, read: Vec::new() };
    timeout(LATEST, viewer.first()).await??;
    Ok(began.elapsed())
}

impl Viewer {
    async fn first(&mut self) -> anyhow::Result<()> {
        let (width, height) = self.greet().await?;
        let encodings = [TIGHT, LEVEL_6].map(i32::to_be_bytes).concat();
        self.socket.send_bytes(&[&[2, 0, 0, 2], encodings.as_slice()].concat()).await?;
        let area = [[0; 4], [width[0], width[1], height[0], height[1]]].concat();
        self.socket.send_bytes(&[&[3, 0], area.as_slice()].concat()).await?;
        let [kind, _, _, rects] = self.take().await?;
        ensure!(kind == 0 && rects == 1, "not the one rectangle of an update: {kind}, {rects}");
        let rect: [u8; 12] = self.take().await?;
        ensure!(rect[4..6] == width && rect[6..8] == height, "not the whole picture: {rect:?}");
        ensure!(rect[8..] == TIGHT.to_be_bytes(), "not Tight: {rect:?}");
        let [control] = self.take().await?;
        ensure!(control == JPEG, "not a JPEG: {control:#x}");
        let mut size = 0;
        for shift in [0, 7, 14] {
            let [byte] = self.take().await?;
            size |= if shift == 14 { usize::from(byte) } else { usize::from(byte & 0x7f) } << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        self.skip(size).await
    }

    /// Width and height, as they travel.
    async fn greet(&mut self) -> anyhow::Result<([u8; 2], [u8; 2])> {
        let version: [u8; 12] = self.take().await?;
        ensure!(version == VERSION, "another version: {version:?}");
        self.socket.send_bytes(VERSION).await?;
        let [count] = self.take().await?;
        self.skip(count.into()).await?;
        // The URL has spoken: no further password.
        self.socket.send_bytes(&[1]).await?;
        let refusal: [u8; 4] = self.take().await?;
        ensure!(refusal == [0; 4], "the viewer was refused");
        self.socket.send_bytes(&[1]).await?;
        let [w0, w1, h0, h1] = self.take().await?;
        let _pixel_format: [u8; 16] = self.take().await?;
        let name = u32::from_be_bytes(self.take().await?);
        self.skip(usize::try_from(name)?).await?;
        Ok(([w0, w1], [h0, h1]))
    }

    async fn take<const N: usize>(&mut self) -> anyhow::Result<[u8; N]> {
        self.fill(N).await?;
        let mut taken = [0; N];
        for (to, from) in taken.iter_mut().zip(self.read.drain(..N)) {
            *to = from;
        }
        Ok(taken)
    }

    async fn skip(&mut self, count: usize) -> anyhow::Result<()> {
        self.fill(count).await?;
        self.read.drain(..count);
        Ok(())
    }

    async fn fill(&mut self, count: usize) -> anyhow::Result<()> {
        while self.read.len() < count {
            match self.socket.next().await? {
                Got::Frame(bytes) => self.read.extend_from_slice(&bytes),
                Got::Json(text) => bail!("text where there is none in RFB: {text}"),
            }
        }
        Ok(())
    }
}
