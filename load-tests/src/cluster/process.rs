//! A process of the fleet, what it says, and its end.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{SOON, process_table};

/// How long a guard may take behind its worker's death before it is taken for stuck.
const GUARD: Duration = Duration::from_secs(8);
/// What of the log is shown when a test fails.
const TAIL: usize = 40;

#[derive(Default)]
struct Said {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

impl Said {
    fn lines(&self) -> MutexGuard<'_, Vec<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn follow(self: &Arc<Self>, stream: impl Read + Send + 'static) {
        let said = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                said.lines().push(line);
                said.more.notify_all();
            }
        });
    }
}

/// Dropped, it is killed, and so are its guards and what they guard.
pub struct Process {
    name: String,
    child: Child,
    said: Arc<Said>,
}

impl Process {
    pub fn start(name: impl Into<String>, command: &mut Command) -> anyhow::Result<Self> {
        let name = name.into();
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.with_context(|| format!("{name} cannot be started"))?;
        let said = Arc::new(Said::default());
        if let Some(stdout) = child.stdout.take() {
            said.follow(stdout);
        }
        if let Some(stderr) = child.stderr.take() {
            said.follow(stderr);
        }
        Ok(Self { name, child, said })
    }

    pub fn pid(&self) -> i32 {
        // Linux gives no process a number beyond 2^22.
        i32::try_from(self.child.id()).unwrap_or(i32::MAX)
    }

    /// What stands behind `part` in the first line that has it, up to the next blank.
    pub async fn word_after(&self, part: &str) -> anyhow::Result<String> {
        let owned = part.to_owned();
        self.find(part, move |line| line.split_once(&owned).map(|(_, rest)| rest.to_owned())).await
    }

    /// The same for a line that begins so.
    pub async fn word_behind(&self, start: &str) -> anyhow::Result<String> {
        let owned = start.to_owned();
        self.find(start, move |line| line.strip_prefix(&owned).map(str::to_owned)).await
    }

    async fn find(
        &self,
        what: &str,
        rest: impl Fn(&str) -> Option<String> + Send + 'static,
    ) -> anyhow::Result<String> {
        let said = self.said.clone();
        let found = tokio::task::spawn_blocking(move || {
            let deadline = Instant::now() + SOON;
            let mut lines = said.lines();
            loop {
                let found = lines.iter().find_map(|line| rest(line));
                let left = deadline.saturating_duration_since(Instant::now());
                if found.is_some() || left.is_zero() {
                    return found;
                }
                lines = said.more.wait_timeout(lines, left).unwrap_or_else(PoisonError::into_inner).0;
            }
        });
        let Some(rest) = found.await? else {
            bail!("{} never said {what:?}: {:#?}", self.name, self.tail());
        };
        Ok(rest.split_whitespace().next().unwrap_or_default().to_owned())
    }

    /// The end of its log.
    pub fn tail(&self) -> Vec<String> {
        let lines = self.said.lines();
        lines[lines.len().saturating_sub(TAIL)..].to_vec()
    }

    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        Ok(kill(Pid::from_raw(self.pid()), signal)?)
    }

    /// Its guards: its children that run `rookery guard`.
    pub fn guards(&self) -> Vec<i32> {
        let children = process_table::children(self.pid());
        children
            .iter()
            .filter(|child| child.command.trim_end().ends_with(" guard"))
            .map(|child| child.pid)
            .collect()
    }

    /// `kill -9`, and nothing else: its guards do their work.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.signal(Signal::SIGKILL)?;
        self.child.wait()?;
        Ok(())
    }

    /// `kill -9` of the process and of its guards in the same moment.
    pub fn kill_with_guards(&mut self) -> anyhow::Result<()> {
        let guards = self.guards();
        if guards.is_empty() {
            bail!("{} has no guard", self.name);
        }
        // Stopped first, so that it cannot start another guard for the one that dies.
        self.signal(Signal::SIGSTOP)?;
        for guard in guards {
            kill(Pid::from_raw(guard), Signal::SIGKILL)?;
        }
        self.kill()
    }

    /// Asks it to drain and waits for its end.
    pub async fn drain(&mut self) -> anyhow::Result<ExitStatus> {
        self.signal(Signal::SIGTERM)?;
        let deadline = Instant::now() + SOON;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                bail!("{} does not end: {:#?}", self.name, self.tail());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{} said last:\n  {}", self.name, self.tail().join("\n  "));
        }
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let guards = self.guards();
        // What is stopped is killed all the same; nobody can be helped by the outcome of either call.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let deadline = Instant::now() + GUARD;
        let alive = |pid: &i32| kill(Pid::from_raw(*pid), None).is_ok();
        while guards.iter().any(alive) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        for guard in guards.iter().filter(|pid| alive(pid)) {
            let _ = kill(Pid::from_raw(*guard), Signal::SIGKILL);
        }
    }
}
