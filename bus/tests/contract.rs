//! What the bus promises, against a real nats-server.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, time::Duration};

use bus::{Bus, entry::WriteError, lease::LeaseError, testing::Server};
use bus_schema::{
    Class, Epoch, ErrorCode, Region, SessionId, Tenant, WorkerId,
    model::{
        create::CreateSession,
        entry::Entry,
        event::{Event, EventType},
        rpc::{Attachment, Inspect, OwnerReply, WorkRequest, WorkerReply, WorkerRequest},
        session::{EndReason, State},
        worker::Lease,
    },
};
use tokio::time::{Instant, timeout};

const SOON: Duration = Duration::from_secs(5);

fn tenant() -> Tenant {
    Tenant::default()
}

fn queued(bus: &Bus) -> Entry {
    Entry::queued(SessionId::random(Region::default()), tenant(), CreateSession::default(), bus.now())
}

fn request(entry: &Entry) -> WorkRequest {
    WorkRequest {
        session: entry.id.clone(),
        tenant: entry.tenant.clone(),
        spec: entry.spec.clone(),
        deadline: Some(entry.queue_deadline),
    }
}

fn claimed(mut entry: Entry, worker: &str) -> Entry {
    entry.owner = Some(WorkerId::new(worker).unwrap());
    entry.epoch = entry.epoch.next();
    entry.state = State::Ready;
    entry
}

#[tokio::test]
async fn bus_time_is_the_servers() {
    let server = Server::start();
    let bus = server.bus().await;
    let wall = bus_schema::model::time::Timestamp::now();
    assert!((bus.now().0 - wall.0).abs() < 1_000, "on one machine both clocks agree");
}

#[tokio::test]
async fn a_server_with_little_storage_serves_with_smaller_limits() {
    let server = Server::with_storage("2GB");
    let bus = server.bus().await;
    let entry = queued(&bus);
    bus.entries().create(&entry).await.unwrap();
    let stored = bus.artifacts().put(bus.region(), "a/b", &b"bytes"[..], 100).await.unwrap();
    assert_eq!(stored, 5);
}

#[tokio::test]
async fn a_listing_of_many_entries_is_whole_and_costs_no_consumer() {
    const COUNT: usize = 700;
    let server = Server::start();
    let bus = server.bus().await;
    let mut kept = BTreeSet::new();
    for n in 0..COUNT {
        let entry = queued(&bus);
        let revision = bus.entries().create(&entry).await.unwrap();
        match n % 7 {
            0 => bus.entries().withdraw(&entry, revision).await.unwrap(),
            1 => {
                bus.entries().write(&claimed(entry.clone(), "w1"), revision).await.unwrap();
                kept.insert(entry.id);
            }
            _ => drop(kept.insert(entry.id)),
        }
    }
    for _ in 0..3 {
        let listed = bus.entries().list(bus.region(), Some(&tenant())).await.unwrap();
        assert_eq!(listed.len(), kept.len(), "each once");
        assert_eq!(listed.into_iter().map(|s| s.entry.id).collect::<BTreeSet<_>>(), kept);
    }
    assert!(bus.entries().list(bus.region(), Some(&Tenant::new("other").unwrap())).await.unwrap().is_empty());
    let js = async_nats::jetstream::new(async_nats::connect(server.url()).await.unwrap());
    let bucket = bus_schema::stream::sessions_bucket(bus.root(), bus.region());
    let stream = js.get_stream(format!("KV_{bucket}")).await.unwrap();
    assert_eq!(stream.cached_info().state.consumer_count, 0);
}

