//! What handlers take out of a request. Errors name what is at fault.

use std::{str::FromStr, time::Duration};

use axum::{
    body::{BodyDataStream, Bytes},
    extract::{FromRequest, FromRequestParts, RawPathParams, Request},
    http::{HeaderMap, header, request::Parts},
};
use bus_schema::{Error, SessionId, WorkerId, model::json};
use futures::StreamExt;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::error::Problem;
use crate::{app::App, config::DEFAULT_BODY_LIMIT};

/// How long, and how far, a body over the limit is read on before it is answered.
const HEAR_OUT: Duration = Duration::from_secs(2);
const HEAR_OUT_BYTES: usize = 64 << 20;

/// Bytes of a JSON body, as a layer around the routes says.
#[derive(Clone, Copy)]
pub struct BodyLimit(pub usize);

/// The bytes of a JSON body. Parsing is the endpoint's, because some types read themselves.
///
/// Refuses other content types: a page anywhere may send `text/plain` here without asking, but not JSON.
pub struct JsonBody(pub Bytes);

impl JsonBody {
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        json::from_slice(&self.0)
    }
}

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let is_json = is_json(request.headers());
        let bytes = read_all(request).await?;
        if !is_json {
            return Err(Error::forbidden("the body must be `Content-Type: application/json`").into());
        }
        Ok(Self(bytes))
    }
}

/// The same where every field is optional: no body at all stands for `{}`.
pub struct OptionalJsonBody(pub JsonBody);

impl<S: Send + Sync> FromRequest<S> for OptionalJsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let is_json = is_json(request.headers());
        let bytes = read_all(request).await?;
        if bytes.is_empty() {
            return Ok(Self(JsonBody(Bytes::from_static(b"{}"))));
        }
        if !is_json {
            return Err(Error::forbidden("the body must be `Content-Type: application/json`").into());
        }
        Ok(Self(JsonBody(bytes)))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()) else { return false };
    let media_type = value.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}

async fn read_all(request: Request) -> Result<Bytes, Error> {
    let BodyLimit(limit) = request.extensions().get().copied().unwrap_or(BodyLimit(DEFAULT_BODY_LIMIT));
    let mut body = request.into_body().into_data_stream();
    let mut read = Vec::new();
    while let Some(chunk) = body.next().await {
        let chunk =
            chunk.map_err(|_| Error::invalid_argument("", "the body could not be read to its end"))?;
        if read.len() + chunk.len() > limit {
            let _ = timeout(HEAR_OUT, hear_out(body)).await;
            return Err(Error::payload_too_large(format!("a body may have at most {limit} bytes")));
        }
        read.extend_from_slice(&chunk);
    }
    Ok(read.into())
}

/// Takes what a client still writes, within reason: a connection that is closed on what was not read is reset, and
/// with it goes the answer, unread.
async fn hear_out(mut body: BodyDataStream) {
    let mut heard = 0;
    while let Some(Ok(chunk)) = body.next().await {
        heard += chunk.len();
        if heard > HEAR_OUT_BYTES {
            return;
        }
    }
}

async fn path_param<S: Send + Sync>(parts: &mut Parts, state: &S, name: &str) -> Result<String, Problem> {
    let params = RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(|e| Error::invalid_argument(name, e.body_text()))?;
    let value = params.iter().find(|(n, _)| *n == name).map(|(_, v)| v.to_owned());
    value.ok_or_else(|| Error::internal(format!("the route has no `{name}`")).into())
}

/// `{id}` of a session in a region that this fleet has.
pub struct Id(pub SessionId);

impl FromRequestParts<App> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let given = path_param(parts, app, "id").await?;
        let Ok(id) = given.parse::<SessionId>() else {
            return Err(malformed(
                "id",
                &given,
                "a session id: a region, an underscore and 32 lower-case hex digits",
            ));
        };
        if !app.gateway().knows(id.region()) {
            return Err(
                Error::not_found("there is no such session: its region is not one of this fleet").into()
            );
        }
        Ok(Self(id))
    }
}

fn malformed(param: &str, given: &str, what: &str) -> Problem {
    // What is echoed is bounded: it comes from anybody.
    let shown: String = given.chars().take(80).collect();
    Error::invalid_argument(param, format!("{shown:?} is not {what}")).into()
}

