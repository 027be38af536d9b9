//! Answers of the REST interface.

use reqwest::{RequestBuilder, header::HeaderMap};
use serde_json::Value;

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        let shown = &self.body[..self.body.len().min(4_000)];
        format!("{} {}", self.status, String::from_utf8_lossy(shown))
    }

    /// The problem document, checked to be whole and to be this one.
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let kind = self.headers.get("content-type").and_then(|v| v.to_str().ok());
        assert_eq!(kind, Some("application/problem+json"), "{}", self.text());
        let document = self.json();
        assert_eq!((self.status, &document["code"]), (status, &code.into()), "{}", self.text());
        assert_eq!(document["status"], status);
        assert!(document["retryable"].is_boolean(), "{document}");
        assert!(document["detail"].as_str().is_some_and(|d| !d.is_empty()), "{document}");
        assert_eq!(document["request_id"], self.headers["x-request-id"].to_str().unwrap());
        document
    }

    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{}", self.text());
        self.json()
    }
}
