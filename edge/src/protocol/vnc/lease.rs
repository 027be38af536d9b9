//! Whether what a person does in a viewer reaches the session: who drives, and who may.

use std::time::{Duration, Instant};

use bus_schema::model::control::{Control, ControlMode};

use crate::gateway::vnc::Access;

/// After control could not be had for a reason that is not another person.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Pure.
#[derive(Debug)]
pub struct Lease {
    access: Access,
    /// This person, as shown to others.
    holder: String,
    control: Control,
    is_mine: bool,
    not_before: Option<Instant>,
}

/// What to do with input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Pass it on under this epoch.
    Send(u64),
    /// Take control first, and then pass it on.
    Take,
    /// It is not for the session.
    Drop,
    /// The same, and whoever did it should notice.
    Refuse,
}

impl Lease {
    pub fn new(access: Access, holder: String, control: Control) -> Self {
        Self { access, holder, control, is_mine: false, not_before: None }
    }

    pub fn holder(&self) -> &str {
        &self.holder
    }

    pub fn is_mine(&self) -> bool {
        self.is_mine
    }

    /// `acts`: somebody clicks or types, and does not merely pass over the picture.
    pub fn judge(&self, acts: bool, now: Instant) -> Verdict {
        if self.is_mine {
            return Verdict::Send(self.control.epoch);
        }
        if !acts {
            return Verdict::Drop;
        }
        let is_free = match self.control.mode {
            ControlMode::AiControl | ControlMode::Paused => true,
            // It was given to this person.
            ControlMode::UserControl => self.control.holder.as_ref() == Some(&self.holder),
        };
        if self.access == Access::View || !is_free {
            return Verdict::Refuse;
        }
        if self.not_before.is_some_and(|then| now < then) { Verdict::Drop } else { Verdict::Take }
    }

    /// The answer to having taken it.
    pub fn taken(&mut self, control: Control) {
        self.is_mine = true;
        self.control = control;
    }

    pub fn refused(&mut self, now: Instant) {
        self.not_before = Some(now + TRY_AGAIN);
    }

    /// What an event says of it. `true`: this person does not hold it any more.
    pub fn changed(&mut self, control: Control) -> bool {
        // An event may come behind the answer that told more.
        if control.epoch < self.control.epoch {
            return false;
        }
        let had = self.is_mine;
        let is_held =
            control.mode == ControlMode::UserControl && control.holder.as_ref() == Some(&self.holder);
        self.is_mine = had && is_held;
        self.control = control;
        had && !is_held
    }

    /// Who drives, in words for a title.
    pub fn driver(&self) -> String {
        match (self.control.mode, &self.control.holder) {
            (ControlMode::AiControl, _) => "the agent drives".into(),
            (ControlMode::Paused, _) => "paused".into(),
            (ControlMode::UserControl, _) if self.is_mine => "you drive".into(),
            (ControlMode::UserControl, Some(who)) => format!("{who} drives"),
            (ControlMode::UserControl, None) => "a person drives".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(mode: ControlMode, holder: Option<&str>, epoch: u64) -> Control {
        Control { mode, holder: holder.map(Into::into), epoch, ..Control::default() }
    }

    #[test]
    fn who_clicks_takes_what_no_person_has() {
        let now = Instant::now();
        for (access, mode, holder, acts, verdict) in [
            (Access::Control, ControlMode::AiControl, None, true, Verdict::Take),
            (Access::Control, ControlMode::Paused, None, true, Verdict::Take),
            (Access::Control, ControlMode::AiControl, None, false, Verdict::Drop),
            (Access::Control, ControlMode::UserControl, Some("ann"), true, Verdict::Refuse),
            (Access::Control, ControlMode::UserControl, Some("ann"), false, Verdict::Drop),
            (Access::Control, ControlMode::UserControl, Some("me"), true, Verdict::Take),
            (Access::View, ControlMode::AiControl, None, true, Verdict::Refuse),
            (Access::View, ControlMode::AiControl, None, false, Verdict::Drop),
        ] {
            let lease = Lease::new(access, "me".into(), control(mode, holder, 3));
            assert_eq!(lease.judge(acts, now), verdict, "{access:?} {mode:?} {holder:?} {acts}");
        }
    }

    #[test]
    fn what_was_taken_is_kept_until_somebody_else_has_it() {
        let now = Instant::now();
        let mut lease = Lease::new(Access::Control, "me".into(), Control::default());
        lease.taken(control(ControlMode::UserControl, Some("me"), 1));
        assert_eq!((lease.judge(false, now), lease.driver().as_str()), (Verdict::Send(1), "you drive"));
        assert!(!lease.changed(control(ControlMode::AiControl, None, 0)), "news of before");
        assert!(!lease.changed(control(ControlMode::UserControl, Some("me"), 1)));
        assert!(lease.changed(control(ControlMode::UserControl, Some("ann"), 2)));
        assert_eq!((lease.judge(true, now), lease.driver().as_str()), (Verdict::Refuse, "ann drives"));
        assert!(!lease.changed(control(ControlMode::AiControl, None, 3)));
        assert_eq!(lease.judge(true, now), Verdict::Take);
        lease.refused(now);
        assert_eq!(lease.judge(true, now), Verdict::Drop);
        assert_eq!(lease.judge(true, now + TRY_AGAIN), Verdict::Take);
    }
}
