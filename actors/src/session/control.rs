//! Who drives: exactly one holder, each change counted.

use std::time::Duration;

use bus_schema::{
    ConnId, Error,
    model::{
        command::CommandClass,
        control::{Control, ControlAction, ControlMode, ControlRequest, Handoff},
    },
};
use tokio::time::Instant;

use super::state::Asked;
use crate::port::HandedBack;

/// Over REST a person keeps control by repeating `take_control` within this time.
const REPEAT_WITHIN: Duration = Duration::from_secs(30);
/// A person whose connection broke, or whose page is loaded anew, keeps control for this long.
const AWAY: Duration = Duration::from_secs(5);
/// People who may ask for control at once.
const ASKING: usize = 16;
/// Shown where a person gives no name.
const SOMEBODY: &str = "user";

#[derive(Clone, Debug)]
pub enum ControlInput {
    Request {
        request: ControlRequest,
        conn: Option<ConnId>,
        now: Instant,
    },
    /// A person's view is gone.
    Detached {
        conn: ConnId,
        now: Instant,
    },
    /// It is followed by another one of the same person.
    Resumed {
        from: ConnId,
        to: ConnId,
    },
    /// The agent wants a person to do something.
    HandOff {
        /// Whose connection it came by, which is told how it ends.
        conn: ConnId,
        handoff: Handoff,
        until: Instant,
    },
    /// Nobody waits for it any more.
    Forget {
        conn: ConnId,
    },
    Tick {
        now: Instant,
    },
}

/// How long the person in control keeps it.
#[derive(Clone, Debug, PartialEq)]
enum Hold {
    Connection(ConnId),
    /// Their connection is gone and may be followed by another.
    Away {
        conn: ConnId,
        until: Instant,
    },
    Until(Instant),
}

#[derive(Debug)]
struct Asking {
    name: String,
    conn: Option<ConnId>,
}

/// Pure.
#[derive(Debug)]
pub struct Controls {
    control: Control,
    hold: Option<Hold>,
    /// The first of them is shown.
    asking: Vec<Asking>,
    /// Who waits for a person, and until when.
    waiting: Option<(ConnId, Instant)>,
    /// How the last wait ended, for whoever waited.
    handed_back: Option<(ConnId, HandedBack)>,
}

impl Controls {
    /// Control as the entry has it. A person in control keeps it over a recovery, for as long as a repeat takes.
    pub fn new(mut control: Control, now: Instant) -> Self {
        // Who waited for a person did so with a browser that is gone.
        control.handoff = None;
        let hold = (control.mode == ControlMode::UserControl).then_some(Hold::Until(now + REPEAT_WITHIN));
        // They may ask the new owner.
        control.requested_by = None;
        Self { control, hold, asking: Vec::new(), waiting: None, handed_back: None }
    }

    pub fn control(&self) -> &Control {
        &self.control
    }

    /// The connection of the person in control, while it is there.
    pub fn driver(&self) -> Option<&ConnId> {
        match &self.hold {
            Some(Hold::Connection(conn)) => Some(conn),
            Some(Hold::Away { .. } | Hold::Until(_)) | None => None,
        }
    }

    pub fn agent_may_act(&self) -> bool {
        self.control.mode == ControlMode::AiControl
    }

    /// Whether a command may act now: the agent's, or one of the person in control. Who keeps control by repeating has no
    /// connection to be known by, and must be able to answer dialogs all the same.
    pub fn may_act(&self, asked: &Asked) -> bool {
        match (&self.control.mode, &self.hold) {
            (ControlMode::AiControl, _) => true,
            (ControlMode::UserControl, Some(Hold::Connection(conn))) => asked.conn.as_ref() == Some(conn),
            (ControlMode::UserControl, Some(Hold::Until(_))) => asked.class == CommandClass::Dialog,
            (ControlMode::UserControl, Some(Hold::Away { .. }) | None) | (ControlMode::Paused, _) => false,
        }
    }

    /// Who drives, in words.
    pub fn driven(&self) -> String {
        match (&self.control.mode, &self.control.holder) {
            (ControlMode::Paused, _) => "the session is paused".to_owned(),
            (ControlMode::AiControl | ControlMode::UserControl, Some(who)) => {
                format!("the session is driven by {who}")
            }
            (ControlMode::AiControl | ControlMode::UserControl, None) => {
                "the session is driven by a person".to_owned()
            }
        }
    }

