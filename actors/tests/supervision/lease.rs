//! The lease.

use bus_schema::{WorkerId, model::session::State};

use super::{
    faults::Port,
    tree::{Setup, Tree},
};

#[tokio::test(start_paused = true)]
async fn a_lease_that_panics_over_a_freeze_is_followed_by_one_that_freezes_and_renews() {
    let tree = Tree::start(Setup::default()).await;
    let id = tree.create().await;
    tree.faults.panic_at(Port::Freeze, 1);
    tree.faults.cut(Port::Renew);
    tree.until_over(Port::Freeze).await;
    tree.until("every browser is stopped", || tree.browsers.is_frozen()).await;
    // As long as the lease is not renewed, it stays so.
    tree.a_while().await;
    assert!(tree.browsers.is_frozen() && !tree.gate.may_act());
    let last = tree.bus.renewed();
    tree.faults.mend(Port::Renew);
    tree.until("it acts again", || tree.gate.may_act() && !tree.browsers.is_frozen()).await;
    assert!(tree.bus.renewed() > last);
    assert!(tree.run(&id).await.unwrap().is_ok(), "the session goes on");
    tree.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_panics_is_not_the_last() {
    let tree = Tree::start(Setup::default()).await;
    let id = tree.create().await;
    tree.faults.panic_at(Port::Renew, 1);
    tree.until_over(Port::Renew).await;
    let last = tree.bus.renewed();
    tree.until("renewed again and again", || tree.bus.renewed() > last + 5).await;
    tree.until("it acts again", || tree.gate.may_act() && !tree.browsers.is_frozen()).await;
    assert!(tree.run(&id).await.unwrap().is_ok());
    tree.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_lease_taken_away_while_nobody_held_it_means_that_entries_must_be_won() {
    let tree = Tree::start(Setup::default()).await;
    let (kept, lost) = (tree.create().await, tree.create().await);
    tree.faults.panic_at(Port::Freeze, 1);
    tree.faults.cut(Port::Renew);
    tree.until_over(Port::Freeze).await;
    tree.bus.judge_dead();
    let mut entry = tree.bus.entry_of(&lost);
    entry.owner = Some(WorkerId::new("peer").unwrap());
    entry.epoch = entry.epoch.next();
    tree.bus.put(entry.clone());
    let before = tree.bus.revision_of(&kept);
    tree.faults.mend(Port::Renew);
    tree.until("it acts again", || tree.gate.may_act() && !tree.browsers.is_frozen()).await;
    assert!(tree.bus.revision_of(&kept) > before, "a reaper that is about to write it loses");
    assert!(tree.run(&kept).await.unwrap().is_ok());
    tree.until("only what was won has a browser", || tree.browsers.live() == 1).await;
    assert_eq!(tree.bus.entry_of(&lost), entry);
    tree.drain().await;
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_compared_is_compared_again() {
    let tree = Tree::start(Setup::default()).await;
    let id = tree.create().await;
    tree.faults.cut(Port::Renew);
    tree.until("it is frozen", || tree.browsers.is_frozen()).await;
    tree.faults.cut(Port::FromLeader);
    tree.faults.mend(Port::Renew);
    tree.a_while().await;
    assert!(tree.browsers.is_frozen(), "nothing is known of its entries");
    tree.faults.mend(Port::FromLeader);
    tree.until("it acts again", || tree.gate.may_act() && !tree.browsers.is_frozen()).await;
    assert!(tree.run(&id).await.unwrap().is_ok());
    tree.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_panics_again_and_again_stops_the_worker() {
    let tree = Tree::start(Setup::default()).await;
    let id = tree.create().await;
    tree.faults.panic_at(Port::Freeze, usize::MAX);
    tree.faults.cut(Port::Renew);
    let bus = std::sync::Arc::clone(&tree.bus);
    tree.stopped().await;
    assert_eq!(bus.entry_of(&id).state, State::Ready, "its peers take it");
}
