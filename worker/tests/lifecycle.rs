//! The life of a session on simulated browsers, over a real nats-server.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use bus::{Bus, testing::Server};
use bus_schema::{
    ConnId, Error, ErrorCode, Region, SessionId, Tenant,
    error::Outcome,
    model::{
        command::{Command, CommandRequest, Evaluate, Navigate, WaitFor, WaitUntil},
        create::{CreateSession, KeepAlive, OnBrowserCrash, OnDisconnect, OnWorkerLoss},
        entry::Entry,
        event::{Event, EventType},
        rpc::{Attach, AttachKind, End, Inspect, Run, ViewBeat, WorkRequest},
        session::{EndReason, Session, State},
        ws::FramesWish,
    },
};
use tokio::time::{Instant, timeout};
use worker::node::{Config, Worker, run};

const SOON: Duration = Duration::from_secs(10);

/// What an edge or a service does, in few words.
struct Client {
    bus: Bus,
}

impl Client {
    async fn ask(&self, spec: CreateSession) -> Entry {
        let id = SessionId::random(Region::default());
        let entry = Entry::queued(id, Tenant::default(), spec, self.bus.now());
        self.bus.entries().create(&entry).await.unwrap();
        self.publish(&entry).await;
        entry
    }

    async fn publish(&self, entry: &Entry) {
        let request = WorkRequest {
            session: entry.id.clone(),
            tenant: entry.tenant.clone(),
            spec: entry.spec.clone(),
            deadline: Some(entry.queue_deadline),
        };
        self.bus.work_queue().publish(&request, &entry.queue(), true).await.unwrap();
    }

    async fn create(&self, spec: CreateSession) -> SessionId {
        let entry = self.ask(spec).await;
        self.until(&entry.id, EventType::Ready).await;
        entry.id
    }

    async fn until(&self, id: &SessionId, kind: EventType) -> Event {
        let mut follower = self.bus.events().follow(&Tenant::default(), id, Some(0)).await.unwrap();
        let mut seen = Vec::new();
        loop {
            let Ok(next) = timeout(SOON, follower.next()).await else {
                let entry = self.bus.entries().get(&Tenant::default(), id).await;
                panic!("no {kind:?} of {id}; seen {seen:?}; entry {entry:?}");
            };
            let event = next.unwrap().read().unwrap();
            if event.kind == kind {
                return event;
            }
            seen.push(event.kind);
        }
    }

    async fn evaluate(&self, id: &SessionId, expression: &str, key: Option<&str>) -> Result<String, Error> {
        let command = Evaluate { expression: expression.into(), args: Vec::new(), target: None };
        let mut request = CommandRequest::new(Command::Evaluate(command));
        request.key = key.map(str::to_owned);
        self.request(id, request, Duration::from_secs(5)).await
    }

    async fn navigate(&self, id: &SessionId, url: &str) -> Result<String, Error> {
        let command = Navigate { url: url.into(), wait_until: WaitUntil::default(), referrer: None };
        self.run(id, Command::Navigate(command), Duration::from_secs(5)).await
    }

    /// Brings the session's browser down.
    async fn crash(&self, id: &SessionId) -> Error {
        self.navigate(id, "data:,crash").await.unwrap_err()
    }

    async fn run(&self, id: &SessionId, command: Command, limit: Duration) -> Result<String, Error> {
        self.request(id, CommandRequest::new(command), limit).await
    }

    async fn request(
        &self,
        id: &SessionId,
        mut request: CommandRequest,
        limit: Duration,
    ) -> Result<String, Error> {
        request.timeout_ms = Some(u32::try_from(limit.as_millis()).unwrap());
        let run = Run { request, deadline: self.bus.now().plus(limit), conn: None };
        let deadline = Instant::now() + limit + Duration::from_secs(1);
        let (result, _) = self.bus.owners().call(&Tenant::default(), id, run, deadline).await?;
        Ok(result.result.get().to_owned())
    }

    async fn end(&self, id: &SessionId) -> Result<Session, Error> {
        let end = End { reason: EndReason::Released };
        let (session, _) = self.bus.owners().call(&Tenant::default(), id, end, Instant::now() + SOON).await?;
        Ok(session)
    }