    /// When a hold or a wait runs out.
    pub fn deadline(&self) -> Option<Instant> {
        self.hold_ends().into_iter().chain(self.waiting.as_ref().map(|(_, until)| *until)).min()
    }

    fn hold_ends(&self) -> Option<Instant> {
        match &self.hold {
            Some(Hold::Until(t) | Hold::Away { until: t, .. }) => Some(*t),
            Some(Hold::Connection(_)) | None => None,
        }
    }

    /// Who has waited for a person and has to be told how that ended.
    pub fn take_handed_back(&mut self) -> Option<(ConnId, HandedBack)> {
        self.handed_back.take()
    }

    fn end_wait(&mut self, how: HandedBack) -> bool {
        self.control.handoff = None;
        let ended = self.waiting.take();
        let waited = ended.is_some();
        if let Some((conn, _)) = ended {
            self.handed_back = Some((conn, how));
        }
        waited
    }

    /// `Ok(true)`: control has changed.
    pub fn apply(&mut self, input: ControlInput) -> Result<bool, Error> {
        match input {
            ControlInput::Request { request, conn, now } => self.request(&request, conn, now),
            ControlInput::Detached { conn, now } => {
                self.asking.retain(|a| a.conn.as_ref() != Some(&conn));
                if self.driver() == Some(&conn) {
                    self.hold = Some(Hold::Away { conn, until: now + AWAY });
                }
                Ok(self.show_asking())
            }
            ControlInput::Resumed { from, to } => {
                for asking in &mut self.asking {
                    if asking.conn.as_ref() == Some(&from) {
                        asking.conn = Some(to.clone());
                    }
                }
                if let Some(Hold::Connection(conn) | Hold::Away { conn, .. }) = &self.hold
                    && *conn == from
                {
                    self.hold = Some(Hold::Connection(to));
                }
                Ok(false)
            }
            ControlInput::HandOff { conn, handoff, until } => {
                if self.waiting.is_some() {
                    self.handed_back = Some((conn, HandedBack::Busy));
                    return Ok(false);
                }
                self.control.handoff = Some(handoff);
                self.waiting = Some((conn, until));
                Ok(true)
            }
            ControlInput::Forget { conn } => {
                let waits = self.waiting.as_ref().is_some_and(|(who, _)| *who == conn);
                if waits {
                    self.waiting = None;
                    self.control.handoff = None;
                }
                Ok(waits)
            }
            ControlInput::Tick { now } => {
                let over = self.hold_ends().is_some_and(|t| now >= t);
                if over {
                    self.set(ControlMode::AiControl, None, None);
                    self.end_wait(HandedBack::Left);
                }
                let late = self.waiting.as_ref().is_some_and(|(_, until)| now >= *until);
                Ok((late && self.end_wait(HandedBack::TimedOut)) || over)
            }
        }
    }

    fn request(&mut self, r: &ControlRequest, conn: Option<ConnId>, now: Instant) -> Result<bool, Error> {
        if r.note.as_ref().is_some_and(|n| n.chars().count() > 1_000) {
            return Err(Error::invalid_argument("note", "at most 1000 characters"));
        }
        if r.holder.as_ref().is_some_and(|h| h.is_empty() || h.chars().count() > 100) {
            return Err(Error::invalid_argument("holder", "1 to 100 characters"));
        }
        match r.action {
            ControlAction::TakeControl => self.take(r, conn, now),
            ControlAction::ReturnControl => match self.control.mode {
                ControlMode::AiControl => Ok(false),
                ControlMode::UserControl | ControlMode::Paused => {
                    self.refuse_strangers(r)?;
                    self.set(ControlMode::AiControl, None, r.note.clone());
                    self.end_wait(HandedBack::Done { note: r.note.clone() });
                    Ok(true)
                }
            },
            ControlAction::Pause => {
                self.refuse_strangers(r)?;
                let changes = self.control.mode != ControlMode::Paused;
                if changes {
                    self.set(ControlMode::Paused, None, r.note.clone());
                }
                Ok(changes)
            }
            ControlAction::Resume => match self.control.mode {
                ControlMode::Paused => {
                    self.set(ControlMode::AiControl, None, r.note.clone());
                    Ok(true)
                }
                ControlMode::AiControl => Ok(false),
                ControlMode::UserControl => Err(held_by(&self.control)),
            },
            ControlAction::Request => self.ask(r, conn),
            ControlAction::Give => self.give(r, conn.as_ref(), now),
            ControlAction::Decline => {
                self.must_hold(r, conn.as_ref())?;
                let named = |a: &Asking| r.holder.as_ref().is_none_or(|who| a.name == *who);
                if let Some(at) = self.asking.iter().position(named) {
                    self.asking.remove(at);
                }
                Ok(self.show_asking())
            }
        }
    }

