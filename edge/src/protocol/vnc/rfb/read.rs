//! What clients send.

use bytes::{Buf, Bytes, BytesMut};

use super::{
    Malformed,
    pixel::{FORMAT_BYTES, PixelFormat},
};

/// Bytes of a clipboard that are read. Longer ones are passed over.
pub const MAX_CUT_TEXT: usize = 1 << 20;
/// A client that announces more than this is out of step.
const MAX_PASSED_OVER: usize = 64 << 20;
const MAX_ENCODINGS: usize = 1_024;
const MAX_FENCE: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    PixelFormat(PixelFormat),
    /// Most wanted first.
    Encodings(Vec<i32>),
    Request {
        incremental: bool,
    },
    Key {
        down: bool,
        keysym: u32,
        /// Of the XT keyboard, with its prefix in bit 7: which key it was, whatever is written on it.
        scancode: Option<u32>,
    },
    /// Bit by bit which buttons are down.
    Pointer {
        buttons: u16,
        x: u16,
        y: u16,
    },
    /// Of Latin-1.
    CutText(String),
    /// Of the extended clipboard, unread.
    Clipboard(Bytes),
    ContinuousUpdates {
        on: bool,
    },
    Fence {
        flags: u32,
        payload: Bytes,
    },
    DesktopSize {
        width: u16,
        height: u16,
    },
}

/// Cuts the bytes of a client into messages.
#[derive(Debug, Default)]
pub struct Reader {
    /// Bytes of a message that is too long for us and no reason to part.
    passing_over: usize,
}

impl Reader {
    /// The next message. `None`: more is needed. Holds no more than one message that is not whole.
    pub fn next(&mut self, input: &mut BytesMut) -> Result<Option<Message>, Malformed> {
        loop {
            let passed = self.passing_over.min(input.len());
            input.advance(passed);
            self.passing_over -= passed;
            let Some(&kind) = input.first() else { return Ok(None) };
            let Some(length) = length(kind, input)? else { return Ok(None) };
            if length > MAX_CUT_TEXT + 8 {
                self.passing_over = length;
                continue;
            }
            if input.len() < length {
                input.reserve(length - input.len());
                return Ok(None);
            }
            let message = input.split_to(length).freeze();
            return message_of(kind, &message).map(Some);
        }
    }
}

/// The bytes of the message that `b` begins with. `None`: not yet known.
fn length(kind: u8, b: &[u8]) -> Result<Option<usize>, Malformed> {
    let fixed = match kind {
        0 => 4 + FORMAT_BYTES,
        3 | 150 => 10,
        4 => 8,
        // With the mark of the extended buttons there is one byte more.
        5 => match b.get(1) {
            Some(buttons) if buttons & 0x80 != 0 => 7,
            Some(_) => 6,
            None => return Ok(None),
        },
        2 => {
            let Some(count) = b.get(2..4) else { return Ok(None) };
            let count = usize::from(u16::from_be_bytes([count[0], count[1]]));
            if count > MAX_ENCODINGS {
                return Err(Malformed::new(format!("at most {MAX_ENCODINGS} encodings")));
            }
            4 + 4 * count
        }
        6 => {
            let Some(length) = b.get(4..).and_then(|b| b.first_chunk::<4>()) else { return Ok(None) };
            // Negative: of the extended clipboard.
            let length = i32::from_be_bytes(*length).unsigned_abs() as usize;
            if length > MAX_PASSED_OVER {
                return Err(Malformed::new("a clipboard of this size is refused"));
            }
            8 + length
        }
        248 => match b.get(8) {
            Some(&length) if usize::from(length) <= MAX_FENCE => 9 + usize::from(length),
            Some(_) => return Err(Malformed::new(format!("a fence of at most {MAX_FENCE} bytes"))),
            None => return Ok(None),
        },
        251 => match b.get(6) {
            Some(&screens) => 8 + 16 * usize::from(screens),
            None => return Ok(None),
        },
        // Of QEMU's messages only that for keys was offered.
        255 => match b.get(1) {
            Some(0) => 12,
            Some(kind) => return Err(Malformed::new(format!("unknown message 255.{kind}"))),
            None => return Ok(None),
        },
        kind => return Err(Malformed::new(format!("unknown message {kind}"))),
    };
    Ok(Some(fixed))
}