    async fn entry(&self, id: &SessionId) -> Entry {
        self.bus.entries().get_from_leader(&Tenant::default(), id).await.unwrap().unwrap().entry
    }

    /// Waits until the entry is as wanted, and says what it was last if it never is.
    async fn entry_until(&self, id: &SessionId, wanted: impl Fn(&Entry) -> bool) -> Entry {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let entry = self.entry(id).await;
            if wanted(&entry) {
                return entry;
            }
            assert!(Instant::now() < deadline, "the entry stays {entry:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn config(dir: &tempfile::TempDir) -> Config {
    Config { simulated: true, slots: 4, ..Config::new(dir.path()) }
}

async fn worker(server: &Server, config: Config) -> Worker {
    run(config, server.bus().await, &server.options()).await.unwrap()
}

#[tokio::test]
async fn a_session_is_claimed_answers_and_ends_once() {
    let (server, dir) = (Server::start(), tempfile::tempdir().unwrap());
    let client = Client { bus: server.bus().await };
    let worker = worker(&server, config(&dir)).await;
    let id = client.create(CreateSession::default()).await;
    let entry = client.entry(&id).await;
    assert_eq!((entry.state, entry.owner.as_ref(), entry.epoch.0), (State::Ready, Some(&worker.id), 1));
    assert_eq!(client.evaluate(&id, "1+1", None).await.unwrap(), r#"{"value":2}"#);
    let ended = client.end(&id).await.unwrap();
    assert_eq!((ended.state, ended.end_reason), (State::Ended, Some(EndReason::Released)));
    assert_eq!(client.until(&id, EventType::Ended).await.end_reason(), Some(EndReason::Released));
    let e = client.evaluate(&id, "1", None).await.unwrap_err();
    assert_eq!(e.code, ErrorCode::Gone, "{e}");
    let e = client.end(&id).await.unwrap_err();
    assert_eq!(e.code, ErrorCode::Gone, "{e}");
}

#[tokio::test]
async fn a_command_under_way_when_its_session_ends_is_told_why() {
    let (server, dir) = (Server::start(), tempfile::tempdir().unwrap());
    let client = Client { bus: server.bus().await };
    let _worker = worker(&server, config(&dir)).await;
    let mut spec = CreateSession::default();
    spec.max_lifetime_s.0 = 1;
    let id = client.create(spec).await;
    let wait = WaitFor { ms: Some(30_000), ..WaitFor::default() };
    let e = client.run(&id, Command::WaitFor(wait), Duration::from_secs(30)).await.unwrap_err();
    assert_eq!((e.code, e.outcome), (ErrorCode::Gone, Some(Outcome::Unknown)), "{e}");
    assert_eq!(e.context.unwrap()["end_reason"], "lifetime");
}

#[tokio::test]
async fn a_service_may_leave_the_entry_to_the_claim() {
    let (server, dir) = (Server::start(), tempfile::tempdir().unwrap());
    let client = Client { bus: server.bus().await };
    let _worker = worker(&server, config(&dir)).await;
    let id = SessionId::random(Region::default());
    let entry = Entry::queued(id.clone(), Tenant::default(), CreateSession::default(), client.bus.now());
    client.publish(&entry).await;
    client.until(&id, EventType::Ready).await;
    assert_eq!(client.evaluate(&id, "40+2", None).await.unwrap(), r#"{"value":42}"#);
}

#[tokio::test]
async fn requests_beyond_the_slots_wait_for_a_free_one() {
    let (server, dir) = (Server::start(), tempfile::tempdir().unwrap());
    let client = Client { bus: server.bus().await };
    let _worker = worker(&server, Config { slots: 1, ..config(&dir) }).await;
    let first = client.create(CreateSession::default()).await;
    let second = client.ask(CreateSession::default()).await;
    let third = client.ask(CreateSession::default()).await;
    assert_eq!(client.entry(&second.id).await.state, State::Queued);
    client.end(&first).await.unwrap();
    client.until(&second.id, EventType::Ready).await;
    assert_eq!(client.entry(&third.id).await.state, State::Queued);
    client.end(&second.id).await.unwrap();
    client.until(&third.id, EventType::Ready).await;
}

#[tokio::test]
async fn a_cancelled_request_costs_no_session() {
    let (server, dir) = (Server::start(), tempfile::tempdir().unwrap());
    let client = Client { bus: server.bus().await };
    let entry = client.ask(CreateSession::default()).await;
    let stored = client.bus.entries().get(&entry.tenant, &entry.id).await.unwrap().unwrap();
    let cancelled = entry.ended(EndReason::Cancelled, None, client.bus.now());
    client.bus.entries().write(&cancelled, stored.revision).await.unwrap();
    let _worker = worker(&server, config(&dir)).await;
    let other = client.create(CreateSession::default()).await;
    assert_eq!(client.entry(&entry.id).await.end_reason, Some(EndReason::Cancelled));
    assert_eq!(client.entry(&other).await.state, State::Ready);
    assert!(
        client.bus.work_queue().waiting(&Region::default()).await.unwrap().is_empty(),
        "its message is gone too"
    );
}

#[tokio::test]
async fn a_command_runs_once_per_key() {
    let (server, dir) = (Server::start(), tempfile::tempdir().unwrap());
    let client = Client { bus: server.bus().await };
    let _worker = worker(&server, config(&dir)).await;
    let id = client.create(CreateSession::default()).await;
    let first = client.evaluate(&id, "1+1", Some("k")).await.unwrap();
    let again = client.evaluate(&id, "2+2", Some("k")).await.unwrap();
    assert_eq!(first, again, "the first answer");
    let begun = client.until(&id, EventType::Step).await;
    assert_eq!(begun.data["key"], "k");
}

#[tokio::test]
async fn idle_and_lifetime_end_a_session() {
    let (server, dir) = (Server::start(), tempfile::tempdir().unwrap());
    let client = Client { bus: server.bus().await };
    let _worker = worker(&server, config(&dir)).await;
    let mut spec = CreateSession::default();
    spec.idle_timeout_s.0 = 1;
    let id = client.create(spec).await;
    assert_eq!(client.until(&id, EventType::Ended).await.end_reason(), Some(EndReason::IdleTimeout));
    let mut spec = CreateSession::default();
    spec.max_lifetime_s.0 = 1;
    let id = client.create(spec).await;
    assert_eq!(client.until(&id, EventType::Ended).await.end_reason(), Some(EndReason::Lifetime));
}

#[tokio::test]
async fn a_session_may_end_with_its_last_client() {
    let (server, dir) = (Server::start(), tempfile::tempdir().unwrap());
    let client = Client { bus: server.bus().await };
    let _worker = worker(&server, config(&dir)).await;
    let spec = CreateSession {
        on_disconnect: OnDisconnect::Close,
        keep_alive_s: KeepAlive(1),
        ..CreateSession::default()
    };
    let (leaves, vanishes) = (client.create(spec.clone()).await, client.create(spec.clone()).await);
    let never_joined = client.create(spec).await;
    for (id, conn) in [(&leaves, "c1"), (&vanishes, "c2")] {
        let conn = ConnId::new(conn).unwrap();
        let attach = Attach::new(AttachKind::Client, conn.clone());
        client.bus.owners().call(&Tenant::default(), id, attach, Instant::now() + SOON).await.unwrap();
    }
    let goodbye =
        ViewBeat { conn: ConnId::new("c1").unwrap(), wish: FramesWish::default(), gone: true, slow: false };
    client.bus.frames().beat(&leaves, &goodbye).await;
    assert_eq!(client.until(&leaves, EventType::Ended).await.end_reason(), Some(EndReason::ClientGone));
    // Nothing is heard of the other one, as of a client whose edge was killed.
    assert_eq!(client.until(&vanishes, EventType::Ended).await.end_reason(), Some(EndReason::ClientGone));
    assert_eq!(client.entry(&never_joined).await.state, State::Ready);
}

#[tokio::test]
async fn what_a_dead_worker_left_is_recovered_or_ended_by_a_peer() {
    let (server, dir) = (Server::start(), tempfile::tempdir().unwrap());
    let client = Client { bus: server.bus().await };
    let first = worker(&server, config(&dir)).await;
    let fails = CreateSession { on_worker_loss: OnWorkerLoss::Fail, ..CreateSession::default() };
    let fails = client.create(fails).await;
    let recovers =
        client.create(CreateSession { url: Some("https://example.com/".into()), ..Default::default() }).await;
    assert!(client.evaluate(&recovers, "1+1", Some("before")).await.is_ok());
    let second = worker(&server, config(&dir)).await;
    // As by `kill -9`: nothing is said, nothing is written.
    drop(first);
    let ended = client.until(&fails, EventType::Ended).await;
    assert_eq!(ended.end_reason(), Some(EndReason::WorkerLost));
    client.until(&recovers, EventType::Recovered).await;
    let entry = client.entry(&recovers).await;
    assert_eq!((entry.owner.as_ref(), entry.epoch.0), (Some(&second.id), 2));
    assert_eq!(entry.page.url, "https://example.com/");
    assert_eq!(client.evaluate(&recovers, "2+2", None).await.unwrap(), r#"{"value":4}"#);
    let e = client.evaluate(&recovers, "1+1", Some("before")).await.unwrap_err();
    assert_eq!(e.code, ErrorCode::Conflict, "the key was used by the first owner: {e}");
}

#[tokio::test]
async fn a_session_outlives_its_browser_but_not_one_after_the_other() {
    let (server, dir) = (Server::start(), tempfile::tempdir().unwrap());
    let client = Client { bus: server.bus().await };
    let _worker = worker(&server, Config { slots: 1, ..config(&dir) }).await;
    let url = Some("https://example.com/".to_owned());
    let id = client.create(CreateSession { url, ..CreateSession::default() }).await;
    for crash in 1..=3 {
        let e = client.crash(&id).await;
        assert_eq!((e.code, e.outcome), (ErrorCode::Unavailable, Some(Outcome::Unknown)), "{e}");
        assert!(!e.retryable, "{e}");
        assert_eq!(client.evaluate(&id, "2+2", None).await.unwrap(), r#"{"value":4}"#, "it waits");
        let entry = client.entry(&id).await;
        assert_eq!((entry.state, entry.epoch.0), (State::Ready, crash + 1));
        assert_eq!(entry.page.url, "https://example.com/");
    }
    let recovering = client.until(&id, EventType::Recovering).await;
    assert_eq!((recovering.epoch.0, &recovering.data["reason"]), (1, &"crashed".into()));
    assert_eq!(client.until(&id, EventType::Recovered).await.epoch.0, 2);
    client.crash(&id).await;
    assert_eq!(client.until(&id, EventType::Ended).await.end_reason(), Some(EndReason::Crashed));
    let ends = CreateSession { on_browser_crash: OnBrowserCrash::End, ..CreateSession::default() };
    let ends = client.create(ends).await;
    client.crash(&ends).await;
    assert_eq!(client.until(&ends, EventType::Ended).await.end_reason(), Some(EndReason::Crashed));
}

#[tokio::test]
async fn what_waits_behind_a_command_that_crashes_the_browser_runs_in_the_next_one() {
    let (server, dir) = (Server::start(), tempfile::tempdir().unwrap());
    let client = Client { bus: server.bus().await };
    let (_one, _two) = (worker(&server, config(&dir)).await, worker(&server, config(&dir)).await);
    let id = client.create(CreateSession::default()).await;
    let next = client.navigate(&id, "https://example.com/next");
    let (crashed, next) = tokio::join!(client.crash(&id), next);
    assert_eq!(crashed.outcome, Some(Outcome::Unknown));
    assert!(next.unwrap().contains("/next"));
    assert_eq!(client.entry(&id).await.epoch.0, 2);
}

#[tokio::test]
async fn a_restart_of_nats_loses_no_session() {
    let (mut server, dir) = (Server::start(), tempfile::tempdir().unwrap());
    let client = Client { bus: server.bus().await };
    let worker = worker(&server, config(&dir)).await;
    let id = client.create(CreateSession::default()).await;
    server.kill();
    tokio::time::sleep(Duration::from_secs(3)).await;
    server.restart();
    let deadline = Instant::now() + Duration::from_secs(20);
    let answer = loop {
        match client.evaluate(&id, "1+1", None).await {
            Ok(answer) => break answer,
            Err(e) => assert!(Instant::now() < deadline, "still {e}"),
        }
    };
    assert_eq!(answer, r#"{"value":2}"#);
    let entry = client.entry(&id).await;
    assert_eq!((entry.owner.as_ref(), entry.epoch.0), (Some(&worker.id), 1), "the same owner all along");
    let other = client.create(CreateSession::default()).await;
    client.end(&other).await.unwrap();
    client.end(&id).await.unwrap();
}

#[tokio::test]
async fn commands_under_way_when_nats_restarts_are_answered_soon_and_run_once() {
    let (mut server, dir) = (Server::start(), tempfile::tempdir().unwrap());
    let client = Client { bus: server.bus().await };
    let _worker = worker(&server, config(&dir)).await;
    let id = client.create(CreateSession::default()).await;
    let wait = |ms: u32| {
        let wait = WaitFor { ms: Some(ms), ..WaitFor::default() };
        client.run(&id, Command::WaitFor(wait), Duration::from_secs(30))
    };
    let navigate = |n: usize| {
        let command = Navigate { url: url(n), wait_until: WaitUntil::default(), referrer: None };
        client.run(&id, Command::Navigate(command), Duration::from_secs(30))
    };
    // Of these some are asked, some run and some are answered when the server dies.
    const MANY: usize = 60;
    let acting = futures::future::join_all((0..MANY).map(navigate));
    let under_way = async { tokio::join!(wait(500), wait(6_000), acting) };
    let mut restarted = None;
    let restart = async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        server.kill();
        tokio::time::sleep(Duration::from_secs(3)).await;
        server.restart();
        restarted = Some(Instant::now());
    };
    let ((short, long, acting), ()) = tokio::join!(under_way, restart);
    let took = restarted.unwrap().elapsed();
    assert!(took < Duration::from_secs(8), "answered {took:?} after the restart");
    short.unwrap();
    long.unwrap();
    for (n, answer) in acting.into_iter().enumerate() {
        let answer = answer.unwrap();
        assert!(answer.contains(&url(n)), "the answer of {n} is {answer}");
    }
    assert_eq!(executed("navigate"), MANY as u64, "each ran once");
}

fn url(n: usize) -> String {
    format!("https://example.com/{n}/")
}

/// How many commands of an action this process has run.
fn executed(action: &str) -> u64 {
    let families = prometheus::gather();
    let commands = families.iter().find(|f| f.name() == "rookery_worker_command_seconds").unwrap();
    let of_action = |m: &&prometheus::proto::Metric| m.get_label().iter().any(|l| l.value() == action);
    commands.get_metric().iter().filter(of_action).map(|m| m.get_histogram().get_sample_count()).sum()
}

#[tokio::test]
async fn a_drained_worker_leaves_nothing_behind() {
    let (server, dir) = (Server::start(), tempfile::tempdir().unwrap());
    let client = Client { bus: server.bus().await };
    let mut worker = worker(&server, config(&dir)).await;
    let id = client.create(CreateSession::default()).await;
    worker.drain(Duration::from_millis(100));
    assert_eq!(timeout(SOON, worker.ended()).await.unwrap(), worker::node::Stop::Drained);
    let entry = client.entry_until(&id, |e| e.state == State::Ended).await;
    assert_eq!(entry.end_reason, Some(EndReason::Drained));
    assert!(client.bus.workers().list(&Region::default()).await.unwrap().is_empty());
    assert!(client.bus.leases().list().await.unwrap().is_empty());
}

#[tokio::test]
async fn noise_on_a_sessions_subject_is_answered_and_harms_nobody() {
    let (server, dir) = (Server::start(), tempfile::tempdir().unwrap());
    let client = Client { bus: server.bus().await };
    let _worker = worker(&server, config(&dir)).await;
    let id = client.create(CreateSession::default()).await;
    let (session, _) =
        client.bus.owners().call(&Tenant::default(), &id, Inspect {}, Instant::now() + SOON).await.unwrap();
    assert_eq!(session.id, id);
}
