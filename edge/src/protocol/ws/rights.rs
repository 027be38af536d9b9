//! What a client may do on its socket: all, or what its link is for.

use bus_schema::{
    Error,
    model::{
        command::{Command, CommandRequest},
        control::{Access, Control, ControlMode},
    },
};
use tokio::time::Instant;

use crate::security::link::{self, Link};

pub struct Rights {
    link: Option<(link::Access, Instant)>,
    /// The epoch of control that this client took.
    taken: Option<u64>,
    /// The newest that it is known to have, and whether a person drives.
    newest: u64,
    by_person: bool,
}

impl Rights {
    pub fn new(link: Option<&Link>) -> Self {
        Self {
            link: link.map(|link| (link.access, link.ends_at())),
            taken: None,
            newest: 0,
            by_person: false,
        }
    }

    /// As it is told to this client and others.
    pub fn access(&self) -> Access {
        match self.link {
            None => Access::Full,
            Some((link::Access::Control, _)) => Access::Control,
            Some((link::Access::View, _)) => Access::View,
        }
    }

    /// When the link ends.
    pub fn ends_at(&self) -> Option<Instant> {
        self.link.map(|(_, at)| at)
    }

    /// Fails unless it may take control, give it back, and give input.
    pub fn may_drive(&self) -> Result<(), Error> {
        match self.link {
            None | Some((link::Access::Control, _)) => Ok(()),
            Some((link::Access::View, _)) => Err(Error::forbidden("this link is for watching").not_started()),
        }
    }

    /// Fails unless it may run this command.
    pub fn may_run(&self, request: &CommandRequest) -> Result<(), Error> {
        if self.link.is_none() {
            return Ok(());
        }
        self.may_drive()?;
        if !is_a_persons(&request.command) {
            return Err(
                Error::forbidden("this link is for driving by hand, and not for this command").not_started()
            );
        }
        if !self.by_person || self.taken != Some(self.newest) {
            return Err(Error::conflict("take control first").not_started());
        }
        Ok(())
    }

    /// This client has taken control.
    pub fn taken(&mut self, control: &Control) {
        self.changed(control.mode, control.epoch);
        self.taken = Some(control.epoch);
    }

    /// Whether this client is the one who drives, as the owner says.
    pub fn drives(&mut self, drives: bool) {
        self.taken = (drives && self.by_person).then_some(self.newest);
    }

    /// Control is somebody's now.
    pub fn changed(&mut self, mode: ControlMode, epoch: u64) {
        if epoch >= self.newest {
            self.newest = epoch;
            self.by_person = mode == ControlMode::UserControl;
        }
    }
}

/// What the tool bar of a view sends.
fn is_a_persons(command: &Command) -> bool {
    let tool_bar =
        ["navigate", "reload", "back", "forward", "dialog", "tabs", "new_tab", "activate_tab", "close_tab"];
    tool_bar.contains(&command.action())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bus_schema::{ErrorCode, Region, SessionId, Tenant, model::time::Timestamp};

    use super::*;

    fn by(access: link::Access) -> Rights {
        let expires_at = Timestamp::now().plus(Duration::from_secs(60));
        let session = SessionId::random(Region::default());
        Rights::new(Some(&Link { tenant: Tenant::default(), session, access, expires_at }))
    }

    fn run(access: &Rights, command: &str) -> Option<ErrorCode> {
        let request = CommandRequest::from_json(command.as_bytes()).unwrap();
        access.may_run(&request).err().map(|error| error.code)
    }

    const RELOAD: &str = r#"{"action":"reload"}"#;
    const EVALUATE: &str = r#"{"action":"evaluate","expression":"document.cookie"}"#;

    #[test]
    fn without_a_link_all_is_allowed() {
        let full = Rights::new(None);
        assert_eq!((full.access(), run(&full, EVALUATE), full.ends_at()), (Access::Full, None, None));
        full.may_drive().unwrap();
    }

    #[test]
    fn who_may_watch_does_nothing_else() {
        let mut view = by(link::Access::View);
        assert_eq!(view.may_drive().unwrap_err().code, ErrorCode::Forbidden);
        view.changed(ControlMode::UserControl, 1);
        assert_eq!(run(&view, RELOAD), Some(ErrorCode::Forbidden));
        let left = view.ends_at().unwrap() - Instant::now();
        assert!(left > Duration::from_secs(55) && left <= Duration::from_secs(60));
    }

    #[test]
    fn who_may_drive_runs_what_a_tool_bar_has_while_they_drive() {
        let mut access = by(link::Access::Control);
        access.may_drive().unwrap();
        assert_eq!(run(&access, RELOAD), Some(ErrorCode::Conflict), "the agent drives");
        access.changed(ControlMode::UserControl, 1);
        assert_eq!(run(&access, RELOAD), Some(ErrorCode::Conflict), "somebody else does");
        access.taken(&Control { mode: ControlMode::UserControl, epoch: 3, ..Control::default() });
        // News from before.
        access.changed(ControlMode::AiControl, 2);
        assert_eq!(run(&access, RELOAD), None);
        assert_eq!(run(&access, EVALUATE), Some(ErrorCode::Forbidden));
        access.changed(ControlMode::AiControl, 4);
        assert_eq!(run(&access, RELOAD), Some(ErrorCode::Conflict));
        // Somebody gives it.
        access.changed(ControlMode::UserControl, 5);
        assert_eq!(run(&access, RELOAD), Some(ErrorCode::Conflict));
        access.drives(true);
        assert_eq!(run(&access, RELOAD), None);
        access.drives(false);
        assert_eq!(run(&access, RELOAD), Some(ErrorCode::Conflict));
    }
}
