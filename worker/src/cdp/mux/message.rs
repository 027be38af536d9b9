//! Messages of clients: read no further than routing needs, and written around what was not read.

use std::borrow::Cow;
use std::io::Write;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

/// JSON-RPC's words for what is wrong, as Chromium uses them.
pub const INVALID_REQUEST: i64 = -32600;
pub const NOT_FOUND: i64 = -32601;
pub const INVALID_PARAMS: i64 = -32602;
pub const NO_SESSION: i64 = -32001;
pub const REFUSED: i64 = -32000;

/// So many objects and lists in each other the browser reads. What is deeper it refuses without saying to whom.
const DEPTH: usize = 296;

/// A client's message.
#[derive(Debug)]
pub struct Request<'a> {
    pub id: i64,
    pub method: Cow<'a, str>,
    pub session: Option<Cow<'a, str>>,
    pub params: &'a [u8],
}

/// Why a message cannot be dealt with.
#[derive(Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// Not JSON, or no object: whoever sends this does not speak the protocol.
    Noise,
    /// Answered with an error, under the id if there is one.
    Refused { id: Option<i64>, why: &'static str },
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Option<&'a RawValue>,
    #[serde(borrow, rename = "sessionId")]
    session: Option<&'a RawValue>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

pub fn read(message: &[u8]) -> Result<Request<'_>, Unreadable> {
    if message.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Unreadable::Noise);
    }
    let raw: Raw<'_> = serde_json::from_slice(message).map_err(|_| Unreadable::Noise)?;
    let id = raw.id.and_then(|id| serde_json::from_str::<i64>(id.get()).ok());
    let refused = |why| Unreadable::Refused { id, why };
    let text = |value: &'_ RawValue| serde_json::from_str::<String>(value.get());
    let Some(number) = id else {
        return Err(refused("Message must have integer 'id' property"));
    };
    let method = raw.method.and_then(plain).ok_or(refused("Message must have string 'method' property"))?;
    let session = match raw.session {
        None => None,
        Some(value) => match plain(value) {
            Some(plain) => Some(plain),
            None => Some(Cow::Owned(
                text(value).map_err(|_| refused("Message may have string 'sessionId' property"))?,
            )),
        },
    };
    let params = raw.params.map_or("{}", RawValue::get);
    if !params.starts_with('{') {
        return Err(refused("Message may have object 'params' property"));
    }
    if is_deeper(params.as_bytes(), DEPTH) {
        return Err(refused("Message is nested too deep"));
    }
    Ok(Request { id: number, method, session, params: params.as_bytes() })
}

/// Of valid JSON.
fn is_deeper(json: &[u8], limit: usize) -> bool {
    let (mut at, mut depth) = (0, 0_usize);
    while json.len() - at > 2 * limit || depth > 0 {
        let Some(byte) = json.get(at) else { return false };
        at += 1;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => at = behind_string(json, at),
            _ => {}
        }
        if depth > limit {
            return true;
        }
    }
    false
}

/// Where the string ends that begins before `at`.
fn behind_string(json: &[u8], mut at: usize) -> usize {
    while let Some(found) = memchr::memchr2(b'"', b'\\', &json[at..]) {
        at += found + 1;
        if json[at - 1] == b'"' {
            return at;
        }
        at = (at + 1).min(json.len());
    }
    json.len()
}

/// The text of a string, borrowed where nothing in it is escaped.
fn plain(value: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Text<'_>>(value.get()).ok().map(|text| text.0)
}

