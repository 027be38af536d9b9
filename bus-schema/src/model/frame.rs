//! The header of a binary frame: 32 bytes, big-endian, then the image.

use bytes::{BufMut, Bytes, BytesMut};

pub const HEADER_BYTES: usize = 32;
const VERSION: u8 = 1;

/// How the image is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    Jpeg = 1,
}

/// Everything about a frame but its image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub codec: Codec,
    pub flags: u16,
    /// Counts the frames of one capture.
    pub seq: u32,
    /// Microseconds since the Unix epoch.
    pub captured_at: u64,
    /// Of the image, in its own pixels.
    pub width: u16,
    pub height: u16,
    /// `tabs[].n`.
    pub tab: u32,
    /// The CSS pixels that input coordinates refer to.
    pub input_width: u16,
    pub input_height: u16,
}

impl Header {
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut out = [0; HEADER_BYTES];
        let mut b = &mut out[..];
        b.put_u8(VERSION);
        b.put_u8(self.codec as u8);
        b.put_u16(self.flags);
        b.put_u32(self.seq);
        b.put_u64(self.captured_at);
        b.put_u16(self.width);
        b.put_u16(self.height);
        b.put_u32(self.tab);
        b.put_u16(self.input_width);
        b.put_u16(self.input_height);
        b.put_u32(0);
        out
    }

    /// `None` for another version, an unknown codec, or too few bytes.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let b = bytes.get(..HEADER_BYTES)?;
        if b[0] != VERSION || b[1] != Codec::Jpeg as u8 {
            return None;
        }
        let u16_at = |i: usize| u16::from_be_bytes([b[i], b[i + 1]]);
        let u32_at = |i: usize| u32::from_be_bytes([b[i], b[i + 1], b[i + 2], b[i + 3]]);
        Some(Self {
            codec: Codec::Jpeg,
            flags: u16_at(2),
            seq: u32_at(4),
            captured_at: (u64::from(u32_at(8)) << 32) | u64::from(u32_at(12)),
            width: u16_at(16),
            height: u16_at(18),
            tab: u32_at(20),
            input_width: u16_at(24),
            input_height: u16_at(26),
        })
    }

    /// Header and image in one buffer.
    pub fn with_image(&self, image: &[u8]) -> Bytes {
        let mut out = BytesMut::with_capacity(HEADER_BYTES + image.len());
        out.put_slice(&self.encode());
        out.put_slice(image);
        out.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_as_documented() {
        let h = Header {
            codec: Codec::Jpeg,
            flags: 0x0102,
            seq: 3,
            captured_at: 0x0405_0607_0809_0a0b,
            width: 1280,
            height: 720,
            tab: 9,
            input_width: 640,
            input_height: 360,
        };
        let bytes = h.encode();
        assert_eq!(
            bytes,
            [
                1, 1, 1, 2, 0, 0, 0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 5, 0, 2, 208, 0, 0, 0, 9, 2, 128, 1, 104,
                0, 0, 0, 0
            ]
        );
        assert_eq!(Header::decode(&bytes), Some(h));
        assert_eq!(Header::decode(&bytes[..31]), None);
        assert_eq!(Header::decode(&[2; 32]), None);
    }
}
