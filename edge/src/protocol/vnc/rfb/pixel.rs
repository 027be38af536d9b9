//! How a client wants its pixels.

use bytes::{BufMut, BytesMut};

use super::Malformed;

/// Bytes of a format on the wire.
pub const FORMAT_BYTES: usize = 16;

/// A true-colour format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PixelFormat {
    /// Of a pixel: 8, 16 or 32.
    bits: u8,
    depth: u8,
    big_endian: bool,
    red: Channel,
    green: Channel,
    blue: Channel,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Channel {
    max: u16,
    shift: u8,
}

impl Channel {
    /// What each of the 256 values becomes in a pixel.
    fn table(self) -> [u32; 256] {
        let max = u32::from(self.max);
        std::array::from_fn(|value| ((value as u32 * max + 127) / 255) << self.shift)
    }

    fn fits(self, bits: u8) -> bool {
        let width = self.max.count_ones();
        self.max != 0 && self.max.trailing_ones() == width && u32::from(self.shift) + width <= u32::from(bits)
    }
}

impl Default for PixelFormat {
    /// The one that nearly all clients use: blue first, then green, red and a byte that means nothing.
    fn default() -> Self {
        let channel = |shift| Channel { max: 255, shift };
        Self { bits: 32, depth: 24, big_endian: false, red: channel(16), green: channel(8), blue: channel(0) }
    }
}

impl PixelFormat {
    pub fn read(b: &[u8; FORMAT_BYTES]) -> Result<Self, Malformed> {
        let channel = |max: usize, shift: usize| Channel {
            max: u16::from_be_bytes([b[max], b[max + 1]]),
            shift: b[shift],
        };
        let format = Self {
            bits: b[0],
            depth: b[1],
            big_endian: b[2] != 0,
            red: channel(4, 10),
            green: channel(6, 11),
            blue: channel(8, 12),
        };
        if b[3] == 0 {
            return Err(Malformed::new("colour maps are not supported: ask for true colour"));
        }
        let channels = [format.red, format.green, format.blue];
        if !matches!(format.bits, 8 | 16 | 32) || !channels.iter().all(|c| c.fits(format.bits)) {
            return Err(Malformed::new("this pixel format does not fit into 8, 16 or 32 bits"));
        }
        Ok(format)
    }

    pub fn write(&self, out: &mut BytesMut) {
        out.put_slice(&[self.bits, self.depth, u8::from(self.big_endian), 1]);
        for channel in [self.red, self.green, self.blue] {
            out.put_u16(channel.max);
        }
        out.put_slice(&[self.red.shift, self.green.shift, self.blue.shift, 0, 0, 0]);
    }

    /// Bytes of a pixel.
    pub fn bytes(&self) -> usize {
        usize::from(self.bits / 8)
    }

    /// Tight may carry JPEG only in these.
    pub fn takes_jpeg(&self) -> bool {
        self.bits > 8
    }

    pub fn converter(&self) -> Converter {
        Converter { format: *self, red: self.red.table(), green: self.green.table(), blue: self.blue.table() }
    }
}

/// Turns pixels into a client's.
pub struct Converter {
    format: PixelFormat,
    red: [u32; 256],
    green: [u32; 256],
    blue: [u32; 256],
}

impl Converter {
    /// `rgb` has three bytes a pixel.
    pub fn convert(&self, rgb: &[u8], out: &mut BytesMut) {
        out.reserve(rgb.len() / 3 * self.format.bytes());
        for pixel in rgb.as_chunks::<3>().0 {
            let value = self.red[usize::from(pixel[0])]
                | self.green[usize::from(pixel[1])]
                | self.blue[usize::from(pixel[2])];
            match (self.format.bits, self.format.big_endian) {
                (32, false) => out.put_u32_le(value),
                (32, true) => out.put_u32(value),
                (16, false) => out.put_u16_le(value as u16),
                (16, true) => out.put_u16(value as u16),
                (_, _) => out.put_u8(value as u8),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(bits: u8, depth: u8, big: u8, max: [u16; 3], shift: [u8; 3]) -> [u8; FORMAT_BYTES] {
        let mut b = [0; FORMAT_BYTES];
        b[..4].copy_from_slice(&[bits, depth, big, 1]);
        for (i, max) in max.iter().enumerate() {
            b[4 + 2 * i..6 + 2 * i].copy_from_slice(&max.to_be_bytes());
        }
        b[10..13].copy_from_slice(&shift);
        b
    }

    #[test]
    fn colours_are_put_where_the_client_wants_them() {
        let (full, p565, p332) = ([255; 3], [31, 63, 31], [7, 7, 3]);
        let orange = [255, 128, 0];
        for (asked, pixel) in [
            (format(32, 24, 0, full, [16, 8, 0]), vec![0, 128, 255, 0]),
            (format(32, 24, 1, full, [16, 8, 0]), vec![0, 255, 128, 0]),
            (format(32, 24, 0, full, [0, 8, 16]), vec![255, 128, 0, 0]),
            (format(32, 24, 0, full, [24, 16, 8]), vec![0, 0, 128, 255]),
            (format(32, 30, 0, [1023; 3], [20, 10, 0]), (1023_u32 << 20 | 514 << 10).to_le_bytes().to_vec()),
            (format(16, 16, 0, p565, [11, 5, 0]), (31_u16 << 11 | 32 << 5).to_le_bytes().to_vec()),
            (format(16, 16, 1, p565, [11, 5, 0]), (31_u16 << 11 | 32 << 5).to_be_bytes().to_vec()),
            (format(8, 8, 0, p332, [0, 3, 6]), vec![7 | 4 << 3]),
            (format(8, 8, 1, p332, [5, 2, 0]), vec![7 << 5 | 4 << 2]),
        ] {
            let format = PixelFormat::read(&asked).unwrap();
            let mut out = BytesMut::new();
            format.converter().convert(&orange, &mut out);
            assert_eq!(out.to_vec(), pixel, "{asked:?}");
            let mut written = BytesMut::new();
            format.write(&mut written);
            assert_eq!(written.to_vec(), asked);
        }
    }

    #[test]
    fn what_is_no_true_colour_format_is_refused() {
        let full = [255; 3];
        let mut mapped = format(8, 8, 0, full, [0; 3]);
        mapped[3] = 0;
        for bad in [
            mapped,
            format(24, 24, 0, full, [16, 8, 0]),
            format(0, 24, 0, full, [16, 8, 0]),
            format(16, 16, 0, full, [16, 8, 0]),
            format(32, 24, 0, full, [255, 8, 0]),
            format(32, 24, 0, [254, 255, 255], [16, 8, 0]),
            format(32, 24, 0, [0, 255, 255], [16, 8, 0]),
        ] {
            PixelFormat::read(&bad).unwrap_err();
        }
        assert_eq!(PixelFormat::read(&format(32, 24, 0, full, [16, 8, 0])), Ok(PixelFormat::default()));
    }
}
