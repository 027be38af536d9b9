//! Halves of characters. A string of JavaScript may hold one half of a surrogate pair, and Chromium writes it as
//! `\ud800`: an escape by the grammar of JSON, but no text, and most readers of JSON refuse the whole message for it.

use bytes::Bytes;
use memchr::{memchr, memmem};

/// As long as what it stands for, so that a message keeps its length.
const REPLACEMENT: &[u8; 6] = b"\\ufffd";

/// The same text with U+FFFD for each half.
pub(super) fn replaced(text: Bytes) -> Bytes {
    let suspects = memmem::find(&text, b"\\ud").or_else(|| memmem::find(&text, b"\\uD"));
    if suspects.is_none() {
        return text;
    }
    let lone = lone_halves(&text);
    if lone.is_empty() {
        return text;
    }
    let mut text = Vec::from(text);
    for at in lone {
        text[at..at + REPLACEMENT.len()].copy_from_slice(REPLACEMENT);
    }
    text.into()
}

/// Where in a JSON text the escapes stand that are one half of a character without the other.
fn lone_halves(text: &[u8]) -> Vec<usize> {
    let mut lone = Vec::new();
    let mut at = 0;
    while let Some(found) = memchr(b'\\', &text[at..]) {
        at += found;
        at += match (half(text, at), half(text, at + 6)) {
            (Some(Half::High), Some(Half::Low)) => 12,
            (Some(_), _) => {
                lone.push(at);
                6
            }
            // A backslash and what it escapes, a backslash perhaps.
            (None, _) => 2,
        };
        if at >= text.len() {
            break;
        }
    }
    lone
}

enum Half {
    High,
    Low,
}

fn half(text: &[u8], at: usize) -> Option<Half> {
    let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let code = u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    match code {
        0xd800..=0xdbff => Some(Half::High),
        0xdc00..=0xdfff => Some(Half::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_halves_are_replaced() {
        for (text, expected) in [
            (r#""plain""#, r#""plain""#),
            (r#""\ud83d\ude00 \uD83D\uDE00""#, r#""\ud83d\ude00 \uD83D\uDE00""#),
            (r#""a\ud800b""#, r#""a\ufffdb""#),
            (r#""\ud800\ud83d\ude00\ude00""#, r#""\ufffd\ud83d\ude00\ufffd""#),
            (r#""\\ud800 \\\ud800""#, r#""\\ud800 \\\ufffd""#),
            (r#"{"\udc00":["\uDBFF"]}"#, r#"{"\ufffd":["\ufffd"]}"#),
        ] {
            let given = Bytes::copy_from_slice(text.as_bytes());
            assert_eq!(replaced(given), expected.as_bytes(), "{text}");
            serde_json::from_str::<serde_json::Value>(expected).unwrap();
        }
        // What is cut off is left to those who read it.
        for text in [r"\ud8", r"\ud", "\\", r"\ud800"] {
            replaced(Bytes::copy_from_slice(text.as_bytes()));
        }
    }
}
