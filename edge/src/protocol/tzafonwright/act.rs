//! Requests as commands of a session.

use bus_schema::{
    Error, ErrorCode, SessionId, Tenant,
    error::Outcome,
    model::{
        command::{
            Click, Command, CommandRequest, CommandResult, Dialog, DialogKind, ImageFormat, MAX_TIMEOUT,
            MouseButton, Navigate, OpenDialog, Position, Press, Screenshot, Scroll, SetViewport, Type,
            WaitUntil,
        },
        rpc::Attachment,
        session::Session,
        target::{Locator, Target},
    },
};

use super::{
    answer::{Answer, failure, goto_failure},
    request::Action,
};
use crate::gateway::Gateway;

const QUALITY: u32 = 80;
/// A page that opens one dialog after another does not hold a request up for ever.
const DIALOGS: u32 = 10;
/// Between two keys, as somebody's who types fast. With a pause characters go by their keys, which pages hear.
const KEY_PAUSE_MS: u32 = 1;
const LONGEST_MS: u32 = MAX_TIMEOUT.as_millis() as u32;

/// The session's first page, and the mouse that this client moves in it.
pub struct Page {
    gateway: Gateway,
    tenant: Tenant,
    session: SessionId,
    tab: Option<u32>,
    mouse: Position,
}

impl Page {
    pub fn of(gateway: Gateway, tenant: Tenant, session: &Session) -> Self {
        Self {
            gateway,
            tenant,
            session: session.id.clone(),
            tab: session.tabs.first().map(|tab| tab.n),
            mouse: Position { x: 0.0, y: 0.0 },
        }
    }

    /// Answers one message.
    pub async fn answer(&mut self, message: &[u8]) -> Answer {
        match Action::read(message) {
            Ok(Action::Goto { url, timeout_ms }) => self.goto(url, timeout_ms).await,
            Ok(Action::Screenshot) => self.screenshot().await,
            Ok(action) => self.act(action).await.map_or_else(failure, |()| Answer::done()),
            Err(refused) => Answer::failed(refused.to_string()),
        }
    }

    async fn act(&mut self, action: Action) -> Result<(), Error> {
        match action {
            Action::Click { x, y } => {
                self.run(Command::Click(left_click(x, y))).await?;
                // Where the next turn of the wheel happens.
                self.mouse = Position { x, y };
                Ok(())
            }
            Action::Type { text } => self.type_text(text).await,
            Action::Scroll { delta_x, delta_y } => {
                let wheel_at = Some(self.mouse);
                self.run(Command::Scroll(Scroll { delta_x, delta_y, wheel_at, ..Scroll::default() })).await
            }
            Action::SetViewport { width, height } => {
                self.run(Command::SetViewport(SetViewport { width, height, scale: None })).await
            }
            Action::Goto { .. } | Action::Screenshot => {
                Err(Error::internal("an action with an answer of its own"))
            }
        }
    }

    async fn type_text(&mut self, text: String) -> Result<(), Error> {
        let command = Type {
            target: None,
            text: text.clone(),
            clear: false,
            submit: false,
            delay_ms: KEY_PAUSE_MS,
            sensitive: false,
        };
        match self.run_within(Command::Type(command), LONGEST_MS).await {
            // Keys that nothing has the focus for go to the page, which may listen to them.
            Err(error) if error.code == ErrorCode::Conflict && error.field.as_deref() == Some("target") => {
                let keys = keys(&text);
                if keys.is_empty() {
                    return Ok(());
                }
                self.run_within(Command::Press(Press { keys, target: None }), LONGEST_MS).await.map(drop)
            }
            typed => typed.map(drop),
        }
    }

    async fn goto(&mut self, url: String, timeout_ms: u64) -> Answer {
        let within = match u32::try_from(timeout_ms) {
            // No limit, as in Playwright; here there is one.
            Ok(0) | Err(_) => LONGEST_MS,
            Ok(ms) => ms.min(LONGEST_MS),
        };
        let command = Navigate { url: url.clone(), wait_until: WaitUntil::Networkidle, referrer: None };
        match self.run_within(Command::Navigate(command), within).await {
            Ok(_) => Answer::done(),
            Err(error) => goto_failure(error, &url, u64::from(within)),
        }
    }

    async fn screenshot(&mut self) -> Answer {
        let command =
            Screenshot { format: ImageFormat::Jpeg, quality: Some(QUALITY), ..Screenshot::default() };
        match self.ask(CommandRequest::new(Command::Screenshot(command))).await {
            Ok((_, Some(picture))) => Answer::image(&picture.bytes),
            Ok((_, None)) => failure(Error::internal("a screenshot without a picture")),
            Err(error) => failure(error),
        }
    }

    async fn run(&self, command: Command) -> Result<(), Error> {
        self.ask(CommandRequest::new(command)).await.map(drop)
    }

    async fn run_within(
        &self,
        command: Command,
        timeout_ms: u32,
    ) -> Result<(CommandResult, Option<Attachment>), Error> {
        self.ask(CommandRequest { timeout_ms: Some(timeout_ms), ..CommandRequest::new(command) }).await
    }

    async fn ask(&self, request: CommandRequest) -> Result<(CommandResult, Option<Attachment>), Error> {
        let request = CommandRequest { tab: self.tab, ..request };
        request.validate()?;
        let mut dismissed = 0;
        loop {
            let answer = self.gateway.run(&self.tenant, &self.session, request.clone()).await;
            let (open, begun) = match &answer {
                Ok((result, _)) => (result.dialog.clone(), true),
                Err(error) => (in_the_way(error), error.outcome != Some(Outcome::NotStarted)),
            };
            let Some(dialog) = open else { return answer };
            self.dismiss(&dialog).await;
            dismissed += 1;
            if begun || dismissed == DIALOGS {
                return answer;
            }
        }
    }

    /// Its clients know of no dialogs: as without a listener in Playwright they are dismissed at once.
    async fn dismiss(&self, dialog: &OpenDialog) {
        let accept = dialog.kind == DialogKind::Beforeunload;
        let command = Command::Dialog(Dialog { accept, text: None });
        let request = CommandRequest { tab: Some(dialog.tab), ..CommandRequest::new(command) };
        if let Err(error) = self.gateway.run(&self.tenant, &self.session, request).await {
            // Somebody else was faster, or a person drives: then it is theirs.
            tracing::debug!(%error, "a dialog was not dismissed");
        }
    }
}

/// The dialog that keeps a command from being run.
fn in_the_way(error: &Error) -> Option<OpenDialog> {
    serde_json::from_value(error.context.as_ref()?.get("dialog")?.clone()).ok()
}

fn left_click(x: f64, y: f64) -> Click {
    Click {
        target: Target { locator: Locator::Point { x, y }, ..Target::default() },
        button: MouseButton::Left,
        click_count: 1,
        modifiers: Vec::new(),
        position: None,
    }
}

/// The keys that type a text, as `press` takes them.
fn keys(text: &str) -> String {
    let names = text.chars().filter_map(|c| match c {
        ' ' => Some("Space".to_owned()),
        '\n' | '\r' => Some("Enter".to_owned()),
        '\t' => Some("Tab".to_owned()),
        c if c.is_control() || c.is_whitespace() => None,
        c => Some(c.to_string()),
    });
    names.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_its_keys() {
        assert_eq!(keys("wA+ \n"), "w A + Space Enter");
        assert_eq!(keys("\u{7}"), "");
    }
}
