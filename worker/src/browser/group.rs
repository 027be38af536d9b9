//! The process group of one browser.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::process_table;

/// All processes of one browser. Signals go to the whole group, and to nothing once it is known to be gone,
/// because its number may then belong to somebody else.
#[derive(Debug)]
pub(crate) struct Group {
    leader: Pid,
    gone: AtomicBool,
}

impl Group {
    pub fn led_by(pid: i32) -> Self {
        Self { leader: Pid::from_raw(pid), gone: AtomicBool::new(false) }
    }

    pub fn id(&self) -> i32 {
        self.leader.as_raw()
    }

    pub fn signal(&self, signal: Signal) {
        if self.gone.load(SeqCst) {
            return;
        }
        if let Err(error) = killpg(self.leader, signal)
            && error != Errno::ESRCH
        {
            tracing::warn!(group = self.id(), %signal, %error, "cannot signal the browser");
        }
    }

    /// Kills the group until nothing but zombies is left of it. Blocks; says whether that was reached in time.
    pub fn kill_and_wait(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let mut pause = Duration::from_millis(1);
        loop {
            self.signal(Signal::SIGKILL);
            if self.is_gone() {
                return true;
            }
            if Instant::now() >= deadline {
                tracing::error!(group = self.id(), "processes of the browser survive SIGKILL");
                return false;
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    fn is_gone(&self) -> bool {
        if self.gone.load(SeqCst) {
            return true;
        }
        // A zombie that nobody has reaped yet still answers to the group's number.
        let gone = match killpg(self.leader, None) {
            Err(Errno::ESRCH) => true,
            Ok(()) | Err(_) => process_table::processes()
                .is_ok_and(|entries| entries.iter().all(|entry| entry.group != self.id())),
        };
        if gone {
            self.gone.store(true, SeqCst);
        }
        gone
    }
}
