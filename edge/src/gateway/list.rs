//! Lists of sessions.

use std::{fmt, str::FromStr};

use bus_schema::{
    Error, Region, SessionId, Tenant,
    model::{
        create::Labels,
        entry::Entry,
        session::{Session, State},
        time::Timestamp,
    },
};

use super::Gateway;

/// Which sessions to list.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Empty: all.
    pub states: Vec<State>,
    /// All must hold.
    pub labels: Vec<LabelFilter>,
    pub limit: usize,
    pub after: Option<Cursor>,
}

/// `key:value`, `key=value`, or `key` for any value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelFilter {
    key: String,
    value: Option<String>,
}

impl LabelFilter {
    fn holds(&self, labels: &Labels) -> bool {
        labels.get(&self.key).is_some_and(|v| self.value.as_ref().is_none_or(|wanted| wanted == v))
    }
}

impl FromStr for LabelFilter {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        let (key, value) = match s.split_once([':', '=']) {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (s, None),
        };
        if key.is_empty() {
            return Err(Error::invalid_argument("label", "`key:value`, `key=value` or `key`"));
        }
        Ok(Self { key: key.to_owned(), value })
    }
}

/// The last session of a page. What comes after it does not change when sessions are made meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    created_at: Timestamp,
    id: SessionId,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.created_at.0, self.id)
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        let malformed = || Error::invalid_argument("cursor", "not a `next_cursor`");
        let (millis, id) = s.split_once('.').ok_or_else(malformed)?;
        let created_at = Timestamp(millis.parse().map_err(|_| malformed())?);
        Ok(Self { created_at, id: id.parse().map_err(|_| malformed())? })
    }
}

/// A page of a list.
#[derive(Debug)]
pub struct Page {
    pub sessions: Vec<Session>,
    pub next: Option<Cursor>,
    pub missing_regions: Vec<Region>,
}

impl Gateway {
    /// A tenant's sessions over all regions, newest first.
    pub async fn list(&self, tenant: &Tenant, filter: Filter) -> Result<Page, Error> {
        let entries = self.bus().entries();
        let ask = |region: Region| {
            let entries = entries.clone();
            async move { entries.list(&region, Some(tenant)).await }
        };
        let (found, missing_regions) = self.every_region(ask).await?;
        let entries = found.into_iter().flatten().map(|s| s.entry).collect();
        let (sessions, next) = page(entries, &filter);
        let mut page = Page { sessions: Vec::with_capacity(sessions.len()), next, missing_regions };
        for session in sessions {
            page.sessions.push(self.with_position(session).await);
        }
        Ok(page)
    }
}

fn page(mut entries: Vec<Entry>, filter: &Filter) -> (Vec<Session>, Option<Cursor>) {
    entries.retain(|e| {
        (filter.states.is_empty() || filter.states.contains(&e.state))
            && filter.labels.iter().all(|l| l.holds(&e.spec.labels))
            && filter.after.as_ref().is_none_or(|c| (e.created_at, &e.id) < (c.created_at, &c.id))
    });
    entries.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
    let more = entries.len() > filter.limit;
    entries.truncate(filter.limit);
    let next = entries.last().filter(|_| more).map(|e| Cursor { created_at: e.created_at, id: e.id.clone() });
    (entries.iter().map(Entry::session).collect(), next)
}

#[cfg(test)]
mod tests {
    use bus_schema::model::create::CreateSession;

    use super::*;

    fn entry(at: i64, label: &str, state: State) -> Entry {
        let spec = CreateSession {
            labels: Labels::from([("team".to_owned(), label.to_owned())]),
            ..CreateSession::default()
        };
        let id = SessionId::random(Region::default());
        let mut e = Entry::queued(id, Tenant::default(), spec, Timestamp(at));
        e.state = state;
        e
    }

    fn filter(limit: usize) -> Filter {
        Filter { states: vec![], labels: vec![], limit, after: None }
    }

    #[test]
    fn pages_are_newest_first_without_gap_or_overlap() {
        // Two of the same millisecond are told apart by their ids.
        let all: Vec<Entry> = [1, 2, 2, 3, 4].map(|at| entry(at, "x", State::Ready)).to_vec();
        let mut seen = Vec::new();
        let mut f = filter(2);
        loop {
            let (sessions, next) = page(all.clone(), &f);
            seen.extend(sessions.iter().map(|s| (s.created_at, s.id.clone())));
            match next {
                Some(c) => f.after = Some(c.to_string().parse().unwrap()),
                None => break,
            }
        }
        let mut expected: Vec<_> = all.iter().map(|e| (e.created_at, e.id.clone())).collect();
        expected.sort();
        expected.reverse();
        assert_eq!(seen, expected);
    }

    #[test]
    fn filters_all_hold() {
        let all = vec![entry(1, "a", State::Ready), entry(2, "b", State::Ready), entry(3, "a", State::Ended)];
        let mut f = filter(10);
        f.labels = vec!["team:a".parse().unwrap()];
        assert_eq!(page(all.clone(), &f).0.len(), 2);
        f.states = vec![State::Ready];
        assert_eq!(page(all.clone(), &f).0.len(), 1);
        f.labels = vec!["team".parse().unwrap(), "owner".parse().unwrap()];
        assert!(page(all, &f).0.is_empty());
        assert!("=x".parse::<LabelFilter>().is_err());
        assert_eq!("k=a:b".parse::<LabelFilter>().unwrap().value.as_deref(), Some("a:b"));
    }
}
