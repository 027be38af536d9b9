//! What a session says, in the order in which it says it.

use std::{sync::Arc, time::Duration};

use bus_schema::{
    Epoch, SessionId, Tenant,
    model::event::{Event, EventType},
};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, timeout_at},
};
use tracing::{debug, warn};

use crate::{port::Bus, task::caught};

/// Events that may wait for the connection. A page that makes more loses them, not the session its order.
const WAITING: usize = 256;
/// How long a step is held back at most, and how many.
const HELD: Duration = Duration::from_millis(20);
const TOGETHER: usize = 64;
/// How long the last events may take before the end is said.
const LAST: Duration = Duration::from_secs(2);

/// Publishes one after the other, without making the session wait.
pub(super) struct Journal {
    id: SessionId,
    epoch: Epoch,
    queue: mpsc::Sender<Event>,
    task: JoinHandle<()>,
}

/// For tasks that say something themselves.
#[derive(Clone)]
pub(super) struct Pen {
    id: SessionId,
    epoch: Epoch,
    queue: mpsc::Sender<Event>,
}

impl Pen {
    pub(super) fn say(&self, kind: EventType, data: serde_json::Value) {
        let event = Event::new(kind, self.id.clone(), self.epoch, data);
        if self.queue.try_send(event).is_err() {
            warn!(session_id = %self.id, kind = kind.as_str(), "an event was left out: too many wait to be published");
        }
    }
}

impl Journal {
    pub(super) fn open(bus: Arc<dyn Bus>, tenant: Tenant, id: SessionId, epoch: Epoch) -> Self {
        let (queue, mut events) = mpsc::channel::<Event>(WAITING);
        let task = tokio::spawn(async move {
            let mut batch = Vec::new();
            while let Some(event) = events.recv().await {
                batch.push(event);
                gather(&mut batch, &mut events).await;
                for event in batch.drain(..) {
                    match caught(bus.publish(tenant.clone(), event)).await {
                        Ok(Ok(())) => {}
                        Ok(Err(e)) => debug!(error = %e, "an event was not published"),
                        Err(e) => warn!(error = %e, "an event was not published"),
                    }
                }
            }
        });
        Self { id, epoch, queue, task }
    }

    pub(super) fn pen(&self) -> Pen {
        Pen { id: self.id.clone(), epoch: self.epoch, queue: self.queue.clone() }
    }

    pub(super) fn say(&self, kind: EventType, data: serde_json::Value) {
        self.pen().say(kind, data);
    }

    /// Everything said so far is published before this returns.
    pub(super) async fn close(self) {
        let Self { queue, mut task, .. } = self;
        drop(queue);
        if tokio::time::timeout(LAST, &mut task).await.is_err() {
            // A command's task may still hold a pen: it has nothing to say any more.
            task.abort();
        }
    }
}

/// Lets steps wait for others, for a moment or until something else is said: they come with every command, and one by
/// one they would cost as much as the commands themselves.
async fn gather(batch: &mut Vec<Event>, events: &mut mpsc::Receiver<Event>) {
    let until = Instant::now() + HELD;
    while batch.len() < TOGETHER && batch.last().is_some_and(|event| event.kind == EventType::Step) {
        let Ok(Some(event)) = timeout_at(until, events.recv()).await else { return };
        batch.push(event);
    }
}
