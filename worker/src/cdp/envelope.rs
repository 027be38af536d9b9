//! The outer form of a message: what routing needs, with everything else left as raw text.

use std::ops::Range;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Raw<'a> {
    id: Option<u64>,
    #[serde(borrow)]
    method: Option<&'a str>,
    #[serde(borrow, rename = "sessionId")]
    session: Option<&'a str>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct ProtocolError {
    pub code: i64,
    #[serde(default)]
    pub message: String,
}

impl ProtocolError {
    pub fn read(error: &Part) -> Self {
        serde_json::from_slice(error.bytes()).unwrap_or_else(|_| Self {
            code: 0,
            message: String::from_utf8_lossy(error.bytes()).into_owned(),
        })
    }
}

/// A piece of a message that keeps the whole message alive and is parsed by whoever wants it.
#[derive(Clone)]
pub(super) struct Part {
    message: Bytes,
    range: Range<usize>,
}

impl Part {
    fn of(message: &Bytes, part: &str) -> Self {
        let start = part.as_ptr() as usize - message.as_ptr() as usize;
        Self { message: message.clone(), range: start..start + part.len() }
    }

    fn empty_object() -> Self {
        Self { message: Bytes::from_static(b"{}"), range: 0..2 }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.message[self.range.clone()]
    }

    pub fn into_bytes(self) -> Bytes {
        self.message.slice(self.range)
    }
}

pub(super) enum Inbound {
    Answer { id: u64, outcome: Result<Part, Part> },
    Event { session: Option<Part>, method: Part, params: Part },
}

/// Parses one message. `None` means that it is not a CDP message at all.
pub(super) fn parse(message: &Bytes) -> Option<Inbound> {
    let raw: Raw<'_> = serde_json::from_slice(message).ok()?;
    let object = |value: Option<&RawValue>| {
        value.map_or_else(Part::empty_object, |value| Part::of(message, value.get()))
    };
    match (raw.id, raw.method) {
        (Some(id), _) => {
            let outcome = match raw.error {
                Some(error) => Err(Part::of(message, error.get())),
                None => Ok(object(raw.result)),
            };
            Some(Inbound::Answer { id, outcome })
        }
        (None, Some(method)) => Some(Inbound::Event {
            session: raw.session.map(|session| Part::of(message, session)),
            method: Part::of(message, method),
            params: object(raw.params),
        }),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_errors_and_events_are_told_apart() {
        let answer = Bytes::from_static(br#"{"id":7,"result":{"a":1},"sessionId":"S"}"#);
        let Some(Inbound::Answer { id: 7, outcome: Ok(result) }) = parse(&answer) else { panic!("answer") };
        assert_eq!(result.bytes(), br#"{"a":1}"#);

        let error = Bytes::from_static(br#"{"id":8,"error":{"code":-32000,"message":"no"}}"#);
        let Some(Inbound::Answer { id: 8, outcome: Err(error) }) = parse(&error) else { panic!("error") };
        let error = ProtocolError::read(&error);
        assert_eq!((error.code, error.message.as_str()), (-32000, "no"));

        let event = Bytes::from_static(br#"{"method":"A.b","sessionId":"S"}"#);
        let Some(Inbound::Event { session, method, params }) = parse(&event) else { panic!("event") };
        assert_eq!(session.expect("session").bytes(), b"S");
        assert_eq!(method.bytes(), b"A.b");
        assert_eq!(params.bytes(), b"{}");
    }

    #[test]
    fn noise_is_no_message() {
        for noise in [&b"{}"[..], b"[]", b"", b"\xff\xfe", br#"{"id":"x"}"#] {
            assert!(parse(&Bytes::copy_from_slice(noise)).is_none());
        }
    }
}
