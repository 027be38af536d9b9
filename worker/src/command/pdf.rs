//! `pdf`: the page as it would be printed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bus_schema::error::Error;
use bus_schema::model::command::Pdf;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Outcome;
use super::job::Job;
use crate::cdp::Cdp;

/// The largest document that is passed on.
const LIMIT: usize = 250_000_000;
/// What is read at once.
const CHUNK: u32 = 1 << 20;

pub(super) async fn run(job: &Job<'_>, c: &Pdf) -> Result<Outcome, Error> {
    #[derive(Deserialize)]
    struct Printed {
        stream: String,
    }
    let printed = job.call("Page.printToPDF", params(c)).await.map_err(|error| {
        let ranges = error.detail.to_lowercase().contains("page range");
        match ranges {
            true => Error::invalid_argument("page_ranges", error.detail),
            false => error,
        }
    })?;
    let printed: Printed = printed.decode().map_err(super::error::of_call)?;
    let stream = Stream { cdp: job.cdp().clone(), handle: printed.stream };
    let bytes = stream.read(job).await?;
    let result = json!({ "bytes": bytes.len() });
    Ok(Outcome::of(&result)?.with("application/pdf", bytes))
}

fn params(c: &Pdf) -> Value {
    let mut params = Map::new();
    params.insert("transferMode".into(), "ReturnAsStream".into());
    for (name, value) in [
        ("landscape", c.landscape),
        ("printBackground", c.print_background),
        ("preferCSSPageSize", c.prefer_css_page_size),
    ] {
        params.insert(name.into(), value.into());
    }
    for (name, value) in [
        ("scale", c.scale),
        ("paperWidth", c.paper_width),
        ("paperHeight", c.paper_height),
        ("marginTop", c.margin_top),
        ("marginBottom", c.margin_bottom),
        ("marginLeft", c.margin_left),
        ("marginRight", c.margin_right),
    ] {
        if let Some(value) = value {
            params.insert(name.into(), value.into());
        }
    }
    if let Some(ranges) = &c.page_ranges {
        params.insert("pageRanges".into(), ranges.as_str().into());
    }
    Value::Object(params)
}

/// What the browser holds ready to be read, until it is dropped.
struct Stream {
    cdp: Cdp,
    handle: String,
}

impl Stream {
    async fn read(&self, job: &Job<'_>) -> Result<Vec<u8>, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Chunk {
            #[serde(default)]
            base64_encoded: bool,
            data: String,
            eof: bool,
        }
        let mut bytes = Vec::new();
        loop {
            let answer = job.call("IO.read", json!({ "handle": self.handle, "size": CHUNK })).await?;
            let chunk: Chunk = answer.decode().map_err(super::error::of_call)?;
            if chunk.base64_encoded {
                let read = STANDARD.decode_vec(&chunk.data, &mut bytes);
                read.map_err(|error| Error::internal(format!("the browser's PDF cannot be read: {error}")))?;
            } else {
                bytes.extend_from_slice(chunk.data.as_bytes());
            }
            if bytes.len() > LIMIT {
                return Err(Error::payload_too_large("the PDF is larger than 250 MB"));
            }
            if chunk.eof {
                return Ok(bytes);
            }
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.cdp.notify_raw("IO.close", &json!({ "handle": self.handle }));
    }
}
