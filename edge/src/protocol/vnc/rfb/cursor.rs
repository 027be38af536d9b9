//! The shape of the pointer, which the screencast does not show and clients draw themselves.

use bytes::{BufMut, BytesMut};

use super::pixel::PixelFormat;

/// Dots are clear, `#` is black and `o` white. The point is in the upper left corner.
const ARROW: [&str; 19] = [
    "#...........",
    "##..........",
    "#o#.........",
    "#oo#........",
    "#ooo#.......",
    "#oooo#......",
    "#ooooo#.....",
    "#oooooo#....",
    "#ooooooo#...",
    "#oooooooo#..",
    "#ooooooooo#.",
    "#oooooo#####",
    "#ooo#oo#....",
    "#oo##oo#....",
    "#o#..#oo#...",
    "##...#oo#...",
    "#.....#oo#..",
    "......#oo#..",
    ".......##...",
];

pub const WIDTH: u16 = ARROW[0].len() as u16;
pub const HEIGHT: u16 = ARROW.len() as u16;

/// Pixels, then a bit for each that is to be seen.
pub fn write(format: &PixelFormat, out: &mut BytesMut) {
    let converter = format.converter();
    for row in ARROW {
        let shade = |dot| if dot == b'o' { 255 } else { 0 };
        let rgb: Vec<u8> = row.bytes().flat_map(|dot| [shade(dot); 3]).collect();
        converter.convert(&rgb, out);
    }
    for row in ARROW {
        for eight in row.as_bytes().chunks(8) {
            let bits = eight.iter().enumerate().map(|(i, dot)| u8::from(*dot != b'.') << (7 - i));
            out.put_u8(bits.sum());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_come_before_the_mask() {
        assert!(ARROW.iter().all(|row| row.len() == usize::from(WIDTH)));
        let mut out = BytesMut::new();
        write(&PixelFormat::default(), &mut out);
        let pixels = usize::from(WIDTH) * usize::from(HEIGHT) * 4;
        assert_eq!(out.len(), pixels + usize::from(WIDTH).div_ceil(8) * usize::from(HEIGHT));
        // The third row: black, white, black.
        let row = &out[2 * usize::from(WIDTH) * 4..];
        assert_eq!(
            (&row[..4], &row[4..8], &row[8..12]),
            ([0; 4].as_slice(), [255, 255, 255, 0].as_slice(), [0; 4].as_slice())
        );
        assert_eq!(out[pixels + 4..pixels + 6], [0b1110_0000, 0]);
    }
}
