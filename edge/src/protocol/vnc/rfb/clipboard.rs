//! The extended clipboard: text in UTF-8, compressed, offered before it is sent.

use std::io::Read;

use bytes::{BufMut, BytesMut};
use flate2::read::ZlibDecoder;

use super::{Malformed, read::MAX_CUT_TEXT};

const TEXT: u32 = 1;
const CAPS: u32 = 1 << 24;
const REQUEST: u32 = 1 << 25;
const PEEK: u32 = 1 << 26;
const NOTIFY: u32 = 1 << 27;
const PROVIDE: u32 = 1 << 28;
const FORMATS: u32 = 0xffff;

/// What a client says of its clipboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clip {
    /// It wants to know whether we have one.
    Peek,
    /// It has a text, or has none any more.
    Has(bool),
    Text(String),
    /// Something that means nothing here.
    Nothing,
}

pub fn read(message: &[u8]) -> Result<Clip, Malformed> {
    let Some((flags, rest)) = message.split_first_chunk::<4>() else {
        return Err(Malformed::new("a clipboard message that is cut"));
    };
    let flags = u32::from_be_bytes(*flags);
    let has_text = flags & TEXT != 0;
    Ok(match flags & !FORMATS {
        PEEK => Clip::Peek,
        NOTIFY => Clip::Has(has_text),
        PROVIDE if has_text => inflate(rest)?.map_or(Clip::Nothing, Clip::Text),
        _ => Clip::Nothing,
    })
}

/// The text, which comes first. `None` where it is longer than we take.
fn inflate(deflated: &[u8]) -> Result<Option<String>, Malformed> {
    let broken = |_| Malformed::new("a clipboard that cannot be inflated");
    let mut inflated = ZlibDecoder::new(deflated);
    let mut length = [0; 4];
    inflated.read_exact(&mut length).map_err(broken)?;
    let length = u32::from_be_bytes(length) as usize;
    if length > MAX_CUT_TEXT {
        return Ok(None);
    }
    let mut text = Vec::new();
    inflated.take(length as u64).read_to_end(&mut text).map_err(broken)?;
    if text.len() < length {
        return Err(Malformed::new("a clipboard that is cut"));
    }
    let text = text.strip_suffix(&[0]).unwrap_or(&text);
    Ok(Some(String::from_utf8_lossy(text).replace("\r\n", "\n")))
}

/// What this server can do.
pub fn can() -> BytesMut {
    let mut out = flags(CAPS | PEEK | NOTIFY | PROVIDE | TEXT);
    out.put_u32(MAX_CUT_TEXT as u32);
    out
}

pub fn want() -> BytesMut {
    flags(REQUEST | TEXT)
}

/// The answer to a peek: the page's own clipboard stays with the page.
pub fn have_nothing() -> BytesMut {
    flags(NOTIFY)
}

fn flags(flags: u32) -> BytesMut {
    BytesMut::from(flags.to_be_bytes().as_slice())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::ZlibEncoder};

    use super::*;

    /// As clients do it.
    fn provide(text: &str) -> Vec<u8> {
        let text = text.replace('\n', "\r\n");
        let mut encoder = ZlibEncoder::new((PROVIDE | TEXT).to_be_bytes().to_vec(), Compression::fast());
        let length = (text.len() as u32 + 1).to_be_bytes();
        [&length, text.as_bytes(), &[0]].iter().for_each(|part| encoder.write_all(part).unwrap());
        encoder.finish().unwrap()
    }

    #[test]
    fn a_text_comes_through_whole() {
        for text in ["", "zwölf Boxkämpfer\njagen 日本語 😀", "a\n\nb"] {
            assert_eq!(read(&provide(text)), Ok(Clip::Text(text.into())));
        }
    }

    #[test]
    fn words_are_told_apart() {
        let say = |flags: u32, rest: &[u8]| read(&[&flags.to_be_bytes(), rest].concat());
        for (flags, rest, clip) in [
            // What it can do, and a wish for what we never offer.
            (0x1f00_0001, vec![0, 0, 0, 64], Clip::Nothing),
            (0x0200_0001, vec![], Clip::Nothing),
            (0x0400_0000, vec![], Clip::Peek),
            (0x0800_0001, vec![], Clip::Has(true)),
            (0x0800_0000, vec![], Clip::Has(false)),
            (0x0800_0004, vec![], Clip::Has(false)),
            (0x1000_0002, vec![], Clip::Nothing),
            (0, vec![], Clip::Nothing),
        ] {
            assert_eq!(say(flags, &rest), Ok(clip), "{flags:x}");
        }
        assert_eq!(read(&have_nothing()), Ok(Clip::Has(false)));
        assert_eq!(want().to_vec(), [2, 0, 0, 1]);
        assert_eq!(can().to_vec(), [0x1d, 0, 0, 1, 0, 0x10, 0, 0]);
    }

    #[test]
    fn noise_and_bombs_are_refused() {
        read(&[0, 0]).unwrap_err();
        read(&[0x10, 0, 0, 1, 1, 2, 3]).unwrap_err();
        let deflate = |bytes: &[u8]| {
            let mut encoder = ZlibEncoder::new(0x1000_0001_u32.to_be_bytes().to_vec(), Compression::best());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        };
        // Says that it is shorter than it is: the rest is not looked at.
        let mut bomb = 5_u32.to_be_bytes().to_vec();
        bomb.resize(8 << 20, b'x');
        assert_eq!(read(&deflate(&bomb)), Ok(Clip::Text("xxxxx".into())));
        bomb[..4].copy_from_slice(&(7_u32 << 20).to_be_bytes());
        assert_eq!(read(&deflate(&bomb)), Ok(Clip::Nothing));
        read(&deflate(&[0, 0, 0, 9, b'x'])).unwrap_err();
    }
}