    fn ask(&mut self, r: &ControlRequest, conn: Option<ConnId>) -> Result<bool, Error> {
        let name = r.holder.clone().unwrap_or_else(|| SOMEBODY.to_owned());
        let same = |a: &Asking| match &conn {
            Some(_) => a.conn == conn,
            None => a.conn.is_none() && a.name == name,
        };
        if let Some(at) = self.asking.iter().position(same) {
            self.asking[at].name = name;
        } else if self.asking.len() < ASKING {
            self.asking.push(Asking { name, conn });
        } else {
            return Err(Error::resource_exhausted("too many people ask for control"));
        }
        Ok(self.show_asking())
    }

    fn show_asking(&mut self) -> bool {
        let first = self.asking.first().map(|a| a.name.clone());
        let changes = self.control.requested_by != first;
        self.control.requested_by = first;
        changes
    }

    fn give(&mut self, r: &ControlRequest, conn: Option<&ConnId>, now: Instant) -> Result<bool, Error> {
        let Some(to) = r.holder.clone() else {
            return Err(Error::invalid_argument("holder", "who gets control"));
        };
        self.must_hold(r, conn)?;
        let mut others = std::mem::take(&mut self.asking);
        let at = others.iter().position(|a| a.name == to);
        let asked = at.and_then(|at| others.remove(at).conn);
        self.set(ControlMode::UserControl, Some(to), r.note.clone());
        self.asking = others;
        self.show_asking();
        // Who asked by a connection that is there has it at once; others have this long to show up.
        self.hold = Some(asked.map_or(Hold::Until(now + REPEAT_WITHIN), Hold::Connection));
        Ok(true)
    }

    /// While a person drives, only that person gives control away: known by their connection, else by their name.
    fn must_hold(&self, r: &ControlRequest, conn: Option<&ConnId>) -> Result<(), Error> {
        let by_name = || r.by.is_some() && r.by == self.control.holder;
        let theirs = match self.control.mode {
            ControlMode::AiControl | ControlMode::Paused => true,
            ControlMode::UserControl => match conn {
                Some(_) => self.driver() == conn,
                None => by_name(),
            },
        };
        if theirs { Ok(()) } else { Err(held_by(&self.control)) }
    }

    /// Whoever holds control by a connection gives input by it. Who keeps it by repeating has none to be known by.
    pub fn takes_input_of(&self, view: Option<&ConnId>) -> bool {
        match (&self.control.mode, &self.hold) {
            (ControlMode::UserControl, Some(Hold::Connection(conn))) => view == Some(conn),
            (ControlMode::UserControl, Some(Hold::Until(_))) => true,
            (ControlMode::UserControl, Some(Hold::Away { .. }) | None)
            | (ControlMode::AiControl | ControlMode::Paused, _) => false,
        }
    }

    fn take(&mut self, r: &ControlRequest, conn: Option<ConnId>, now: Instant) -> Result<bool, Error> {
        let who = r.holder.clone().unwrap_or_else(|| SOMEBODY.to_owned());
        // A name is no proof of who it is: whoever holds control by a connection that is there keeps it.
        if let (Some(Hold::Connection(held)), Some(conn)) = (&self.hold, &conn)
            && held != conn
        {
            return Err(held_by(&self.control));
        }
        let hold = conn.map_or(Hold::Until(now + REPEAT_WITHIN), Hold::Connection);
        if self.control.mode == ControlMode::UserControl {
            if self.control.holder.as_ref() != Some(&who) {
                return Err(held_by(&self.control));
            }
            self.hold = Some(hold);
            return Ok(false);
        }
        self.set(ControlMode::UserControl, Some(who), r.note.clone());
        self.hold = Some(hold);
        Ok(true)
    }

