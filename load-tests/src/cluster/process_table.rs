//! What runs on this machine, read from `/proc`.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

/// Linux counts processor time for programs in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

/// A running process; one that is dead and only not yet reaped does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    pub pid: i32,
    pub parent: i32,
    pub group: i32,
    /// `T` for a stopped one.
    pub state: char,
    pub command: String,
}

/// All processes of this machine.
pub fn all() -> Vec<Running> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| read(&entry.path()))
        .filter(|running| !matches!(running.state, 'Z' | 'X'))
        .collect()
}

fn read(dir: &Path) -> Option<Running> {
    let pid = dir.file_name()?.to_str()?.parse().ok()?;
    let stat = std::fs::read_to_string(dir.join("stat")).ok()?;
    // The name in parentheses may hold anything, so what follows it is counted from its end.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    let command = std::fs::read(dir.join("cmdline")).ok()?;
    let command = String::from_utf8_lossy(&command).replace('\0', " ");
    Some(Running { pid, parent, group, state, command })
}

/// The children of a process.
pub fn children(pid: i32) -> Vec<Running> {
    all().into_iter().filter(|running| running.parent == pid).collect()
}

/// Process groups of the browsers whose profile is somewhere under `dir`.
pub fn browsers_under(dir: &Path) -> BTreeSet<i32> {
    let profile = format!("--user-data-dir={}", dir.display());
    all()
        .into_iter()
        .filter(|running| running.command.contains(&profile))
        .map(|running| running.group)
        .collect()
}

/// All processes of these groups.
pub fn in_groups(groups: &BTreeSet<i32>) -> Vec<Running> {
    all().into_iter().filter(|running| groups.contains(&running.group)).collect()
}

/// The directories of single browsers under a data directory.
pub fn profiles_under(data: &Path) -> Vec<PathBuf> {
    let directories = |path: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
    };
    directories(&data.join("browsers")).iter().flat_map(|owner| directories(owner)).collect()
}

/// Resident memory of a process in bytes.
pub fn resident(pid: i32) -> Option<u64> {
    memory(pid, "VmRSS:")
}

/// The part of it that is no page of a file: what a process has written, and not what of its program it has used by now.
pub fn anonymous(pid: i32) -> Option<u64> {
    memory(pid, "RssAnon:")
}

fn memory(pid: i32, what: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(what))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// Processor time that a process has used, in its own code and in the kernel.
pub fn processor_time(pid: i32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    Some(TICK * ticks()?.saturating_add(ticks()?))
}
