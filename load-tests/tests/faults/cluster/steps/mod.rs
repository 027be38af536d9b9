//! Every step of a claim, of an end and of a recovery, with every fault at it: the worker killed or stopped, or the
//! server killed, right before the step's message is passed on and right before its answer is.
//!
//! Whatever happens where: the session comes to rest usable, with one owner, or ended with one event; no request and
//! no slot is lost.

mod cell;
mod client;
mod step;
mod wire;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::Semaphore, task::JoinSet};

use cell::{Cell, Fault};
use step::Scene;
use wire::Side;

/// Each cell mostly waits: for leases to run out and for requests to be delivered again.
const AT_ONCE: usize = 40;
const PATIENCE: Duration = Duration::from_secs(120);

fn cells(scene: Scene) -> Vec<Cell> {
    // `ONLY=Stop` or `ONLY=NotedKeysRead` runs the cells whose name has that.
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut cells = Vec::new();
    for &step in scene.steps() {
        for side in [Side::Before, Side::After] {
            cells.extend(Fault::ALL.map(|fault| Cell { scene, step, side, fault }));
        }
    }
    // An answer that is lost with its connection is lost alike however soon the server is back.
    cells.retain(|cell| (cell.fault, cell.side) != (Fault::Restart, Side::After));
    cells.retain(|cell| format!("{cell:?}").contains(&only));
    cells
}

async fn run(cells: Vec<Cell>) {
    let (places, mut running) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new());
    let count = cells.len();
    for cell in cells {
        let places = places.clone();
        running.spawn(async move {
            let _place = places.acquire_owned().await.unwrap();
            let began = Instant::now();
            // Of its own, so that a panic is this cell's failure and no other's.
            let cell_task = tokio::spawn(tokio::time::timeout(PATIENCE, cell.run()));
            (cell, cell_task.await, began.elapsed())
        });
    }
    let mut failures = Vec::new();
    while let Some(done) = running.join_next().await {
        let (cell, outcome, took) = done.unwrap();
        let why = match outcome {
            Ok(Ok(Ok(()))) => None,
            Ok(Ok(Err(e))) => Some(format!("{e:#}")),
            Ok(Err(e)) => Some(e.to_string()),
            Err(e) => Some(e.to_string()),
        };
        println!("{:>5.1} s {} {cell:?}", took.as_secs_f64(), if why.is_some() { "FAILED" } else { "ok" });
        failures.extend(why.map(|why| format!("{cell:?}: {why}")));
    }
    assert!(failures.is_empty(), "{} of {count} failed:\n\n{}", failures.len(), failures.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_at_any_step_loses_no_session() {
    run(Scene::ALL.into_iter().flat_map(cells).collect()).await;
}
