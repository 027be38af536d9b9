//! What runs on this machine: the process table, read once per question.

use std::collections::HashMap;
use std::io;

/// One process that is not a zombie.
#[derive(Debug)]
pub(super) struct Entry {
    pub pid: i32,
    pub group: i32,
}

#[cfg(target_os = "linux")]
pub(super) fn processes() -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for directory in std::fs::read_dir("/proc")? {
        let Ok(pid) = directory?.file_name().to_string_lossy().parse::<i32>() else { continue };
        // A process may end between the listing and the reading.
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        entries.extend(parse_stat(pid, &stat));
    }
    Ok(entries)
}

/// `pid (name) state ppid pgrp …`; the name may hold spaces and parentheses.
#[cfg(target_os = "linux")]
fn parse_stat(pid: i32, stat: &str) -> Option<Entry> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?;
    let group = fields.nth(1)?.parse().ok()?;
    (state != "Z" && state != "X").then_some(Entry { pid, group })
}

#[cfg(not(target_os = "linux"))]
pub(super) fn processes() -> io::Result<Vec<Entry>> {
    let output = std::process::Command::new("ps").args(["-axo", "pid=,pgid=,state="]).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace();
            let pid = fields.next()?.parse().ok()?;
            let group = fields.next()?.parse().ok()?;
            (!fields.next()?.starts_with('Z')).then_some(Entry { pid, group })
        })
        .collect())
}

/// Whether a process was started for a directory: its command line or its environment names it.
#[cfg(target_os = "linux")]
pub(super) fn names(pid: i32, directory: &str) -> bool {
    ["cmdline", "environ"].iter().any(|file| {
        std::fs::read(format!("/proc/{pid}/{file}")).is_ok_and(|text| holds_path(&text, directory))
    })
}

#[cfg(not(target_os = "linux"))]
pub(super) fn names(pid: i32, directory: &str) -> bool {
    std::process::Command::new("ps")
        .args(["-o", "args=", "-p", &pid.to_string()])
        .output()
        .is_ok_and(|output| holds_path(&output.stdout, directory))
}

/// Whether `=<directory>/` stands in the text: the path as a value, and not a longer sibling of it.
fn holds_path(text: &[u8], directory: &str) -> bool {
    memchr::memmem::find(text, format!("={directory}/").as_bytes()).is_some()
}

/// The memory of every process group in bytes: proportional set size where it can be read, so that what
/// browsers share is counted once in all; else resident size. Blocks for some milliseconds.
pub fn memory_by_group() -> io::Result<HashMap<i32, u64>> {
    let mut groups = HashMap::new();
    for entry in processes()? {
        *groups.entry(entry.group).or_default() += memory(entry.pid);
    }
    Ok(groups)
}

/// The memory of one process group in bytes, as in [`memory_by_group`].
pub(super) fn group_memory(group: i32) -> io::Result<u64> {
    Ok(processes()?.iter().filter(|entry| entry.group == group).map(|entry| memory(entry.pid)).sum())
}

#[cfg(target_os = "linux")]
fn memory(pid: i32) -> u64 {
    let kib = |file: &str, field: &str| -> Option<u64> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/{file}")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(field))?;
        line.trim().trim_end_matches("kB").trim().parse().ok()
    };
    kib("smaps_rollup", "Pss:").or_else(|| kib("status", "VmRSS:")).unwrap_or(0) * 1024
}

#[cfg(not(target_os = "linux"))]
fn memory(pid: i32) -> u64 {
    std::process::Command::new("ps")
        .args(["-o", "rss=", "-p", &pid.to_string()])
        .output()
        .ok()
        .and_then(|output| String::from_utf8_lossy(&output.stdout).trim().parse::<u64>().ok())
        .unwrap_or(0)
        * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_listed_with_its_group() {
        let me = std::process::id() as i32;
        let group = nix::unistd::getpgrp().as_raw();
        let entries = processes().unwrap();
        assert!(entries.iter().any(|entry| entry.pid == me && entry.group == group));
        assert!(group_memory(group).unwrap() > 1 << 20);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn names_with_parentheses_and_zombies_are_read_rightly() {
        assert_eq!(parse_stat(7, "7 (a ) R b) S 1 42 42").unwrap().group, 42);
        assert!(parse_stat(7, "7 (gone) Z 1 42 42").is_none());
    }

    #[test]
    fn a_path_is_not_mistaken_for_its_sibling() {
        assert!(holds_path(b"chrome\0--user-data-dir=/d/1/profile\0", "/d/1"));
        assert!(!holds_path(b"chrome\0--user-data-dir=/d/10/profile\0", "/d/1"));
        assert!(!holds_path(b"vi\0/d/1/profile\0", "/d/1"));
    }
}
