//! Starting the process itself: descriptors 3 and 4, its own group, its end tied to the worker's.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};

use tokio::process::{Child, Command};
use tokio::sync::oneshot;

/// The descriptors on which Chromium reads and writes CDP.
const BROWSER_READS: i32 = 3;
const BROWSER_WRITES: i32 = 4;

/// The parent's ends of both pipes.
pub(super) struct PipeEnds {
    pub from_browser: OwnedFd,
    pub to_browser: OwnedFd,
}

/// Starts `command` with a CDP pipe on descriptors 3 and 4 and no other descriptor beyond standard ones.
pub(super) async fn spawn(mut command: Command) -> io::Result<(Child, PipeEnds)> {
    let (browser_reads, to_browser) = pipe_pair()?;
    let (from_browser, browser_writes) = pipe_pair()?;
    let runtime = tokio::runtime::Handle::current();
    let (done, spawned) = oneshot::channel();
    let job = Box::new(move || {
        let _in_runtime = runtime.enter();
        prepare(&mut command, browser_reads, browser_writes);
        // The caller may have given up; the child then ends with its pipe.
        let _ = done.send(command.spawn());
    });
    spawner()?.send(job).map_err(|_| io::Error::other("the thread that starts browsers is gone"))?;
    let child = spawned.await.map_err(|_| io::Error::other("the thread that starts browsers is gone"))??;
    Ok((child, PipeEnds { from_browser, to_browser }))
}

type Job = Box<dyn FnOnce() + Send>;

/// One thread starts all browsers and lives as long as the process: the kernel sends the signal for a dead
/// parent when the *thread* that forked ends, and the runtime's threads come and go.
fn spawner() -> io::Result<Sender<Job>> {
    static SPAWNER: OnceLock<Sender<Job>> = OnceLock::new();
    if let Some(spawner) = SPAWNER.get() {
        return Ok(spawner.clone());
    }
    RESERVED.get_or_init(reserve_descriptors);
    let (sender, jobs) = channel::<Job>();
    // Two callers may both come here; the thread of the one that loses ends with its channel.
    let sender = SPAWNER.get_or_init(|| sender).clone();
    std::thread::Builder::new().name("browser-spawner".into()).spawn(move || {
        for job in jobs {
            job();
        }
    })?;
    Ok(sender)
}

/// Keeps 3 and 4 taken in this process, so that neither a pipe made here nor the one by which the standard
/// library reports a failed exec is overwritten in the child.
static RESERVED: OnceLock<Vec<File>> = OnceLock::new();

fn reserve_descriptors() -> Vec<File> {
    let mut reserved = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        if file.as_raw_fd() > BROWSER_WRITES {
            break;
        }
        reserved.push(file);
    }
    reserved
}

/// A pipe with room for a whole screencast frame; both ends are closed on exec.
fn pipe_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = io::pipe()?;
    let (reader, writer) = (OwnedFd::from(reader), OwnedFd::from(writer));
    #[cfg(target_os = "linux")]
    {
        use nix::fcntl::{FcntlArg, fcntl};
        // Refused when the user has many pipes; then it works with the smaller one.
        let _ = fcntl(&writer, FcntlArg::F_SETPIPE_SZ(1 << 20));
    }
    Ok((reader, writer))
}

#[expect(unsafe_code, reason = "descriptors and the death signal can only be set between fork and exec")]
fn prepare(command: &mut Command, browser_reads: OwnedFd, browser_writes: OwnedFd) {
    command.process_group(0);
    let parent = nix::unistd::getpid();
    // SAFETY: the closure runs in the forked child and makes only async-signal-safe system calls; the
    // descriptors it names stay open because the closure owns them.
    unsafe {
        command.pre_exec(move || {
            if nix::libc::dup2(browser_reads.as_raw_fd(), BROWSER_READS) < 0
                || nix::libc::dup2(browser_writes.as_raw_fd(), BROWSER_WRITES) < 0
            {
                return Err(io::Error::last_os_error());
            }
            #[cfg(target_os = "linux")]
            {
                // What this process inherited without close-on-exec is none of a browser's business.
                // Kernels before 5.11 do not know the flag; all of our own descriptors have it anyway.
                nix::libc::syscall(
                    nix::libc::SYS_close_range,
                    BROWSER_WRITES + 1,
                    nix::libc::c_uint::MAX,
                    nix::libc::CLOSE_RANGE_CLOEXEC,
                );
                // After the change of user, which resets it.
                nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)?;
                if nix::unistd::getppid() != parent {
                    return Err(io::Error::from_raw_os_error(nix::libc::ESRCH));
                }
            }
            #[cfg(not(target_os = "linux"))]
            let _ = parent;
            Ok(())
        });
    }
}
