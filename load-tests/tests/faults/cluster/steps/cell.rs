//! One fault at one step, with a NATS server, a worker under test and those who come after it of its own.

use std::{path::PathBuf, time::Duration};

use actors::lease::Times;
use anyhow::{Context, ensure};
use bus::testing::Server;
use bus_schema::{
    Region, SessionId,
    model::{create::CreateSession, entry::Entry, worker::Worker},
};
use load_tests::cluster;
use nix::sys::signal::Signal;
use tokio::{
    sync::oneshot,
    time::{Instant, timeout},
};
use worker::node;

use super::{
    client::{Client, Rest},
    step::{Scene, Step},
    wire::{Proxy, Side, Then, Trap},
};

/// How soon the worker under test comes to its step. A recovery first has to find a death.
const REACHED_WITHIN: Duration = Duration::from_secs(30);
const LEASE: Duration = Duration::from_secs(1);
/// How often a session that has come to rest is used, to see who answers.
const USES: usize = 3;
/// Guarantee 3: no subscription outlives its session by more than this.
const LETS_GO_WITHIN: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// `kill -9` of the worker; its guard lives and witnesses it.
    Kill,
    /// `kill -9` of the worker and of its guard.
    KillWithGuard,
    /// SIGSTOP until everybody else has gone on, then SIGCONT.
    Stop,
    /// SIGSTOP for longer than the lease is valid, but not for so long that anybody takes the worker for dead.
    Pause,
    /// `kill -9` of the server, and its restart at once.
    Restart,
    /// The same with a pause that no lease outlives.
    Outage,
}

impl Fault {
    pub(super) const ALL: [Fault; 6] =
        [Fault::Kill, Fault::KillWithGuard, Fault::Stop, Fault::Pause, Fault::Restart, Fault::Outage];
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) scene: Scene,
    pub(super) step: Step,
    pub(super) side: Side,
    pub(super) fault: Fault,
}

/// All that runs for one cell. Dropped in this order.
struct Stage {
    victim: cluster::Worker,
    proxy: Proxy,
    /// Who is there when the worker under test is not: in the test's own process, for nothing happens to it.
    heir: Option<node::Worker>,
    client: Client,
    nats: Server,
    dir: tempfile::TempDir,
}

fn spec(scene: Scene) -> CreateSession {
    match scene {
        Scene::WarmClaim => CreateSession::default(),
        Scene::Claim | Scene::End | Scene::Recovery => {
            CreateSession { url: Some("https://example.com/".into()), ..CreateSession::default() }
        }
    }
}

/// A worker of this process with one slot and the lease of the one under test.
async fn peer(nats: &Server, data: PathBuf) -> anyhow::Result<node::Worker> {
    let times = Times { renew_every: LEASE / 4, valid_for: LEASE, dead_after: LEASE * 3 / 2 };
    let config = node::Config { simulated: true, slots: 1, warm: 1, times, ..node::Config::new(data) };
    Ok(node::run(config, nats.bus().await, &nats.options()).await?)
}

/// Lets what is held go on.
type Release = oneshot::Sender<()>;

fn resume(stage: &Stage, release: Release) -> anyhow::Result<()> {
    // First what it was about to send or to read: that is the oldest there is.
    let _ = release.send(());
    stage.victim.process.signal(Signal::SIGCONT)
}

