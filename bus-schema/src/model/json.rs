//! Reading JSON from clients: errors name the field at fault and, for a misspelt one, the nearest known.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

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

/// The keys of the object that stands below the keys of `path`, in their order; none where there is no such object.
pub fn keys(bytes: &[u8], path: &[&str]) -> Vec<String> {
    match path.split_first() {
        None => serde_json::from_slice(bytes).map(|Keys(keys)| keys).unwrap_or_default(),
        Some((first, rest)) => {
            let object: BTreeMap<String, &RawValue> = serde_json::from_slice(bytes).unwrap_or_default();
            object.get(*first).map(|inner| keys(inner.get().as_bytes(), rest)).unwrap_or_default()
        }
    }
}

struct Keys(Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Keys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut keys = Vec::new();
                while let Some((key, IgnoredAny)) = map.next_entry()? {
                    keys.push(key);
                }
                Ok(Keys(keys))
            }
        }

        d.deserialize_map(InOrder)
    }
}

fn explain(e: &serde_path_to_error::Error<serde_json::Error>, within: Option<&str>) -> Error {
    let inner = e.inner();
    if inner.is_syntax() || inner.is_eof() {
        return Error::invalid_argument("", format!("not valid JSON: {inner}"));
    }
    let message = in_words(strip_position(&inner.to_string()));
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

/// serde speaks of its own types and of Rust's; a client knows those of JSON.
fn in_words(message: String) -> String {
    let rest = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    if let Some((found, wanted)) = rest.and_then(|rest| rest.rsplit_once(", expected ")) {
        return format!("must be {}, not {}", wanted_in_words(wanted), found_in_words(found));
    }
    match message.strip_prefix("expected ") {
        Some(wanted) => format!("must be {wanted}"),
        None => message,
    }
}

fn wanted_in_words(wanted: &str) -> &str {
    match wanted {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a sequence" => "a list",
        "a boolean" => "true or false",
        "a map" | "a Map" | "map" => "an object",
        "string or map" | "variant identifier" => "one of the known names",
        wanted if wanted.starts_with("struct ") || wanted.contains("tagged enum") => "an object",
        wanted if wanted.starts_with("enum ") => "one of the known names",
        wanted => wanted,
    }
}

fn found_in_words(found: &str) -> &str {
    match found {
        "sequence" => "a list",
        "map" => "an object",
        "unit value" => "null",
        found => ["boolean ", "integer ", "floating point ", "string "]
            .iter()
            .find_map(|kind| found.strip_prefix(kind))
            .map_or(found, |value| value.trim_matches('`')),
    }
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
    fn what_is_wanted_is_said_in_the_words_of_json() {
        for (json, says) in [
            (r#"{"viewport":{"width":-1,"height":2}}"#, "must be a whole number, 0 or more, not -1"),
            (r#"{"viewport":{"width":1.5,"height":2}}"#, "must be a whole number, 0 or more, not 1.5"),
            (r#"{"viewport":7}"#, "must be an object, not 7"),
            (r#"{"labels":[]}"#, "must be an object, not a list"),
            (r#"{"permissions":{}}"#, "must be a list, not an object"),
            (r#"{"profile":true}"#, "must be an object, not true"),
            (r#"{"recording":"yes"}"#, "must be true or false, not \"yes\""),
            (r#"{"name":7}"#, "must be a string, not 7"),
        ] {
            let e = from_slice::<CreateSession>(json.as_bytes()).unwrap_err();
            assert_eq!(e.detail, says, "{json}");
        }
    }

    #[test]
    fn keys_come_in_their_order() {
        let json = br#"{"a":{"z":1,"b":{"x":[]},"c":"}"},"d":2}"#;
        assert_eq!(keys(json, &["a"]), ["z", "b", "c"]);
        assert_eq!(keys(json, &[]), ["a", "d"]);
        assert!(keys(json, &["d"]).is_empty() && keys(json, &["e", "f"]).is_empty());
    }

    #[test]
    fn what_is_not_json_is_said_to_be() {
        for bad in ["", "{", "[1", "{\"name\":}", "{} x", "\u{0}"] {
            let e = from_slice::<CreateSession>(bad.as_bytes()).unwrap_err();
            assert!(e.detail.contains("JSON"), "{bad}: {}", e.detail);
        }
    }
}
