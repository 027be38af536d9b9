//! Memory, ports, the kernel and the disk.

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
};

use super::Finding;
use crate::machine;

const MIB: u64 = 1024 * 1024;
const SCARCE_DISK: u64 = 1024 * MIB;

pub(super) fn port(address: SocketAddr) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => Finding::good("port", format!("{address} is free")),
        Err(error) => Finding::missing(
            "port",
            format!("{address}: {error}"),
            format!(
                "stop what uses it (ss -ltnp 'sport = :{}'), or choose another with --http",
                address.port()
            ),
        ),
    }
}

pub(super) fn memory() -> Finding {
    match machine::available_memory() {
        Some(bytes) => judge_memory(bytes),
        None => Finding::warning("memory", "cannot be told on this system", "set --slots by hand"),
    }
}

fn judge_memory(bytes: u64) -> Finding {
    let sessions = machine::sessions_in(bytes);
    let found = format!("{} MiB available: room for about {sessions} sessions", bytes / MIB);
    match sessions {
        0 => Finding::missing("memory", found, "free some, or use a larger machine"),
        1..4 => Finding::warning("memory", found, format!("start with --slots {sessions} --warm 1")),
        _ => Finding::good("memory", found),
    }
}

/// The browser's sandbox is built from user namespaces; whether it works is tried, this says why it may not.
pub(super) fn user_namespaces(sysctls: &Path) -> Finding {
    const CHECK: &str = "user namespaces";
    let value = |name: &str| std::fs::read_to_string(sysctls.join(name)).ok();
    let is = |name: &str, number: &str| value(name).is_some_and(|value| value.trim() == number);
    let mend = |name: &str, number: u32| format!("sysctl -w {name}={number} (and keep it in /etc/sysctl.d)");
    if is("user/max_user_namespaces", "0") {
        return Finding::warning(CHECK, "there may be none", mend("user.max_user_namespaces", 10_000));
    }
    if is("kernel/unprivileged_userns_clone", "0") {
        return Finding::warning(CHECK, "for root only", mend("kernel.unprivileged_userns_clone", 1));
    }
    if is("kernel/apparmor_restrict_unprivileged_userns", "1") {
        let name = "kernel.apparmor_restrict_unprivileged_userns";
        return Finding::warning(CHECK, "restricted by AppArmor", mend(name, 0));
    }
    Finding::good(CHECK, "allowed")
}

pub(super) fn data_dir(path: &Path) -> Finding {
    const CHECK: &str = "data directory";
    let mend = "give it to this user, or name another with --data-dir";
    let written = crate::data_dir::make(path).map_err(|error| error.to_string()).and_then(|()| {
        let probe = path.join(format!(".doctor-{}", std::process::id()));
        std::fs::write(&probe, b"probe")
            .and_then(|()| std::fs::remove_file(&probe))
            .map_err(|error| format!("{}: {error}", path.display()))
    });
    if let Err(problem) = written {
        return Finding::missing(CHECK, problem, mend);
    }
    match nix::sys::statvfs::statvfs(path) {
        Ok(disk) => judge_disk(path, wide(disk.blocks_available()) * wide(disk.fragment_size())),
        Err(error) => Finding::warning(CHECK, format!("{}: free space: {error}", path.display()), mend),
    }
}

/// The kernel's counts have a width of their own on each system.
fn wide(count: impl Into<u64>) -> u64 {
    count.into()
}

fn judge_disk(path: &Path, free: u64) -> Finding {
    let found = format!("{} is writable, {} MiB free", path.display(), free / MIB);
    if free < SCARCE_DISK {
        return Finding::warning("data directory", found, "free some, or name another disk with --data-dir");
    }
    Finding::good("data directory", found)
}

#[cfg(test)]
mod tests {
    use super::{super::Verdict, *};

    #[test]
    fn a_port_in_use_is_found_and_a_free_one_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = listener.local_addr().unwrap();
        assert_eq!(port(taken).verdict, Verdict::Missing);
        assert_eq!(port(SocketAddr::from(([127, 0, 0, 1], 0))).verdict, Verdict::Good);
    }

    #[test]
    fn memory_is_judged_by_the_sessions_it_holds() {
        for (mib, verdict) in [(200, Verdict::Missing), (450, Verdict::Warning), (8_000, Verdict::Good)] {
            assert_eq!(judge_memory(mib * MIB).verdict, verdict, "{mib} MiB");
        }
    }

    #[test]
    fn a_kernel_that_refuses_user_namespaces_is_told_how_to_allow_them() {
        let sysctls = tempfile::tempdir().unwrap();
        for dir in ["user", "kernel"] {
            std::fs::create_dir(sysctls.path().join(dir)).unwrap();
        }
        assert_eq!(user_namespaces(sysctls.path()).verdict, Verdict::Good);
        for (name, value, mend) in [
            (
                "kernel/apparmor_restrict_unprivileged_userns",
                "1\n",
                "apparmor_restrict_unprivileged_userns=0",
            ),
            ("kernel/unprivileged_userns_clone", "0\n", "unprivileged_userns_clone=1"),
            ("user/max_user_namespaces", "0\n", "max_user_namespaces=10000"),
        ] {
            std::fs::write(sysctls.path().join(name), value).unwrap();
            let finding = user_namespaces(sysctls.path());
            assert!(finding.mend.is_some_and(|text| text.contains(mend)), "{name}");
        }
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_missing() {
        assert_eq!(data_dir(Path::new("/proc/nowhere")).verdict, Verdict::Missing);
        let dir = tempfile::tempdir().unwrap();
        assert_ne!(data_dir(&dir.path().join("new")).verdict, Verdict::Missing);
        assert_eq!(std::fs::read_dir(dir.path().join("new")).unwrap().count(), 0, "the probe is gone");
        assert_eq!(judge_disk(dir.path(), 5 * MIB).verdict, Verdict::Warning);
    }
}
