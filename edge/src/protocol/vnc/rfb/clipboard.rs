//! The extended clipboard: text in UTF-8, compressed, offered before it is sent.

use std::io::{Read, Write};

use bytes::{BufMut, BytesMut};
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};

use super::{Malformed, read::MAX_CUT_TEXT};

const TEXT: u32 = 1;
const CAPS: u32 = 1 << 24;
const REQUEST: u32 = 1 << 25;
const PEEK: u32 = 1 << 26;
const NOTIFY: u32 = 1 << 27;
const PROVIDE: u32 = 1 << 28;
const FORMATS: u32 = 0xffff;

/// What a client says of its clipboard, or asks of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clip {
    /// What it can do.
    Can(Abilities),
    /// It wants our text.
    Wanted,
    /// It wants to know whether we have one.
    Peek,
    /// It has a text, or has none any more.
    Has(bool),
    Text(String),
    /// Something that means nothing here.
    Nothing,
}

/// What a client takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    /// It hears that there is a text and asks for it.
    pub notify: bool,
    /// It takes a text without having asked, up to this many bytes.
    pub unasked: Option<u32>,
}

pub fn read(message: &[u8]) -> Result<Clip, Malformed> {
    let Some((flags, rest)) = message.split_first_chunk::<4>() else {
        return Err(Malformed::new("a clipboard message that is cut"));
    };
    let flags = u32::from_be_bytes(*flags);
    let has_text = flags & TEXT != 0;
    if flags & CAPS != 0 {
        // A size for each format, of which text is the first.
        let size = rest.first_chunk::<4>().filter(|_| has_text).map(|size| u32::from_be_bytes(*size));
        let unasked = size.filter(|_| flags & PROVIDE != 0);
        return Ok(Clip::Can(Abilities { notify: has_text && flags & NOTIFY != 0, unasked }));
    }
    Ok(match flags & !FORMATS {
        REQUEST if has_text => Clip::Wanted,
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
    let mut out = flags(CAPS | REQUEST | PEEK | NOTIFY | PROVIDE | TEXT);
    out.put_u32(MAX_CUT_TEXT as u32);
    out
}

pub fn want() -> BytesMut {
    flags(REQUEST | TEXT)
}

pub fn have(text: bool) -> BytesMut {
    flags(NOTIFY | if text { TEXT } else { 0 })
}

pub fn provide(text: &str) -> BytesMut {
    let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
    let mut out = flags(PROVIDE | TEXT).writer();
    let mut encoder = ZlibEncoder::new(&mut out, Compression::fast());
    let length = (text.len() as u32 + 1).to_be_bytes();
    // Into memory nothing fails.
    let _ = [&length, text.as_bytes(), &[0]].iter().try_for_each(|part| encoder.write_all(part));
    let _ = encoder.finish();
    out.into_inner()
}

fn flags(flags: u32) -> BytesMut {
    BytesMut::from(flags.to_be_bytes().as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_through_whole() {
        for text in ["", "zwölf Boxkämpfer\njagen 日本語 😀", "a\n\nb"] {
            assert_eq!(read(&provide(text)), Ok(Clip::Text(text.into())));
        }
    }

    #[test]
    fn words_are_told_apart() {
        let say = |flags: u32, rest: &[u8]| read(&[&flags.to_be_bytes(), rest].concat());
        let (both, none) = (Abilities { notify: true, unasked: Some(64) }, Abilities::default());
        for (flags, rest, clip) in [
            (0x1f00_0001, vec![0, 0, 0, 64], Clip::Can(both)),
            (0x0300_0001, vec![0, 0, 0, 64], Clip::Can(none)),
            (0x0100_0000, vec![], Clip::Can(none)),
            (0x0200_0001, vec![], Clip::Wanted),
            (0x0200_0002, vec![], Clip::Nothing),
            (0x0400_0000, vec![], Clip::Peek),
            (0x0800_0001, vec![], Clip::Has(true)),
            (0x0800_0000, vec![], Clip::Has(false)),
            (0x0800_0004, vec![], Clip::Has(false)),
            (0x1000_0002, vec![], Clip::Nothing),
            (0, vec![], Clip::Nothing),
        ] {
            assert_eq!(say(flags, &rest), Ok(clip), "{flags:x}");
        }
        assert_eq!(read(&have(true)), Ok(Clip::Has(true)));
        assert_eq!(read(&want()), Ok(Clip::Wanted));
        assert!(matches!(read(&can()), Ok(Clip::Can(Abilities { notify: true, unasked: Some(_) }))));
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
