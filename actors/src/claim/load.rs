//! What a worker has taken on: counted by what exists, so that a claim loop that is started again finds it right.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Counts the slots that are taken and the starts that are under way. Clones count the same.
#[derive(Clone, Debug, Default)]
pub struct Load {
    slots: Arc<AtomicUsize>,
    starts: Arc<AtomicUsize>,
}

impl Load {
    /// Sessions owned, claims under way included.
    pub fn busy(&self) -> usize {
        self.slots.load(Ordering::Acquire)
    }

    /// Claims under way whose browser is not there yet.
    pub fn starting(&self) -> usize {
        self.starts.load(Ordering::Acquire)
    }

    pub fn take(&self) -> (Slot, Starting) {
        (Slot(Counted::new(&self.slots)), Starting(Counted::new(&self.starts)))
    }
}

/// A slot is taken for as long as this lives: first the claim has it, then the session.
#[derive(Debug)]
pub struct Slot(#[expect(dead_code, reason = "counts until it is dropped")] Counted);

/// Counts as a browser start for as long as it lives.
#[derive(Debug)]
pub struct Starting(#[expect(dead_code, reason = "counts until it is dropped")] Counted);

#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
