//! The guard's own process.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    path::Path,
    sync::mpsc::{Receiver, RecvTimeoutError, sync_channel},
    time::{Duration, Instant},
};

use bus::{Bus, Options};
use bus_schema::Root;
use nix::sys::signal::Signal;

use super::protocol::{Hello, Message};
use crate::browser::{Group, sweep};

/// Killing and removing must be over well before guarantee 3's five seconds.
const KILL_WITHIN: Duration = Duration::from_secs(2);
/// Peers find the dead worker by its lease anyway; this only makes it faster.
const DELETE_WITHIN: Duration = Duration::from_secs(3);

/// Runs the guard until its worker is gone. Blocking: it is all there is in its process.
pub fn run() -> std::io::Result<()> {
    ignore_signals()?;
    let mut lines = BufReader::new(std::io::stdin()).lines();
    let Some(first) = lines.next().transpose()? else { return Ok(()) };
    let hello: Hello = serde_json::from_str(&first)?;
    let (tx, rx) = sync_channel(1_024);
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let Ok(message) = serde_json::from_str::<Message>(&line) else { continue };
            if tx.send(message).is_err() {
                return;
            }
        }
    });
    let mut watch = Watch { silence: Duration::from_millis(hello.silence_ms), groups: BTreeSet::new() };
    if watch.until_worker_is_gone(&rx) == End::Bye {
        return Ok(());
    }
    watch.kill();
    if let Some(homes) = &hello.homes {
        clean(homes);
    }
    delete_lease(&hello)
}

/// Removes the worker's directories, and kills what was started in its last moment and never told.
fn clean(homes: &Path) {
    let Some(data) = homes.parent().and_then(Path::parent) else { return };
    let deadline = Instant::now() + KILL_WITHIN;
    // The pipe ends a moment before the kernel gives up the dead worker's lock, by which the sweep knows it.
    while homes.exists() && Instant::now() < deadline {
        if let Err(e) = sweep::sweep(data) {
            eprintln!("guard: {} could not be removed: {e}", homes.display());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    Bye,
    Dead,
}

struct Watch {
    silence: Duration,
    groups: BTreeSet<i32>,
}

impl Watch {
    fn until_worker_is_gone(&mut self, messages: &Receiver<Message>) -> End {
        let mut frozen = false;
        loop {
            match messages.recv_timeout(self.silence) {
                Ok(Message::Beat) => frozen = false,
                Ok(Message::Added { group }) => {
                    self.groups.insert(group);
                }
                Ok(Message::Removed { group }) => {
                    self.groups.remove(&group);
                }
                Ok(Message::Bye) => return End::Bye,
                Err(RecvTimeoutError::Timeout) => {
                    // Thawing is the worker's: it must first know that its lease is valid.
                    if !std::mem::replace(&mut frozen, true) {
                        self.each(|g| g.signal(Signal::SIGSTOP));
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return End::Dead,
            }
        }
    }

    fn each(&self, act: impl Fn(&Group)) {
        for group in &self.groups {
            act(&Group::led_by(*group));
        }
    }

    fn kill(&self) {
        self.each(|g| g.signal(Signal::SIGKILL));
        self.each(|g| {
            g.kill_and_wait(KILL_WITHIN);
        });
    }
}

/// What ends the worker must not end its guard before it has cleaned up.
fn ignore_signals() -> std::io::Result<()> {
    use nix::sys::signal::{SigHandler, signal};
    for s in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT] {
        #[expect(unsafe_code, reason = "ignoring a signal installs no handler that could run at a bad time")]
        unsafe { signal(s, SigHandler::SigIgn) }.map_err(std::io::Error::from)?;
    }
    Ok(())
}

fn delete_lease(hello: &Hello) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let deleted = runtime.block_on(async {
        tokio::time::timeout(DELETE_WITHIN, async {
            let root = Root::new(&hello.root).map_err(|e| e.to_string())?;
            let options = Options {
                user: hello.nats_user.clone(),
                password: hello.nats_password.clone(),
                credentials_file: hello.nats_credentials.clone(),
                root,
                region: hello.region.clone(),
                name: "rookery-guard".into(),
                ..Options::new(hello.nats_url.clone())
            };
            let bus = Bus::connect(&options).await.map_err(|e| e.to_string())?;
            // Its worker is dead: nobody writes this lease any more.
            let Some(seen) = bus.leases().revision(&hello.worker).await.map_err(|e| e.to_string())? else {
                return Ok(());
            };
            bus.leases().delete(&hello.worker, seen).await.map_err(|e| e.to_string())
        })
        .await
    });
    match deleted {
        Ok(Ok(())) => {}
        // NATS may have died with the worker, as in `rookery up`.
        Ok(Err(e)) => eprintln!("guard: the lease was not deleted: {e}"),
        Err(_) => eprintln!("guard: the lease was not deleted in time"),
    }
    Ok(())
}
