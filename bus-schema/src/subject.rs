//! Every NATS subject of the bus: the only place that writes or reads one.

use std::fmt;

use crate::id::{Class, ConnId, Malformed, Pool, Region, SessionId, Tenant, WorkerId};

/// First token of every subject and prefix of every bucket; `rk` unless several fleets share one server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Root(String);

impl Default for Root {
    fn default() -> Self {
        Self("rk".into())
    }
}

impl Root {
    pub fn new(s: &str) -> Result<Self, Malformed> {
        // The alphabet and length of a region serve a root as well.
        Region::new(s)
            .map(|r| Self(r.into()))
            .map_err(|_| Malformed::new("root", s, "1 to 32 characters of A-Z a-z 0-9 _ -"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The subject as it is on the wire.
    pub fn subject(&self, subject: &Subject) -> String {
        format!("{}.{subject}", self.0)
    }

    /// Reads a subject off the wire. `None` for what is not ours or malformed.
    pub fn parse(&self, subject: &str) -> Option<Subject> {
        subject.strip_prefix(&self.0)?.strip_prefix('.')?.parse().ok()
    }
}

/// What an event subject's last token says: `log` and `ended` are stored, `live` is passed on only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    Log,
    Ended,
    Live,
}

impl EventKind {
    fn as_str(self) -> &'static str {
        match self {
            EventKind::Log => "log",
            EventKind::Ended => "ended",
            EventKind::Live => "live",
        }
    }
}

/// A request queue: what one durable consumer reads.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Queue {
    pub region: Region,
    pub pool: Pool,
    pub tenant: Tenant,
    pub class: Class,
}

/// A subject without its root. [`Root::subject`] gives the whole.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A session request; WorkQueue stream.
    Work(Queue),
    /// Headers of a session request, republished by the server to wake an idle worker.
    Knock(Queue),
    /// Request/reply to the owner of a session.
    Command(Tenant, SessionId),
    /// Human input to the owner, opened by `attach`.
    Input(SessionId, ConnId),
    /// A viewer's heartbeat and wishes, to the owner.
    View(SessionId),
    /// Frames from the owner to edges.
    Frames(SessionId),
    /// What all who watch are told.
    Notes(SessionId),
    /// What one of those who watch is told.
    NotesTo(SessionId, ConnId),
    /// An event, stored. `Live` never travels here.
    Event(Tenant, SessionId, EventKind),
    /// The same event as republished by the server, and what is live only.
    Live(Tenant, SessionId, EventKind),
    /// Request/reply to a worker.
    Control(Region, WorkerId),
    /// A CDP client's messages to the owner.
    CdpUp(SessionId, ConnId),
    /// The owner's messages to a CDP client.
    CdpDown(SessionId, ConnId),
}

impl Subject {
    /// The subject with its variable tokens named: low cardinality, for span names and metrics.
    pub fn template(&self) -> &'static str {
        match self {
            Subject::Work(_) => "work.{region}.{pool}.{tenant}.{class}",
            Subject::Knock(_) => "knock.{region}.{pool}.{tenant}.{class}",
            Subject::Command(..) => "cmd.{region}.{tenant}.{session}",
            Subject::Input(..) => "in.{region}.{session}.{conn}",
            Subject::View(_) => "view.{region}.{session}",
            Subject::Frames(_) => "fr.{region}.{session}",
            Subject::Notes(_) => "note.{region}.{session}",
            Subject::NotesTo(..) => "note.{region}.{session}.{conn}",
            Subject::Event(..) => "evt.{region}.{tenant}.{session}.{kind}",
            Subject::Live(..) => "live.{region}.{tenant}.{session}.{kind}",
            Subject::Control(..) => "ctl.{region}.{worker}",
            Subject::CdpUp(..) => "cdp.{region}.{session}.{conn}.up",
            Subject::CdpDown(..) => "cdp.{region}.{session}.{conn}.down",
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Work(q) => write!(f, "work.{}.{}.{}.{}", q.region, q.pool, q.tenant, q.class),
            Subject::Knock(q) => write!(f, "knock.{}.{}.{}.{}", q.region, q.pool, q.tenant, q.class),
            Subject::Command(t, s) => write!(f, "cmd.{}.{t}.{s}", s.region()),
            Subject::Input(s, c) => write!(f, "in.{}.{s}.{c}", s.region()),
            Subject::View(s) => write!(f, "view.{}.{s}", s.region()),
            Subject::Frames(s) => write!(f, "fr.{}.{s}", s.region()),
            Subject::Notes(s) => write!(f, "note.{}.{s}", s.region()),
            Subject::NotesTo(s, c) => write!(f, "note.{}.{s}.{c}", s.region()),
            Subject::Event(t, s, k) => write!(f, "evt.{}.{t}.{s}.{}", s.region(), k.as_str()),
            Subject::Live(t, s, k) => write!(f, "live.{}.{t}.{s}.{}", s.region(), k.as_str()),
            Subject::Control(r, w) => write!(f, "ctl.{r}.{w}"),
            Subject::CdpUp(s, c) => write!(f, "cdp.{}.{s}.{c}.up", s.region()),
            Subject::CdpDown(s, c) => write!(f, "cdp.{}.{s}.{c}.down", s.region()),
        }
    }
}