    /// Only the holder gives control away; without a name anybody with access may end it.
    fn refuse_strangers(&self, r: &ControlRequest) -> Result<(), Error> {
        match (&self.control.holder, &r.holder) {
            (Some(holder), Some(who)) if holder != who => Err(held_by(&self.control)),
            _ => Ok(()),
        }
    }

    fn set(&mut self, mode: ControlMode, holder: Option<String>, note: Option<String>) {
        self.hold = None;
        self.asking.clear();
        let handoff = self.control.handoff.take();
        let epoch = self.control.epoch + 1;
        self.control = Control { mode, holder, epoch, note, requested_by: None, handoff };
    }
}

fn held_by(control: &Control) -> Error {
    let holder = control.holder.as_deref().unwrap_or(SOMEBODY);
    Error::conflict(format!("control is held by {holder}"))
}

#[cfg(test)]
mod tests {
    use bus_schema::model::time::Timestamp;

    use super::*;

    fn ask(action: ControlAction, holder: Option<&str>) -> ControlRequest {
        ControlRequest { action, holder: holder.map(Into::into), by: None, note: None }
    }

    fn apply(
        c: &mut Controls,
        action: ControlAction,
        holder: Option<&str>,
        now: Instant,
    ) -> Result<bool, Error> {
        c.apply(ControlInput::Request { request: ask(action, holder), conn: None, now })
    }

    #[test]
    fn one_holder_at_a_time() {
        let now = Instant::now();
        let mut c = Controls::new(Control::default(), now);
        assert!(c.agent_may_act());
        assert!(apply(&mut c, ControlAction::TakeControl, Some("ann"), now).unwrap());
        assert_eq!((c.control().mode, c.control().epoch), (ControlMode::UserControl, 1));
        assert!(apply(&mut c, ControlAction::TakeControl, Some("bob"), now).is_err());
        assert!(
            !apply(&mut c, ControlAction::TakeControl, Some("ann"), now).unwrap(),
            "a repeat changes nothing"
        );
        assert!(apply(&mut c, ControlAction::Request, Some("bob"), now).unwrap());
        assert_eq!(c.control().requested_by.as_deref(), Some("bob"));
        assert!(apply(&mut c, ControlAction::Give, Some("bob"), now).is_err(), "who says so?");
        let give = ControlRequest { by: Some("ann".into()), ..ask(ControlAction::Give, Some("bob")) };
        assert!(c.apply(ControlInput::Request { request: give, conn: None, now }).unwrap());
        assert_eq!(c.control().holder.as_deref(), Some("bob"));
        assert!(apply(&mut c, ControlAction::ReturnControl, Some("ann"), now).is_err());
        assert!(apply(&mut c, ControlAction::ReturnControl, Some("bob"), now).unwrap());
        assert!(c.agent_may_act());
        assert_eq!(c.control().epoch, 3);
    }

    #[test]
    fn a_hold_that_is_not_repeated_or_whose_view_is_gone_ends() {
        let now = Instant::now();
        let mut c = Controls::new(Control::default(), now);
        apply(&mut c, ControlAction::TakeControl, None, now).unwrap();
        let later = now + REPEAT_WITHIN;
        assert!(!c.apply(ControlInput::Tick { now: later - Duration::from_millis(1) }).unwrap());
        assert!(c.apply(ControlInput::Tick { now: later }).unwrap());
        assert!(c.agent_may_act());

        let conn = ConnId::new("v1").unwrap();
        let request = ask(ControlAction::TakeControl, None);
        c.apply(ControlInput::Request { request, conn: Some(conn.clone()), now }).unwrap();
        assert!(!c.apply(ControlInput::Tick { now: later + REPEAT_WITHIN }).unwrap(), "the view keeps it");
        let (left, other) = (later + AWAY, ConnId::new("v2").unwrap());
        c.apply(ControlInput::Detached { conn: other.clone(), now }).unwrap();
        assert_eq!(c.driver(), Some(&conn));
        c.apply(ControlInput::Detached { conn, now: later }).unwrap();
        assert_eq!((c.driver(), c.deadline(), c.agent_may_act()), (None, Some(left), false));
        assert!(c.apply(ControlInput::Tick { now: left }).unwrap());
        assert!(c.agent_may_act());
    }

