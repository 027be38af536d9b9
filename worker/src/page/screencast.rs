//! What a tab looks like, as a stream of pictures.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use crate::cdp::{CallError, Cdp, Event, Events, Interest};

/// More than Chromium ever has on their way unacknowledged, so that none is dropped unacknowledged.
const IN_FLIGHT: usize = 16;
/// How long a page may be between two processes.
const SWAP: Duration = Duration::from_secs(2);

/// How a tab is captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capture {
    /// JPEG quality, 1 to 100.
    pub quality: u8,
    /// Pictures are scaled down to fit, never up.
    pub max_width: u32,
    pub max_height: u32,
}

impl Default for Capture {
    fn default() -> Self {
        Self { quality: 80, max_width: 1280, max_height: 720 }
    }
}

/// One picture. Chromium sends the next ones only after [`Screencast::shown`].
#[derive(Clone, Debug)]
pub struct Frame {
    pub jpeg: Bytes,
    /// The picture's size in pixels.
    pub width: u16,
    pub height: u16,
    /// The part of the page that it shows, in CSS pixels: what input coordinates refer to.
    pub input_width: u16,
    pub input_height: u16,
    /// Microseconds since the epoch.
    pub captured_at: u64,
    pub page_scale: f64,
    /// How far the page's top is below the picture's, in CSS pixels.
    pub offset_top: f64,
    ticket: i64,
}

/// A running capture of one tab. Dropping it stops the capture.
pub struct Screencast {
    cdp: Cdp,
    events: Events,
    capture: Capture,
    /// When the last picture that was passed on was taken.
    newest: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Params<'a> {
    #[serde(borrow)]
    data: Cow<'a, str>,
    metadata: Metadata,
    session_id: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    offset_top: f64,
    #[serde(default)]
    page_scale_factor: f64,
    device_width: f64,
    device_height: f64,
    #[serde(default)]
    timestamp: f64,
}

impl Screencast {
    /// Starts to capture the tab of this session. A page that does not move sends one picture.
    pub async fn start(cdp: &Cdp, capture: Capture) -> Result<Self, CallError> {
        let events = cdp.events(Interest(&["Page.screencastFrame"]), IN_FLIGHT);
        let screencast = Self { cdp: cdp.clone(), events, capture, newest: 0 };
        screencast.begin().await?;
        Ok(screencast)
    }

    async fn begin(&self) -> Result<(), CallError> {
        let Capture { quality, max_width, max_height } = self.capture;
        let params = json!({
            "format": "jpeg", "quality": quality, "maxWidth": max_width, "maxHeight": max_height,
        });
        // While a navigation moves the page to another process there is nothing to capture for a moment, and
        // Chromium tells of no event for its end.
        let deadline = Instant::now() + SWAP;
        loop {
            match self.cdp.call_answer("Page.startScreencast", &params).await {
                Ok(_) => return Ok(()),
                Err(CallError::Protocol { message, .. })
                    if message.contains("active page") && Instant::now() < deadline => {}
                Err(error) => return Err(error),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub fn capture(&self) -> Capture {
        self.capture
    }

    /// Goes on with another size or quality; the next picture comes at once.
    pub async fn change(&mut self, capture: Capture) -> Result<(), CallError> {
        if self.capture == capture {
            return Ok(());
        }
        self.capture = capture;
        self.cdp.notify_raw("Page.stopScreencast", &json!({}));
        self.begin().await
    }

    /// The newest picture, never one older than the last; what it overtook is given back to Chromium unseen. `None` when the tab is gone.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            let mut newest = self.events.next().await?;
            while let Some(newer) = self.events.try_next() {
                self.give_back(&newest);
                newest = newer;
            }
            // Chromium compresses two at a time, and on a busy machine the later one may be ready first.
            if let Some(frame) = decode(&newest).filter(|frame| frame.captured_at >= self.newest) {
                self.newest = frame.captured_at;
                return Some(frame);
            }
            self.give_back(&newest);
        }
    }

    /// The picture was passed on: Chromium may send another. Not calling this for a while is how a slow
    /// consumer slows the capture down.
    pub fn shown(&self, frame: &Frame) {
        self.acknowledge(frame.ticket);
    }

    fn give_back(&self, event: &Event) {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Ticket {
            session_id: i64,
        }
        if let Some(Ticket { session_id }) = event.decode() {
            self.acknowledge(session_id);
        }
    }

    fn acknowledge(&self, ticket: i64) {
        self.cdp.notify_raw("Page.screencastFrameAck", &json!({ "sessionId": ticket }));
    }
}

impl Drop for Screencast {
    fn drop(&mut self) {
        self.cdp.notify_raw("Page.stopScreencast", &json!({}));
    }
}

/// The picture goes from the message's text to its bytes in one pass.
fn decode(event: &Event) -> Option<Frame> {
    let params: Params<'_> = serde_json::from_slice(event.params()).ok()?;
    let jpeg = Bytes::from(STANDARD.decode(params.data.as_bytes()).ok()?);
    let (width, height) = jpeg_size(&jpeg)?;
    let metadata = params.metadata;
    Some(Frame {
        jpeg,
        width,
        height,
        input_width: metadata.device_width as u16,
        input_height: metadata.device_height as u16,
        captured_at: (metadata.timestamp * 1e6) as u64,
        page_scale: metadata.page_scale_factor,
        offset_top: metadata.offset_top,
        ticket: params.session_id,
    })
}

/// Width and height from the first frame header of a JPEG.
fn jpeg_size(jpeg: &[u8]) -> Option<(u16, u16)> {
    let mut rest = jpeg.strip_prefix(&[0xff, 0xd8])?;
    loop {
        let (&[0xff, marker, high, low], _) = rest.split_first_chunk::<4>()? else { return None };
        let length = usize::from(u16::from_be_bytes([high, low]));
        // All frame headers but the tables that share their range.
        if (0xc0..=0xcf).contains(&marker) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            let size = rest.get(5..9)?;
            return Some((u16::from_be_bytes([size[2], size[3]]), u16::from_be_bytes([size[0], size[1]])));
        }
        rest = rest.get(2 + length..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jpegs_size_is_read_from_its_header() {
        let header = [
            0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xc4, 0, 3, 9, 0xff, 0xc0, 0, 17, 8, 0x02, 0xd0, 0x05,
            0x00, 3,
        ];
        assert_eq!(jpeg_size(&header), Some((1280, 720)));
        for end in 0..21 {
            assert_eq!(jpeg_size(&header[..end]), None, "cut at {end}");
        }
        assert_eq!(jpeg_size(b"\x89PNG"), None);
    }
}