impl std::str::FromStr for Subject {
    type Err = Malformed;

    fn from_str(s: &str) -> Result<Self, Malformed> {
        let tokens: Vec<&str> = s.split('.').collect();
        read(&tokens).ok_or_else(|| Malformed::new("subject", s, "one of the subjects of the bus"))
    }
}

fn read(tokens: &[&str]) -> Option<Subject> {
    let subject = match tokens {
        ["work", rest @ ..] => Subject::Work(queue(rest)?),
        ["knock", rest @ ..] => Subject::Knock(queue(rest)?),
        ["cmd", r, t, s] => Subject::Command(Tenant::new(t).ok()?, session(r, s)?),
        ["in", r, s, c] => Subject::Input(session(r, s)?, ConnId::new(c).ok()?),
        ["view", r, s] => Subject::View(session(r, s)?),
        ["fr", r, s] => Subject::Frames(session(r, s)?),
        ["note", r, s] => Subject::Notes(session(r, s)?),
        ["note", r, s, c] => Subject::NotesTo(session(r, s)?, ConnId::new(c).ok()?),
        ["evt", r, t, s, "log"] => Subject::Event(Tenant::new(t).ok()?, session(r, s)?, EventKind::Log),
        ["evt", r, t, s, "ended"] => Subject::Event(Tenant::new(t).ok()?, session(r, s)?, EventKind::Ended),
        ["live", r, t, s, "log"] => Subject::Live(Tenant::new(t).ok()?, session(r, s)?, EventKind::Log),
        ["live", r, t, s, "ended"] => Subject::Live(Tenant::new(t).ok()?, session(r, s)?, EventKind::Ended),
        ["live", r, t, s, "live"] => Subject::Live(Tenant::new(t).ok()?, session(r, s)?, EventKind::Live),
        ["ctl", r, w] => Subject::Control(Region::new(r).ok()?, WorkerId::new(w).ok()?),
        ["cdp", r, s, c, "up"] => Subject::CdpUp(session(r, s)?, ConnId::new(c).ok()?),
        ["cdp", r, s, c, "down"] => Subject::CdpDown(session(r, s)?, ConnId::new(c).ok()?),
        _ => return None,
    };
    Some(subject)
}

fn queue(tokens: &[&str]) -> Option<Queue> {
    let [region, pool, tenant, class] = tokens else { return None };
    Some(Queue {
        region: Region::new(region).ok()?,
        pool: Pool::new(pool).ok()?,
        tenant: Tenant::new(tenant).ok()?,
        class: class.parse().ok()?,
    })
}

/// A session id on a subject of another region is refused: it would be stored where nobody looks for it.
fn session(region: &str, id: &str) -> Option<SessionId> {
    id.parse::<SessionId>().ok().filter(|id| id.region().as_str() == region)
}

