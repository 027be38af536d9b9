//! The steps of a claim, of an end and of a recovery, by the messages in which they show.

use bus_schema::{SessionId, Tenant, model::entry};

use super::wire::Frame;

/// What the worker under test is doing when it is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scene {
    /// It claims a session that needs an entry before its browser: one with a URL.
    Claim,
    /// It claims one that a warm browser serves as it is.
    WarmClaim,
    /// It ends a session that a client releases.
    End,
    /// It finds a dead peer, gives its session back and claims it.
    Recovery,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Pull,
    EntryRead,
    Starting,
    Subscribe,
    NotedKeysRead,
    Ready,
    ReadyEvent,
    Ack,
    Ended,
    EndedEvent,
    LeaseDeleted,
    Recovering,
    RecoveringEvent,
    Requeued,
}

const CLAIM: &[Step] =
    &[Step::Pull, Step::EntryRead, Step::Starting, Step::Subscribe, Step::Ready, Step::ReadyEvent, Step::Ack];
const WARM_CLAIM: &[Step] = &[Step::Subscribe, Step::Ready];
const END: &[Step] = &[Step::Ended, Step::EndedEvent];
const RECOVERY: &[Step] = &[
    Step::LeaseDeleted,
    Step::Recovering,
    Step::RecoveringEvent,
    Step::Requeued,
    Step::Pull,
    Step::Starting,
    Step::NotedKeysRead,
    Step::Ready,
    Step::ReadyEvent,
    Step::Ack,
];

impl Scene {
    pub(super) const ALL: [Scene; 4] = [Scene::Claim, Scene::WarmClaim, Scene::End, Scene::Recovery];

    pub(super) fn steps(self) -> &'static [Step] {
        match self {
            Scene::Claim => CLAIM,
            Scene::WarmClaim => WARM_CLAIM,
            Scene::End => END,
            Scene::Recovery => RECOVERY,
        }
    }
}

impl Step {
    /// Whether this message of a worker is the step of this session. `dead`: the peer whose lease is deleted.
    pub(super) fn is_at(self, frame: &Frame, session: &SessionId, dead: &str) -> bool {
        let subject = frame.subject();
        let entry = format!("$KV.rk_sessions_local.{}", entry::key(&Tenant::default(), session));
        let writes = |state: &str| subject == entry && frame.contains(&format!(r#""state":"{state}""#));
        let log = format!("rk.evt.local.{}.{session}.log", Tenant::default());
        let says = |kind: &str| subject == log && frame.contains(kind);
        match self {
            Step::Pull => subject.starts_with("$JS.API.CONSUMER.MSG.NEXT.WORK_local."),
            Step::EntryRead => subject == format!("$JS.API.DIRECT.GET.KV_rk_sessions_local.{entry}"),
            Step::Starting => writes("starting"),
            Step::Subscribe => frame.verb() == "SUB" && subject.ends_with(&session.to_string()),
            Step::NotedKeysRead => subject == "$JS.API.DIRECT.GET.EVENTS_local",
            Step::Ready => writes("ready"),
            Step::ReadyEvent => says("session:ready") || says("session:recovered"),
            Step::Ack => subject.starts_with("$JS.ACK.WORK_local.") && frame.contains("+ACK"),
            Step::Ended => writes("ended"),
            Step::EndedEvent => subject == format!("rk.evt.local.{}.{session}.ended", Tenant::default()),
            Step::LeaseDeleted => subject == format!("$KV.rk_leases_local.{dead}"),
            Step::Recovering => writes("recovering"),
            Step::RecoveringEvent => says("session:recovering"),
            Step::Requeued => subject.starts_with("rk.work.local."),
        }
    }

    /// Whether this message of the server answers the step's, to which an answer is to go to `inbox`.
    pub(super) fn is_answer(self, answer: &Frame, inbox: &str, session: &SessionId) -> bool {
        if self == Step::Pull {
            // It keeps its own subject; and a queue may have been asked in vain before.
            answer.subject().starts_with("rk.work.") && answer.contains(&session.to_string())
        } else {
            answer.subject() == inbox
        }
    }
}