impl Cell {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let nats = tokio::task::spawn_blocking(Server::start).await?;
        let dir = tempfile::tempdir()?;
        let client = Client(nats.bus().await);
        let proxy = Proxy::start(&nats.url()).await?;
        let id = SessionId::random(Region::default());
        let mut dead = None;
        if self.scene == Scene::Recovery {
            let owner = peer(&nats, dir.path().join("dead")).await?;
            client.ask(&id, spec(self.scene)).await?;
            client.entry_until(&id, "ready", |entry| entry.owner.as_ref() == Some(&owner.id)).await?;
            client.until_no_request_is_left().await?;
            dead = Some(owner);
        }
        let arguments = ["--simulated", "--slots", "1", "--warm", "1", "--lease", "1s"];
        let data = dir.path().join("victim");
        let victim = cluster::Worker::start(&proxy.url, dir.path(), data, &arguments).await?;
        let mut stage = Stage { victim, proxy, heir: None, client, nats, dir };
        let done = self.play(&mut stage, &id, dead).await;
        let done = done.map_err(|e| anyhow::anyhow!("{e:#}\n{:#?}", stage.victim.process.tail()));
        // Ending it waits for its guard.
        tokio::task::spawn_blocking(move || drop(stage)).await?;
        done
    }

    async fn play(self, stage: &mut Stage, id: &SessionId, dead: Option<node::Worker>) -> anyhow::Result<()> {
        let client = stage.client.clone();
        if self.scene != Scene::Recovery {
            // Makes the queue's consumer, and shows that the worker acts.
            let first = client.create(spec(self.scene)).await.context("before the fault")?;
            client.end_surely(&first).await?;
            client.until_no_request_is_left().await?;
        }
        if self.scene == Scene::End {
            client.ask(id, spec(self.scene)).await?;
            ensure!(matches!(client.rest(id).await?, Rest::Ready(_)), "ended before it was");
        }
        let dead_id = dead.as_ref().map(|worker| worker.id.to_string()).unwrap_or_default();
        let (release, struck) = self.set_trap(stage, id, dead_id);
        match self.scene {
            Scene::Claim | Scene::WarmClaim => client.ask(id, spec(self.scene)).await?,
            Scene::End => {
                let (client, id) = (client.clone(), id.clone());
                // What the client is told depends on the fault; what stands in the end does not.
                tokio::spawn(async move { drop(client.end(&id).await) });
            }
            Scene::Recovery => drop(dead),
        }
        timeout(REACHED_WITHIN, struck).await.context("the step was never reached")??;
        let release = self.go_on(stage, release).await?;
        let at_fault = client.entry_until(id, "there", |_| true).await?;
        stage.heir = Some(peer(&stage.nats, stage.dir.path().join("heir")).await?);
        let entry = match client.rest(id).await? {
            Rest::Ready(entry) => entry,
            Rest::Ended(entry) => return self.ended(stage, id, &entry, release).await,
        };
        self.check_ready(stage, id, &at_fault, &entry, release).await?;
        client.end_surely(id).await?;
        self.check_rest(stage, id).await
    }

    fn set_trap(self, stage: &Stage, id: &SessionId, dead: String) -> (Release, oneshot::Receiver<()>) {
        let (release, released) = oneshot::channel();
        let (strikes, struck) = oneshot::channel();
        let process = &stage.victim.process;
        let victim = process.pid();
        let strike = match self.fault {
            Fault::Kill => vec![(victim, Signal::SIGKILL)],
            Fault::KillWithGuard => {
                let guards = process.guards().into_iter().map(|guard| (guard, Signal::SIGKILL));
                // Stopped first, so that it cannot start another guard for the one that dies.
                [(victim, Signal::SIGSTOP)]
                    .into_iter()
                    .chain(guards)
                    .chain([(victim, Signal::SIGKILL)])
                    .collect()
            }
            Fault::Stop | Fault::Pause => vec![(victim, Signal::SIGSTOP)],
            Fault::Restart | Fault::Outage => {
                let server = stage.nats.pid().and_then(|pid| i32::try_from(pid).ok());
                server.map(|pid| (pid, Signal::SIGKILL)).into_iter().collect()
            }
        };
        let stops = matches!(self.fault, Fault::Stop | Fault::Pause);
        let then = if stops { Then::Held(released) } else { Then::Lost };
        let (step, session, answered) = (self.step, id.clone(), id.clone());
        stage.proxy.set(Trap {
            side: self.side,
            at: Box::new(move |frame| step.is_at(frame, &session, &dead)),
            answer: Box::new(move |frame, inbox| step.is_answer(frame, inbox, &answered)),
            strike,
            then,
            struck: strikes,
        });
        (release, struck)
    }

    /// What belongs to the fault besides the signal.
    async fn go_on(self, stage: &mut Stage, release: Release) -> anyhow::Result<Option<Release>> {
        match self.fault {
            Fault::Kill | Fault::KillWithGuard => stage.victim.process.kill()?,
            Fault::Stop => return Ok(Some(release)),
            Fault::Pause => {
                tokio::time::sleep(LEASE * 5 / 4).await;
                resume(stage, release)?;
            }
            Fault::Restart => stage.nats.restart(),
            Fault::Outage => {
                tokio::time::sleep(LEASE * 3 / 2).await;
                stage.nats.restart();
            }
        }
        Ok(None)
    }

    /// Waits until a worker that is let go on acts again, with nothing that is not its own.
    async fn let_go_on(self, stage: &Stage, release: Option<Release>) -> anyhow::Result<()> {
        let Some(release) = release else { return Ok(()) };
        resume(stage, release)?;
        let idle = |worker: &Worker| !worker.frozen && worker.busy == 0;
        stage.client.next_word(&stage.victim.id, "acting without sessions", idle).await
    }

    async fn check_ready(
        self,
        stage: &Stage,
        id: &SessionId,
        at_fault: &Entry,
        entry: &Entry,
        release: Option<Release>,
    ) -> anyhow::Result<()> {
        ensure!(!(self.scene == Scene::End && self.step == Step::EndedEvent), "it had ended: {entry:?}");
        let owner = entry.owner.as_ref().map(ToString::to_string);
        let heir = stage.heir.as_ref().map(|heir| heir.id.to_string());
        if matches!(self.fault, Fault::Kill | Fault::KillWithGuard | Fault::Stop) {
            ensure!(owner == heir, "it is not the one's that is left: {entry:?}");
        }
        if at_fault.owner.is_some() && at_fault.owner != entry.owner {
            ensure!(entry.epoch > at_fault.epoch, "another owner in the same epoch: {entry:?}");
        }
        self.let_go_on(stage, release).await?;
        self.check_use(stage, id, owner == heir).await?;
        let after = stage.client.entry(id).await?.context("the entry is gone")?;
        ensure!(
            (&after.owner, after.epoch) == (&entry.owner, entry.epoch),
            "it changed hands again: {entry:?}, {after:?}"
        );
        let ends = stage.client.ends(id).await?;
        ensure!(ends.is_empty(), "usable, and said to have ended: {ends:?}");
        Ok(())
    }

    /// The session answers, and once it has another owner the old one is not asked any more.
    async fn check_use(self, stage: &Stage, id: &SessionId, moved: bool) -> anyhow::Result<()> {
        let deadline = Instant::now() + LETS_GO_WITHIN;
        loop {
            let before = stage.proxy.requests();
            for _ in 0..USES {
                stage.client.evaluate(id).await.context("a session that had come to rest")?;
            }
            if !moved || stage.proxy.requests() == before {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "the old owner is asked beside the new one");
        }
    }

    async fn ended(
        self,
        stage: &mut Stage,
        id: &SessionId,
        entry: &Entry,
        release: Option<Release>,
    ) -> anyhow::Result<()> {
        ensure!(self.scene == Scene::End, "nobody ended it: {entry:?}");
        self.let_go_on(stage, release).await?;
        self.check_rest(stage, id).await
    }

    /// The session has ended: once, and nothing of it is left in a queue or in a slot.
    async fn check_rest(self, stage: &Stage, id: &SessionId) -> anyhow::Result<()> {
        let client = &stage.client;
        let entry = client.entry(id).await?.context("the entry is gone")?;
        client.rest(id).await?;
        ensure!(client.ends(id).await? == [entry.end_reason], "ends: {:?}", client.ends(id).await?);
        client.until_no_request_is_left().await?;
        let is_alive = !matches!(self.fault, Fault::Kill | Fault::KillWithGuard);
        let mut full = Vec::new();
        for _ in 0..=usize::from(is_alive) {
            full.push(client.create(CreateSession::default()).await.context("a slot is not free again")?);
        }
        for id in &full {
            client.evaluate(id).await.context("a session in a free slot")?;
        }
        Ok(())
    }
}
