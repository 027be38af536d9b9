//! The claim loop, and claims.

use bus_schema::model::session::State;

use super::{
    faults::Port,
    tree::{Setup, Tree},
};

#[tokio::test(start_paused = true)]
async fn a_loop_that_panics_over_a_request_claims_it_and_the_next() {
    let tree = Tree::start(Setup::default()).await;
    let first = tree.create().await;
    tree.faults.panic_at(Port::ClaimQueue, 1);
    tree.create().await;
    tree.create().await;
    assert!(tree.faults.is_over(Port::ClaimQueue));
    assert!(tree.run(&first).await.unwrap().is_ok());
    tree.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_look_that_panics_is_not_the_last() {
    let tree = Tree::start(Setup::default()).await;
    // Behind the reaper's first scan, which reads the queues too.
    tree.a_while().await;
    tree.faults.panic_at(Port::Waiting, 1);
    tree.until_over(Port::Waiting).await;
    tree.create().await;
    tree.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_loop_that_panics_as_it_starts_again_is_started_once_more() {
    let tree = Tree::start(Setup::default()).await;
    tree.faults.panic_at(Port::ClaimQueue, 1);
    tree.faults.panic_at(Port::StartLimit, 1);
    tree.create().await;
    assert!(tree.faults.is_over(Port::StartLimit));
    tree.drain().await;
}

#[tokio::test(start_paused = true)]
async fn slots_that_are_taken_stay_so_when_the_loop_is_started_again() {
    let tree = Tree::start(Setup { slots: 3, ..Setup::default() }).await;
    let session = tree.create().await;
    tree.browsers.hold_starts(true);
    let starting = tree.ask();
    tree.until("its browser starts", || tree.browsers.started() == 2).await;
    tree.faults.panic_at(Port::ClaimQueue, 1);
    let last = tree.ask();
    tree.until("it has the last slot", || tree.browsers.started() == 3).await;
    assert!(tree.faults.is_over(Port::ClaimQueue));
    let waits = tree.ask();
    tree.browsers.hold_starts(false);
    tree.until_state(&starting, State::Ready).await;
    tree.until_state(&last, State::Ready).await;
    tree.a_while().await;
    assert_eq!(tree.state(&waits), State::Queued, "every slot is taken");
    tree.end(&session).await;
    tree.until_state(&waits, State::Ready).await;
    let waits = tree.ask();
    tree.a_while().await;
    assert_eq!(tree.state(&waits), State::Queued, "every slot is taken again");
    tree.end(&starting).await;
    tree.until_state(&waits, State::Ready).await;
    tree.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_panics_gives_its_session_back_to_be_claimed_again() {
    for port in [Port::Start, Port::Serve] {
        let tree = Tree::start(Setup { slots: 1, ..Setup::default() }).await;
        tree.faults.panic_at(port, 1);
        let id = tree.create().await;
        assert!(tree.faults.is_over(port));
        assert_eq!(tree.bus.entry_of(&id).attempts, 1, "{port:?}");
        assert!(tree.run(&id).await.unwrap().is_ok());
        tree.drain().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_loop_that_panics_again_and_again_stops_the_worker() {
    let tree = Tree::start(Setup::default()).await;
    tree.create().await;
    tree.faults.panic_at(Port::ClaimQueue, usize::MAX);
    tree.ask();
    tree.stopped().await;
}
