//! A real nats-server of its own for each test: a child on a random port, gone with its handle.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use bus_schema::Region;

use crate::{Bus, Options, provision::Provision};

/// A nats-server child with JetStream in a directory that goes with it.
#[derive(Debug)]
pub struct Server {
    child: Option<Child>,
    dir: tempfile::TempDir,
    port: u16,
    storage: &'static str,
}

impl Server {
    /// Starts a server and waits until it listens. Panics with the reason if it cannot: tests have no use for less.
    pub fn start() -> Self {
        Self::with_storage("64GB")
    }

    /// The same with another limit of what it may store.
    #[expect(clippy::panic, reason = "a test without a server is a failed test")]
    pub fn with_storage(storage: &'static str) -> Self {
        let dir = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary directory: {e}"));
        let mut server = Self { child: None, dir, port: 0, storage };
        server.launch();
        server
    }

    #[expect(clippy::panic, reason = "a test without a server is a failed test")]
    fn launch(&mut self) {
        let dir = self.dir.path();
        let config = format!(
            "server_name: test\nlisten: \"127.0.0.1:{}\"\nports_file_dir: {dir:?}\nmax_payload: 1MB\n\
             jetstream {{ store_dir: {:?}, max_memory_store: 64MB, max_file_store: {}, sync_interval: 100ms }}\n",
            if self.port == 0 { -1 } else { i32::from(self.port) },
            dir.join("js"),
            self.storage,
        );
        let path = dir.join("nats.conf");
        std::fs::write(&path, config).unwrap_or_else(|e| panic!("no config: {e}"));
        let log = std::fs::File::create(dir.join("log")).unwrap_or_else(|e| panic!("no log: {e}"));
        let child = Command::new(binary())
            .arg("-c")
            .arg(&path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|e| panic!("nats-server cannot be started ({e}): run scripts/setup"));
        let pid = child.id();
        self.child = Some(child);
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            if self.port == 0 {
                self.port = ports(dir, pid).unwrap_or(0);
            }
            if self.port != 0 && std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            if Instant::now() > deadline {
                let log = std::fs::read_to_string(dir.join("log")).unwrap_or_default();
                panic!("nats-server is not ready after 10 s:\n{log}");
            }
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it again on the same port, with what it had stored.
    pub fn restart(&mut self) {
        self.kill();
        self.launch();
    }

    pub fn options(&self) -> Options {
        Options { region: Region::default(), name: "test".into(), ..Options::new(self.url()) }
    }

    /// A bus on this server with all streams made.
    #[expect(clippy::panic, reason = "a test without a bus is a failed test")]
    pub async fn bus(&self) -> Bus {
        let bus = Bus::connect(&self.options()).await.unwrap_or_else(|e| panic!("no bus: {e}"));
        bus.provision(&Provision::default()).await.unwrap_or_else(|e| panic!("not provisioned: {e}"));
        bus
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The server's binary: where the set-up put it, or on the PATH.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("ROOKERY_NATS_SERVER") {
        return path.into();
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let installed = here.join("../.rookery/tools/bin/nats-server");
    if installed.exists() { installed } else { "nats-server".into() }
}

fn ports(dir: &Path, pid: u32) -> Option<u16> {
    #[derive(serde::Deserialize)]
    struct Ports {
        nats: Vec<String>,
    }
    let file = dir.join(format!("nats-server_{pid}.ports"));
    let ports: Ports = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
    ports.nats.first()?.rsplit(':').next()?.parse().ok()
}
