//! Decides whether there is room for another session and whose turn it is.

use std::collections::{BTreeMap, HashMap};

use bus_schema::{Class, Tenant, subject::Queue};

use super::load::{Load, Slot, Starting};

/// What a worker takes on.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Sessions at once.
    pub slots: usize,
    /// Starts at once.
    pub starts: usize,
}

/// Pure: takes what there is room for, and shares turns among tenants by weight.
#[derive(Debug)]
pub struct ClaimLoop {
    limits: Limits,
    load: Load,
    draining: bool,
    weights: HashMap<Tenant, u32>,
    /// What each tenant has had, divided by its weight: the least goes first.
    served: HashMap<Tenant, f64>,
}

impl ClaimLoop {
    /// `load`: what earlier loops took counts too.
    pub fn new(limits: Limits, load: Load, weights: HashMap<Tenant, u32>) -> Self {
        Self { limits, load, draining: false, weights, served: HashMap::new() }
    }

    pub fn has_room(&self) -> bool {
        !self.draining && self.load.busy() < self.limits.slots && self.load.starting() < self.limits.starts
    }

    pub fn drain(&mut self) {
        self.draining = true;
    }

    pub fn is_draining(&self) -> bool {
        self.draining
    }

    /// Queues in the order to look into them: classes first, then the tenant that has had least.
    pub fn order(&mut self, waiting: &BTreeMap<Queue, u64>) -> Vec<Queue> {
        let mut queues: Vec<&Queue> = waiting.iter().filter(|(_, n)| **n > 0).map(|(q, _)| q).collect();
        self.forget_absent(&queues);
        queues.sort_by(|a, b| {
            let (left, right) = (self.turn(&a.tenant), self.turn(&b.tenant));
            (class_rank(a.class), left)
                .partial_cmp(&(class_rank(b.class), right))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        queues.into_iter().cloned().collect()
    }

    /// A request was taken and its claim begins. It holds a slot, which its session takes over, and a start until it
    /// has its browser: what it does further, such as opening a page, costs none.
    #[must_use]
    pub fn took(&mut self, tenant: &Tenant) -> (Slot, Starting) {
        let weight = f64::from(self.weights.get(tenant).copied().unwrap_or(1).max(1));
        // A tenant that comes back starts level with the one that has had least, or it would make up for its absence.
        let least = self.served.values().copied().fold(f64::INFINITY, f64::min);
        let had = self.served.entry(tenant.clone()).or_insert(if least.is_finite() { least } else { 0.0 });
        *had += 1.0 / weight;
        self.load.take()
    }

    fn turn(&self, tenant: &Tenant) -> f64 {
        self.served.get(tenant).copied().unwrap_or(f64::NEG_INFINITY)
    }

    /// Only tenants that wait are remembered: bounded, whatever names pass by.
    fn forget_absent(&mut self, waiting: &[&Queue]) {
        self.served.retain(|t, _| waiting.iter().any(|q| q.tenant == *t));
    }
}

fn class_rank(class: Class) -> u8 {
    match class {
        Class::High => 0,
        Class::Normal => 1,
        Class::Low => 2,
    }
}

#[cfg(test)]
mod tests {
    use bus_schema::{Pool, Region};

    use super::*;

    fn queue(tenant: &str, class: Class) -> Queue {
        Queue {
            region: Region::default(),
            pool: Pool::default(),
            tenant: Tenant::new(tenant).unwrap(),
            class,
        }
    }

    fn limits() -> Limits {
        Limits { slots: 3, starts: 2 }
    }

    fn plenty() -> Limits {
        Limits { slots: 1_000, starts: 1_000 }
    }

    #[test]
    fn room_is_bounded_by_slots_and_by_starts() {
        let mut c = ClaimLoop::new(limits(), Load::default(), HashMap::new());
        let t = Tenant::default();
        let (first, start) = c.took(&t);
        assert!(c.has_room());
        let (second, starts_too) = c.took(&t);
        assert!(!c.has_room(), "two starts at once");
        drop(start);
        assert!(c.has_room(), "one has its browser and may still be opening a page");
        let third = c.took(&t);
        drop(starts_too);
        assert!(!c.has_room(), "three slots");
        drop(first);
        assert!(c.has_room());
        drop((second, third));
        assert_eq!((c.load.busy(), c.load.starting()), (0, 0));
        c.drain();
        assert!(!c.has_room());
    }

    #[test]
    fn a_loop_that_is_started_again_counts_what_is_there() {
        let load = Load::default();
        let mut c = ClaimLoop::new(limits(), load.clone(), HashMap::new());
        let t = Tenant::default();
        let (session, start) = c.took(&t);
        drop(start);
        let claim = c.took(&t);
        let mut again = ClaimLoop::new(limits(), load, HashMap::new());
        drop(c);
        assert!(again.has_room());
        let last = again.took(&t);
        assert!(!again.has_room(), "three slots, two of them of the loop before");
        drop((session, last));
        assert!(again.has_room());
        drop(claim);
    }

    #[test]
    fn classes_go_in_order_and_tenants_in_turn() {
        let mut c = ClaimLoop::new(plenty(), Load::default(), HashMap::new());
        let (a, b) = (queue("a", Class::Normal), queue("b", Class::Normal));
        let waiting = BTreeMap::from([
            (a.clone(), 1_000),
            (b.clone(), 1),
            (queue("b", Class::Low), 1),
            (queue("a", Class::High), 1),
        ]);
        assert_eq!(c.order(&waiting)[0], queue("a", Class::High));
        assert_eq!(c.order(&waiting)[3], queue("b", Class::Low));
        drop(c.took(&a.tenant));
        assert_eq!(c.order(&waiting)[1], b, "a had its turn");
        drop(c.took(&b.tenant));
        drop(c.took(&b.tenant));
        assert_eq!(c.order(&waiting)[1], a);
    }

    #[test]
    fn weights_share_the_turns() {
        let (a, b) = (queue("a", Class::Normal), queue("b", Class::Normal));
        let weights = HashMap::from([(a.tenant.clone(), 3)]);
        let mut c = ClaimLoop::new(plenty(), Load::default(), weights);
        let waiting = BTreeMap::from([(a.clone(), 1_000), (b.clone(), 1_000)]);
        let mut taken = HashMap::new();
        for _ in 0..80 {
            let first = c.order(&waiting).remove(0);
            drop(c.took(&first.tenant));
            *taken.entry(first).or_insert(0) += 1;
        }
        assert_eq!((taken[&a], taken[&b]), (60, 20));
    }
}
