//! Commands run at most once per key: what is known of the last 1 000.

use std::collections::{HashMap, VecDeque};

use bus_schema::model::rpc::OwnerReply;

const KEPT: usize = 1_000;
/// An answer above this is not kept: its key then only says that it was used.
const ANSWER_BYTES: usize = 64 * 1024;

/// What a command answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer(OwnerReply);

impl Answer {
    /// `None` for what is too large to keep.
    pub fn of(reply: &OwnerReply) -> Option<Self> {
        (size(reply) <= ANSWER_BYTES).then(|| Self(reply.clone()))
    }

    pub fn bytes(&self) -> usize {
        size(&self.0)
    }

    pub fn reply(&self) -> OwnerReply {
        self.0.clone()
    }
}

fn size(reply: &OwnerReply) -> usize {
    let result = reply.outcome.as_ref().map_or(0, |b| b.len());
    result + reply.attachment.as_ref().map_or(0, |a| a.bytes.len())
}

/// What is known of a key.
#[derive(Clone, Debug)]
pub enum Known {
    /// Its command runs.
    Running,
    Answered(Answer),
    /// It was used, and how that ended is not known here: by an earlier owner, or with too large an answer.
    Unknown,
}

#[derive(Debug, Default)]
pub struct Keys {
    known: HashMap<String, Known>,
    order: VecDeque<String>,
}

impl Keys {
    /// With what earlier owners noted.
    pub fn noted(keys: impl IntoIterator<Item = String>) -> Self {
        let mut all = Self::default();
        for key in keys {
            all.set(key, Known::Unknown);
        }
        all
    }

    pub fn get(&self, key: &str) -> Option<&Known> {
        self.known.get(key)
    }

    pub fn begin(&mut self, key: String) {
        self.set(key, Known::Running);
    }

    pub fn finish(&mut self, key: &str, answer: Option<Answer>) {
        if let Some(known) = self.known.get_mut(key) {
            *known = answer.map_or(Known::Unknown, Known::Answered);
        }
    }

    /// The command certainly did not run: the key is free again.
    pub fn forget(&mut self, key: &str) {
        self.known.remove(key);
        self.order.retain(|k| k != key);
    }

    fn set(&mut self, key: String, known: Known) {
        if self.known.insert(key.clone(), known).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > KEPT {
            let Some(oldest) = self.order.pop_front() else { return };
            self.known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_when_there_are_too_many() {
        let mut keys = Keys::noted((0..1_000).map(|i| i.to_string()));
        keys.begin("new".into());
        assert!(keys.get("0").is_none());
        assert!(matches!(keys.get("1"), Some(Known::Unknown)));
        assert!(matches!(keys.get("new"), Some(Known::Running)));
    }

    #[test]
    fn a_large_answer_is_not_kept() {
        let small = OwnerReply { outcome: Ok(vec![b'1'; 10].into()), attachment: None };
        let large = OwnerReply { outcome: Ok(vec![b'1'; 70_000].into()), attachment: None };
        assert!(Answer::of(&large).is_none());
        let mut keys = Keys::default();
        keys.begin("a".into());
        keys.finish("a", Answer::of(&small));
        assert!(matches!(keys.get("a"), Some(Known::Answered(_))));
        keys.forget("a");
        assert!(keys.get("a").is_none());
    }
}
