//! What dead workers left behind: their browsers and their directories.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

use super::group::Group;
use super::home::{self, OWNER_LOCK, lock_root};
use super::process_table;

/// What a sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Process groups killed.
    pub browsers: usize,
    /// Directories of workers removed.
    pub owners: usize,
}

/// Kills the browsers and removes the directories of workers under `data` that are dead: whose lock is free.
/// Those of living workers are never touched. Blocks.
pub fn sweep(data: &Path) -> io::Result<Swept> {
    let (root, _held) = lock_root(data)?;
    let mut swept = Swept::default();
    for entry in fs::read_dir(&root)? {
        let path = entry?.path();
        if !path.is_dir() || is_alive(&path) {
            continue;
        }
        swept.browsers += kill_browsers_of(&path)?;
        swept.owners += usize::from(home::remove(&path));
    }
    if swept != Swept::default() {
        tracing::info!(browsers = swept.browsers, owners = swept.owners, "swept what dead workers left");
    }
    Ok(swept)
}

/// A worker holds its lock as long as it lives. A directory without a lock file is one whose making was cut
/// short: owners are made under the lock that the sweep holds.
fn is_alive(owner: &Path) -> bool {
    match File::open(owner.join(OWNER_LOCK)) {
        Ok(lock) => matches!(lock.try_lock(), Err(fs::TryLockError::WouldBlock)),
        Err(_) => false,
    }
}

fn kill_browsers_of(owner: &Path) -> io::Result<usize> {
    let directory = owner.to_string_lossy();
    let own_group = nix::unistd::getpgrp().as_raw();
    let mut groups: Vec<i32> = process_table::processes()?
        .into_iter()
        .filter(|entry| entry.group > 1 && entry.group != own_group)
        .filter(|entry| process_table::names(entry.pid, &directory))
        .map(|entry| entry.group)
        .collect();
    groups.sort_unstable();
    groups.dedup();
    for group in &groups {
        Group::led_by(*group).kill_and_wait(Duration::from_secs(5));
    }
    Ok(groups.len())
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use super::super::home::Homes;
    use super::*;

    #[test]
    fn the_dead_are_buried_and_the_living_left_alone() {
        let data = tempfile::tempdir().unwrap();
        let living = Homes::open(data.path()).unwrap();
        let home = living.make(None).unwrap();
        let root = living.path().parent().unwrap().to_owned();
        let dead = root.join("999-0");
        fs::create_dir_all(dead.join("1/profile")).unwrap();
        fs::write(dead.join(OWNER_LOCK), "").unwrap();
        let leftover = |directory: &Path| {
            let child = Command::new("sleep")
                .arg("600")
                .env("TMPDIR", directory.join("tmp"))
                .process_group(0)
                .spawn()
                .unwrap();
            // The child is there a moment before its environment can be read.
            let deadline = std::time::Instant::now() + Duration::from_secs(5);
            while !process_table::names(child.id() as i32, &directory.to_string_lossy()) {
                assert!(std::time::Instant::now() < deadline, "the child does not show its environment");
            }
            child
        };
        let mut left_by_dead = leftover(&dead.join("1"));
        let mut of_living = leftover(home.path());

        assert_eq!(sweep(data.path()).unwrap(), Swept { browsers: 1, owners: 1 });
        assert!(!dead.exists());
        assert!(left_by_dead.wait().unwrap().code().is_none(), "killed by a signal");
        assert!(of_living.try_wait().unwrap().is_none(), "still runs");
        assert!(home.profile().exists());
        assert_eq!(sweep(data.path()).unwrap(), Swept::default());
        of_living.kill().unwrap();
        of_living.wait().unwrap();
    }
}