#[tokio::test]
async fn an_entry_has_one_first_writer_and_one_claimer() {
    let server = Server::start();
    let (a, b) = (server.bus().await, server.bus().await);
    let entry = queued(&a);
    let revision = a.entries().create(&entry).await.unwrap();
    let mut other = entry.clone();
    other.spec.name = Some("another".into());
    // Two edges under one idempotency key: the second learns what stands there, or is told that it wrote it itself.
    assert_eq!(b.entries().create(&entry).await.unwrap(), revision);

    let (one, two) = (claimed(entry.clone(), "w1"), claimed(entry.clone(), "w2"));
    let (ea, eb) = (a.entries(), b.entries());
    let (first, second) = tokio::join!(ea.write(&one, revision), eb.write(&two, revision));
    let (won, lost) = if first.is_ok() { (first, second) } else { (second, first) };
    let Err(WriteError::Lost(Some(stands))) = lost else { panic!("both claimed it: {lost:?}") };
    assert_eq!(stands.revision, won.unwrap());
    assert_eq!(stands.entry.epoch, Epoch(1));
    let read = a.entries().get(&tenant(), &entry.id).await.unwrap().unwrap();
    assert_eq!(*stands, read);
}

#[tokio::test]
async fn a_second_request_under_one_id_never_writes_over_the_first() {
    let server = Server::start();
    let (a, b) = (server.bus().await, server.bus().await);
    let entry = queued(&a);
    let revision = a.entries().create(&entry).await.unwrap();
    let mut other = entry.clone();
    other.spec.name = Some("another".into());
    let Err(WriteError::Lost(Some(stands))) = b.entries().create(&other).await else {
        panic!("the second one wrote over the first")
    };
    assert_eq!((stands.entry.spec.name.as_deref(), stands.revision), (None, revision));

    // Refused by its queue, it is taken back, and the id is free again.
    a.entries().withdraw(&entry, revision).await.unwrap();
    assert!(a.entries().get(&tenant(), &entry.id).await.unwrap().is_none());
    b.entries().create(&other).await.unwrap();
}

#[tokio::test]
async fn an_owner_whose_write_was_not_answered_takes_its_revision_up_again() {
    let server = Server::start();
    let bus = server.bus().await;
    let entry = queued(&bus);
    let revision = bus.entries().create(&entry).await.unwrap();
    let mine = claimed(entry, "w1");
    let ready = bus.entries().write(&mine, revision).await.unwrap();
    // As if the answer had been lost: the old revision is expected again, for the same and for a newer value.
    assert_eq!(bus.entries().write(&mine, revision).await.unwrap(), ready);
    let mut newer = mine.clone();
    newer.page.url = "https://example.com/".into();
    assert!(bus.entries().write(&newer, revision).await.unwrap() > ready);

    let mut reaped = newer.clone();
    reaped.owner = None;
    reaped.state = State::Recovering;
    let stored = bus.entries().get_from_leader(&tenant(), &mine.id).await.unwrap().unwrap();
    // A reaper's write is another owner's.
    let e = bus.entries().write(&reaped, 1).await.unwrap_err();
    assert!(matches!(e, WriteError::Lost(_)), "a reaper needs the revision it saw: {e}");
    bus.entries().write(&reaped, stored.revision).await.unwrap();
    let e = bus.entries().write(&newer, stored.revision).await.unwrap_err();
    assert!(matches!(e, WriteError::Lost(Some(_))), "{e}");
}

