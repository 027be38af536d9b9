//! Notes of an owner to those who watch: never stored. Whoever falls behind loses old ones and never the newest.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_nats::Subscriber;
use bus_schema::{ConnId, Error, SessionId, Subject, model::note::Note};
use futures::{StreamExt, stream::select};
use tokio::{sync::Notify, task::JoinHandle};

use crate::{Bus, js, metrics};

/// Choosers and events that may wait.
const WAITING: usize = 16;

#[derive(Clone, Debug)]
pub struct Notes {
    bus: Bus,
}

impl Bus {
    pub fn notes(&self) -> Notes {
        Notes { bus: self.clone() }
    }
}

impl Notes {
    /// To all who watch, or to one of them. Without a connection it is dropped.
    pub async fn tell(&self, id: &SessionId, to: Option<&ConnId>, note: &Note) -> Result<(), Error> {
        let subject = match to {
            Some(conn) => Subject::NotesTo(id.clone(), conn.clone()),
            None => Subject::Notes(id.clone()),
        };
        let connection = &self.bus.inner.main;
        if !connection.is_connected() {
            return Err(Error::unavailable("no connection to the bus"));
        }
        let sent = connection.client.publish(self.bus.root().subject(&subject), note.encode()?).await;
        sent.map_err(|e| Error::unavailable(e.to_string()))
    }

    /// What one who watches is told from now on. Ends with the slot.
    pub async fn subscribe(&self, id: &SessionId, conn: &ConnId) -> Result<NoteSlot, Error> {
        let everybody = self.listen(&Subject::Notes(id.clone())).await?;
        let alone = self.listen(&Subject::NotesTo(id.clone(), conn.clone())).await?;
        js::round_trip(&self.bus.inner.main.client).await?;
        let shared = Arc::new(Shared::default());
        let filled = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            let mut both = select(everybody, alone);
            while let Some(message) = both.next().await {
                match Note::decode(&message.payload) {
                    Some(note) => filled.put(note),
                    None => metrics::noise("note.{region}.{session}"),
                }
            }
            filled.end();
        });
        Ok(NoteSlot { shared, task })
    }

    async fn listen(&self, subject: &Subject) -> Result<Subscriber, Error> {
        let client = &self.bus.inner.main.client;
        let subject = self.bus.root().subject(subject);
        client.subscribe(subject).await.map_err(|e| Error::unavailable(e.to_string()))
    }
}

/// Pure. Of what is only ever true now, the newest; of the rest, the last few in order.
#[derive(Debug, Default)]
pub struct Waiting {
    viewers: Option<Note>,
    cursor: Option<Note>,
    clipboard: Option<Note>,
    rest: VecDeque<Note>,
}

impl Waiting {
    pub fn put(&mut self, note: Note) {
        match note {
            Note::Viewers(_) => self.viewers = Some(note),
            Note::Cursor { .. } => self.cursor = Some(note),
            Note::Clipboard { .. } => self.clipboard = Some(note),
            Note::Chooser { .. } | Note::ChooserOver { .. } | Note::Event { .. } => {
                if self.rest.len() >= WAITING {
                    self.rest.pop_front();
                }
                self.rest.push_back(note);
            }
        }
    }

    pub fn take(&mut self) -> Option<Note> {
        self.rest
            .pop_front()
            .or_else(|| self.clipboard.take())
            .or_else(|| self.viewers.take())
            .or_else(|| self.cursor.take())
    }
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<(Waiting, bool)>,
    filled: Notify,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, (Waiting, bool)> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, note: Note) {
        self.lock().0.put(note);
        self.filled.notify_one();
    }

    fn end(&self) {
        self.lock().1 = true;
        self.filled.notify_one();
    }
}

/// Holds what one who watches has not been told yet.
#[derive(Debug)]
pub struct NoteSlot {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl NoteSlot {
    /// `None`: no more will come. Cancel safe.
    pub async fn next(&mut self) -> Option<Note> {
        loop {
            {
                let mut waiting = self.shared.lock();
                if let Some(note) = waiting.0.take() {
                    return Some(note);
                }
                if waiting.1 {
                    return None;
                }
            }
            self.shared.filled.notified().await;
        }
    }
}

impl Drop for NoteSlot {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use bus_schema::model::note::Viewers;

    use super::*;

    fn cursor(name: &str) -> Note {
        Note::Cursor { cursor: name.into() }
    }

    fn over(n: usize) -> Note {
        Note::ChooserOver { id: n.to_string() }
    }

    #[test]
    fn who_falls_behind_gets_the_newest_and_a_bounded_past() {
        let mut w = Waiting::default();
        for n in 0..WAITING + 3 {
            w.put(over(n));
            w.put(cursor("default"));
            w.put(cursor("pointer"));
            w.put(Note::Viewers(Viewers { viewers: Vec::new(), more: u32::try_from(n).unwrap() }));
            w.put(Note::clipboard(n.to_string()));
        }
        let got: Vec<Note> = std::iter::from_fn(|| w.take()).collect();
        let mut expected: Vec<Note> = (3..WAITING + 3).map(over).collect();
        expected.push(Note::clipboard("18".into()));
        expected.push(Note::Viewers(Viewers { viewers: Vec::new(), more: 18 }));
        expected.push(cursor("pointer"));
        assert_eq!(got, expected);
    }
}
