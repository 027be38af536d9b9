//! Request ids: taken from the client where they are plain, made otherwise, and always given back.

use std::{fmt, sync::Arc};

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};

pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");
const MAX_LEN: usize = 128;

/// Names one request in logs, traces and problem documents.
#[derive(Clone, Debug)]
pub struct RequestId(Arc<str>);

impl RequestId {
    fn random() -> Self {
        Self(uuid::Uuid::now_v7().simple().to_string().into())
    }

    /// `None` for what could break a log line or is absurdly long.
    fn given(value: &HeaderValue) -> Option<Self> {
        let s = value.to_str().ok()?;
        let plain = s.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:/+=".contains(&b));
        (plain && !s.is_empty() && s.len() <= MAX_LEN).then(|| Self(s.into()))
    }
}

impl Default for RequestId {
    fn default() -> Self {
        Self::random()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Layer: gives the request its id and sends it back.
pub async fn assign(mut request: Request, next: Next) -> Response {
    let id = request.headers().get(&HEADER).and_then(RequestId::given).unwrap_or_default();
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_ids_are_taken() {
        assert!(RequestId::given(&HeaderValue::from_static("a-1_b.c")).is_some());
        assert!(RequestId::given(&HeaderValue::from_static("")).is_none());
        assert!(RequestId::given(&HeaderValue::from_static("a b")).is_none());
        assert!(RequestId::given(&HeaderValue::from_static("\"}")).is_none());
        assert!(RequestId::given(&HeaderValue::from_str(&"x".repeat(129)).unwrap()).is_none());
    }
}
