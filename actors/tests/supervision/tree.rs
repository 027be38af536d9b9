//! A worker's whole tree over ports in memory.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actors::{
    Gate,
    lease::Times,
    root::{Root, RootArgs, RootMsg},
};
use bus_schema::{
    Error, Pool, Region, SessionId, Tenant, WorkerId,
    model::{
        command::{Command, CommandRequest, Navigate, WaitUntil},
        create::CreateSession,
        entry::Entry,
        rpc::{End, OwnerRequest, Run},
        session::{EndReason, State},
        time::Timestamp,
        worker::Worker,
    },
};
use ractor::{Actor, ActorRef};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, timeout},
};

use super::{
    browsers::FakeBrowsers,
    bus::FakeBus,
    faults::{Faults, Port},
};
use actors::port::Bus;

/// Of the paused clock: longer than a budget's time with all its backoffs.
const SOON: Duration = Duration::from_secs(120);

pub struct Tree {
    pub bus: Arc<FakeBus>,
    pub browsers: Arc<FakeBrowsers>,
    pub faults: Faults,
    pub gate: Gate,
    root: ActorRef<RootMsg>,
    actors: JoinHandle<()>,
    drained: Arc<AtomicBool>,
    over: bool,
}

pub struct Setup {
    pub slots: u32,
    pub warm: usize,
    pub faults: Faults,
}

impl Default for Setup {
    fn default() -> Self {
        Self { slots: 4, warm: 0, faults: Faults::default() }
    }
}

impl Tree {
    pub async fn start(setup: Setup) -> Self {
        let Setup { slots, warm, faults } = setup;
        let me = WorkerId::new("m").unwrap();
        let bus = Arc::new(FakeBus::new(me.clone(), faults.clone()));
        let browsers = Arc::new(FakeBrowsers::new(faults.clone()));
        let (gate, drained) = (Gate::new(), Arc::new(AtomicBool::new(false)));
        let args = RootArgs {
            bus: Arc::clone(&bus) as _,
            browsers: Arc::clone(&browsers) as _,
            gate: gate.clone(),
            times: Times::default(),
            about: about(me, slots, bus.now()),
            pools: vec![Pool::default()],
            weights: HashMap::new(),
            warm_target: warm,
            warm_minimum: warm,
            claims: watch::channel(None).0,
            listens: watch::channel(true).0,
            drained: Arc::clone(&drained),
        };
        let (root, actors) = Actor::spawn(None, Root, args).await.unwrap();
        Self { bus, browsers, faults, gate, root, actors, drained, over: false }
    }

    /// Waits until it is so, on the paused clock.
    pub async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let deadline = Instant::now() + SOON;
        while !is_so() {
            assert!(Instant::now() < deadline, "never: {what}");
            assert!(!self.actors.is_finished(), "the worker stopped before: {what}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// For what must not happen: long enough that it would have.
    pub async fn a_while(&self) {
        tokio::time::sleep(Duration::from_secs(10)).await;
    }

    pub fn ask(&self) -> SessionId {
        self.ask_for(CreateSession::default())
    }

    pub fn ask_for(&self, spec: CreateSession) -> SessionId {
        let id = SessionId::random(Region::default());
        self.bus.ask_for(Entry::queued(id.clone(), Tenant::default(), spec, self.bus.now()));
        id
    }

    pub async fn create(&self) -> SessionId {
        let id = self.ask();
        self.until_state(&id, State::Ready).await;
        id
    }

    pub async fn until_state(&self, id: &SessionId, state: State) {
        self.until(&format!("{state:?}"), || self.state(id) == state).await;
    }

    pub fn state(&self, id: &SessionId) -> State {
        self.bus.entry_of(id).state
    }

    /// Waits until a session has ended, and checks that it did so once and why.
    pub async fn ended(&self, id: &SessionId, reason: EndReason) {
        self.until("its terminal event", || !self.bus.ends(id).is_empty()).await;
        let reasons: Vec<_> = self.bus.ends(id).iter().map(|e| e.end_reason()).collect();
        assert_eq!(reasons, [Some(reason)]);
        let entry = self.bus.entry_of(id);
        assert_eq!((entry.state, entry.end_reason), (State::Ended, Some(reason)));
    }

    /// Runs a command. `None`: it was dropped without an answer.
    pub async fn run(&self, id: &SessionId) -> Option<Result<(), Error>> {
        let command =
            Navigate { url: "about:blank".into(), wait_until: WaitUntil::default(), referrer: None };
        let deadline = self.bus.now().plus(Duration::from_secs(5));
        let run = Run { request: CommandRequest::new(Command::Navigate(command)), deadline, conn: None };
        self.request(id, run).await
    }

    /// Asks the owner of a session. `None`: the request was dropped without an answer.
    pub async fn request(
        &self,
        id: &SessionId,
        request: impl Into<OwnerRequest>,
    ) -> Option<Result<(), Error>> {
        let answer = timeout(SOON, self.bus.ask_owner(id, request)).await.unwrap();
        answer.map(|reply| reply.outcome.map(drop))
    }

    pub async fn end(&self, id: &SessionId) {
        self.request(id, End { reason: EndReason::Released }).await.unwrap().unwrap();
    }

    /// Waits until a fault has happened as often as it was to.
    pub async fn until_over(&self, port: Port) {
        self.until(&format!("{port:?} panicked"), || self.faults.is_over(port)).await;
    }

    pub fn begin_drain(&self) {
        self.root.cast(RootMsg::Drain { grace: Duration::from_secs(5) }).unwrap();
    }

    /// Ends a worker that works: in order, and with nothing left behind.
    pub async fn drain(mut self) {
        self.begin_drain();
        timeout(SOON, &mut self.actors).await.unwrap().unwrap();
        assert!(self.drained.load(Ordering::Acquire), "its supervision was used up");
        self.over().await;
    }

    /// Waits until a worker stops because its supervision is used up.
    pub async fn stopped(mut self) {
        timeout(SOON, &mut self.actors).await.unwrap().unwrap();
        assert!(!self.drained.load(Ordering::Acquire), "it drained");
        self.over().await;
        self.a_while().await;
        assert!(!self.gate.may_act(), "nothing may act without the lease");
    }

    /// Nothing of a worker that is over goes on.
    async fn over(&mut self) {
        self.over = true;
        let deadline = Instant::now() + SOON;
        while self.browsers.live() > 0 {
            assert!(Instant::now() < deadline, "{} browsers are left", self.browsers.live());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(self.root.get_cell().get_children().is_empty(), "actors are left");
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        assert!(self.over || std::thread::panicking(), "a test leaves its actors behind");
    }
}

fn about(id: WorkerId, slots: u32, now: Timestamp) -> Worker {
    Worker {
        id,
        region: Region::default(),
        pools: vec![Pool::default()],
        version: String::new(),
        host: String::new(),
        pid: 0,
        slots,
        busy: 0,
        warm: 0,
        pressure: 0.0,
        draining: false,
        frozen: true,
        browsers: Vec::new(),
        versions: Vec::new(),
        simulated: true,
        started_at: now,
        seen_at: now,
    }
}
