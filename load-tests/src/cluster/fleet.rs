//! Edges and workers as processes of their own, with a NATS server between them.

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use bus::{Bus, testing::Server};
use bus_schema::{
    Tenant,
    model::{
        entry::Entry,
        event::{Event, EventType},
    },
};

use super::{Client, Process, program};

/// What a fleet is made of.
#[derive(Clone, Debug)]
pub struct Builder {
    edges: usize,
    workers: usize,
    slots: u32,
    warm: u32,
    browsers: bool,
}

impl Builder {
    #[must_use]
    pub fn edges(self, edges: usize) -> Self {
        Self { edges, ..self }
    }

    #[must_use]
    pub fn workers(self, workers: usize) -> Self {
        Self { workers, ..self }
    }

    /// Sessions of one worker.
    #[must_use]
    pub fn slots(self, slots: u32) -> Self {
        Self { slots, ..self }
    }

    /// With real browsers instead of simulated ones, so many of them kept warm by each worker.
    #[must_use]
    pub fn browsers(self, warm: u32) -> Self {
        Self { browsers: true, warm, ..self }
    }

    /// Starts everything and waits until every edge knows every worker.
    pub async fn start(self) -> anyhow::Result<Cluster> {
        let dir = passable_dir()?;
        let nats = Server::start();
        let bus = nats.bus().await;
        let (edges, workers) = (Vec::new(), Vec::new());
        let mut cluster = Cluster { edges, workers, bus, nats, dir, shape: self.clone(), begun: 0 };
        for _ in 0..self.workers {
            cluster.add_worker().await?;
        }
        for _ in 0..self.edges {
            cluster.add_edge().await?;
        }
        let warm = if self.browsers { self.warm } else { 0 };
        for edge in &cluster.edges {
            edge.client.until_workers(self.workers, warm.into()).await?;
        }
        Ok(cluster)
    }
}

pub struct Edge {
    pub process: Process,
    pub client: Client,
}

pub struct Worker {
    pub process: Process,
    pub id: String,
    pub data: PathBuf,
}

impl Worker {
    /// Starts one on the server at `nats`, in the directory `dir`.
    pub async fn start(nats: &str, dir: &Path, data: PathBuf, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = command("worker", nats, dir, &data)?;
        let process = Process::start(format!("worker in {}", data.display()), command.args(arguments))?;
        let id = process.word_behind("worker ").await?;
        Ok(Self { process, id, data })
    }
}

/// A running fleet. It ends in this order: edges, workers with their guards, the server, the directories.
pub struct Cluster {
    pub edges: Vec<Edge>,
    pub workers: Vec<Worker>,
    /// To look at entries and logs behind the edges' backs.
    pub bus: Bus,
    pub nats: Server,
    dir: tempfile::TempDir,
    shape: Builder,
    begun: usize,
}

impl Cluster {
    /// One edge and one worker with simulated browsers, unless told otherwise.
    pub fn builder() -> Builder {
        Builder { edges: 1, workers: 1, slots: 16, warm: 2, browsers: false }
    }

    /// The first edge's client.
    pub fn client(&self) -> &Client {
        &self.edges[0].client
    }

    pub async fn add_edge(&mut self) -> anyhow::Result<()> {
        let mut command = self.command("edge", self.dir.path())?;
        let name = format!("edge {}", self.edges.len());
        let process = Process::start(name, command.args(["--http", "127.0.0.1:0"]))?;
        let client = Client::new(&process.word_after("listening address=").await?)?;
        self.edges.push(Edge { process, client });
        Ok(())
    }

    pub async fn add_worker(&mut self) -> anyhow::Result<()> {
        self.begun += 1;
        let data = self.dir.path().join(self.begun.to_string());
        let worker = self.worker(data).await?;
        self.workers.push(worker);
        Ok(())
    }

    /// Starts another worker on the directory of one that is dead, in its place.
    pub async fn restart_worker(&mut self, index: usize) -> anyhow::Result<()> {
        let data = self.workers[index].data.clone();
        self.workers[index] = self.worker(data).await?;
        Ok(())
    }

    async fn worker(&self, data: PathBuf) -> anyhow::Result<Worker> {
        let slots = self.shape.slots.to_string();
        let warm = self.shape.warm.min(self.shape.slots).to_string();
        let mut arguments = vec!["--slots", &slots, "--warm", &warm];
        if !self.shape.browsers {
            arguments.push("--simulated");
        }
        Worker::start(&self.nats.url(), self.dir.path(), data, &arguments).await
    }

    fn command(&self, role: &str, data: &Path) -> anyhow::Result<Command> {
        command(role, &self.nats.url(), self.dir.path(), data)
    }

    /// The worker that owns a session, by its index.
    pub fn owner(&self, session: &serde_json::Value) -> anyhow::Result<usize> {
        let owner = session["worker"].as_str().unwrap_or_default();
        let index = self.workers.iter().position(|worker| worker.id == owner);
        index.ok_or_else(|| anyhow::anyhow!("no worker of this fleet owns {session}"))
    }

    pub async fn entry(&self, id: &str) -> anyhow::Result<Option<Entry>> {
        let stored = self.bus.entries().get_from_leader(&Tenant::default(), &id.parse()?).await?;
        Ok(stored.map(|stored| stored.entry))
    }

    /// Every stored event of a session, in order.
    pub async fn events(&self, id: &str) -> anyhow::Result<Vec<Event>> {
        let logged = self.bus.events().read(&Tenant::default(), &id.parse()?).await?;
        Ok(logged.iter().map(|event| event.read()).collect::<Result<_, _>>()?)
    }

    /// How often it was said how the session ended.
    pub async fn terminal_events(&self, id: &str) -> anyhow::Result<Vec<Event>> {
        let events = self.events(id).await?;
        Ok(events.into_iter().filter(|event| event.kind == EventType::Ended).collect())
    }
}

/// `rookery up` with a NATS server of its own.
pub struct Up {
    pub process: Process,
    pub client: Client,
    pub dir: tempfile::TempDir,
}

impl Up {
    pub async fn start(arguments: &[&str]) -> anyhow::Result<Self> {
        let dir = passable_dir()?;
        let mut command = bare(dir.path())?;
        command
            .args(["up", "--http", "127.0.0.1:0"])
            .args(arguments)
            .env("ROOKERY_DATA_DIR", dir.path().join("data"));
        command.env("ROOKERY_NATS_SERVER", bus::testing::binary());
        let process = Process::start("up", &mut command)?;
        let client = Client::new(&process.word_after("listening address=").await?)?;
        client.until_workers(1, 0).await?;
        Ok(Self { process, client, dir })
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }
}

fn command(role: &str, nats: &str, dir: &Path, data: &Path) -> anyhow::Result<Command> {
    let mut command = bare(dir)?;
    command.arg(role).args(["--drain-timeout", "5s"]);
    command.env("ROOKERY_NATS_URL", nats);
    command.env("ROOKERY_SECRET", "the secret of a fleet under test");
    command.env("ROOKERY_DATA_DIR", data);
    Ok(command)
}

/// The binary without the caller's environment, so that no `ROOKERY_*` of a developer changes what is tested.
fn bare(dir: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(program::rookery()?);
    let path = std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "RUST_LOG");
    command.env_clear().envs(path).current_dir(dir);
    Ok(command)
}

/// One that browsers, running as another user, may pass through.
fn passable_dir() -> anyhow::Result<tempfile::TempDir> {
    let dir = tempfile::tempdir()?;
    std::fs::set_permissions(dir.path(), Permissions::from_mode(0o711))?;
    Ok(dir)
}
