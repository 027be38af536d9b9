//! Sessions, and what holds them.

use std::time::Duration;

use bus_schema::{
    ErrorCode, SessionId,
    error::Outcome,
    model::{
        create::{CreateSession, PatchSession, Profile},
        rpc::{End, Inspect},
        session::{EndReason, State},
    },
};

use super::{
    faults::Port,
    tree::{Setup, Tree},
};

/// One session that is about to fail, beside one that is not.
async fn two(tree: &Tree) -> (SessionId, SessionId) {
    (tree.create().await, tree.create().await)
}

/// The one has ended as crashed, the other one serves, and the slot is free.
async fn check(tree: Tree, fails: &SessionId, stays: &SessionId) {
    tree.ended(fails, EndReason::Crashed).await;
    tree.until("its browser is gone", || tree.browsers.live() == 1).await;
    assert!(tree.run(stays).await.unwrap().is_ok());
    assert_eq!(tree.state(stays), State::Ready);
    tree.create().await;
    tree.drain().await;
}

fn small() -> Setup {
    Setup { slots: 2, ..Setup::default() }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_panics_ends_as_crashed_and_alone() {
    let tree = Tree::start(small()).await;
    let (fails, stays) = two(&tree).await;
    tree.faults.panic_at(Port::ActiveTab, 1);
    assert!(tree.run(&fails).await.is_none(), "its outcome is not known");
    check(tree, &fails, &stays).await;
}

#[tokio::test(start_paused = true)]
async fn a_session_whose_inbox_panics_is_not_left_deaf() {
    let tree = Tree::start(small()).await;
    let (fails, stays) = two(&tree).await;
    tree.faults.panic_at(Port::InboxNext, 1);
    assert!(tree.request(&fails, Inspect {}).await.is_none());
    check(tree, &fails, &stays).await;
}

#[tokio::test(start_paused = true)]
async fn a_session_whose_write_panics_fails() {
    let tree = Tree::start(small()).await;
    let (fails, stays) = two(&tree).await;
    tree.faults.panic_at(Port::Write, 1);
    let patch = PatchSession { name: Some("new".into()), ..PatchSession::default() };
    assert!(tree.request(&fails, patch).await.is_none());
    check(tree, &fails, &stays).await;
}

#[tokio::test(start_paused = true)]
async fn a_session_whose_end_panics_ends_all_the_same() {
    let tree = Tree::start(small()).await;
    let profile = Profile { name: "p".into(), save: true };
    let fails = tree.ask_for(CreateSession { profile: Some(profile), ..CreateSession::default() });
    tree.until_state(&fails, State::Ready).await;
    let stays = tree.create().await;
    tree.faults.panic_at(Port::Save, 1);
    assert!(tree.request(&fails, End { reason: EndReason::Released }).await.is_none());
    check(tree, &fails, &stays).await;
}

#[tokio::test(start_paused = true)]
async fn a_session_that_panics_is_ended_however_long_nats_is_away() {
    let tree = Tree::start(small()).await;
    let (fails, stays) = two(&tree).await;
    tree.faults.cut(Port::FromLeader);
    tree.faults.panic_at(Port::ActiveTab, 1);
    assert!(tree.run(&fails).await.is_none());
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(tree.state(&fails), State::Ready);
    tree.faults.mend(Port::FromLeader);
    check(tree, &fails, &stays).await;
}

#[tokio::test(start_paused = true)]
async fn a_command_that_panics_is_answered_and_holds_nobody_up() {
    let tree = Tree::start(Setup::default()).await;
    let id = tree.create().await;
    tree.faults.panic_at(Port::Run, 1);
    let e = tree.run(&id).await.unwrap().unwrap_err();
    assert_eq!((e.code, e.outcome), (ErrorCode::Internal, Some(Outcome::Unknown)), "{e}");
    assert!(tree.run(&id).await.unwrap().is_ok());
    tree.drain().await;
}

/// Panics over what Sessions has to say of a session that failed: it calls no port itself, and a log that cannot be
/// written is what is left to fail in its own handler.
struct PanickingLog;

impl tracing::Subscriber for PanickingLog {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().ends_with("session::supervisor")
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, _: &tracing::Event<'_>) {
        panic!("the log cannot be written");
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test(start_paused = true)]
async fn sessions_that_panic_stop_the_worker() {
    let _log = tracing::subscriber::set_default(PanickingLog);
    let tree = Tree::start(small()).await;
    let (fails, stays) = two(&tree).await;
    tree.faults.panic_at(Port::ActiveTab, 1);
    assert!(tree.run(&fails).await.is_none());
    let bus = std::sync::Arc::clone(&tree.bus);
    tree.stopped().await;
    assert_eq!(bus.entry_of(&stays).state, State::Ready, "its peers take it");
    assert!(bus.ends(&stays).is_empty());
}
