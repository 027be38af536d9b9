//! Memory and disk of one session: over its quota it ends, and not the machine.

use std::{sync::Weak, time::Duration};

use actors::port::BrowserEvent;
use bus_schema::model::session::EndReason;
use tokio::sync::mpsc;

use super::fleet::Quotas;
use crate::browser::Process;

/// Reading the memory of all processes of a browser takes some milliseconds.
const EVERY: Duration = Duration::from_secs(5);

/// Watches a browser until it is gone or has used too much.
pub(super) async fn watch(process: Weak<Process>, quotas: Quotas, sink: mpsc::Sender<BrowserEvent>) {
    loop {
        tokio::time::sleep(EVERY).await;
        let Some(process) = process.upgrade() else { return };
        let read = tokio::task::spawn_blocking(move || (process.pss_bytes(), process.disk_bytes())).await;
        let Ok((memory, disk)) = read else { return };
        let over = over("memory", EndReason::Oom, memory, quotas.memory_bytes)
            .or_else(|| over("disk", EndReason::Evicted, disk, quotas.disk_bytes));
        if let Some(gone) = over {
            let _ = sink.send(gone).await;
            return;
        }
    }
}

fn over(what: &str, reason: EndReason, used: std::io::Result<u64>, quota: u64) -> Option<BrowserEvent> {
    let used = used.ok().filter(|used| *used > quota)?;
    let detail = format!("{what} over its quota: {} of {} MiB", used >> 20, quota >> 20);
    Some(BrowserEvent::Gone { reason, detail })
}
