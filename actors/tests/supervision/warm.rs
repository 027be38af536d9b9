//! The warm pool.

use super::{
    faults::{Faults, Port},
    tree::{Setup, Tree},
};

fn warm() -> Setup {
    Setup { warm: 1, ..Setup::default() }
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_panics_fills_again_and_claims_take_from_it() {
    let tree = Tree::start(warm()).await;
    tree.until("it is full", || tree.browsers.warmed() == 1).await;
    tree.faults.panic_at(Port::IsAlive, 1);
    tree.until("it is full again", || tree.browsers.warmed() == 2).await;
    assert_eq!(tree.browsers.live(), 1, "what it held before is gone");
    tree.create().await;
    assert_eq!(tree.browsers.started(), 0, "the session has the warm browser");
    tree.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_warm_start_that_panics_is_made_up_for() {
    let faults = Faults::default();
    faults.panic_at(Port::Warm, 3);
    let tree = Tree::start(Setup { faults, ..warm() }).await;
    tree.until("it is full", || tree.browsers.warmed() == 1).await;
    tree.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_is_started_again_in_a_drain_starts_nothing() {
    let tree = Tree::start(warm()).await;
    tree.create().await;
    tree.until("it is full", || tree.browsers.warmed() == 2).await;
    tree.faults.panic_at(Port::IsAlive, 1);
    tree.until_over(Port::IsAlive).await;
    let browsers = std::sync::Arc::clone(&tree.browsers);
    tree.drain().await;
    assert_eq!(browsers.warmed(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_panics_again_and_again_stops_the_worker() {
    let tree = Tree::start(warm()).await;
    tree.faults.panic_at(Port::IsAlive, usize::MAX);
    tree.stopped().await;
}
