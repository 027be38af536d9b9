//! Where a port fails when an actor calls it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A place at which a port is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Port {
    Freeze,
    IsAlive,
    Warm,
    StartLimit,
    Start,
    Save,
    Run,
    ActiveTab,
    Renew,
    Leases,
    Entries,
    FromLeader,
    Write,
    Waiting,
    Serve,
    InboxNext,
    ClaimQueue,
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    Panics { left: usize },
    Unanswered,
}

/// Shared by all ports of one tree.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<HashMap<Port, Fault>>>);

impl Faults {
    fn set(&self) -> MutexGuard<'_, HashMap<Port, Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next `times` calls there panic.
    pub fn panic_at(&self, port: Port, times: usize) {
        self.set().insert(port, Fault::Panics { left: times });
    }

    /// Calls there get no answer until they are mended.
    pub fn cut(&self, port: Port) {
        self.set().insert(port, Fault::Unanswered);
    }

    pub fn mend(&self, port: Port) {
        self.set().remove(&port);
    }

    /// Whether it has panicked as often as it was to.
    pub fn is_over(&self, port: Port) -> bool {
        !self.set().contains_key(&port)
    }

    /// A port is called there. `false`: it gets no answer.
    pub fn pass(&self, port: Port) -> bool {
        let mut set = self.set();
        match set.get_mut(&port) {
            None => return true,
            Some(Fault::Unanswered) => return false,
            Some(Fault::Panics { left: 0 | 1 }) => drop(set.remove(&port)),
            Some(Fault::Panics { left }) => *left -= 1,
        }
        drop(set);
        panic!("{port:?} panics, as it was told to");
    }
}
