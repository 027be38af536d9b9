//! The reaper, whose work is all in tasks.

use bus_schema::{
    Region, SessionId, Tenant, WorkerId,
    model::{
        create::{CreateSession, OnWorkerLoss},
        entry::Entry,
        session::{EndReason, State},
    },
};

use actors::port::Bus;

use super::{
    faults::Port,
    tree::{Setup, Tree},
};

fn peer() -> WorkerId {
    WorkerId::new("peer").unwrap()
}

/// A session of a worker that is dead.
fn leave(tree: &Tree) -> SessionId {
    let spec = CreateSession { on_worker_loss: OnWorkerLoss::Fail, ..CreateSession::default() };
    let now = tree.bus.now();
    let mut entry = Entry::queued(SessionId::random(Region::default()), Tenant::default(), spec, now)
        .in_state(State::Ready, now);
    entry.owner = Some(peer());
    entry.epoch = entry.epoch.next();
    tree.bus.put(entry.clone());
    entry.id
}

#[tokio::test(start_paused = true)]
async fn a_look_at_the_leases_that_panics_is_not_the_last() {
    let tree = Tree::start(Setup::default()).await;
    // Behind the first scan, which reads the leases too.
    tree.a_while().await;
    tree.faults.panic_at(Port::Leases, 1);
    tree.until_over(Port::Leases).await;
    let left = leave(&tree);
    tree.bus.lease(peer());
    tree.ended(&left, EndReason::WorkerLost).await;
    tree.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_scan_that_panics_is_not_the_last() {
    let tree = Tree::start(Setup::default()).await;
    // Without a lease, its owner is found by a scan alone.
    let left = leave(&tree);
    tree.faults.panic_at(Port::Entries, 1);
    tree.ended(&left, EndReason::WorkerLost).await;
    assert!(tree.faults.is_over(Port::Entries));
    tree.drain().await;
}

#[tokio::test(start_paused = true)]
async fn an_entry_over_which_the_reaper_panics_keeps_it_from_no_other() {
    let tree = Tree::start(Setup::default()).await;
    let left = [leave(&tree), leave(&tree), leave(&tree)];
    tree.bus.lease(peer());
    tree.faults.panic_at(Port::Write, 1);
    for id in &left {
        tree.ended(id, EndReason::WorkerLost).await;
    }
    assert!(tree.faults.is_over(Port::Write));
    tree.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_reaper_whose_tasks_panic_again_and_again_stops_the_worker() {
    let tree = Tree::start(Setup::default()).await;
    tree.create().await;
    tree.faults.panic_at(Port::Leases, usize::MAX);
    tree.stopped().await;
}
