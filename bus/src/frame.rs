//! Frames, viewers' wishes and human input: never stored, dropped rather than queued.

use async_nats::{HeaderMap, Subscriber};
use bus_schema::{
    ConnId, Error, SessionId, Subject,
    codec::{Encoding, Message as _},
    model::{input::InputBatch, rpc::ViewBeat},
};
use bytes::Bytes;
use futures::StreamExt;
use tokio::sync::watch;

use crate::{
    Bus, js, metrics,
    work::{encoding_of, request_headers},
};

#[derive(Clone, Debug)]
pub struct Frames {
    bus: Bus,
}

impl Bus {
    pub fn frames(&self) -> Frames {
        Frames { bus: self.clone() }
    }
}

impl Frames {
    /// Publishes a frame and waits until the connection has taken it off our hands, so that the next one may be made.
    /// Without a connection it is dropped.
    pub async fn publish(&self, id: &SessionId, frame: Bytes) -> bool {
        let connection = &self.bus.inner.frames;
        if !connection.is_connected() {
            return false;
        }
        let subject = self.bus.root().subject(&Subject::Frames(id.clone()));
        connection.client.publish(subject, frame).await.is_ok() && connection.client.flush().await.is_ok()
    }

    /// The newest frame of a session, always; older ones are gone when a newer one comes. What is sent from now on
    /// arrives, so its owner may be asked for a frame.
    ///
    /// The subscription lives as long as the slot.
    pub async fn subscribe(&self, id: &SessionId) -> Result<FrameSlot, Error> {
        let subject = self.bus.root().subject(&Subject::Frames(id.clone()));
        let client = &self.bus.inner.frames.client;
        let mut subscription =
            client.subscribe(subject).await.map_err(|e| Error::unavailable(e.to_string()))?;
        js::round_trip(client).await?;
        let (tx, rx) = watch::channel(None);
        let task = tokio::spawn(async move {
            while let Some(message) = subscription.next().await {
                if tx.send(Some(message.payload)).is_err() {
                    return;
                }
            }
        });
        Ok(FrameSlot { frames: rx, task })
    }

    /// A viewer's heartbeat to the owner.
    pub async fn beat(&self, id: &SessionId, beat: &ViewBeat) {
        self.tell(&Subject::View(id.clone()), beat.encode(Encoding::default())).await;
    }

    /// Human input to the owner.
    pub async fn input(&self, id: &SessionId, conn: &ConnId, batch: &InputBatch) {
        self.tell(&Subject::Input(id.clone(), conn.clone()), batch.encode(Encoding::default())).await;
    }

    async fn tell(&self, subject: &Subject, payload: Bytes) {
        let headers: HeaderMap = request_headers(Encoding::default());
        let client = &self.bus.inner.main.client;
        let _ = client.publish_with_headers(self.bus.root().subject(subject), headers, payload).await;
    }

    /// The owner's side of [`Frames::beat`].
    pub async fn beats(&self, id: &SessionId) -> Result<Beats, Error> {
        Ok(Beats { subscription: self.subscribe_to(&Subject::View(id.clone())).await? })
    }

    /// The owner's side of [`Frames::input`].
    pub async fn inputs(&self, id: &SessionId, conn: &ConnId) -> Result<Inputs, Error> {
        Ok(Inputs { subscription: self.subscribe_to(&Subject::Input(id.clone(), conn.clone())).await? })
    }

    async fn subscribe_to(&self, subject: &Subject) -> Result<Subscriber, Error> {
        let client = &self.bus.inner.main.client;
        client
            .subscribe(self.bus.root().subject(subject))
            .await
            .map_err(|e| Error::unavailable(e.to_string()))
    }
}

/// Holds the newest frame only.
#[derive(Debug)]
pub struct FrameSlot {
    frames: watch::Receiver<Option<Bytes>>,
    task: tokio::task::JoinHandle<()>,
}

impl FrameSlot {
    /// Waits for a frame newer than the last one given. `None`: no more will come.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            self.frames.changed().await.ok()?;
            if let Some(frame) = self.frames.borrow_and_update().clone() {
                return Some(frame);
            }
        }
    }
}

impl Drop for FrameSlot {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Debug)]
pub struct Beats {
    subscription: Subscriber,
}

impl Beats {
    pub async fn next(&mut self) -> Option<ViewBeat> {
        loop {
            let message = self.subscription.next().await?;
            match ViewBeat::decode(&message.payload, encoding_of(message.headers.as_ref())) {
                Ok(beat) => return Some(beat),
                Err(_) => metrics::noise("view.{region}.{session}"),
            }
        }
    }
}

#[derive(Debug)]
pub struct Inputs {
    subscription: Subscriber,
}

impl Inputs {
    pub async fn next(&mut self) -> Option<InputBatch> {
        loop {
            let message = self.subscription.next().await?;
            match InputBatch::decode(&message.payload, encoding_of(message.headers.as_ref())) {
                Ok(batch) if batch.events.len() <= bus_schema::model::input::MAX_EVENTS => {
                    return Some(batch);
                }
                Ok(_) | Err(_) => metrics::noise("in.{region}.{session}.{conn}"),
            }
        }
    }
}
