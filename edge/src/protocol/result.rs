//! Results of commands as JSON clients get them: bytes that came beside a result are put into it.

use base64::{Engine, engine::general_purpose::STANDARD};
use bus_schema::{
    Error,
    model::{command::CommandResult, rpc::Attachment},
};
use serde_json::value::RawValue;

/// Text becomes `result.content`, anything else `result.data` in base64; `result.media_type` says what it is.
pub fn embed(mut result: CommandResult, attachment: Option<Attachment>) -> Result<CommandResult, Error> {
    let Some(attachment) = attachment else { return Ok(result) };
    let object = result.result.get().trim();
    let fields = match object.strip_prefix('{').and_then(|o| o.strip_suffix('}')) {
        Some(fields) => fields.trim(),
        None if object == "null" => "",
        None => return Err(Error::internal("bytes came beside a result that is no object")),
    };
    let unreadable = |e: serde_json::Error| Error::internal(format!("an unreadable result: {e}"));
    let mut json = String::with_capacity(fields.len() + attachment.bytes.len() * 4 / 3 + 96);
    json.push('{');
    json.push_str(fields);
    if !fields.is_empty() {
        json.push(',');
    }
    json.push_str("\"media_type\":");
    json.push_str(&serde_json::to_string(&attachment.media_type).map_err(unreadable)?);
    if attachment.media_type.starts_with("text/") {
        json.push_str(",\"content\":");
        let text = String::from_utf8_lossy(&attachment.bytes);
        json.push_str(&serde_json::to_string(&text).map_err(unreadable)?);
    } else {
        json.push_str(",\"data\":\"");
        STANDARD.encode_string(&attachment.bytes, &mut json);
        json.push('"');
    }
    json.push('}');
    result.result = RawValue::from_string(json).map_err(unreadable)?;
    Ok(result)
}

#[cfg(test)]
mod tests {
    use bus_schema::model::session::Page;

    use super::*;

    fn embedded(result: &str, media_type: &str, bytes: &[u8]) -> Result<serde_json::Value, Error> {
        let result = CommandResult {
            action: "screenshot".into(),
            result: RawValue::from_string(result.into()).unwrap(),
            page: Page::default(),
            dialog: None,
            duration_ms: 1,
        };
        let attachment = Attachment { media_type: media_type.into(), bytes: bytes.to_vec().into() };
        Ok(serde_json::from_str(embed(result, Some(attachment))?.result.get()).unwrap())
    }

    #[test]
    fn bytes_become_base64_and_text_text() {
        let v = embedded(r#"{"width": 3}"#, "image/png", b"\x89PNG").unwrap();
        assert_eq!(v, serde_json::json!({"width": 3, "media_type": "image/png", "data": "iVBORw=="}));
        let v = embedded("{}", "text/html; charset=utf-8", "<p>\"ä\"\n".as_bytes()).unwrap();
        assert_eq!(v["content"], "<p>\"ä\"\n");
        assert_eq!(embedded("null", "image/png", b"").unwrap()["data"], "");
        assert!(embedded("[1]", "image/png", b"").is_err());
    }
}