/// Subscriptions with wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// All requests of a region.
    AllWork(Region),
    /// The knocks of a pool.
    PoolKnocks(Region, Pool),
    /// All that is published live about one session, `log`, `ended` and `live`.
    SessionLive(Tenant, SessionId),
    /// All that is published live about a tenant's sessions in a region.
    TenantLive(Region, Tenant),
    /// All stored events of a region.
    AllEvents(Region),
    /// All stored events of a tenant in a region.
    TenantEvents(Region, Tenant),
    /// All stored events of one session.
    SessionEvents(Tenant, SessionId),
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Filter::AllWork(r) => write!(f, "work.{r}.>"),
            Filter::PoolKnocks(r, p) => write!(f, "knock.{r}.{p}.*.*"),
            Filter::SessionLive(t, s) => write!(f, "live.{}.{t}.{s}.*", s.region()),
            Filter::TenantLive(r, t) => write!(f, "live.{r}.{t}.>"),
            Filter::AllEvents(r) => write!(f, "evt.{r}.>"),
            Filter::TenantEvents(r, t) => write!(f, "evt.{r}.{t}.>"),
            Filter::SessionEvents(t, s) => write!(f, "evt.{}.{t}.{s}.*", s.region()),
        }
    }
}

impl Root {
    /// The subscription as it is on the wire.
    pub fn filter(&self, filter: &Filter) -> String {
        format!("{}.{filter}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_session() -> impl Strategy<Value = SessionId> {
        ("[A-Za-z0-9_-]{1,12}", any::<[u8; 16]>())
            .prop_map(|(r, unique)| SessionId::derived(Region::new(r).unwrap(), unique))
    }

    fn any_queue() -> impl Strategy<Value = Queue> {
        ("[A-Za-z0-9_-]{1,9}", "[A-Za-z0-9_-]{1,9}", "[A-Za-z0-9_-]{1,9}", 0..3usize).prop_map(
            |(r, p, t, c)| Queue {
                region: Region::new(r).unwrap(),
                pool: Pool::new(p).unwrap(),
                tenant: Tenant::new(t).unwrap(),
                class: Class::ALL[c],
            },
        )
    }

    fn any_subject() -> impl Strategy<Value = Subject> {
        let conn = || "[A-Za-z0-9_-]{1,9}".prop_map(|c| ConnId::new(c).unwrap());
        let tenant = || "[A-Za-z0-9_-]{1,9}".prop_map(|c| Tenant::new(c).unwrap());
        prop_oneof![
            any_queue().prop_map(Subject::Work),
            any_queue().prop_map(Subject::Knock),
            (tenant(), any_session()).prop_map(|(t, s)| Subject::Command(t, s)),
            (any_session(), conn()).prop_map(|(s, c)| Subject::Input(s, c)),
            any_session().prop_map(Subject::View),
            any_session().prop_map(Subject::Frames),
            any_session().prop_map(Subject::Notes),
            (any_session(), conn()).prop_map(|(s, c)| Subject::NotesTo(s, c)),
            (tenant(), any_session(), any::<bool>()).prop_map(|(t, s, e)| {
                Subject::Event(t, s, if e { EventKind::Ended } else { EventKind::Log })
            }),
            (tenant(), any_session()).prop_map(|(t, s)| Subject::Live(t, s, EventKind::Live)),
            (any_session(), "[A-Za-z0-9_-]{1,9}")
                .prop_map(|(s, w)| Subject::Control(s.region().clone(), WorkerId::new(w).unwrap())),
            (any_session(), conn()).prop_map(|(s, c)| Subject::CdpUp(s, c)),
            (any_session(), conn()).prop_map(|(s, c)| Subject::CdpDown(s, c)),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(subject in any_subject(), root in "[a-z]{1,5}") {
            let root = Root::new(&root).unwrap();
            prop_assert_eq!(root.parse(&root.subject(&subject)), Some(subject));
        }

        #[test]
        fn noise_is_never_a_panic(noise in "[a-z.*>_0-9]{0,60}") {
            let _ = Root::default().parse(&noise);
        }
    }

    #[test]
    fn a_session_of_another_region_is_refused() {
        let id = SessionId::derived(Region::new("eu").unwrap(), [7; 16]);
        assert_eq!(Root::default().parse(&format!("rk.cmd.us.acme.{id}")), None);
        assert!(Root::default().parse(&format!("rk.cmd.eu.acme.{id}")).is_some());
    }
}
