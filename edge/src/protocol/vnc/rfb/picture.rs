//! A decoded frame.

use std::ops::Range;

use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

use super::write::Area;

/// Frames are no larger.
const MAX_SIDE: usize = 16_384;
/// Rows that are looked at together when two pictures are compared.
const BAND: u16 = 16;
const RGB: usize = 3;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    width: u16,
    height: u16,
    rgb: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Undecodable(String);

impl Picture {
    pub fn decode(jpeg: &[u8]) -> Result<Self, Undecodable> {
        let options = DecoderOptions::default()
            .jpeg_set_out_colorspace(ColorSpace::RGB)
            .set_max_width(MAX_SIDE)
            .set_max_height(MAX_SIDE);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(jpeg), options);
        let rgb = decoder.decode().map_err(|e| Undecodable(format!("{e:?}")))?;
        let (width, height) = decoder.dimensions().ok_or_else(|| Undecodable("no size".into()))?;
        let side = |side: usize| u16::try_from(side).map_err(|_| Undecodable("too large".into()));
        if rgb.len() != width * height * RGB {
            return Err(Undecodable("not in three colours".into()));
        }
        Ok(Self { width: side(width)?, height: side(height)?, rgb })
    }

    /// The same on a screen of another size: cut off, or with black beside it.
    pub fn fit(self, width: u16, height: u16) -> Self {
        if (self.width, self.height) == (width, height) {
            return self;
        }
        let line = usize::from(width) * RGB;
        let mut rgb = vec![0; line * usize::from(height)];
        let area = Area { x: 0, y: 0, width: width.min(self.width), height: height.min(self.height) };
        if line > 0 {
            let rows = rgb.chunks_exact_mut(line).zip(self.rows(area));
            rows.for_each(|(to, from)| to[..from.len()].copy_from_slice(from));
        }
        Self { width, height, rgb }
    }

    /// The rows of a part.
    pub fn rows(&self, area: Area) -> impl Iterator<Item = &[u8]> {
        (area.y..area.y + area.height).map(move |y| self.row(y, area.x..area.x + area.width))
    }

    fn row(&self, y: u16, x: Range<u16>) -> &[u8] {
        let start = usize::from(y) * usize::from(self.width) * RGB;
        &self.rgb[start + usize::from(x.start) * RGB..start + usize::from(x.end) * RGB]
    }

    /// The parts in which it differs; all of it from a picture of another size, or from none.
    pub fn changed_since(&self, before: Option<&Self>) -> Vec<Area> {
        let Some(before) = before.filter(|b| (b.width, b.height) == (self.width, self.height)) else {
            return vec![Area { x: 0, y: 0, width: self.width, height: self.height }];
        };
        let mut areas: Vec<Area> = Vec::new();
        for y in (0..self.height).step_by(usize::from(BAND)) {
            let rows = y..(y + BAND).min(self.height);
            let Some(x) = self.columns_changed(before, rows.clone()) else { continue };
            let area = Area { x: x.start, y, width: x.end - x.start, height: rows.end - rows.start };
            match areas.last_mut() {
                Some(last) if last.y + last.height == y => *last = around(*last, area),
                Some(_) | None => areas.push(area),
            }
        }
        areas
    }

    fn columns_changed(&self, before: &Self, rows: Range<u16>) -> Option<Range<u16>> {
        let mut changed: Option<Range<u16>> = None;
        for y in rows {
            let (new, old) = (self.row(y, 0..self.width), before.row(y, 0..self.width));
            if new == old {
                continue;
            }
            let differs = |at: &(usize, (&u8, &u8))| at.1.0 != at.1.1;
            let pairs = || new.iter().zip(old).enumerate();
            let first = pairs().find(differs).map_or(0, |(i, _)| i / RGB) as u16;
            let last = pairs().rev().find(differs).map_or(0, |(i, _)| i / RGB) as u16 + 1;
            changed = Some(changed.map_or(first..last, |c| c.start.min(first)..c.end.max(last)));
        }
        changed
    }
}

fn around(a: Area, b: Area) -> Area {
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    let (right, bottom) = ((a.x + a.width).max(b.x + b.width), (a.y + a.height).max(b.y + b.height));
    Area { x, y, width: right - x, height: bottom - y }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Grey, with the given dots changed.
    fn picture(width: u16, height: u16, dots: &[(u16, u16)]) -> Picture {
        let mut rgb = vec![9; usize::from(width) * usize::from(height) * RGB];
        for (x, y) in dots {
            rgb[(usize::from(*y) * usize::from(width) + usize::from(*x)) * RGB + 1] = 1;
        }
        Picture { width, height, rgb }
    }

    fn area(x: u16, y: u16, width: u16, height: u16) -> Area {
        Area { x, y, width, height }
    }

    #[test]
    fn only_what_changed_is_named() {
        let before = picture(100, 50, &[]);
        for (dots, areas) in [
            (vec![], vec![]),
            (vec![(3, 2)], vec![area(3, 0, 1, 16)]),
            (vec![(3, 2), (90, 5)], vec![area(3, 0, 88, 16)]),
            (vec![(3, 2), (90, 20)], vec![area(3, 0, 88, 32)]),
            (vec![(3, 2), (99, 49)], vec![area(3, 0, 1, 16), area(99, 48, 1, 2)]),
        ] {
            assert_eq!(picture(100, 50, &dots).changed_since(Some(&before)), areas, "{dots:?}");
        }
        assert_eq!(picture(9, 9, &[]).changed_since(Some(&before)), [area(0, 0, 9, 9)]);
        assert_eq!(before.changed_since(None), [area(0, 0, 100, 50)]);
    }

    #[test]
    fn another_size_is_cut_or_filled_up_with_black() {
        let small = picture(2, 1, &[(1, 0)]);
        assert_eq!(small.clone().fit(2, 1), small);
        let larger = small.clone().fit(3, 2);
        assert_eq!(larger.rgb, [9, 9, 9, 9, 1, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(small.clone().fit(1, 1).rgb, [9, 9, 9]);
        assert!(small.fit(0, 0).rgb.is_empty());
    }

    #[test]
    fn what_is_no_jpeg_is_no_picture() {
        for noise in [b"".as_slice(), b"\xff\xd8", &[0xff; 1_024], b"\x89PNG\r\n\x1a\n"] {
            Picture::decode(noise).unwrap_err();
        }
    }
}
