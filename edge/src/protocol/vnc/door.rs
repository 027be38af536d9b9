//! Who may try to come in: so many at a time, and not for ever with wrong passwords.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Connections whose handshake is not done, of all and of one address.
const MOST_OPEN: usize = 256;
const MOST_OPEN_OF_ONE: usize = 16;
/// Wrong passwords in a row after which an address has to wait.
const PATIENCE: u32 = 5;
const LOCKED: Duration = Duration::from_secs(60);
/// Addresses that are remembered.
const MOST_KNOWN: usize = 10_000;

#[derive(Clone, Default)]
pub struct Door(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    open: usize,
    by_address: HashMap<IpAddr, Visitor>,
}

#[derive(Clone, Copy, Default)]
struct Visitor {
    open: usize,
    wrong: u32,
    last_wrong: Option<Instant>,
}

impl Visitor {
    /// How much longer it has to wait.
    fn locked(&self, now: Instant) -> Option<Duration> {
        let until = self.last_wrong? + LOCKED;
        (self.wrong >= PATIENCE).then(|| until.saturating_duration_since(now)).filter(|left| !left.is_zero())
    }

    fn is_forgettable(&self, now: Instant) -> bool {
        self.open == 0 && self.last_wrong.is_none_or(|last| now.saturating_duration_since(last) >= LOCKED)
    }
}

impl Door {
    /// `None`: too many are in it.
    pub fn enter(&self, from: IpAddr, now: Instant) -> Option<Pass> {
        let from = household(from);
        let mut known = self.known();
        if known.open >= MOST_OPEN {
            return None;
        }
        if known.by_address.len() >= MOST_KNOWN {
            known.by_address.retain(|_, visitor| !visitor.is_forgettable(now));
        }
        if known.by_address.len() >= MOST_KNOWN && !known.by_address.contains_key(&from) {
            return None;
        }
        let visitor = known.by_address.entry(from).or_default();
        if visitor.open >= MOST_OPEN_OF_ONE {
            return None;
        }
        visitor.open += 1;
        known.open += 1;
        drop(known);
        Some(Pass { door: self.clone(), from })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing in here panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody in the door. Dropped, they are in or gone.
pub struct Pass {
    door: Door,
    from: IpAddr,
}

impl Pass {
    /// How much longer nobody of this address is listened to.
    pub fn locked(&self, now: Instant) -> Option<Duration> {
        self.door.known().by_address.get(&self.from)?.locked(now)
    }

    pub fn was_wrong(&self, now: Instant) {
        let mut known = self.door.known();
        let visitor = known.by_address.entry(self.from).or_default();
        let is_over = visitor.last_wrong.is_some_and(|last| now.saturating_duration_since(last) >= LOCKED);
        visitor.wrong = if is_over { 1 } else { visitor.wrong + 1 };
        visitor.last_wrong = Some(now);
    }

    pub fn was_right(&self) {
        if let Some(visitor) = self.door.known().by_address.get_mut(&self.from) {
            (visitor.wrong, visitor.last_wrong) = (0, None);
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut known = self.door.known();
        known.open -= 1;
        if let Some(visitor) = known.by_address.get_mut(&self.from) {
            visitor.open -= 1;
            if visitor.open == 0 && visitor.last_wrong.is_none() {
                known.by_address.remove(&self.from);
            }
        }
    }
}

/// One customer has 2⁶⁴ addresses of version 6.
fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn wrong_passwords_lock_one_address_for_a_while() {
        let (door, now) = (Door::default(), Instant::now());
        let guess = |from: &str, now| {
            let pass = door.enter(ip(from), now).unwrap();
            let locked = pass.locked(now);
            pass.was_wrong(now);
            locked
        };
        for _ in 0..PATIENCE {
            assert_eq!(guess("192.0.2.1", now), None);
        }
        let pass = door.enter(ip("192.0.2.1"), now).unwrap();
        assert_eq!(pass.locked(now), Some(LOCKED));
        assert_eq!(pass.locked(now + LOCKED), None);
        assert_eq!(guess("192.0.2.2", now), None, "another address is not concerned");
        // The count begins anew.
        assert_eq!(guess("192.0.2.1", now + LOCKED), None);
        assert_eq!(pass.locked(now + LOCKED), None);
        for _ in 0..3 {
            guess("2001:db8::1", now);
        }
        guess("2001:db8::2", now);
        guess("2001:db8::3", now);
        assert!(door.enter(ip("2001:db8::4"), now).unwrap().locked(now).is_some());
        assert!(door.enter(ip("2001:db8:0:1::4"), now).unwrap().locked(now).is_none());
    }

    #[test]
    fn a_right_password_makes_good() {
        let (door, now) = (Door::default(), Instant::now());
        let pass = door.enter(ip("192.0.2.1"), now).unwrap();
        (0..PATIENCE).for_each(|_| pass.was_wrong(now));
        pass.was_right();
        assert_eq!(pass.locked(now), None);
    }

    #[test]
    fn so_many_are_in_the_door_and_no_more() {
        let (door, now) = (Door::default(), Instant::now());
        let mut passes: Vec<_> =
            (0..MOST_OPEN_OF_ONE).map(|_| door.enter(ip("192.0.2.1"), now).unwrap()).collect();
        assert!(door.enter(ip("192.0.2.1"), now).is_none());
        for n in 0..MOST_OPEN - MOST_OPEN_OF_ONE {
            passes.push(door.enter(ip(&format!("198.51.{}.{}", n / 200, n % 200)), now).unwrap());
        }
        assert!(door.enter(ip("192.0.2.9"), now).is_none());
        passes.clear();
        assert!(door.enter(ip("192.0.2.1"), now).is_some());
        assert!(door.known().by_address.is_empty(), "nobody is remembered for nothing");
    }

    #[test]
    fn addresses_are_not_remembered_for_ever() {
        let (door, now) = (Door::default(), Instant::now());
        for n in 0..MOST_KNOWN as u32 {
            door.enter(std::net::Ipv4Addr::from_bits(n).into(), now).unwrap().was_wrong(now);
        }
        assert!(door.enter(ip("192.0.2.1"), now).is_none());
        assert!(door.enter(ip("192.0.2.1"), now + LOCKED).is_some());
        assert!(door.known().by_address.is_empty());
    }
}
