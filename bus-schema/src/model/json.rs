//! Reading JSON from clients: errors name the field at fault and, for a misspelt one, the nearest known.

use serde::de::DeserializeOwned;

use crate::error::Error;

/// Reads a JSON object as `T`. The error is `invalid_argument` with the path of the field at fault.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    // serde would take an array for a struct, its fields in order: nobody means that.
    if bytes.iter().find(|b| !b.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Error::invalid_argument("", "not valid JSON: expected an object"));
    }
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Ok(value);
    }
    // Keeping the path costs as much as reading, so it is kept only where there is something to explain.
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|e| explain(&e, None))?;
    reader.end().map_err(|e| Error::invalid_argument("", format!("not valid JSON: {e}")))?;
    Ok(value)
}

/// Reads an already parsed value as `T`. `within` is where the value stands, for the path in the error.
pub fn from_value<T: DeserializeOwned>(value: serde_json::Value, within: Option<&str>) -> Result<T, Error> {
    if let Ok(value) = T::deserialize(&value) {
        return Ok(value);
    }
    serde_path_to_error::deserialize(value).map_err(|e| explain(&e, within))
}

fn explain(e: &serde_path_to_error::Error<serde_json::Error>, within: Option<&str>) -> Error {
    let inner = e.inner();
    if inner.is_syntax() || inner.is_eof() {
        return Error::invalid_argument("", format!("not valid JSON: {inner}"));
    }
    let message = strip_position(&inner.to_string());
    let mut path = e.path().to_string();
    if path == "." {
        path.clear();
    }
    if let Some(unknown) = quoted_after(&message, "unknown field ") {
        let field = join(within, &leaf(&path, &unknown));
        let detail = match nearest(&unknown, &expected(&message)) {
            Some(known) => format!("unknown field `{unknown}`, did you mean `{known}`?"),
            None => message,
        };
        return Error::invalid_argument(field, detail);
    }
    if let Some(missing) = quoted_after(&message, "missing field ") {
        return Error::invalid_argument(join(within, &leaf(&path, &missing)), message);
    }
    Error::invalid_argument(join(within, &path), message)
}

/// serde names the unknown field itself as the last part of the path in some cases and its parent in others.
fn leaf(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else if path == name || path.ends_with(&format!(".{name}")) {
        path.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn join(within: Option<&str>, path: &str) -> String {
    match within {
        Some(outer) if path.is_empty() => outer.to_owned(),
        Some(outer) => format!("{outer}.{path}"),
        None => path.to_owned(),
    }
}

fn strip_position(message: &str) -> String {
    match message.rfind(" at line ") {
        Some(at) => message[..at].to_owned(),
        None => message.to_owned(),
    }
}

fn quoted_after(message: &str, prefix: &str) -> Option<String> {
    let rest = message.split_once(prefix)?.1.strip_prefix('`')?;
    Some(rest.split_once('`')?.0.to_owned())
}

fn expected(message: &str) -> Vec<String> {
    let Some((_, list)) = message.split_once("expected ") else { return Vec::new() };
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The known name closest to `given`, if it is close enough to be a slip.
pub fn nearest<S: AsRef<str>>(given: &str, known: &[S]) -> Option<String> {
    // The comparison costs the product of both lengths, and `given` may be as long as a message.
    if given.len() > 80 {
        return None;
    }
    known
        .iter()
        .map(|k| (strsim::jaro_winkler(given, k.as_ref()), k.as_ref()))
        .filter(|(score, _)| *score > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, k)| k.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::create::CreateSession;

    #[test]
    fn a_misspelt_field_is_named_with_the_nearest() {
        let e = from_slice::<CreateSession>(br#"{"veiwport":{"width":1}}"#).unwrap_err();
        assert_eq!(e.field.as_deref(), Some("veiwport"));
        assert!(e.detail.contains("did you mean `viewport`"), "{}", e.detail);
    }

    #[test]
    fn a_nested_field_has_its_path() {
        let e = from_slice::<CreateSession>(br#"{"viewport":{"width":1,"heigth":2}}"#).unwrap_err();
        assert_eq!(e.field.as_deref(), Some("viewport.heigth"));
        let e = from_slice::<CreateSession>(br#"{"viewport":{"width":"wide","height":2}}"#).unwrap_err();
        assert_eq!(e.field.as_deref(), Some("viewport.width"));
    }

    #[test]
    fn what_is_not_json_is_said_to_be() {
        for bad in ["", "{", "[1", "{\"name\":}", "{} x", "\u{0}"] {
            let e = from_slice::<CreateSession>(bad.as_bytes()).unwrap_err();
            assert!(e.detail.contains("JSON"), "{bad}: {}", e.detail);
        }
    }
}