    fn by(c: &mut Controls, action: ControlAction, holder: &str, conn: &ConnId) -> Result<bool, Error> {
        let (request, now) = (ask(action, Some(holder)), Instant::now());
        c.apply(ControlInput::Request { request, conn: Some(conn.clone()), now })
    }

    #[test]
    fn a_person_who_comes_back_by_another_connection_keeps_control() {
        let (old, new, later) = ("v1", "v2", "v3");
        let [old, new, later] = [old, new, later].map(|c| ConnId::new(c).unwrap());
        let now = Instant::now();
        let mut c = Controls::new(Control::default(), now);
        by(&mut c, ControlAction::TakeControl, "ann", &old).unwrap();
        c.apply(ControlInput::Detached { conn: old.clone(), now }).unwrap();
        c.apply(ControlInput::Resumed { from: old.clone(), to: new.clone() }).unwrap();
        assert_eq!((c.driver(), c.control().epoch, c.deadline()), (Some(&new), 1, None));
        c.apply(ControlInput::Resumed { from: old.clone(), to: later.clone() }).unwrap();
        assert_eq!(c.driver(), Some(&new), "the first one has no say any more");
        c.apply(ControlInput::Detached { conn: old, now }).unwrap();
        assert_eq!(c.driver(), Some(&new));
        // Before the break was noticed.
        c.apply(ControlInput::Resumed { from: new, to: later.clone() }).unwrap();
        assert_eq!(c.driver(), Some(&later));
    }

    #[test]
    fn only_who_holds_control_gives_it_and_who_asked_has_it_at_once() {
        let [ann, bob, cid] = ["ann", "bob", "cid"].map(|c| ConnId::new(c).unwrap());
        let now = Instant::now();
        let mut c = Controls::new(Control::default(), now);
        by(&mut c, ControlAction::TakeControl, "ann", &ann).unwrap();
        assert!(by(&mut c, ControlAction::Request, "bob", &bob).unwrap());
        assert!(!by(&mut c, ControlAction::Request, "cid", &cid).unwrap(), "the first is shown");
        assert!(by(&mut c, ControlAction::Give, "bob", &bob).is_err());
        assert!(by(&mut c, ControlAction::Decline, "cid", &bob).is_err());
        assert!(by(&mut c, ControlAction::Give, "bob", &ann).unwrap());
        assert_eq!((c.driver(), c.deadline()), (Some(&bob), None));
        assert_eq!(c.control().requested_by.as_deref(), Some("cid"), "who asked too asks on");
        assert!(by(&mut c, ControlAction::Decline, "cid", &bob).unwrap());
        assert_eq!(c.control().requested_by, None);
        by(&mut c, ControlAction::Request, "cid", &cid).unwrap();
        assert!(c.apply(ControlInput::Detached { conn: cid, now }).unwrap(), "who left asks no more");
        by(&mut c, ControlAction::Give, "dan", &bob).unwrap();
        assert_eq!((c.driver(), c.deadline().is_some()), (None, true), "nobody knows where dan is");
    }

    #[test]
    fn those_who_ask_are_bounded() {
        let mut c = Controls::new(Control::default(), Instant::now());
        for n in 0..ASKING {
            by(&mut c, ControlAction::Request, "x", &ConnId::new(format!("c{n}")).unwrap()).unwrap();
        }
        let more = ConnId::new("more").unwrap();
        assert!(by(&mut c, ControlAction::Request, "x", &more).is_err());
        by(&mut c, ControlAction::Request, "y", &ConnId::new("c0").unwrap()).unwrap();
        assert_eq!(c.control().requested_by.as_deref(), Some("y"));
    }

