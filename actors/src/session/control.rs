//! Who drives: exactly one holder, each change counted.

use std::time::Duration;

use bus_schema::{
    ConnId, Error,
    model::{
        command::CommandClass,
        control::{Control, ControlAction, ControlMode, ControlRequest},
    },
};
use tokio::time::Instant;

use super::state::Asked;

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
}

impl Controls {
    /// Control as the entry has it. A person in control keeps it over a recovery, for as long as a repeat takes.
    pub fn new(control: Control, now: Instant) -> Self {
        let hold = (control.mode == ControlMode::UserControl).then_some(Hold::Until(now + REPEAT_WITHIN));
        Self { control, hold }
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

    /// When a hold runs out.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.hold {
            Some(Hold::Until(t)) => Some(*t),
            Some(Hold::Connection(_)) | None => None,
        }
    }

    /// `Ok(true)`: control has changed.
    pub fn apply(&mut self, input: ControlInput) -> Result<bool, Error> {
        match input {
            ControlInput::Request { request, conn, now } => self.request(&request, conn, now),
            ControlInput::Detached { conn } => {
                let held = self.hold == Some(Hold::Connection(conn));
                if held {
                    self.set(ControlMode::AiControl, None, None);
                }
                Ok(held)
            }
            ControlInput::Tick { now } => {
                let over = self.deadline().is_some_and(|t| now >= t);
                if over {
                    self.set(ControlMode::AiControl, None, None);
                }
                Ok(over)
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
        self.control = Control { mode, holder, epoch: self.control.epoch + 1, note, requested_by: None };
    }
}

fn held_by(control: &Control) -> Error {
    let holder = control.holder.as_deref().unwrap_or(SOMEBODY);
    Error::conflict(format!("control is held by {holder}"))
}

#[cfg(test)]
mod tests {
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
}
