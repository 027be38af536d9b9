//! Telling those who watch, and the person in control alone.

use std::sync::Arc;

use bus_schema::{
    ConnId, Error, SessionId,
    model::{
        command::OpenDialog,
        control::{Control, ControlMode},
        event::{Event, EventType},
        note::{Audience, Note},
        rpc::{AnswerChooser, Answered, OwnerReply, Rpc as _},
    },
};
use ractor::ActorRef;
use serde_json::json;
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    task::JoinHandle,
    time::{Instant, timeout},
};
use tracing::debug;

use super::{
    actor::{SessionMsg, SessionState},
    driven::Driven,
    state::Input,
};
use crate::{
    port::{Bus, Responder},
    task::caught,
};

/// Notes that may wait for the connection; what is beyond is lost.
const WAITING: usize = 64;

/// Sends one note after the other, without making the session wait.
pub(super) struct Teller {
    queue: mpsc::Sender<(Option<ConnId>, Note)>,
    task: JoinHandle<()>,
}

impl Teller {
    pub(super) fn open(bus: Arc<dyn Bus>, id: SessionId) -> Self {
        let (queue, mut notes) = mpsc::channel::<(Option<ConnId>, Note)>(WAITING);
        let task = tokio::spawn(async move {
            while let Some((to, note)) = notes.recv().await {
                match caught(bus.tell(id.clone(), to, note)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => debug!(session_id = %id, %error, "a note was not sent"),
                    Err(error) => debug!(session_id = %id, %error, "a note was not sent"),
                }
            }
        });
        Self { queue, task }
    }

    /// `false`: there is no room for it.
    pub(super) fn tell(&self, to: Option<ConnId>, note: Note) -> bool {
        self.queue.try_send((to, note)).is_ok()
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SessionState {
    /// From the browser.
    pub(super) fn on_note(&mut self, note: Note) {
        match note.audience() {
            Audience::Everybody => {
                if matches!(note, Note::Cursor { .. }) {
                    self.cursor = Some(note.clone());
                }
                self.teller.tell(None, note);
            }
            Audience::Driver => {
                if let Some(to) = self.told.note(&note, self.core.driver()) {
                    self.teller.tell(Some(to), note);
                }
            }
        }
    }

    /// Says who watches, if that is not what was said last. What finds no room is said with the next beat.
    pub(super) fn tell_viewers(&mut self) {
        if let Some(news) = self.viewers.news(self.core.driver())
            && self.teller.tell(None, Note::Viewers(news.clone()))
        {
            self.viewers.said(news);
        }
    }

    /// While a person drives by a connection, nobody else is told of a dialog until it is closed.
    pub(super) fn on_dialog(&mut self, myself: &ActorRef<SessionMsg>, tab: u32, open: Option<OpenDialog>) {
        match &open {
            Some(open) => self.tell_dialog(open.clone()),
            None => {
                self.told.dialog_closed(tab);
                self.say(EventType::Dialog, json!({ "closed": { "tab": tab } }));
            }
        }
        self.apply(myself, Input::Dialog { tab, open, now: Instant::now() });
    }

    fn tell_dialog(&mut self, open: OpenDialog) {
        let data = json!({ "opened": open });
        match self.core.driver().cloned() {
            Some(driver) => {
                let event = Event::new(EventType::Dialog, self.entry.id.clone(), self.entry.epoch, data);
                self.teller.tell(Some(driver), Note::Event { event });
                self.told.dialog(open);
            }
            None => self.say(EventType::Dialog, data),
        }
    }

    /// What those who drove and drive are told when control changes. Gives what is said of it to all.
    pub(super) fn hand_over(&mut self, control: &Control) -> serde_json::Value {
        let (over, dialogs) = self.told.handed_over(self.core.driver());
        for (conn, note) in over {
            self.teller.tell(Some(conn), note);
        }
        for open in dialogs {
            self.tell_dialog(open);
        }
        self.tell_viewers();
        if control.epoch != self.entry.control.epoch {
            self.cursor = None;
        }
        let mut data = serde_json::to_value(control).unwrap_or_default();
        let now = Instant::now();
        match control.mode {
            ControlMode::UserControl => drop(self.driven.get_or_insert_with(|| Driven::since(now))),
            ControlMode::AiControl | ControlMode::Paused => {
                if let Some(driven) = self.driven.take() {
                    data["changed"] = driven.changed(now);
                }
            }
        }
        data
    }

    /// A person has come back by another connection: they are told again what waits for them.
    pub(super) fn tell_again(&mut self, to: &ConnId) {
        if self.core.driver() != Some(to) {
            return;
        }
        let (choosers, dialogs) = self.told.resumed(to);
        for note in choosers {
            self.teller.tell(Some(to.clone()), note);
        }
        for open in dialogs {
            self.tell_dialog(open);
        }
    }

    pub(super) fn on_answer_chooser(
        &mut self,
        myself: &ActorRef<SessionMsg>,
        answer: AnswerChooser,
        responder: Box<dyn Responder>,
        permit: OwnedSemaphorePermit,
    ) {
        if self.core.driver() != Some(&answer.conn) {
            let e = Error::conflict("it is for the person in control to choose").not_started();
            responder.send(OwnerReply::error(e));
            return;
        }
        self.apply(myself, Input::Active { now: Instant::now() });
        let browser = Arc::clone(&self.browser);
        tokio::spawn(async move {
            let _permit = permit;
            let answered = browser.answer_chooser(answer.chooser, answer.answer);
            responder.send(match timeout(AnswerChooser::TIMEOUT, answered).await {
                Ok(Ok(())) => OwnerReply::ok(&Answered {}, None),
                Ok(Err(e)) => OwnerReply::error(e),
                Err(_) => OwnerReply::error(Error::timeout("the page took no answer").outcome_unknown()),
            });
        });
    }
}
