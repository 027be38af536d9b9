//! The first words of a connection: version, security, and whether others may stay.

use bytes::{Buf, BufMut, BytesMut};

use super::{
    Malformed,
    auth::{CHALLENGE_BYTES, Challenge},
};

/// What the server says first.
pub const GREETING: &[u8; 12] = b"RFB 003.008\n";
/// How a client names a session as viewers name a host to a repeater: this many bytes, filled up with zeros.
const NAME_BYTES: usize = 250;
const NAME_MARK: &[u8] = b"ID:";

/// How a client shows that it may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// It has shown so before: by the token of its WebSocket.
    None,
    Password(Challenge),
}

impl Security {
    fn number(self) -> u8 {
        match self {
            Self::None => 1,
            Self::Password(_) => 2,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Version {
    V3,
    V7,
    V8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Version,
    Choice,
    Response,
    Judging,
    Init,
}

/// What a client has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It names a session, and is to be greeted once more.
    Session(String),
    /// Its answer to the challenge: [`Handshake::admit`] or [`Handshake::refuse`].
    Response(Challenge),
    /// It is in.
    Init,
}

pub struct Handshake {
    security: Security,
    version: Version,
    state: State,
    named: bool,
}

impl Handshake {
    pub fn new(security: Security) -> Self {
        Self { security, version: Version::V8, state: State::Version, named: false }
    }

    /// Reads what has come. `None`: more is needed.
    pub fn advance(&mut self, input: &mut BytesMut, out: &mut BytesMut) -> Result<Option<Said>, Malformed> {
        loop {
            match self.state {
                State::Version if is_start(input, NAME_MARK) && !self.named => {
                    if input.len() < NAME_BYTES {
                        return Ok(None);
                    }
                    self.named = true;
                    return Ok(Some(Said::Session(name(&input.split_to(NAME_BYTES))?)));
                }
                State::Version => {
                    if !is_start(input, b"RFB ") {
                        return Err(Malformed::new("this is no RFB client"));
                    }
                    if input.len() < GREETING.len() {
                        return Ok(None);
                    }
                    self.version = version(&input.split_to(GREETING.len()))?;
                    self.offer(out);
                }
                State::Choice => {
                    if input.is_empty() {
                        return Ok(None);
                    }
                    if input.get_u8() != self.security.number() {
                        return Err(Malformed::new("this kind of security was not offered"));
                    }
                    self.secure(out);
                }
                State::Response => {
                    let Some(response) = input.first_chunk::<CHALLENGE_BYTES>().copied() else {
                        return Ok(None);
                    };
                    input.advance(CHALLENGE_BYTES);
                    self.state = State::Judging;
                    return Ok(Some(Said::Response(response)));
                }
                State::Judging => return Ok(None),
                State::Init => {
                    if input.is_empty() {
                        return Ok(None);
                    }
                    // Whether others may stay: they always may.
                    input.advance(1);
                    return Ok(Some(Said::Init));
                }
            }
        }
    }

    fn offer(&mut self, out: &mut BytesMut) {
        if self.version == Version::V3 {
            // The server decides.
            out.put_u32(self.security.number().into());
            self.secure(out);
        } else {
            out.put_slice(&[1, self.security.number()]);
            self.state = State::Choice;
        }
    }

    fn secure(&mut self, out: &mut BytesMut) {
        match self.security {
            Security::Password(challenge) => {
                out.put_slice(&challenge);
                self.state = State::Response;
            }
            Security::None => {
                self.state = State::Init;
                if self.version == Version::V8 {
                    out.put_u32(0);
                }
            }
        }
    }

    /// Lets a client in whose answer was right.
    pub fn admit(&mut self, out: &mut BytesMut) {
        out.put_u32(0);
        self.state = State::Init;
    }

    /// Tells a client why not, as far as its version has words for it.
    pub fn refuse(&self, why: &str, out: &mut BytesMut) {
        match self.state {
            State::Version | State::Init => {}
            State::Choice | State::Response | State::Judging => {
                out.put_u32(1);
                if self.version == Version::V8 {
                    reason(why, out);
                }
            }
        }
    }
}

/// Shows a client out that has told its version, before any security is offered. `true`: the whole of it was there.
pub fn turn_away(input: &mut BytesMut, why: &str, out: &mut BytesMut) -> Result<bool, Malformed> {
    if input.len() < GREETING.len() {
        return Ok(false);
    }
    match version(&input.split_to(GREETING.len()))? {
        Version::V3 => out.put_u32(0),
        Version::V7 | Version::V8 => out.put_u8(0),
    }
    reason(why, out);
    Ok(true)
}

fn reason(why: &str, out: &mut BytesMut) {
    out.put_u32(why.len() as u32);
    out.put_slice(why.as_bytes());
}

/// Whether what has come of it so far is how this begins.
fn is_start(input: &[u8], of: &[u8]) -> bool {
    let seen = input.len().min(of.len());
    input[..seen] == of[..seen] && (seen > 0 || of == b"RFB ")
}

/// Versions that are none of the three are spoken to as the next lower one of them.
fn version(line: &[u8]) -> Result<Version, Malformed> {
    let number = |digits: &[u8]| std::str::from_utf8(digits).ok()?.parse::<u32>().ok();
    let read = match line {
        [b'R', b'F', b'B', b' ', major @ .., b'\n'] if major.len() == 7 && major[3] == b'.' => {
            number(&major[..3]).zip(number(&major[4..]))
        }
        _ => None,
    };
    match read {
        Some((3, 0..=6)) => Ok(Version::V3),
        Some((3, 7)) => Ok(Version::V7),
        Some((3.., _)) => Ok(Version::V8),
        Some(_) | None => Err(Malformed::new("this version of RFB is not known")),
    }
}

fn name(message: &[u8]) -> Result<String, Malformed> {
    let text = message.split(|b| *b == 0).next().unwrap_or_default();
    let name = text.strip_prefix(NAME_MARK).and_then(|name| std::str::from_utf8(name).ok());
    name.map(|name| name.trim().to_owned()).ok_or_else(|| Malformed::new("an unreadable ID"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: Security = Security::Password([7; CHALLENGE_BYTES]);

    /// Everything said, a byte at a time and all at once.
    fn talk(security: Security, words: &[u8]) -> (Vec<Said>, Vec<u8>) {
        let of = |chunk: usize| {
            let mut handshake = Handshake::new(security);
            let (mut input, mut out, mut said) = (BytesMut::new(), BytesMut::new(), Vec::new());
            for part in words.chunks(chunk) {
                input.put_slice(part);
                while let Some(word) = handshake.advance(&mut input, &mut out).unwrap() {
                    let is_last = word == Said::Init;
                    if matches!(word, Said::Response(_)) {
                        handshake.admit(&mut out);
                    }
                    said.push(word);
                    if is_last {
                        break;
                    }
                }
            }
            (said, out.to_vec())
        };
        let whole = of(words.len());
        assert_eq!(of(1), whole);
        whole
    }

    #[test]
    fn each_version_has_its_own_words() {
        let response = Said::Response([9; 16]);
        let ok = [0; 4].as_slice();
        for (security, words, out, said) in [
            (
                Security::None,
                [b"RFB 003.008\n".as_slice(), &[1, 1]].concat(),
                [&[1, 1], ok].concat(),
                vec![Said::Init],
            ),
            (Security::None, [b"RFB 003.007\n".as_slice(), &[1, 0]].concat(), vec![1, 1], vec![Said::Init]),
            (
                Security::None,
                [b"RFB 003.003\n".as_slice(), &[1]].concat(),
                vec![0, 0, 0, 1],
                vec![Said::Init],
            ),
            (
                SECRET,
                [b"RFB 003.008\n".as_slice(), &[2], &[9; 16], &[0]].concat(),
                [&[1, 2], [7; 16].as_slice(), ok].concat(),
                vec![response.clone(), Said::Init],
            ),
            (
                SECRET,
                [b"RFB 003.005\n".as_slice(), &[9; 16], &[0]].concat(),
                [&[0, 0, 0, 2], [7; 16].as_slice(), ok].concat(),
                vec![response.clone(), Said::Init],
            ),
            (
                SECRET,
                [b"RFB 003.889\n".as_slice(), &[2], &[9; 16], &[1]].concat(),
                [&[1, 2], [7; 16].as_slice(), ok].concat(),
                vec![response, Said::Init],
            ),
        ] {
            assert_eq!(talk(security, &words), (said, out), "{words:?}");
        }
    }

    #[test]
    fn a_session_may_be_named_first() {
        let mut named = b"ID:local_0123\0noise behind the end".to_vec();
        named.resize(NAME_BYTES, 0);
        named.extend_from_slice(b"RFB 003.008\n");
        let (said, out) = talk(SECRET, &named);
        assert_eq!(said, [Said::Session("local_0123".into())]);
        assert_eq!(out, [1, 2]);
    }

    #[test]
    fn noise_is_known_by_its_first_bytes() {
        for noise in [
            b"GET / HTTP/1.1\r\n".as_slice(),
            b"\x16\x03\x01",
            b"RFX",
            b"RFB 002.000\n",
            b"RFB abc.def\n",
            b"RFB 003.008\r",
            b"IDLE",
        ] {
            let mut handshake = Handshake::new(SECRET);
            let mut input = BytesMut::from(noise);
            handshake.advance(&mut input, &mut BytesMut::new()).unwrap_err();
        }
        let mut handshake = Handshake::new(SECRET);
        let mut input = BytesMut::from(b"RFB 003.008\n\x01".as_slice());
        let error = handshake.advance(&mut input, &mut BytesMut::new()).unwrap_err();
        assert!(error.to_string().contains("not offered"));
        // Named twice.
        let mut handshake = Handshake::new(SECRET);
        let mut twice = [b"ID:a".as_slice(), &[0; 246], b"ID:b"].concat();
        twice.resize(2 * NAME_BYTES, 0);
        let mut input = BytesMut::from(twice.as_slice());
        handshake.advance(&mut input, &mut BytesMut::new()).unwrap();
        handshake.advance(&mut input, &mut BytesMut::new()).unwrap_err();
    }

    #[test]
    fn reasons_are_given_where_there_are_words_for_them() {
        let refused = |line: &[u8]| {
            let mut handshake = Handshake::new(SECRET);
            let mut input = BytesMut::from([line, &[2]].concat().as_slice());
            handshake.advance(&mut input, &mut BytesMut::new()).unwrap();
            let mut out = BytesMut::new();
            handshake.refuse("no", &mut out);
            out.to_vec()
        };
        assert_eq!(refused(b"RFB 003.008\n"), [0, 0, 0, 1, 0, 0, 0, 2, b'n', b'o']);
        assert_eq!(refused(b"RFB 003.007\n"), [0, 0, 0, 1]);
        for (line, out) in [
            (b"RFB 003.008\n", vec![0, 0, 0, 0, 2, b'n', b'o']),
            (b"RFB 003.003\n", vec![0, 0, 0, 0, 0, 0, 0, 2, b'n', b'o']),
        ] {
            let (mut input, mut said) = (BytesMut::from(line.as_slice()), BytesMut::new());
            assert!(turn_away(&mut input, "no", &mut said).unwrap());
            assert_eq!(said.to_vec(), out);
        }
        assert!(!turn_away(&mut BytesMut::from(b"RFB".as_slice()), "no", &mut BytesMut::new()).unwrap());
    }
}
