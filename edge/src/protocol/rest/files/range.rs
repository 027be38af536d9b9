//! One byte range of a file (RFC 9110, section 14).

use axum::http::{HeaderMap, header};

/// What part of a file is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Whole,
    /// First and last byte, both within the file.
    Part(u64, u64),
    /// No byte of the file is in the range.
    Unsatisfiable,
}

/// Reads `Range`. Several ranges, other units and malformed ones are ignored, as the RFC allows.
pub fn wanted(headers: &HeaderMap, size: u64) -> Wanted {
    let Some(value) = headers.get(header::RANGE).and_then(|v| v.to_str().ok()) else { return Wanted::Whole };
    let Some(spec) = value.trim().strip_prefix("bytes=") else { return Wanted::Whole };
    let Some((first, last)) = spec.trim().split_once('-') else { return Wanted::Whole };
    let (first, last) = (first.trim(), last.trim());
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => Some((first, last)),
        (Ok(first), Err(_)) if last.is_empty() => Some((first, u64::MAX)),
        (Err(_), Ok(0)) if first.is_empty() => return Wanted::Unsatisfiable,
        (Err(_), Ok(suffix)) if first.is_empty() => Some((size.saturating_sub(suffix), u64::MAX)),
        (Ok(_) | Err(_), Ok(_) | Err(_)) => None,
    };
    match range {
        None => Wanted::Whole,
        Some((first, _)) if first >= size => Wanted::Unsatisfiable,
        Some((first, last)) => Wanted::Part(first, last.min(size - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        for (value, size, expected) in [
            ("bytes=0-3", 10, Wanted::Part(0, 3)),
            ("bytes=4-", 10, Wanted::Part(4, 9)),
            ("bytes=-3", 10, Wanted::Part(7, 9)),
            ("bytes=-30", 10, Wanted::Part(0, 9)),
            ("bytes=5-500", 10, Wanted::Part(5, 9)),
            ("bytes=10-", 10, Wanted::Unsatisfiable),
            ("bytes=-0", 10, Wanted::Unsatisfiable),
            ("bytes=0-", 0, Wanted::Unsatisfiable),
            ("bytes=3-1", 10, Wanted::Whole),
            ("bytes=0-1,4-5", 10, Wanted::Whole),
            ("lines=0-1", 10, Wanted::Whole),
            ("bytes=a-b", 10, Wanted::Whole),
        ] {
            let headers = HeaderMap::from_iter([(header::RANGE, value.parse().unwrap())]);
            assert_eq!(wanted(&headers, size), expected, "{value} of {size}");
        }
        assert_eq!(wanted(&HeaderMap::new(), 10), Wanted::Whole);
    }
}