macro_rules! path_params {
    ($($(#[$doc:meta])* $name:ident($type:ty) = $param:literal, $what:literal;)*) => {$(
        $(#[$doc])*
        pub struct $name(pub $type);

        impl<S: Send + Sync> FromRequestParts<S> for $name {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
                let given = path_param(parts, state, $param).await?;
                given.parse().map(Self).map_err(|_| malformed($param, &given, $what))
            }
        }
    )*};
}

path_params! {
    /// `{id}` of a worker.
    WorkerPath(WorkerId) = "id", "a worker id";
    /// `{n}` of a tab.
    TabNumber(u32) = "n", "the number of a tab, `tabs[].n`";
    /// `{name}` of a file.
    FileName(String) = "name", "a file name";
}

/// The parameters of a query, taken one by one; what is left at the end was unknown.
pub struct Params {
    pairs: Vec<(String, String)>,
    known: Vec<&'static str>,
}

/// A query that reads itself.
pub trait FromParams: Sized {
    fn from_params(params: &mut Params) -> Result<Self, Error>;
}

impl Params {
    pub fn new(query: &str) -> Self {
        // A token may come with every request and was looked at before.
        let pairs = url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .filter(|(name, _)| name != "token" && name != "link");
        Self { pairs: pairs.collect(), known: Vec::new() }
    }

    /// Every value of a parameter that may be repeated.
    pub fn all(&mut self, name: &'static str) -> Vec<String> {
        self.known.push(name);
        let (taken, rest) = std::mem::take(&mut self.pairs).into_iter().partition(|(n, _)| n == name);
        self.pairs = rest;
        let taken: Vec<(String, String)> = taken;
        taken.into_iter().map(|(_, v)| v).collect()
    }

    pub fn text(&mut self, name: &'static str) -> Result<Option<String>, Error> {
        let mut values = self.all(name);
        if values.len() > 1 {
            return Err(Error::invalid_argument(name, "given more than once"));
        }
        Ok(values.pop())
    }

    pub fn parsed<T: FromStr>(&mut self, name: &'static str, what: &str) -> Result<Option<T>, Error> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(malformed(name, &text, what).0),
        }
    }

    /// One of the names that the type is written with in JSON.
    pub fn choice<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<Option<T>, Error> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        json::from_value(serde_json::Value::String(text), Some(name)).map(Some)
    }

    pub fn flag(&mut self, name: &'static str) -> Result<bool, Error> {
        match self.text(name)?.as_deref() {
            None | Some("false" | "0") => Ok(false),
            Some("" | "true" | "1") => Ok(true),
            Some(_) => Err(Error::invalid_argument(name, "true or false")),
        }
    }

    fn finish(self) -> Result<(), Error> {
        let Some((unknown, _)) = self.pairs.first() else { return Ok(()) };
        let shown: String = unknown.chars().take(80).collect();
        let detail = match json::nearest(&shown, &self.known) {
            Some(known) => format!("unknown parameter `{shown}`, did you mean `{known}`?"),
            None => format!("unknown parameter `{shown}`"),
        };
        Err(Error::invalid_argument(shown, detail))
    }
}

/// The query of a request. Unknown parameters are refused with the nearest known name.
pub struct Query<T>(pub T);

impl<T: FromParams, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut params = Params::new(parts.uri.query().unwrap_or_default());
        let value = T::from_params(&mut params)?;
        params.finish()?;
        Ok(Self(value))
    }
}

/// A query that must be empty.
pub struct NoParams;

impl FromParams for NoParams {
    fn from_params(_: &mut Params) -> Result<Self, Error> {
        Ok(Self)
    }
}

#[cfg(test)]
mod tests {
    use bus_schema::model::command::ImageFormat;

    use super::*;

    struct Picture {
        format: Option<ImageFormat>,
        quality: Option<u32>,
        full_page: bool,
    }

    fn read(query: &str) -> Result<Picture, Error> {
        let mut p = Params::new(query);
        let picture = Picture {
            format: p.choice("format")?,
            quality: p.parsed("quality", "a number from 0 to 100")?,
            full_page: p.flag("full_page")?,
        };
        p.finish()?;
        Ok(picture)
    }

    #[test]
    fn a_query_is_read_by_type() {
        let p = read("format=jpeg&quality=7&full_page&token=secret").unwrap();
        assert_eq!((p.format, p.quality, p.full_page), (Some(ImageFormat::Jpeg), Some(7), true));
    }

    #[test]
    fn what_is_wrong_in_a_query_is_named() {
        for (query, field, part) in [
            ("qualty=3", "qualty", "did you mean `quality`"),
            ("quality=x", "quality", "a number"),
            ("quality=-1", "quality", "a number"),
            ("format=gif", "format", "gif"),
            ("full_page=maybe", "full_page", "true or false"),
            ("quality=1&quality=2", "quality", "more than once"),
        ] {
            let e = read(query).err().unwrap();
            assert_eq!(e.field.as_deref(), Some(field), "{query}: {e}");
            assert!(e.detail.contains(part), "{query}: {e}");
        }
    }

    #[test]
    fn only_json_is_json() {
        let with = |v: &str| HeaderMap::from_iter([(header::CONTENT_TYPE, v.parse().unwrap())]);
        assert!(is_json(&with("application/json")));
        assert!(is_json(&with("Application/JSON; charset=utf-8")));
        assert!(!is_json(&with("text/plain")));
        assert!(!is_json(&with("application/jsonp")));
        assert!(!is_json(&HeaderMap::new()));
    }
}
