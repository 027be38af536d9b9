//! Tells those who watch which cursor is under the pointer of whoever drives.

use std::{sync::Arc, time::Duration};

use actors::port::BrowserEvent;
use bus_schema::model::note::Note;
use tokio::{
    sync::{mpsc, watch},
    time::{sleep, timeout},
};

use crate::command::{self, Context, Pointer};

/// The page is asked no more often than this.
const APART: Duration = Duration::from_millis(100);
/// It is asked once more when the pointer has rested for so long: what was done there may have changed what is there.
const REST: Duration = Duration::from_millis(400);

/// Beside the input, which never waits for it. `moved`: where the pointer is; `None`: somebody else drives.
pub(super) async fn tell(
    context: Arc<Context>,
    mut moved: watch::Receiver<Option<Pointer>>,
    sink: mpsc::Sender<BrowserEvent>,
) {
    let mut last = None;
    while moved.changed().await.is_ok() {
        loop {
            let Some(at) = *moved.borrow_and_update() else {
                last = None;
                break;
            };
            if !ask(&context, at, &mut last, &sink).await {
                return;
            }
            sleep(APART).await;
            match timeout(REST, moved.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return,
                Err(_) => {
                    if !ask(&context, at, &mut last, &sink).await {
                        return;
                    }
                    break;
                }
            }
        }
    }
}

/// `false`: nobody is told any more.
async fn ask(
    context: &Context,
    at: Pointer,
    last: &mut Option<String>,
    sink: &mpsc::Sender<BrowserEvent>,
) -> bool {
    let Some(cursor) = command::cursor_at(context, at).await else { return true };
    if last.as_ref() == Some(&cursor) {
        return true;
    }
    *last = Some(cursor.clone());
    sink.send(BrowserEvent::Note(Note::Cursor { cursor })).await.is_ok()
}
