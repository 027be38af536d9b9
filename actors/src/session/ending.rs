//! How a session ends: first the entry, then the one terminal event.

use bus_schema::model::session::EndReason;
use tracing::{info, warn};

use crate::metrics::metrics;
use crate::port::{Bus, Stored, WriteFailure};

/// Ends a session by CAS and says so. Whoever wins the CAS publishes; the server admits one terminal event.
///
/// If the process dies in between, the reaper finds the entry ended by the dead and publishes for it.
pub async fn end(
    bus: &dyn Bus,
    stored: &Stored,
    reason: EndReason,
    detail: Option<String>,
) -> Result<u64, WriteFailure> {
    let ended = stored.entry.ended(reason, detail, bus.now());
    let revision = bus.write(ended.clone(), stored.revision).await?;
    let Some(event) = ended.ended_event() else { return Ok(revision) };
    // NATS may go away right here; what follows is retried for as long as a restart takes.
    let mut wait = std::time::Duration::from_millis(50);
    for _ in 0..8 {
        match bus.publish_ended(ended.tenant.clone(), event.clone()).await {
            Ok(_) => {
                metrics().ended.with_label_values(&[reason.as_str()]).inc();
                info!(session_id = %ended.id, reason = %reason, "session ended");
                return Ok(revision);
            }
            Err(e) => warn!(session_id = %ended.id, error = %e, "the end of a session is not published yet"),
        }
        tokio::time::sleep(wait).await;
        wait *= 2;
    }
    Ok(revision)
}