/// `b` is a whole message.
fn message_of(kind: u8, b: &Bytes) -> Result<Message, Malformed> {
    let u16_at = |i: usize| u16::from_be_bytes([b[i], b[i + 1]]);
    let u32_at = |i: usize| u32::from_be_bytes([b[i], b[i + 1], b[i + 2], b[i + 3]]);
    Ok(match kind {
        0 => {
            let format = b[4..].first_chunk().ok_or_else(|| Malformed::new("a pixel format that is cut"))?;
            Message::PixelFormat(PixelFormat::read(format)?)
        }
        2 => Message::Encodings(b[4..].as_chunks::<4>().0.iter().map(|e| i32::from_be_bytes(*e)).collect()),
        3 => Message::Request { incremental: b[1] != 0 },
        4 => Message::Key { down: b[1] != 0, keysym: u32_at(4), scancode: None },
        5 => {
            let more = b.get(6).map_or(0, |more| u16::from(*more) << 7);
            Message::Pointer { buttons: u16::from(b[1] & 0x7f) | more, x: u16_at(2), y: u16_at(4) }
        }
        6 if b[4] & 0x80 != 0 => Message::Clipboard(b.slice(8..)),
        6 => Message::CutText(b[8..].iter().map(|byte| char::from(*byte)).collect()),
        150 => Message::ContinuousUpdates { on: b[1] != 0 },
        248 => Message::Fence { flags: u32_at(4), payload: b.slice(9..) },
        251 => Message::DesktopSize { width: u16_at(2), height: u16_at(4) },
        255 => Message::Key { down: u16_at(2) != 0, keysym: u32_at(4), scancode: Some(u32_at(8)) },
        kind => return Err(Malformed::new(format!("unknown message {kind}"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8], chunk: usize) -> Result<Vec<Message>, Malformed> {
        let (mut reader, mut input, mut messages) = (Reader::default(), BytesMut::new(), Vec::new());
        for part in bytes.chunks(chunk) {
            input.extend_from_slice(part);
            while let Some(message) = reader.next(&mut input)? {
                messages.push(message);
            }
        }
        Ok(messages)
    }

    fn cut_text(length: i32, body: &[u8]) -> Vec<u8> {
        [&[6, 0, 0, 0], length.to_be_bytes().as_slice(), body].concat()
    }

    #[test]
    fn every_message_is_read_whole_and_in_pieces() {
        let mut format = BytesMut::new();
        PixelFormat::default().write(&mut format);
        let bytes = [
            [&[0, 0, 0, 0], format.as_ref()].concat(),
            vec![2, 0, 0, 2, 0, 0, 0, 7, 0xff, 0xff, 0xff, 0x21],
            vec![3, 1, 0, 0, 0, 0, 5, 0, 2, 0xd0],
            vec![4, 1, 0, 0, 0, 0, 0, b'a'],
            vec![5, 3, 0, 10, 1, 0],
            vec![5, 0x81, 0, 10, 1, 0, 2],
            cut_text(3, b"caf"),
            cut_text(1, b"\xe9"),
            cut_text(-5, &[2, 0, 0, 0, 9]),
            vec![150, 1, 0, 0, 0, 0, 5, 0, 2, 0xd0],
            vec![248, 0, 0, 0, 0x80, 0, 0, 1, 2, 8, 9],
            [vec![251, 0, 4, 0, 3, 0, 1, 0], vec![0; 16]].concat(),
            vec![255, 0, 0, 1, 0, 0, 0, b'a', 0, 0, 0, 0x1e],
        ]
        .concat();
        let expected = vec![
            Message::PixelFormat(PixelFormat::default()),
            Message::Encodings(vec![7, -223]),
            Message::Request { incremental: true },
            Message::Key { down: true, keysym: 0x61, scancode: None },
            Message::Pointer { buttons: 3, x: 10, y: 256 },
            Message::Pointer { buttons: 0x101, x: 10, y: 256 },
            Message::CutText("caf".into()),
            Message::CutText("é".into()),
            Message::Clipboard(Bytes::from_static(&[2, 0, 0, 0, 9])),
            Message::ContinuousUpdates { on: true },
            Message::Fence { flags: 0x8000_0001, payload: Bytes::from_static(&[8, 9]) },
            Message::DesktopSize { width: 1024, height: 768 },
            Message::Key { down: true, keysym: 0x61, scancode: Some(0x1e) },
        ];
        for chunk in [1, 3, bytes.len()] {
            assert_eq!(all(&bytes, chunk).as_ref(), Ok(&expected));
        }
    }

    #[test]
    fn a_clipboard_that_is_too_long_is_passed_over_without_being_held() {
        let long = 8 << 20;
        let mut bytes = cut_text(long, &vec![b'x'; long as usize]);
        bytes.extend_from_slice(&[4, 0, 0, 0, 0, 0, 0, b'b']);
        let (mut reader, mut input) = (Reader::default(), BytesMut::new());
        let mut messages = Vec::new();
        for part in bytes.chunks(4_096) {
            input.extend_from_slice(part);
            messages.extend(reader.next(&mut input).unwrap());
            assert!(input.len() < 4_096);
        }
        assert_eq!(messages, [Message::Key { down: false, keysym: 0x62, scancode: None }]);
    }

    #[test]
    fn what_is_none_or_too_large_is_refused() {
        for noise in [
            vec![1],
            vec![7, 7, 7],
            vec![2, 0, 0xff, 0xff],
            cut_text(i32::MAX, b""),
            cut_text(i32::MIN, b""),
            vec![248, 0, 0, 0, 0, 0, 0, 0, 65],
            vec![255, 1, 0],
            [&[0, 0, 0, 0], [0xff; 16].as_slice()].concat(),
        ] {
            all(&noise, noise.len()).unwrap_err();
        }
        // Nothing is said of what is not whole yet.
        for part in [vec![], vec![5], vec![6, 0, 0, 0, 0], vec![248, 0], vec![251, 0, 0], vec![255]] {
            assert_eq!(all(&part, 1), Ok(vec![]));
        }
    }
}
