//! CDP clients of one session: from the bus to the browser and back.

use std::{path::PathBuf, sync::Arc};

use actors::port::{BrowserEvent, CdpClient, HandedBack, Pending};
use bus::cdp::{Line, Received, Receiver};
use bus_schema::{
    ConnId, Error, SessionId,
    model::{cdp::Close, rpc::Attach},
};
use bytes::Bytes;
use tokio::{
    sync::{mpsc, oneshot},
    task::AbortHandle,
};

use super::{fleet::Inner, handoff::HandOff};
use crate::{
    cdp::{
        CallError, Cdp, Client, Sink,
        mux::{Naming, Step},
    },
    page::Tabs,
};

/// WebSocket close codes.
const NORMAL: u16 = 1000;
const UNSUPPORTED: u16 = 1003;
const POLICY: u16 = 1008;

/// Clients of the browser itself, with what serving them takes.
#[derive(Clone)]
pub(super) struct Clients {
    pub(super) inner: Arc<Inner>,
    pub(super) id: SessionId,
    pub(super) tabs: Tabs,
    pub(super) uploads: PathBuf,
    pub(super) events: mpsc::Sender<BrowserEvent>,
    pub(super) attach: Attach,
}

/// Takes what the browser says to one client.
struct Wire {
    line: Line,
    news: mpsc::UnboundedSender<News>,
}

/// What the task of a client must hear of besides messages.
enum News {
    /// It does not take what it is sent.
    Slow,
    /// A message that was held has left something to do.
    Step(Step),
    /// The person whom it waits for has done what was to be done, or has not.
    HandedBack(HandedBack),
    /// It is there again, with another socket.
    Back { line: ConnId, after: u64, received: oneshot::Sender<Result<u64, Error>> },
}

/// What serves a client, for as long as it is kept.
struct Serving {
    task: AbortHandle,
    news: mpsc::UnboundedSender<News>,
}

impl CdpClient for Serving {
    fn resume(&self, line: ConnId, after: u64) -> Pending<'static, Result<u64, Error>> {
        let (answer, received) = oneshot::channel();
        // A task that has ended drops it, and with it the answer.
        let _ = self.news.send(News::Back { line, after, received: answer });
        Box::pin(async move {
            received.await.unwrap_or_else(|_| Err(Error::conflict("this connection has ended")))
        })
    }

    fn handed_back(&self, how: HandedBack) {
        let _ = self.news.send(News::HandedBack(how));
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sink for Wire {
    fn push(&self, text: &Bytes) -> bool {
        let taken = self.line.push(text).is_ok();
        if !taken {
            // The task may have ended just now.
            let _ = self.news.send(News::Slow);
        }
        taken
    }

    fn step(&self, step: Step) {
        let _ = self.news.send(News::Step(step));
    }
}

impl Clients {
    /// Lets a client in, and serves it until it leaves or is dropped.
    pub(super) async fn connect(self) -> Result<Box<dyn CdpClient>, Error> {
        let (line, receiver) = self.inner.bus.cdp().owner(&self.id, &self.attach.conn).await?;
        let (news, heard) = mpsc::unbounded_channel();
        let wire = Box::new(Wire { line: line.clone(), news: news.clone() });
        let (root, silent) = (self.tabs.root(), |e: CallError| Error::unavailable(e.to_string()));
        let client = match &self.attach.target {
            None => root.join(wire).await.map_err(silent)?,
            Some(target) => {
                let found = root.join_page(target, wire).await.map_err(silent)?;
                found.ok_or_else(|| Error::not_found("there is no such page"))?
            }
        };
        let serving = async move {
            let leaving = Leaving { client: Some(client), tabs: self.tabs.clone() };
            if let Some(close) = self.serve(&leaving, &line, receiver, heard).await {
                line.close(&close).await;
            }
            drop(leaving);
            drop(self.events.send(BrowserEvent::Left { conn: self.attach.conn }).await);
        };
        Ok(Box::new(Serving { task: tokio::spawn(serving).abort_handle(), news }))
    }

    /// Says how the client is to be told that it is over, if that is not its own doing.
    async fn serve(
        &self,
        leaving: &Leaving,
        line: &Line,
        mut receiver: Receiver,
        mut news: mpsc::UnboundedReceiver<News>,
    ) -> Option<Close> {
        let root: Cdp = self.tabs.root().clone();
        let client = leaving.client.as_ref()?;
        let Attach { conn, links, .. } = self.attach.clone();
        let mut handoff = HandOff::new(conn, self.id.clone(), links, self.events.clone());
        loop {
            let step = tokio::select! {
                received = receiver.next() => match received {
                    Received::Message(text) => {
                        if !self.inner.gate.may_act() {
                            // Frozen: nothing is taken from the bus.
                            self.inner.gate.wait().await;
                        }
                        client.request(&text).await
                    }
                    Received::Closed(_) => return None,
                    Received::Lost(why) => return Some(Close::new(POLICY, why)),
                },
                Some(news) = news.recv() => match news {
                    News::Slow => return Some(Close::new(POLICY, "slow_consumer")),
                    News::Step(step) => step,
                    News::HandedBack(how) => match handoff.ended(&how) {
                        Some(event) if line.push(&event).is_err() => {
                            return Some(Close::new(POLICY, "slow_consumer"));
                        }
                        Some(_) | None => continue,
                    },
                    News::Back { line: name, after, received } => {
                        let taken_up = self.inner.bus.cdp().take_up(&self.id, &name, line, after).await;
                        // Whoever asked may be gone; then the next one finds it as this one did.
                        let _ = received.send(taken_up.map(|(hears, count)| {
                            receiver = hears;
                            count
                        }));
                        continue;
                    }
                },
                // Whether the session goes on in another browser its events tell.
                _ = root.gone() => return None,
            };
            match step {
                Step::Done => {}
                Step::Blank => self.inner.demand.asked(),
                Step::Touched(target) => self.tabs.touch_target(&target),
                Step::Name(naming) => client.named(&naming, self.find(&naming).await),
                Step::Own(call) => {
                    if line.push(&handoff.call(&call).await).is_err() {
                        return Some(Close::new(POLICY, "slow_consumer"));
                    }
                }
                Step::End => drop(self.events.send(BrowserEvent::Close).await),
                Step::Gone => return Some(Close::new(NORMAL, "the page is gone")),
                Step::Noise => return Some(Close::new(UNSUPPORTED, "not a CDP message")),
            }
        }
    }

    /// Files are known by the last part of the client's path: under that name they are staged.
    async fn find(&self, naming: &Naming) -> Result<Vec<String>, String> {
        let mut paths = Vec::new();
        for given in &naming.names {
            let name = given.rsplit(['/', '\\']).next().unwrap_or_default();
            let path = self.uploads.join(name);
            let is_file = tokio::fs::symlink_metadata(&path).await.is_ok_and(|data| data.is_file());
            if name.is_empty() || !is_file {
                let shown: String = name.chars().take(80).collect();
                return Err(format!(
                    "no file {shown:?} is staged: send it to POST /v1/sessions/{{id}}/files/uploads first"
                ));
            }
            paths.push(path.to_string_lossy().into_owned());
        }
        Ok(paths)
    }
}

/// A client's place. Once it is empty the session is brought back to what it pretends to be: what the client had set
/// goes with it or stays, as the browser pleases.
struct Leaving {
    client: Option<Client>,
    tabs: Tabs,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.client = None;
        let tabs = self.tabs.clone();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { tabs.assert_again().await });
        }
    }
}
