mod burst;
mod drain;
mod edge;
mod nats;
mod real;
mod steps;
mod worker;

use std::time::{Duration, Instant};

use bus_schema::model::{event::Event, session::EndReason};
use load_tests::cluster::{Cluster, SOON, process_table};

/// Waits for a condition, and says what it last saw if it never comes.
async fn until<T: std::fmt::Debug>(what: &str, mut look: impl FnMut() -> T, good: impl Fn(&T) -> bool) -> T {
    let deadline = Instant::now() + SOON;
    loop {
        let seen = look();
        if good(&seen) {
            return seen;
        }
        assert!(Instant::now() < deadline, "waited for {what}; last seen: {seen:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The reasons of all terminal events of a session.
async fn ends(cluster: &Cluster, id: &str) -> Vec<Option<EndReason>> {
    cluster.terminal_events(id).await.unwrap().iter().map(Event::end_reason).collect()
}

/// Those of these processes that still run.
fn running(pids: &[i32]) -> Vec<process_table::Running> {
    process_table::all().into_iter().filter(|running| pids.contains(&running.pid)).collect()
}
