//! Which document each ref of `observe` belongs to.
//!
//! Refs are one row of numbers over all frames and tabs, given out range by range. With its document a range is gone:
//! that is known here without asking any page, of which one may just be on its way.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::page::FrameHandle;

/// Ranges kept. Those of documents that are gone go with the next look at their frame, so only a page that changes at
/// every look comes near it.
const KEPT: usize = 8192;

/// A document: the frame that shows it and the context of the page's own scripts in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Home {
    pub n: u32,
    pub frame: String,
    world: i64,
}

impl Home {
    /// The document that a frame shows now; none while it is being replaced.
    pub fn of(n: u32, frame: &FrameHandle) -> Option<Self> {
        Some(Self { n, frame: frame.id.clone(), world: frame.world? })
    }

    /// Whether a frame still shows it. A yes may be wrong: contexts are counted anew in each process. Then the other
    /// document does not know the ref.
    pub fn is_shown_by(&self, frame: &FrameHandle) -> bool {
        self.frame == frame.id && frame.world == Some(self.world)
    }
}

/// Who has a ref.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Holder {
    Document(Arc<Home>),
    /// One whose range is no longer kept.
    Gone,
    /// It was never given out.
    Nobody,
}

#[derive(Default)]
pub(super) struct Refs(Mutex<Given>);

#[derive(Default)]
struct Given {
    /// Where the ranges begin, where they end, and whose they are.
    ranges: BTreeMap<u64, (u64, Arc<Home>)>,
    /// Where the last range ended that was given out.
    end: u64,
}

impl Refs {
    /// Some part of a range may be given out from now on.
    pub fn reserve(&self, range: Range<u64>, home: &Home) {
        self.given().put(range, home);
    }

    /// A range was given out: all there is of what was reserved from the same start.
    pub fn give(&self, range: Range<u64>, home: &Home) {
        let mut given = self.given();
        given.end = given.end.max(range.end);
        given.put(range, home);
    }

    pub fn holder(&self, number: u64) -> Holder {
        let given = self.given();
        match given.ranges.range(..=number).next_back() {
            Some((_, (end, home))) if number < *end => Holder::Document(home.clone()),
            Some(_) | None if (1..given.end).contains(&number) => Holder::Gone,
            Some(_) | None => Holder::Nobody,
        }
    }

    fn given(&self) -> MutexGuard<'_, Given> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Given {
    fn put(&mut self, range: Range<u64>, home: &Home) {
        self.ranges.remove(&range.start);
        if range.is_empty() {
            return;
        }
        self.ranges.retain(|_, (_, of)| of.frame != home.frame || **of == *home);
        if self.ranges.len() >= KEPT {
            self.ranges.pop_first();
        }
        let last = self.ranges.values().next_back().map(|(_, of)| of).filter(|of| ***of == *home);
        let home = last.map_or_else(|| Arc::new(home.clone()), Arc::clone);
        self.ranges.insert(range.start, (range.end, home));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(n: u32, frame: &str, world: i64) -> Home {
        Home { n, frame: frame.into(), world }
    }

    fn document(home: &Home) -> Holder {
        Holder::Document(Arc::new(home.clone()))
    }

    #[test]
    fn each_ref_has_the_document_it_was_given_in() {
        let refs = Refs::default();
        let (main, inner) = (home(1, "A", 3), home(1, "B", 4));
        refs.give(1..10, &main);
        refs.give(10..12, &inner);
        refs.give(12..12, &main);
        refs.give(12..13, &main);
        for (number, of) in [(1, &main), (9, &main), (10, &inner), (11, &inner), (12, &main)] {
            assert_eq!(refs.holder(number), document(of), "e{number}");
        }
        for number in [0, 13, u64::MAX] {
            assert_eq!(refs.holder(number), Holder::Nobody, "e{number}");
        }
    }

    #[test]
    fn the_refs_of_a_document_go_when_its_frame_shows_another() {
        let refs = Refs::default();
        let (old, inner, new) = (home(1, "A", 3), home(1, "B", 4), home(1, "A", 5));
        refs.give(1..10, &old);
        refs.give(10..12, &inner);
        refs.give(12..20, &new);
        assert_eq!(refs.holder(3), Holder::Gone);
        assert_eq!(refs.holder(10), document(&inner));
        assert_eq!(refs.holder(12), document(&new));
    }

    #[test]
    fn what_may_have_been_given_counts_until_more_is_known() {
        let refs = Refs::default();
        let main = home(1, "A", 3);
        refs.reserve(1..1000, &main);
        assert_eq!(refs.holder(999), document(&main));
        refs.give(1..5, &main);
        refs.reserve(5..1004, &main);
        refs.give(5..7, &main);
        assert_eq!(refs.holder(4), document(&main));
        assert_eq!(refs.holder(6), document(&main));
        assert_eq!(refs.holder(7), Holder::Nobody);
    }
}
