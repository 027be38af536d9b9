//! Clients that speak CDP: let in, lost, back again, gone.

use std::sync::Arc;

use bus_schema::{
    ConnId, Error,
    model::rpc::{Attach, Resume},
};
use ractor::ActorRef;
use tokio::time::Instant;

use super::{
    actor::{SessionMsg, SessionState},
    presence::Role,
};
use crate::port::{CdpClient, Responder};

impl SessionState {
    pub(super) async fn attach_cdp(
        &mut self,
        myself: &ActorRef<SessionMsg>,
        attach: Attach,
        responder: Box<dyn Responder>,
    ) {
        let Attach { conn: line, resume, target, .. } = attach;
        if let Err(e) = self.arrive(myself, &line, Role::Cdp).await {
            return self.answer_attach(myself, Err(e), responder);
        }
        self.quiet.disturb();
        match resume {
            Some(resume) => self.take_up(myself, line, &resume, responder),
            None if self.connections.revive(&line) => {
                self.count_clients(myself);
                self.answer_attach(myself, Ok(None), responder);
            }
            None => self.let_in(myself, line, target, responder),
        }
    }

    /// The browser is asked in a task: a page that hangs must not hold up the session.
    fn let_in(
        &self,
        myself: &ActorRef<SessionMsg>,
        conn: ConnId,
        target: Option<String>,
        responder: Box<dyn Responder>,
    ) {
        let (browser, myself) = (Arc::clone(&self.browser), myself.clone());
        tokio::spawn(async move {
            let connected = browser.connect(conn.clone(), target).await;
            // A session that is gone answers by dropping it.
            let _ = myself.cast(SessionMsg::Connected { conn, connected, responder });
        });
    }

    pub(super) fn on_connected(
        &mut self,
        myself: &ActorRef<SessionMsg>,
        conn: ConnId,
        connected: Result<Box<dyn CdpClient>, Error>,
        responder: Box<dyn Responder>,
    ) {
        let connected = match connected {
            Ok(client) if self.presence.is_here(&conn) && self.ending.is_none() => {
                self.connections.open(conn, client);
                Ok(None)
            }
            Ok(_) => Err(Error::cancelled("the client left while it was let in")),
            Err(e) => {
                self.presence.leave(&conn);
                Err(e)
            }
        };
        self.count_clients(myself);
        self.answer_attach(myself, connected, responder);
    }

    /// A client whose socket broke is there again, with another socket, perhaps at another edge.
    fn take_up(
        &mut self,
        myself: &ActorRef<SessionMsg>,
        line: ConnId,
        resume: &Resume,
        responder: Box<dyn Responder>,
    ) {
        let conn = resume.conn.clone();
        if let Some(received) = self.connections.received(&conn, &line) {
            return self.answer_attach(myself, Ok(Some(received)), responder);
        }
        let Some(client) = self.connections.get(&conn) else {
            self.presence.leave(&line);
            let why =
                "this connection is not kept: the client was away too long, or its browser was replaced";
            return self.answer_attach(myself, Err(Error::conflict(why)), responder);
        };
        let resuming = client.resume(line.clone(), resume.after);
        let myself = myself.clone();
        tokio::spawn(async move {
            let received = resuming.await;
            let _ = myself.cast(SessionMsg::Resumed { conn, line, received, responder });
        });
    }

    pub(super) fn on_resumed(
        &mut self,
        myself: &ActorRef<SessionMsg>,
        conn: &ConnId,
        line: ConnId,
        received: Result<u64, Error>,
        responder: Box<dyn Responder>,
    ) {
        let answer = match received {
            Ok(received) => match self.connections.resumed(conn, line.clone(), received) {
                Some(before) => {
                    self.presence.leave(&before);
                    if !self.presence.is_here(&line) {
                        // Whoever asked is gone already: the next one finds it as this one did.
                        self.connections.lose(&line, Instant::now());
                    }
                    Ok(Some(received))
                }
                None => Err(Error::conflict("this connection has ended")),
            },
            Err(e) => Err(e),
        };
        if answer.is_err() {
            self.presence.leave(&line);
        }
        self.count_clients(myself);
        self.answer_attach(myself, answer, responder);
    }

    /// Unlike one whose socket broke, who says goodbye is not waited for.
    pub(super) fn on_left(&mut self, myself: &ActorRef<SessionMsg>, conn: &ConnId) {
        if let Some((line, client)) = self.connections.close(conn) {
            self.presence.leave(&line);
            drop(client);
        }
        self.count_clients(myself);
    }
}
