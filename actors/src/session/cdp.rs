//! Clients that speak CDP: let in, lost, back again, gone.

use std::{sync::Arc, time::Duration};

use bus_schema::{
    ConnId, Error,
    model::{
        control::Handoff,
        create::{KeepAlive, OnDisconnect},
        rpc::{Attach, Resume},
    },
};
use ractor::ActorRef;
use tokio::time::Instant;

use super::{
    actor::{SessionMsg, SessionState, settings},
    presence::Role,
    state::Input,
};
use crate::port::{CdpClient, Responder};

impl SessionState {
    pub(super) async fn attach_cdp(
        &mut self,
        myself: &ActorRef<SessionMsg>,
        attach: Attach,
        responder: Box<dyn Responder>,
    ) {
        let (line, resume) = (attach.conn.clone(), attach.resume.clone());
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
            None => self.let_in(myself, attach, responder),
        }
    }

    /// The browser is asked in a task: a page that hangs must not hold up the session.
    fn let_in(&self, myself: &ActorRef<SessionMsg>, attach: Attach, responder: Box<dyn Responder>) {
        let (browser, myself) = (Arc::clone(&self.browser), myself.clone());
        tokio::spawn(async move {
            let conn = attach.conn.clone();
            let connected = browser.connect(attach).await;
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

    /// A client waits for a person: whoever looks at the session sees what for.
    pub(super) fn on_hand_off(
        &mut self,
        myself: &ActorRef<SessionMsg>,
        conn: ConnId,
        instructions: Option<String>,
        patience: Duration,
    ) {
        let now = Instant::now();
        let handoff = Handoff { instructions, expires_at: self.bus.now().plus(patience) };
        self.apply(myself, Input::HandOff { conn, handoff, until: now + patience, now });
        self.set_timer(myself);
    }

    /// A client will be away for a while. Where the session does not end with its last client, it waits anyway.
    pub(super) fn on_keep_alive(&mut self, myself: &ActorRef<SessionMsg>, patience: Duration) {
        if self.entry.spec.on_disconnect == OnDisconnect::Close {
            self.entry.spec.keep_alive_s = KeepAlive(u32::try_from(patience.as_secs()).unwrap_or(u32::MAX));
            let settings = settings(&self.entry, &*self.bus, Instant::now());
            self.apply(myself, Input::Settings(settings));
            self.write(myself);
        }
    }

    /// Unlike one whose socket broke, who says goodbye is not waited for.
    pub(super) fn on_left(&mut self, myself: &ActorRef<SessionMsg>, conn: &ConnId) {
        if let Some((line, client)) = self.connections.close(conn) {
            self.presence.leave(&line);
            drop(client);
        }
        self.apply(myself, Input::Left { conn: conn.clone(), now: Instant::now() });
        self.count_clients(myself);
    }
}
