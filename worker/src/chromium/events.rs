//! What the tabs report, as the session says it.

use std::{sync::Arc, time::Duration};

use actors::port::BrowserEvent;
use bus_schema::model::{event::EventType, note, rpc::DownloadState};
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::Instant};

use super::{files::Store, person};
use crate::page::{Event, Note};

/// Live-only notes a second; what is beyond is counted.
const NOTES: u32 = 50;

/// Passes on what the tabs report until either side is gone.
pub(super) async fn pump(
    mut events: mpsc::Receiver<Event>,
    sink: mpsc::Sender<BrowserEvent>,
    files: Arc<Store>,
) {
    let mut notes = Notes::new();
    while let Some(event) = events.recv().await {
        for said in said(event, &files, &mut notes) {
            if sink.send(said).await.is_err() {
                return;
            }
        }
    }
}

fn say(kind: EventType, data: Value) -> BrowserEvent {
    BrowserEvent::Say { kind, data }
}

fn said(event: Event, files: &Store, notes: &mut Notes) -> Vec<BrowserEvent> {
    match event {
        Event::TabOpened { n, url, opener } => {
            let data = json!({ "opened": { "n": n, "url": url, "opener": opener } });
            vec![say(EventType::Tab, data), BrowserEvent::Changed]
        }
        Event::TabClosed { n } => vec![
            say(EventType::Tab, json!({ "closed": { "n": n } })),
            // A dialog of a tab that is gone is answered.
            BrowserEvent::Dialog { tab: n, open: None },
            BrowserEvent::Changed,
        ],
        Event::TabActivated { n } => {
            vec![say(EventType::Tab, json!({ "activated": { "n": n } })), BrowserEvent::Changed]
        }
        Event::Navigated { n, url, same_document } => {
            let data = json!({ "tab": n, "url": url, "same_document": same_document });
            vec![say(EventType::Navigated, data), BrowserEvent::Changed]
        }
        Event::Titled { .. } => vec![BrowserEvent::Changed],
        Event::DialogOpened(open) => vec![BrowserEvent::Dialog { tab: open.tab, open: Some(open) }],
        Event::DialogClosed { n, .. } => vec![BrowserEvent::Dialog { tab: n, open: None }],
        Event::Download { guid, n, url, name, received, total, state } => {
            if !files.download(&guid, &name, &url, received, state) {
                return Vec::new();
            }
            let data = json!({
                "tab": n, "name": name, "url": url, "received": received, "total": total, "state": state,
            });
            vec![say(EventType::Download, data)]
        }
        Event::ChooserOpened(chooser) => vec![person::opened(chooser)],
        Event::ChooserClosed { id } => vec![BrowserEvent::Note(note::Note::ChooserOver { id })],
        Event::Copied { text, truncated } => vec![person::copied(text, truncated)],
        Event::Cursor { cursor } => vec![BrowserEvent::Note(note::Note::Cursor { cursor })],
        Event::Touched { n, label, kind } => vec![BrowserEvent::Touched { tab: n, label, kind }],
        Event::Crashed { n } => {
            vec![say(EventType::Error, json!({ "tab": n, "detail": "the page's renderer crashed" }))]
        }
        Event::Note { n, note } => notes.admit(n, note).into_iter().collect(),
        Event::NotesDropped { count } => {
            notes.left_out += count;
            Vec::new()
        }
    }
}

/// Whether a state is one of the two that are told.
pub(super) fn is_final(state: DownloadState) -> bool {
    match state {
        DownloadState::Completed | DownloadState::Canceled => true,
        DownloadState::InProgress => false,
    }
}

struct Notes {
    second: Instant,
    said: u32,
    left_out: u64,
}

impl Notes {
    fn new() -> Self {
        Self { second: Instant::now(), said: 0, left_out: 0 }
    }

    fn admit(&mut self, n: u32, note: Note) -> Option<BrowserEvent> {
        if self.second.elapsed() >= Duration::from_secs(1) {
            self.second = Instant::now();
            self.said = 0;
        }
        if self.said >= NOTES {
            self.left_out += 1;
            return None;
        }
        self.said += 1;
        let (kind, mut data) = match note {
            Note::Console { level, text } => (EventType::Console, json!({ "level": level, "text": text })),
            Note::Exception { text } => (EventType::Console, json!({ "level": "exception", "text": text })),
            Note::Request { id, method, url, resource } => {
                (EventType::Network, json!({ "id": id, "method": method, "url": url, "resource": resource }))
            }
            Note::Response { id, status, url, mime_type } => (
                EventType::Network,
                json!({ "id": id, "status": status, "url": url, "mime_type": mime_type }),
            ),
            Note::Failed { id, error } => (EventType::Network, json!({ "id": id, "error": error })),
        };
        data["tab"] = n.into();
        if self.left_out > 0 {
            data["left_out"] = std::mem::take(&mut self.left_out).into();
        }
        Some(say(kind, data))
    }
}