    #[test]
    fn who_drives_is_known_by_their_connection_and_not_by_a_name() {
        let (view, other) = (ConnId::new("v1").unwrap(), ConnId::new("v2").unwrap());
        let now = Instant::now();
        let mut c = Controls::new(Control::default(), now);
        assert!(!c.takes_input_of(Some(&view)), "the agent drives");
        let take = |conn: Option<&ConnId>| ControlInput::Request {
            request: ask(ControlAction::TakeControl, Some("ann")),
            conn: conn.cloned(),
            now,
        };
        c.apply(take(Some(&view))).unwrap();
        assert!(c.takes_input_of(Some(&view)));
        assert!(!c.takes_input_of(Some(&other)) && !c.takes_input_of(None), "the epoch is no secret");
        assert!(c.apply(take(Some(&other))).is_err(), "the name is none either");
        assert!(c.takes_input_of(Some(&view)));
        c.apply(ControlInput::Detached { conn: view.clone(), now }).unwrap();
        assert!(!c.takes_input_of(Some(&view)), "it is gone");
        c.apply(take(Some(&other))).unwrap();
        assert!(c.takes_input_of(Some(&other)));

        let mut c = Controls::new(Control::default(), now);
        c.apply(take(None)).unwrap();
        assert!(
            c.takes_input_of(Some(&view)) && c.takes_input_of(None),
            "nothing else is known of who repeats"
        );
    }

    #[test]
    fn paused_nobody_acts() {
        let now = Instant::now();
        let mut c = Controls::new(Control::default(), now);
        assert!(apply(&mut c, ControlAction::Pause, None, now).unwrap());
        assert!(!c.agent_may_act());
        assert!(!apply(&mut c, ControlAction::Pause, None, now).unwrap());
        assert!(apply(&mut c, ControlAction::Resume, None, now).unwrap());
        assert!(c.agent_may_act());
    }

    #[test]
    fn who_waits_for_a_person_hears_how_it_ended() {
        let (agent, other) = (ConnId::new("agent").unwrap(), ConnId::new("other").unwrap());
        let now = Instant::now();
        let (soon, later) = (now + Duration::from_secs(10), now + Duration::from_secs(100));
        let wanted = Handoff { instructions: Some("log in".into()), expires_at: Timestamp(0) };
        let hand_off = |conn: &ConnId| ControlInput::HandOff {
            conn: conn.clone(),
            handoff: wanted.clone(),
            until: later,
        };
        let mut c = Controls::new(Control::default(), now);
        assert!(c.apply(hand_off(&agent)).unwrap());
        assert_eq!((c.control().handoff.as_ref(), c.deadline()), (Some(&wanted), Some(later)));
        assert!(!c.apply(hand_off(&other)).unwrap());
        assert_eq!(c.take_handed_back(), Some((other, HandedBack::Busy)));

        apply(&mut c, ControlAction::TakeControl, Some("ann"), now).unwrap();
        assert_eq!(c.control().handoff.as_ref(), Some(&wanted), "the person reads what to do");
        let back =
            ControlRequest { note: Some("done".into()), ..ask(ControlAction::ReturnControl, Some("ann")) };
        c.apply(ControlInput::Request { request: back, conn: None, now }).unwrap();
        let done = HandedBack::Done { note: Some("done".into()) };
        assert_eq!((c.take_handed_back(), &c.control().handoff), (Some((agent.clone(), done)), &None));

        c.apply(hand_off(&agent)).unwrap();
        apply(&mut c, ControlAction::TakeControl, Some("ann"), now).unwrap();
        assert!(c.apply(ControlInput::Tick { now: soon + REPEAT_WITHIN }).unwrap());
        assert_eq!(c.take_handed_back(), Some((agent.clone(), HandedBack::Left)));

        c.apply(hand_off(&agent)).unwrap();
        assert!(!c.apply(ControlInput::Tick { now: soon }).unwrap());
        assert!(c.apply(ControlInput::Tick { now: later }).unwrap());
        assert_eq!(c.take_handed_back(), Some((agent.clone(), HandedBack::TimedOut)));

        c.apply(hand_off(&agent)).unwrap();
        assert!(c.apply(ControlInput::Forget { conn: agent }).unwrap());
        assert_eq!((c.take_handed_back(), c.deadline()), (None, None));
    }
}
