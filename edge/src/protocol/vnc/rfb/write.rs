//! What the server sends.

use bytes::{BufMut, Bytes, BytesMut};

use super::{encoding, pixel::PixelFormat};

/// A fence asks for an answer.
pub const FENCE_REQUEST: u32 = 1 << 31;
/// Nothing before the fence is left to do when it is answered.
pub const FENCE_BLOCK_BEFORE: u32 = 1;
/// The flags that an answer may have: what comes in order here is in order anyway.
pub const FENCE_KNOWN: u32 = 0b111;

/// The largest picture that Tight's length can tell.
pub const MAX_TIGHT: usize = (1 << 22) - 1;
/// The widest rectangle of Tight.
pub const MAX_TIGHT_WIDTH: u16 = 2_048;

/// The last word of the handshake.
pub fn server_init(width: u16, height: u16, format: &PixelFormat, name: &str, out: &mut BytesMut) {
    out.put_u16(width);
    out.put_u16(height);
    format.write(out);
    out.put_u32(name.len() as u32);
    out.put_slice(name.as_bytes());
}

pub fn bell(out: &mut BytesMut) {
    out.put_u8(2);
}

pub fn end_of_continuous_updates(out: &mut BytesMut) {
    out.put_u8(150);
}

pub fn fence(flags: u32, payload: &[u8], out: &mut BytesMut) {
    out.put_slice(&[248, 0, 0, 0]);
    out.put_u32(flags);
    out.put_u8(payload.len() as u8);
    out.put_slice(payload);
}

/// A message of the extended clipboard.
pub fn clipboard(message: &[u8], out: &mut BytesMut) {
    out.put_slice(&[3, 0, 0, 0]);
    out.put_i32(-(message.len() as i32));
    out.put_slice(message);
}

/// A part of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    pub x: u16,
    pub y: u16,
    pub width: u16,
    pub height: u16,
}

/// The rectangles of one update. How many they are is always known, so that no LastRect is needed.
#[derive(Debug, Default)]
pub struct Rects {
    count: u16,
    body: BytesMut,
}

impl Rects {
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Begins a rectangle; its data is to be put behind.
    pub fn begin(&mut self, area: Area, encoding: i32) -> &mut BytesMut {
        self.count += 1;
        for side in [area.x, area.y, area.width, area.height] {
            self.body.put_u16(side);
        }
        self.body.put_i32(encoding);
        &mut self.body
    }

    /// A picture as it came from the browser, in Tight.
    pub fn jpeg(&mut self, area: Area, jpeg: &Bytes) {
        let out = self.begin(area, encoding::TIGHT);
        out.reserve(jpeg.len() + 4);
        out.put_u8(0x90);
        compact_length(jpeg.len(), out);
        out.put_slice(jpeg);
    }

    /// The screen has another size, or a wish for one has this answer.
    pub fn extended_size(&mut self, reason: u16, status: u16, width: u16, height: u16) {
        let out = self.begin(Area { x: reason, y: status, width, height }, encoding::EXTENDED_DESKTOP_SIZE);
        // One screen, of id 0, that is all of it.
        out.put_slice(&[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        out.put_u16(width);
        out.put_u16(height);
        out.put_u32(0);
    }

    pub fn finish(self, out: &mut BytesMut) {
        out.put_slice(&[0, 0]);
        out.put_u16(self.count);
        out.unsplit(self.body);
    }
}

fn compact_length(length: usize, out: &mut BytesMut) {
    let part = |shift: usize| (length >> shift & 0x7f) as u8;
    match length {
        0..=0x7f => out.put_u8(part(0)),
        0x80..=0x3fff => out.put_slice(&[part(0) | 0x80, part(7)]),
        _ => out.put_slice(&[part(0) | 0x80, part(7) | 0x80, (length >> 14) as u8]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_as_many_bytes_as_they_need() {
        for (length, bytes) in [
            (0, vec![0]),
            (127, vec![127]),
            (128, vec![0x80, 1]),
            (10_000, vec![0x90, 0x4e]),
            (16_383, vec![0xff, 0x7f]),
            (16_384, vec![0x80, 0x80, 1]),
            (MAX_TIGHT, vec![0xff, 0xff, 0xff]),
        ] {
            let mut out = BytesMut::new();
            compact_length(length, &mut out);
            assert_eq!(out.to_vec(), bytes, "{length}");
        }
    }

    #[test]
    fn an_update_is_its_rectangles_behind_their_number() {
        let mut rects = Rects::default();
        rects.jpeg(Area { x: 0, y: 0, width: 2, height: 1 }, &Bytes::from_static(b"JPEG"));
        rects.extended_size(1, 3, 640, 480);
        let mut out = BytesMut::from(b"before".as_slice());
        rects.finish(&mut out);
        let expected = [
            b"before".as_slice(),
            &[0, 0, 0, 2],
            &[0, 0, 0, 0, 0, 2, 0, 1, 0, 0, 0, 7, 0x90, 4],
            b"JPEG",
            &[0, 1, 0, 3, 2, 0x80, 1, 0xe0, 0xff, 0xff, 0xfe, 0xcc],
            &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x80, 1, 0xe0, 0, 0, 0, 0],
        ];
        assert_eq!(out.to_vec(), expected.concat());
    }

    #[test]
    fn small_messages_are_as_documented() {
        let said = |say: &dyn Fn(&mut BytesMut)| {
            let mut out = BytesMut::new();
            say(&mut out);
            out.to_vec()
        };
        assert_eq!(said(&bell), [2]);
        assert_eq!(said(&end_of_continuous_updates), [150]);
        assert_eq!(said(&|out| fence(FENCE_REQUEST | 1, b"x", out)), [248, 0, 0, 0, 0x80, 0, 0, 1, 1, b'x']);
        assert_eq!(said(&|out| clipboard(&[1, 2], out)), [3, 0, 0, 0, 0xff, 0xff, 0xff, 0xfe, 1, 2]);
        let init = said(&|out| server_init(640, 480, &PixelFormat::default(), "ä", out));
        assert_eq!(init[..8], [2, 0x80, 1, 0xe0, 32, 24, 0, 1]);
        assert_eq!(init[20..], [0, 0, 0, 2, 0xc3, 0xa4]);
    }
}