/// An answer with `result` or `error` as they are.
pub fn answer(id: i64, field: &str, body: &[u8], session: Option<&str>) -> Bytes {
    let mut out = Vec::with_capacity(body.len() + 96);
    // Writing to a Vec cannot fail; session ids hold nothing that JSON would escape.
    let _ = write!(out, r#"{{"id":{id},"{field}":"#);
    out.extend_from_slice(body);
    end(&mut out, session);
    out.into()
}

/// An answer that the browser is not asked for.
pub fn refusal(id: Option<i64>, code: i64, why: &str, session: Option<&str>) -> Bytes {
    let error = serde_json::json!({ "code": code, "message": why }).to_string();
    match id {
        Some(id) => answer(id, "error", error.as_bytes(), session),
        None => format!(r#"{{"error":{error}}}"#).into(),
    }
}

/// An event without a session, or under one.
pub fn event(method: &str, params: &[u8], session: Option<&str>) -> Bytes {
    let mut out = Vec::with_capacity(params.len() + method.len() + 96);
    let _ = write!(out, r#"{{"method":"{method}","params":"#);
    out.extend_from_slice(params);
    end(&mut out, session);
    out.into()
}

fn end(out: &mut Vec<u8>, session: Option<&str>) {
    if let Some(session) = session {
        let _ = write!(out, r#","sessionId":"{session}""#);
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_what_is_no_text() {
        let nested = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n - 1), "]".repeat(n - 1));
        for (json, limit, deeper) in [
            (nested(10), 9, true),
            (nested(10), 10, false),
            (format!(r#"{{"a":"{}"}}"#, "[".repeat(500)), 3, false),
            (format!(r#"{{"a":"\"{}","b":[]}}"#, "[".repeat(500)), 3, false),
            (r#"{"a":"\\","b":[[[[]]]]}"#.to_owned(), 4, true),
            ("{}".to_owned(), 1, false),
        ] {
            assert_eq!(is_deeper(json.as_bytes(), limit), deeper, "{json}");
        }
        let deep = format!(r#"{{"id":7,"method":"a.b","params":{}}}"#, nested(500));
        assert_eq!(
            read(deep.as_bytes()).unwrap_err(),
            Unreadable::Refused { id: Some(7), why: "Message is nested too deep" }
        );
    }

    #[test]
    fn requests_are_read_and_their_parameters_left_alone() {
        let text = br#" {"id":7,"method":"Page.navigate","params":{ "url" : "x" },"sessionId":"S","more":1}"#;
        let request = read(text).unwrap();
        assert_eq!(
            (request.id, &*request.method, request.session.as_deref()),
            (7, "Page.navigate", Some("S"))
        );
        assert_eq!(request.params, br#"{ "url" : "x" }"#);
        let short = read(br#"{"id":-1,"method":"\u0050age.enable"}"#).unwrap();
        assert_eq!((short.id, &*short.method, short.params), (-1, "Page.enable", &b"{}"[..]));
    }

    #[test]
    fn what_is_wrong_is_said_and_noise_is_noise() {
        for noise in [&b""[..], b"[]", b"hello", b"{", b"\xff", b"1", br#"{"id":1,"id":2,"method":"A.b"}"#] {
            assert_eq!(read(noise).unwrap_err(), Unreadable::Noise, "{noise:?}");
        }
        for (text, id) in [
            (r#"{"id":"1","method":"A.b"}"#, None),
            (r#"{"id":1.5,"method":"A.b"}"#, None),
            (r#"{"method":"A.b"}"#, None),
            (r#"{"id":1}"#, Some(1)),
            (r#"{"id":1,"method":3}"#, Some(1)),
            (r#"{"id":1,"method":"A.b","params":[]}"#, Some(1)),
            (r#"{"id":1,"method":"A.b","sessionId":3}"#, Some(1)),
        ] {
            let Err(Unreadable::Refused { id: said, .. }) = read(text.as_bytes()) else { panic!("{text}") };
            assert_eq!(said, id, "{text}");
        }
    }

    #[test]
    fn answers_and_events_are_what_a_browser_would_write() {
        assert_eq!(
            answer(3, "result", br#"{"a":1}"#, Some("S")),
            &br#"{"id":3,"result":{"a":1},"sessionId":"S"}"#[..]
        );
        assert_eq!(answer(3, "result", b"{}", None), &br#"{"id":3,"result":{}}"#[..]);
        assert_eq!(event("A.b", b"{}", None), &br#"{"method":"A.b","params":{}}"#[..]);
        let refused = refusal(Some(1), NOT_FOUND, "'A\"' wasn't found", None);
        let read: serde_json::Value = serde_json::from_slice(&refused).unwrap();
        assert_eq!(read["error"]["code"], -32601);
    }
}
