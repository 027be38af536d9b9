//! Taking up a connection whose socket broke.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bus_schema::{ConnId, Error, SessionId, model::rpc::Resume};
use utoipa::IntoParams;

use crate::{
    gateway::cdp::Connection,
    protocol::rest::extract::{FromParams, Params},
};

/// The session that the socket speaks to.
const SESSION: HeaderName = HeaderName::from_static("rookery-session");
/// What to ask for when the socket breaks.
const CONN: HeaderName = HeaderName::from_static("rookery-conn");
/// How many messages of the client reached the browser: it sends what came after them once more.
const RECEIVED: HeaderName = HeaderName::from_static("rookery-received");

/// A connection that is to be taken up, and whose session.
#[derive(Debug, PartialEq, Eq)]
pub struct Wanted {
    pub session: SessionId,
    pub resume: Resume,
}

/// The query of a socket.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "its fields document the query that `Wanted` is read from")]
pub struct ResumeParams {
    /// The `Rookery-Conn` of the connection whose socket broke, within 15 s
    resume: Option<String>,
    /// With `resume`: how many messages were received. What came after them is sent
    after: Option<u64>,
}

/// What is to be taken up, if anything is.
#[derive(Debug, PartialEq, Eq)]
pub struct MayResume(pub Option<Wanted>);

impl FromParams for MayResume {
    fn from_params(p: &mut Params) -> Result<Self, Error> {
        let after: Option<u64> = p.parsed("after", "the number of messages that were received")?;
        let Some(name) = p.text("resume")? else {
            return match after {
                None => Ok(Self(None)),
                Some(_) => Err(Error::invalid_argument("after", "means nothing without `resume`")),
            };
        };
        let after = after.ok_or_else(|| Error::invalid_argument("after", "goes with `resume`"))?;
        let parts = name.split_once('.');
        let parts = parts.and_then(|(session, conn)| session.parse().ok().zip(ConnId::new(conn).ok()));
        let (session, conn) =
            parts.ok_or_else(|| Error::invalid_argument("resume", "not a name that `Rookery-Conn` gave"))?;
        Ok(Self(Some(Wanted { session, resume: Resume { conn, after } })))
    }
}

impl MayResume {
    /// For a socket of this session.
    pub fn of(self, id: &SessionId) -> Result<Option<Resume>, Error> {
        match self.0 {
            Some(wanted) if wanted.session != *id => {
                Err(Error::invalid_argument("resume", "a connection of another session"))
            }
            wanted => Ok(wanted.map(|wanted| wanted.resume)),
        }
    }
}

/// Looks for it among the options of a session that else would be made.
pub fn in_query(query: &str) -> Result<Option<Wanted>, Error> {
    MayResume::from_params(&mut Params::new(query)).map(|may| may.0)
}

/// Tells the client where it is and how to come back.
pub fn headers(id: &SessionId, connection: &Connection) -> HeaderMap {
    let conn = format!("{id}.{}", connection.conn);
    let told = [
        (SESSION, Some(id.to_string())),
        (CONN, Some(conn)),
        (RECEIVED, connection.received.map(|n| n.to_string())),
    ];
    let told = told.into_iter().filter_map(|(name, value)| Some((name, HeaderValue::try_from(value?).ok()?)));
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "local_0123456789abcdef0123456789abcdef";

    fn read(query: &str) -> Result<MayResume, Error> {
        MayResume::from_params(&mut Params::new(query))
    }

    #[test]
    fn a_name_is_taken_as_it_was_given() {
        let wanted = read(&format!("resume={ID}.c1&after=7")).unwrap();
        let id: SessionId = ID.parse().unwrap();
        let resume = Resume { conn: ConnId::new("c1").unwrap(), after: 7 };
        assert_eq!(wanted.of(&id).unwrap(), Some(resume));
        assert_eq!(read("").unwrap(), MayResume(None));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (query, field) in [
            ("after=7".to_owned(), "after"),
            (format!("resume={ID}.c1"), "after"),
            (format!("resume={ID}.c1&after=-1"), "after"),
            ("resume=c1&after=1".to_owned(), "resume"),
            (format!("resume={ID}.c.1&after=1"), "resume"),
            (format!("resume={ID}.c1&resume={ID}.c1&after=1"), "resume"),
        ] {
            assert_eq!(read(&query).unwrap_err().field.as_deref(), Some(field), "{query}");
        }
        let other: SessionId = "local_ffffffffffffffffffffffffffffffff".parse().unwrap();
        let error = read(&format!("resume={ID}.c1&after=7")).unwrap().of(&other).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("resume"));
    }
}
