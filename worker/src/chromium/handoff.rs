//! What a CDP client asks of us and not of the browser: a person, or that the session waits for it.

use actors::port::{BrowserEvent, HandedBack};
use bus_schema::{ConnId, SessionId, model::rpc::Links};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::cdp::mux::{
    OwnCall,
    own::{Dialect, Own},
};

/// One client's wait for a person, and where its session is found.
pub(super) struct HandOff {
    conn: ConnId,
    id: SessionId,
    links: Option<Links>,
    events: mpsc::Sender<BrowserEvent>,
    waiting: Option<(Dialect, Option<String>)>,
}

impl HandOff {
    pub(super) fn new(
        conn: ConnId,
        id: SessionId,
        links: Option<Links>,
        events: mpsc::Sender<BrowserEvent>,
    ) -> Self {
        Self { conn, id, links, events, waiting: None }
    }

    /// Does what is asked, and gives the answer.
    pub(super) async fn call(&mut self, call: &OwnCall) -> Bytes {
        let Some(links) = &self.links else {
            return call.refusal("The gateway does not say where this session is found");
        };
        let result = match (&call.own, call.dialect) {
            (Own::LiveView { .. }, Dialect::Rookery) => json!({ "url": links.view }),
            (Own::LiveView { .. }, Dialect::Cloudflare) => {
                json!({ "devtoolsFrontendUrl": links.view, "webSocketDebuggerUrl": links.cdp })
            }
            (Own::LiveView { .. }, Dialect::Browserless) => {
                json!({ "error": null, "liveURL": links.view, "liveURLId": self.id })
            }
            (Own::HandOff { .. }, _) => json!({}),
            (Own::Reconnect { .. }, _) => json!({ "error": null, "browserWSEndpoint": links.cdp }),
        };
        let event = match &call.own {
            // Asked for again while a person is waited for, the same link will do.
            Own::LiveView { patience: Some(_) } if self.waiting.is_some() => None,
            Own::LiveView { patience: None } => None,
            Own::HandOff { .. } if self.waiting.is_some() => {
                return call.refusal("A person is waited for already");
            }
            Own::LiveView { patience: Some(patience) } => Some((None, *patience)),
            Own::HandOff { instructions, patience } => Some((instructions.clone(), *patience)),
            Own::Reconnect { away } => {
                drop(self.events.send(BrowserEvent::KeepAlive { patience: *away }).await);
                None
            }
        };
        if let Some((instructions, patience)) = event {
            self.waiting = Some((call.dialect, call.session.clone()));
            let conn = self.conn.clone();
            drop(self.events.send(BrowserEvent::HandOff { conn, instructions, patience }).await);
        }
        call.answer(&result)
    }

    /// The event that tells the client how its wait ended.
    pub(super) fn ended(&mut self, how: &HandedBack) -> Option<Bytes> {
        let (dialect, session) = self.waiting.take()?;
        let method = match dialect {
            Dialect::Rookery => "Rookery.handoffComplete",
            Dialect::Cloudflare => "Cloudflare.handoffComplete",
            Dialect::Browserless => "Browserless.liveComplete",
        };
        let params = match how {
            HandedBack::Done { note } => json!({ "success": true, "note": note }),
            HandedBack::Left => json!({ "success": false, "reason": "left" }),
            HandedBack::TimedOut => json!({ "success": false, "reason": "timeout" }),
            HandedBack::Busy => json!({ "success": false, "reason": "busy" }),
        };
        let mut event = json!({ "method": method, "params": params });
        if let Some(session) = session {
            event["sessionId"] = Value::String(session);
        }
        Some(event.to_string().into())
    }
}