#[tokio::test]
async fn requests_wait_in_order_and_are_claimed_once() {
    let server = Server::start();
    let bus = server.bus().await;
    let entries: Vec<Entry> = (0..3).map(|_| queued(&bus)).collect();
    let queue = entries[0].queue();
    assert!(bus.work_queue().pull(&queue).await.unwrap().is_none(), "an empty queue yields at once");
    let mut knocks = bus.work_queue().knocks(&queue.pool).await.unwrap();
    for e in &entries {
        bus.work_queue().publish(&request(e), &queue, true).await.unwrap();
    }
    // The same request sent again by a client that retries is stored once.
    bus.work_queue().publish(&request(&entries[0]), &queue, true).await.unwrap();
    assert_eq!(bus.work_queue().waiting(&Region::default()).await.unwrap().get(&queue), Some(&3));
    let knock = timeout(SOON, knocks.next()).await.unwrap().unwrap();
    assert_eq!(knock.queue, queue);

    for e in &entries {
        let claimed = bus.work_queue().pull(&queue).await.unwrap().unwrap();
        assert_eq!(claimed.request.unwrap(), request(e));
        assert!(!claimed.redelivered);
        claimed.acker.ack().await.unwrap();
    }
    assert!(bus.work_queue().pull(&queue).await.unwrap().is_none());
    assert!(bus.work_queue().waiting(&Region::default()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_request_without_a_deadline_has_one_from_when_it_was_stored() {
    let server = Server::start();
    let bus = server.bus().await;
    let entry = queued(&bus);
    let asked = WorkRequest { deadline: None, ..request(&entry) };
    bus.work_queue().publish(&asked, &entry.queue(), true).await.unwrap();
    let stored = bus.now();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let claimed = bus.work_queue().pull(&entry.queue()).await.unwrap().unwrap();
    let deadline = claimed.request.unwrap().deadline.unwrap();
    let expected = stored.plus(entry.spec.queue_timeout_s.duration());
    assert!((deadline.0 - expected.0).abs() < 200, "{deadline:?} is not {expected:?}");
}

#[tokio::test]
async fn a_nak_comes_again_after_its_delay() {
    let server = Server::start();
    let bus = server.bus().await;
    let e = queued(&bus);
    bus.work_queue().publish(&request(&e), &e.queue(), true).await.unwrap();
    let claimed = bus.work_queue().pull(&e.queue()).await.unwrap().unwrap();
    claimed.acker.nak(Duration::from_millis(200)).await.unwrap();
    let deadline = Instant::now() + SOON;
    let again = loop {
        if let Some(c) = bus.work_queue().pull(&e.queue()).await.unwrap() {
            break c;
        }
        assert!(Instant::now() < deadline, "never delivered again");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert!(again.redelivered);
    again.acker.term().await.unwrap();
    assert!(bus.work_queue().waiting(&Region::default()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_full_queue_refuses_only_its_tenant() {
    let server = Server::start();
    let bus = Bus::connect(&server.options()).await.unwrap();
    bus.provision(&bus::provision::Provision { queue_limit: 2, ..Default::default() }).await.unwrap();
    let other = Tenant::new("other").unwrap();
    for (i, e) in (0..3).map(|i| (i, queued(&bus))) {
        let published = bus.work_queue().publish(&request(&e), &e.queue(), true).await;
        if i < 2 {
            published.unwrap();
        } else {
            let e = published.unwrap_err();
            assert_eq!(e.code, ErrorCode::ResourceExhausted);
            assert!(e.retryable && e.retry_after_s.is_some());
        }
    }
    let mut e = queued(&bus);
    e.tenant = other;
    bus.work_queue().publish(&request(&e), &e.queue(), true).await.unwrap();
}

#[tokio::test]
async fn a_lease_is_renewed_by_its_holder_and_taken_by_who_saw_it_last() {
    let server = Server::start();
    let bus = server.bus().await;
    let worker = WorkerId::new("w1").unwrap();
    let lease = |n| Lease { worker: worker.clone(), n };
    let first = bus.leases().renew(&lease(1), 0, SOON).await.unwrap();
    let second = bus.leases().renew(&lease(2), first, SOON).await.unwrap();
    assert!(
        matches!(bus.leases().delete(&worker, first).await, Err(LeaseError::Lost)),
        "it was renewed since"
    );
    bus.leases().delete(&worker, second).await.unwrap();
    assert!(matches!(bus.leases().renew(&lease(3), second, SOON).await, Err(LeaseError::Lost)));
    assert_eq!(bus.leases().revision(&worker).await.unwrap(), None);
    let marker = bus.leases().read(&worker).await.unwrap().unwrap().revision;
    bus.leases().renew(&lease(3), marker, SOON).await.unwrap();
    assert_eq!(bus.leases().list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_session_ends_once_and_its_follower_misses_nothing() {
    let server = Server::start();
    let bus = server.bus().await;
    let id = SessionId::random(Region::default());
    let mut live = bus.events().follow(&tenant(), &id, None).await.unwrap();
    let event = |kind| Event::new(kind, id.clone(), Epoch(1), serde_json::json!({}));
    bus.events().publish(&tenant(), &event(EventType::Created)).await.unwrap();
    bus.events().publish(&tenant(), &event(EventType::Ready)).await.unwrap();
    bus.events().publish(&tenant(), &event(EventType::Console)).await.unwrap();
    let ended = Event::ended(id.clone(), Epoch(1), EndReason::Released, None);
    assert!(bus.events().publish_ended(&tenant(), &ended).await.unwrap());
    let again = Event::ended(id.clone(), Epoch(2), EndReason::WorkerLost, None);
    assert!(!bus.events().publish_ended(&tenant(), &again).await.unwrap());

    let mut seen = Vec::new();
    while seen.last() != Some(&EventType::Ended) {
        let logged = timeout(SOON, live.next()).await.unwrap().unwrap();
        seen.push(logged.read().unwrap().kind);
    }
    seen.sort_by_key(|k| k.as_str());
    assert_eq!(seen, [EventType::Console, EventType::Created, EventType::Ended, EventType::Ready]);

    // From the log, from its start and from a sequence on.
    let mut log = bus.events().follow(&tenant(), &id, Some(0)).await.unwrap();
    let created = timeout(SOON, log.next()).await.unwrap().unwrap();
    assert_eq!(created.read().unwrap().kind, EventType::Created);
    let mut rest = bus.events().follow(&tenant(), &id, created.seq).await.unwrap();
    assert_eq!(timeout(SOON, rest.next()).await.unwrap().unwrap().read().unwrap().kind, EventType::Ready);
    let end = timeout(SOON, rest.next()).await.unwrap().unwrap();
    assert_eq!(end.read().unwrap().end_reason(), Some(EndReason::Released));
    assert_eq!(
        bus.events().ended(&tenant(), &id).await.unwrap().unwrap().end_reason(),
        Some(EndReason::Released)
    );
}

#[tokio::test]
async fn a_follower_makes_up_for_a_restart_of_the_server() {
    let mut server = Server::start();
    let (bus, other) = (server.bus().await, server.bus().await);
    let id = SessionId::random(Region::default());
    let event = |n: u32| Event::new(EventType::Step, id.clone(), Epoch(1), serde_json::json!({ "n": n }));
    let mut follower = bus.events().follow(&tenant(), &id, Some(0)).await.unwrap();
    for n in 0..700 {
        other.events().publish(&tenant(), &event(n)).await.unwrap();
        if n == 350 {
            tokio::time::sleep(Duration::from_millis(300)).await;
            server.restart();
        }
    }
    // What was in flight at the restart may come twice, or late; none may be missing.
    let mut missing: BTreeSet<u64> = (0..700).collect();
    while !missing.is_empty() {
        let next = timeout(Duration::from_secs(15), follower.next()).await;
        let logged = next.unwrap_or_else(|_| panic!("events are missing: {missing:?}")).unwrap();
        missing.remove(&logged.read().unwrap().data["n"].as_u64().unwrap());
    }
}

#[tokio::test]
async fn an_owner_answers_small_and_large() {
    let server = Server::start();
    let (edge, worker) = (server.bus().await, server.bus().await);
    let id = SessionId::random(Region::default());
    let session = queued(&edge).session();
    let mut inbox = worker.serve(&tenant(), &id).await.unwrap();
    worker.round_trip().await.unwrap();
    let large: bytes::Bytes = (0..20_000_000u32).map(|i| (i % 251) as u8).collect::<Vec<_>>().into();
    let answer = Attachment { media_type: "image/png".into(), bytes: large.clone() };
    let reply = session.clone();
    tokio::spawn(async move {
        let mut first = true;
        while let Some(incoming) = inbox.next().await {
            let attachment = (!std::mem::take(&mut first)).then(|| answer.clone());
            incoming.responder.send(OwnerReply::ok(&reply, attachment)).await;
        }
    });
    let deadline = Instant::now() + SOON * 4;
    let (got, none) = edge.owners().call(&tenant(), &id, Inspect {}, deadline).await.unwrap();
    assert_eq!((got, none), (session, None));
    let (_, got) = edge.owners().call(&tenant(), &id, Inspect {}, deadline).await.unwrap();
    assert_eq!(got.unwrap().bytes, large);
}

#[tokio::test]
async fn a_request_whose_answer_is_lost_with_the_server_is_sent_again_under_its_name() {
    let mut server = Server::start();
    let (worker, edge) = (server.bus().await, server.bus().await);
    let entry = queued(&edge);
    edge.entries().create(&entry).await.unwrap();
    let (session, id) = (entry.session(), entry.id.clone());
    let mut inbox = worker.serve(&tenant(), &id).await.unwrap();
    worker.round_trip().await.unwrap();
    let asking = tokio::spawn(async move {
        edge.owners().call(&tenant(), &id, Inspect {}, Instant::now() + SOON * 4).await
    });
    let first = timeout(SOON, inbox.next()).await.unwrap().unwrap();
    let name = first.attempt.clone().unwrap();
    assert_eq!(name.since, None, "nobody can have had it before");
    server.kill();
    server.restart();
    let again = timeout(SOON, inbox.next()).await.unwrap().unwrap();
    let renamed = again.attempt.clone().unwrap();
    assert_eq!((renamed.id, again.request), (name.id, first.request));
    assert!(renamed.since.is_some(), "an owner may have had it before");
    again.responder.send(OwnerReply::ok(&session, None)).await;
    let (answer, _) = timeout(SOON, asking).await.unwrap().unwrap().unwrap();
    assert_eq!(answer, session);
}

#[tokio::test]
async fn a_session_nobody_answers_for_is_judged_by_its_entry() {
    let server = Server::start();
    let bus = server.bus().await;
    let id = SessionId::random(Region::default());
    let deadline = || Instant::now() + SOON;
    let e = bus.owners().call(&tenant(), &id, Inspect {}, deadline()).await.unwrap_err();
    assert_eq!(e.code, ErrorCode::NotFound);

    let mut entry = queued(&bus);
    let revision = bus.entries().create(&entry).await.unwrap();
    let short = Instant::now() + Duration::from_millis(200);
    let e = bus.owners().call(&tenant(), &entry.id, Inspect {}, short).await.unwrap_err();
    assert_eq!(e.code, ErrorCode::Timeout, "held while queued: {e}");

    entry.state = State::Ended;
    entry.end_reason = Some(EndReason::Cancelled);
    bus.entries().write(&entry, revision).await.unwrap();
    let e = bus.owners().call(&tenant(), &entry.id, Inspect {}, deadline()).await.unwrap_err();
    assert_eq!(e.code, ErrorCode::Gone);
    assert!(e.detail.contains("cancelled"), "{e}");

    let ended = Event::ended(id.clone(), Epoch(1), EndReason::Lifetime, None);
    bus.events().publish_ended(&tenant(), &ended).await.unwrap();
    let e = bus.owners().call(&tenant(), &id, Inspect {}, deadline()).await.unwrap_err();
    assert_eq!(e.code, ErrorCode::Gone, "the log still has its end: {e}");
}

#[tokio::test]
async fn workers_are_asked_by_id() {
    let server = Server::start();
    let bus = server.bus().await;
    let worker = WorkerId::new("w1").unwrap();
    let region = Region::default();
    let e = bus.ask_worker(&region, &worker, WorkerRequest::Ping, SOON).await.unwrap_err();
    assert!(matches!(e, bus::control::AskError::NoResponders), "{e}");
    let mut inbox = bus.serve_worker(&worker).await.unwrap();
    tokio::spawn(async move { while inbox.answer_next(async |_| WorkerReply::Pong).await.is_some() {} });
    let reply = bus.ask_worker(&region, &worker, WorkerRequest::Ping, SOON).await.unwrap();
    assert_eq!(reply, WorkerReply::Pong);
}

#[tokio::test]
async fn a_request_of_a_class_waits_in_its_own_queue() {
    let server = Server::start();
    let bus = server.bus().await;
    let mut e = queued(&bus);
    e.class = Class::High;
    e.spec.priority = Class::High;
    bus.work_queue().publish(&request(&e), &e.queue(), true).await.unwrap();
    let mut normal = e.queue();
    normal.class = Class::Normal;
    assert!(bus.work_queue().pull(&normal).await.unwrap().is_none());
    assert!(bus.work_queue().pull(&e.queue()).await.unwrap().is_some());
}
