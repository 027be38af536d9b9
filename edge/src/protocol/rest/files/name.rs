//! File names: taken from clients and web pages, so never trusted.

use axum::http::HeaderValue;
use bus_schema::Error;

const MAX_BYTES: usize = 255;

/// Fails on what is no plain name within a directory.
pub fn check(name: &str) -> Result<(), Error> {
    let bad = name.is_empty()
        || name.len() > MAX_BYTES
        || name == "."
        || name == ".."
        || name.chars().any(|c| c.is_control() || matches!(c, '/' | '\\'));
    if bad {
        return Err(Error::invalid_argument(
            "name",
            "a file name of at most 255 bytes without `/`, `\\` and control characters",
        ));
    }
    Ok(())
}

/// `Content-Disposition: attachment` with the name in ASCII for old clients and in UTF-8 for all others (RFC 6266).
pub fn attachment(name: &str) -> HeaderValue {
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ' | '(' | ')') { c } else { '_' }
        })
        .collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    HeaderValue::from_str(&format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"))
        .unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_taken() {
        for good in ["a.txt", "Bericht 2026.pdf", "日本語.csv", ".hidden", "a..b"] {
            check(good).unwrap();
        }
        for bad in ["", ".", "..", "a/b", "../x", "a\\b", "a\nb", "a\0b", &"x".repeat(256)] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_name_cannot_leave_its_header() {
        let h = attachment("ä\"; filename=evil.exe\r\nX: y");
        assert_eq!(
            h.to_str().unwrap(),
            "attachment; filename=\"___ filename_evil.exe__X_ y\"; \
             filename*=UTF-8''%C3%A4%22%3B%20filename%3Devil.exe%0D%0AX%3A%20y"
        );
    }
}
