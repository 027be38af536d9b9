//! `/json/protocol`: the browser's own description of what it speaks, without the methods that the gate offers to nobody.
//! Browsers tell it on a debugging port only, and here none is open: so it is kept, compressed, and compared with the
//! browser that is installed by `worker/tests/chromium/gate.rs`.

use std::io::Read;

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bus_schema::Error;
use flate2::read::GzDecoder;

use crate::protocol::rest::{
    error::Problem,
    extract::{NoParams, Query},
};

const COMPRESSED: &[u8] = include_bytes!("protocol.json.gz");

pub async fn get(_: Query<NoParams>, headers: HeaderMap) -> Result<Response, Problem> {
    let fixed = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8")),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
    ];
    if takes_gzip(&headers) {
        return Ok((fixed, [(header::CONTENT_ENCODING, "gzip")], COMPRESSED).into_response());
    }
    let mut text = Vec::new();
    GzDecoder::new(COMPRESSED).read_to_end(&mut text).map_err(|e| Error::internal(e.to_string()))?;
    Ok((fixed, text).into_response())
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let given = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    given.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let none = weight.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
        name.trim().eq_ignore_ascii_case("gzip") && !none
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_given_as_it_is_asked_for() {
        for (asked, coded) in [("", false), ("gzip, br", true), ("br, GZIP;q=0.5", true), ("gzip;q=0", false)]
        {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, asked.parse().unwrap())]);
            let response = get(Query(NoParams), headers).await.unwrap();
            assert_eq!(response.headers().contains_key(header::CONTENT_ENCODING), coded, "{asked}");
            let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
            if !coded {
                let description: serde_json::Value = serde_json::from_slice(&body).unwrap();
                assert_eq!(description["version"]["major"], "1");
                assert!(description["domains"].as_array().unwrap().len() > 50);
            }
        }
    }
}
