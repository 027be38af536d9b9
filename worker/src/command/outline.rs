//! Outlines that were told in part, to be read on by cursor.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use bus_schema::error::Error;
use tokio::sync::MutexGuard;

use super::refs::Refs;
use crate::page::FrameHandle;

/// Outlines kept; a session has rarely more tabs than that.
const TABS: usize = 16;

pub(super) struct Outlines {
    next_ref: tokio::sync::Mutex<u64>,
    pub refs: Refs,
    kept: Mutex<Kept>,
}

impl Default for Outlines {
    fn default() -> Self {
        Self { next_ref: tokio::sync::Mutex::new(1), refs: Refs::default(), kept: Mutex::default() }
    }
}

#[derive(Default)]
struct Kept {
    last: u64,
    /// The newest of each tab, with its number.
    of_tabs: HashMap<u32, (u64, String)>,
}

/// As much of an outline as was asked for.
#[derive(Debug)]
pub(super) struct Part {
    pub text: String,
    /// Where the rest begins.
    pub next_cursor: Option<String>,
    pub total_bytes: usize,
}

impl Outlines {
    /// The number of the next ref, for who hands out some.
    pub async fn next_ref(&self) -> MutexGuard<'_, u64> {
        self.next_ref.lock().await
    }

    /// Keeps what does not fit into the first part.
    pub fn keep(&self, n: u32, whole: String, max_bytes: usize) -> Part {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.last += 1;
        let number = kept.last;
        let part = part_of(&whole, number, 0, max_bytes);
        kept.of_tabs.remove(&n);
        if part.next_cursor.is_some() {
            if kept.of_tabs.len() >= TABS
                && let Some(oldest) =
                    kept.of_tabs.iter().min_by_key(|(_, (number, _))| *number).map(|(n, _)| *n)
            {
                kept.of_tabs.remove(&oldest);
            }
            kept.of_tabs.insert(n, (number, whole));
        }
        part
    }

    pub fn go_on(&self, n: u32, cursor: &str, max_bytes: usize) -> Result<Part, Error> {
        let stale =
            || Error::invalid_argument("cursor", "not of this tab's last outline; observe again without it");
        let (number, start) = cursor.split_once('.').ok_or_else(stale)?;
        let (number, start) = (number.parse::<u64>().ok(), start.parse::<usize>().ok());
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, whole) = kept.of_tabs.get(&n).ok_or_else(stale)?;
        let start = start.filter(|start| *start < whole.len() && whole.is_char_boundary(*start));
        match start {
            Some(start) if number == Some(*known) => Ok(part_of(whole, *known, start, max_bytes)),
            Some(_) | None => Err(stale()),
        }
    }
}

/// From `start` on, whole lines as long as they fit.
fn part_of(whole: &str, number: u64, start: usize, max_bytes: usize) -> Part {
    let rest = &whole[start..];
    let total_bytes = whole.len();
    if rest.len() <= max_bytes {
        return Part { text: rest.to_owned(), next_cursor: None, total_bytes };
    }
    let fits = (0..=max_bytes).rev().find(|end| rest.is_char_boundary(*end)).unwrap_or(0);
    let (end, next) = match rest[..fits].rfind('\n') {
        Some(end) => (end, end + 1),
        // One line alone is longer: it is told in pieces.
        None => (fits, fits),
    };
    let next_cursor = Some(format!("{number}.{}", start + next));
    Part { text: rest[..end].to_owned(), next_cursor, total_bytes }
}

/// The line above a frame's part. Its number is what `frame` of a target takes.
pub(super) fn frame_header(number: usize, frame: &FrameHandle) -> String {
    let mut header = format!("\n- frame {number}");
    if !frame.name.is_empty() {
        let _ = write!(header, " {:?}", frame.name);
    }
    let url: String = frame.url.chars().take(200).collect();
    let _ = write!(header, " {url}");
    header
}

pub(super) fn indented(text: &str) -> String {
    text.lines().fold(String::with_capacity(text.len() + 64), |mut told, line| {
        told.push_str("\n  ");
        told.push_str(line);
        told
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_up_the_whole() {
        let outlines = Outlines::default();
        let whole: String =
            (0..100).map(|i| format!("- line {i} ä\n")).collect::<String>().trim_end().to_owned();
        let mut part = outlines.keep(1, whole.clone(), 64);
        let mut lines: Vec<String> = part.text.lines().map(str::to_owned).collect();
        while let Some(cursor) = part.next_cursor {
            part = outlines.go_on(1, &cursor, 64).unwrap();
            assert!(part.text.len() <= 64);
            lines.extend(part.text.lines().map(str::to_owned));
        }
        assert_eq!(lines.join("\n"), whole);
    }

    #[test]
    fn one_long_line_comes_in_pieces() {
        let outlines = Outlines::default();
        let whole = "ä".repeat(100);
        let mut part = outlines.keep(1, whole.clone(), 51);
        let mut told = part.text;
        while let Some(cursor) = part.next_cursor {
            part = outlines.go_on(1, &cursor, 51).unwrap();
            told.push_str(&part.text);
        }
        assert_eq!(told, whole);
    }

    #[test]
    fn a_stale_cursor_is_refused() {
        let outlines = Outlines::default();
        let old = outlines.keep(1, "a\nb\nc".into(), 2).next_cursor.unwrap();
        assert!(outlines.go_on(2, &old, 2).is_err());
        outlines.keep(1, "d\ne\nf".into(), 2);
        for cursor in [old.as_str(), "", "x.y", "2.999", "2.-1"] {
            assert_eq!(
                outlines.go_on(1, cursor, 2).unwrap_err().field.as_deref(),
                Some("cursor"),
                "{cursor}"
            );
        }
    }
}
