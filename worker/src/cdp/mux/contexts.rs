//! Whose browser contexts and targets are whose. A client sees the default context and those it made itself. Pure.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::cdp::route::ClientId;

/// Targets that are remembered after they are gone: each session that knew them is told so.
const FORMER: usize = 1_024;

#[derive(Debug, Default)]
pub struct Contexts {
    made_by: HashMap<Arc<str>, ClientId>,
    /// Targets in contexts that a client made.
    targets: HashMap<Arc<str>, ClientId>,
    gone: VecDeque<Arc<str>>,
}

impl Contexts {
    pub fn made(&mut self, context: &str, client: ClientId) {
        self.made_by.insert(context.into(), client);
    }

    pub fn disposed(&mut self, context: &str) {
        self.made_by.remove(context);
    }

    pub fn of(&self, client: ClientId) -> Vec<Arc<str>> {
        self.made_by.iter().filter(|(_, of)| **of == client).map(|(context, _)| context.clone()).collect()
    }

    /// Whether a client made this context itself.
    pub fn is_own(&self, client: ClientId, context: &str) -> bool {
        self.made_by.get(context) == Some(&client)
    }

    pub fn sees_context(&self, client: ClientId, context: &str) -> bool {
        self.made_by.get(context).is_none_or(|of| *of == client)
    }

    pub fn sees_target(&self, client: ClientId, target: &str) -> bool {
        self.targets.get(target).is_none_or(|of| *of == client)
    }

    /// A target was seen in a context.
    pub fn seen(&mut self, target: &str, context: Option<&str>) {
        let Some(client) = context.and_then(|context| self.made_by.get(context)) else { return };
        if !self.targets.contains_key(target) {
            self.targets.insert(target.into(), *client);
        }
    }

    pub fn target_gone(&mut self, target: &str) {
        let Some((target, _)) = self.targets.get_key_value(target) else { return };
        if self.gone.contains(target) {
            return;
        }
        self.gone.push_back(target.clone());
        if self.gone.len() > FORMER
            && let Some(oldest) = self.gone.pop_front()
        {
            self.targets.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_client_makes_the_others_do_not_see() {
        let (alice, bob) = (ClientId(1), ClientId(2));
        let mut contexts = Contexts::default();
        contexts.made("A", alice);
        contexts.seen("page", Some("A"));
        contexts.seen("shared", Some("default"));
        assert!(contexts.sees_context(alice, "A") && !contexts.sees_context(bob, "A"));
        assert!(contexts.sees_context(bob, "default") && !contexts.is_own(bob, "default"));
        assert!(contexts.sees_target(alice, "page") && !contexts.sees_target(bob, "page"));
        assert!(contexts.sees_target(bob, "shared"));
        contexts.target_gone("page");
        assert!(!contexts.sees_target(bob, "page"), "each of its sessions is told that it is gone");
        for n in 0..=FORMER {
            let target = format!("t{n}");
            contexts.seen(&target, Some("A"));
            contexts.target_gone(&target);
        }
        assert!(contexts.targets.len() <= FORMER + 1);
        assert_eq!(contexts.of(alice).len(), 1);
        contexts.disposed("A");
        assert!(contexts.of(alice).is_empty());
    }
}
