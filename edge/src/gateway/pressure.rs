//! How full the fleet is.

use bus_schema::{
    Error,
    model::{session::State, worker::Worker},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::Gateway;

/// How full the workers of this gateway's region are.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct Pressure {
    /// A new session would start at once.
    pub available: bool,
    /// 0 (idle) to 1 (full), averaged over the workers that take sessions.
    pub pressure: f64,
    pub workers: u32,
    pub draining: u32,
    pub slots: u32,
    pub busy: u32,
    /// Warm browsers ready to be handed out.
    pub warm: u32,
    /// Requests that wait.
    pub queued: u32,
}

impl Gateway {
    pub async fn pressure(&self) -> Result<Pressure, Error> {
        let workers = self.live_workers().await?;
        let snapshot = self.census(self.bus().region()).await?;
        let queued = snapshot.sessions.iter().filter(|s| s.state == State::Queued).count();
        Ok(sum(&workers, u32::try_from(queued).unwrap_or(u32::MAX)))
    }
}

fn sum(workers: &[Worker], queued: u32) -> Pressure {
    let taking = || workers.iter().filter(|w| !w.draining && !w.frozen);
    let slots = taking().map(|w| w.slots).sum();
    let busy = taking().map(|w| w.busy).sum();
    let count = u32::try_from(workers.len()).unwrap_or(u32::MAX);
    let pressure = match taking().count() {
        0 => 1.0,
        #[expect(clippy::cast_precision_loss, reason = "a fleet has far fewer than 2^52 workers")]
        n => taking().map(|w| w.pressure.clamp(0.0, 1.0)).sum::<f64>() / n as f64,
    };
    Pressure {
        available: queued == 0 && taking().any(|w| w.busy < w.slots && w.pressure < 1.0),
        pressure,
        workers: count,
        draining: u32::try_from(workers.iter().filter(|w| w.draining).count()).unwrap_or(u32::MAX),
        slots,
        busy,
        warm: taking().map(|w| w.warm).sum(),
        queued,
    }
}

#[cfg(test)]
mod tests {
    use bus_schema::{Pool, Region, WorkerId, model::time::Timestamp};

    use super::*;

    fn worker(busy: u32, draining: bool) -> Worker {
        Worker {
            id: WorkerId::new("w").unwrap(),
            region: Region::default(),
            pools: vec![Pool::default()],
            version: "0".into(),
            host: "h".into(),
            pid: 1,
            slots: 4,
            busy,
            warm: 1,
            pressure: f64::from(busy) / 4.0,
            draining,
            frozen: false,
            browsers: vec![],
            versions: vec![],
            simulated: true,
            started_at: Timestamp(0),
            seen_at: Timestamp(0),
        }
    }

    #[test]
    fn there_is_room_while_a_worker_takes_sessions_and_nobody_waits() {
        assert!(sum(&[worker(3, false), worker(4, false)], 0).available);
        assert!(!sum(&[worker(3, false)], 1).available);
        assert!(!sum(&[worker(4, false)], 0).available);
        assert!(!sum(&[worker(0, true)], 0).available);
        let none = sum(&[], 0);
        assert!(!none.available && none.pressure >= 1.0);
        assert_eq!(sum(&[worker(1, false), worker(0, true)], 0).slots, 4);
    }
}
