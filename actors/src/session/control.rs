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
    Until(Instant),
}

/// Pure.
#[derive(Debug)]
pub struct Controls {
    control: Control,
    hold: Option<Hold>,
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
        Self { control, hold, waiting: None, handed_back: None }
    }

    pub fn control(&self) -> &Control {
        &self.control
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
            (ControlMode::UserControl, None) | (ControlMode::Paused, _) => false,
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
            Some(Hold::Until(t)) => Some(*t),
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
            ControlInput::Detached { conn } => {
                let held = self.hold == Some(Hold::Connection(conn));
                if held {
                    self.set(ControlMode::AiControl, None, None);
                    self.end_wait(HandedBack::Left);
                }
                Ok(held)
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
            ControlAction::Request => {
                let by = r.holder.clone().unwrap_or_else(|| SOMEBODY.to_owned());
                let changes = self.control.requested_by.as_ref() != Some(&by);
                self.control.requested_by = Some(by);
                Ok(changes)
            }
            ControlAction::Give => {
                let Some(to) = r.holder.clone() else {
                    return Err(Error::invalid_argument("holder", "who gets control"));
                };
                self.set(ControlMode::UserControl, Some(to), r.note.clone());
                // Who was given control has this long to show up.
                self.hold = Some(Hold::Until(now + REPEAT_WITHIN));
                Ok(true)
            }
        }
    }

    fn take(&mut self, r: &ControlRequest, conn: Option<ConnId>, now: Instant) -> Result<bool, Error> {
        let who = r.holder.clone().unwrap_or_else(|| SOMEBODY.to_owned());
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
        ControlRequest { action, holder: holder.map(Into::into), note: None }
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
        assert!(apply(&mut c, ControlAction::Give, Some("bob"), now).unwrap());
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
        assert!(!c.apply(ControlInput::Detached { conn: ConnId::new("v2").unwrap() }).unwrap());
        assert!(c.apply(ControlInput::Detached { conn }).unwrap());
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
